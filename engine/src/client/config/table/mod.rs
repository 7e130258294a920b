//! The table of all settings: librdkafka 2.16's in librdkafka's order. Constant data and look-ups.
//!
//! Names, types, ranges and defaults are what `rd_kafka_conf_properties_show()` of that library prints.

mod consumer;
mod global;
mod producer;
mod security;
mod topic;

use super::property::{Kind, Level, Property};

const GROUPS: [(&[Property], Level); 5] = [
    (global::GLOBAL, Level::Global),
    (security::SECURITY, Level::Global),
    (consumer::CONSUMER, Level::Global),
    (producer::PRODUCER, Level::Global),
    (topic::TOPIC, Level::Topic),
];

/// Number of rows.
const COUNT: usize = {
    let (mut count, mut group) = (0, 0);
    while group < GROUPS.len() {
        count += GROUPS[group].0.len();
        group += 1;
    }
    count
};

/// Every row.
pub(super) static PROPERTIES: [Property; COUNT] = {
    let mut rows = [GROUPS[0].0[0]; COUNT];
    let (mut next, mut group) = (0, 0);
    while group < GROUPS.len() {
        let (members, level) = GROUPS[group];
        let mut member = 0;
        while member < members.len() {
            rows[next] = members[member].at(level);
            next += 1;
            member += 1;
        }
        group += 1;
    }
    rows
};

/// Place of the row that `name` means at `level`, an alias followed to what it stands for.
pub(super) fn find(level: Level, name: &str) -> Option<usize> {
    let found = PROPERTIES.iter().position(|row| row.level() == level && row.name() == name)?;
    match PROPERTIES[found].kind() {
        Kind::Alias { of } => find(level, of),
        _ => Some(found),
    }
}

/// [`find`] for names that are written in the source: a wrong one does not compile.
const fn place(level: Level, name: &str) -> usize {
    let mut at = 0;
    while at < COUNT {
        if same_level(PROPERTIES[at].level(), level) && same_text(PROPERTIES[at].name(), name) {
            return at;
        }
        at += 1;
    }
    panic!("no such property")
}

const fn same_level(a: Level, b: Level) -> bool {
    matches!((a, b), (Level::Global, Level::Global) | (Level::Topic, Level::Topic))
}

const fn same_text(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Declares types that name one row each and know, since compile time, that its value has a certain type.
macro_rules! keys {
    ($($(#[$doc:meta])* $Key:ident for $kind:pat,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $Key(pub(super) usize);

        impl $Key {
            /// The setting `name`, which must be its canonical name.
            pub(super) const fn new(level: Level, name: &str) -> $Key {
                let place = place(level, name);
                assert!(matches!(PROPERTIES[place].kind(), $kind), "the property has another type");
                $Key(place)
            }
        }
    )*};
}

keys! {
    /// A row of [`Kind::Bool`].
    BoolKey for Kind::Bool { .. },
    /// A row of [`Kind::Int`].
    IntKey for Kind::Int { .. },
    /// A row of [`Kind::Float`].
    FloatKey for Kind::Float { .. },
    /// A row of [`Kind::Text`].
    TextKey for Kind::Text { .. },
    /// A row of [`Kind::Choice`].
    ChoiceKey for Kind::Choice { .. },
    /// A row of [`Kind::Flags`].
    FlagsKey for Kind::Flags { .. },
    /// A row of [`Kind::Patterns`].
    PatternsKey for Kind::Patterns,
}
