//! [`Spinner`]: looking for work for a while before a thread sleeps, as long as that pays.
//!
//! Being woken on another core costs 30 us, and so does waking. Who gets something within that time is better off without
//! sleep; who does not has spent as much again. So a spinner that was in vain again and again only tries now and then.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use super::AtomicU32;

/// How long a thread keeps its core while it looks. After that it lets others have it between two looks: a durable write
/// is ended by a thread of the kernel, which may be bound to that very core.
const ALONE: Duration = Duration::from_micros(20);

/// So many spins in a row may be in vain; from then on only one of so many rests begins with one.
const VAIN_MAX: u32 = 16;

/// Decides how long a thread looks for work before it sleeps, and does so.
#[derive(Debug, Default)]
pub(crate) struct Spinner {
    limit: Duration,
    /// Rests since something was found.
    vain: AtomicU32,
}

impl Spinner {
    /// Spins for `limit` at most; never for zero, which is the default, nor where this process has one core only: nobody
    /// could bring anything meanwhile.
    pub(crate) fn new(limit: Duration) -> Spinner {
        static CORES: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, usize::from));
        Spinner::among(*CORES, limit)
    }

    fn among(cores: usize, limit: Duration) -> Spinner {
        let limit = if cores > 1 { limit } else { Duration::ZERO };
        Spinner { limit, vain: AtomicU32::new(0) }
    }

    /// Calls `look` until it is true, which is the answer, or until the time, or `deadline`, is over.
    ///
    /// # Errors
    /// The first of `look`.
    pub(crate) fn spin<E>(
        &self,
        deadline: Option<Instant>,
        mut look: impl FnMut() -> Result<bool, E>,
    ) -> Result<bool, E> {
        if self.limit.is_zero() {
            return Ok(false);
        }
        let vain = self.vain.load(Ordering::Relaxed);
        self.vain.store(vain.wrapping_add(1), Ordering::Relaxed);
        if vain >= VAIN_MAX && !vain.is_multiple_of(VAIN_MAX) {
            return Ok(false);
        }
        let start = Instant::now();
        let end = deadline.map_or(start + self.limit, |deadline| deadline.min(start + self.limit));
        let mut now = start;
        while now < end {
            if look()? {
                self.vain.store(0, Ordering::Relaxed);
                return Ok(true);
            }
            if now < start + ALONE {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
            now = Instant::now();
        }
        Ok(false)
    }
}

#[cfg(all(test, not(tidelog_loom)))]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(1);

    fn looks(spinner: &Spinner, deadline: Option<Instant>) -> u32 {
        let mut count = 0;
        let look = || -> Result<bool, Infallible> {
            count += 1;
            Ok(false)
        };
        assert_eq!(spinner.spin(deadline, look), Ok(false));
        count
    }

    #[test]
    fn it_ends_with_what_is_looked_for() {
        let (spinner, mut left) = (Spinner::among(2, Duration::from_secs(3600)), 1_000);
        let look = || -> Result<bool, Infallible> {
            left -= 1;
            Ok(left == 0)
        };
        assert_eq!(spinner.spin(None, look), Ok(true));
        assert_eq!(spinner.spin(None, || Err::<bool, _>("broken")), Err("broken"));
        assert_eq!(looks(&spinner, Some(Instant::now())), 0);
    }

    #[test]
    fn without_time_or_another_core_nobody_looks() {
        assert_eq!(looks(&Spinner::among(2, Duration::ZERO), None), 0);
        assert_eq!(looks(&Spinner::among(1, LIMIT), None), 0);
    }

    #[test]
    fn what_was_in_vain_is_tried_now_and_then_until_it_pays() {
        let spinner = Spinner::among(2, LIMIT);
        let tries = |count: u32| (0..count).filter(|_| looks(&spinner, None) > 0).count();
        assert_eq!(tries(VAIN_MAX), 16);
        assert_eq!(tries(4 * VAIN_MAX), 4);
        while spinner.spin(None, || Ok::<_, Infallible>(true)) != Ok(true) {}
        assert_eq!(tries(VAIN_MAX), 16);
    }
}
