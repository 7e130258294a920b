//! How much a test does: a short form at each run of all tests, a long form when asked for by
//! `TIDELOG_TESTS=long`, once a release.

/// `short`, or `long` when that is asked for.
pub(crate) fn effort<T>(short: T, long: T) -> T {
    match std::env::var("TIDELOG_TESTS").as_deref() {
        Err(_) => short,
        Ok("long") => long,
        Ok(other) => panic!("TIDELOG_TESTS={other}: only `long` means something"),
    }
}
