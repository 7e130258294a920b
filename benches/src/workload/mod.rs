//! The jobs, one per file: how each is timed, who takes part, and what was asked of tidelog.

pub mod append_cached;
pub mod catch_up;
pub mod durable_batches;
pub mod durable_paced;
pub mod durable_waiters;
pub mod idle;
pub mod one_in_flight;
pub mod open;
pub mod tail;

use std::time::Duration;

use crate::contest::Workload;

/// Every workload, in the order of a whole run.
pub static WORKLOADS: &[&Workload] = &[
    &append_cached::WORKLOAD,
    &durable_waiters::WORKLOAD,
    &durable_batches::WORKLOAD,
    &durable_paced::WORKLOAD,
    &one_in_flight::WORKLOAD,
    &catch_up::WORKLOAD,
    &tail::WORKLOAD,
    &open::WORKLOAD,
    &idle::WORKLOAD,
];

/// `count` things in `elapsed`, per second.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// Microseconds of a duration.
#[must_use]
pub fn micros(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1e6
}

/// Processor time this process has used so far, all threads, user and system.
#[must_use]
pub fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::{Against, Role};

    #[test]
    fn every_goal_is_about_figures_that_are_there() {
        for workload in WORKLOADS {
            let takes_part =
                |name: &str| workload.contestants.iter().any(|contestant| contestant.name == name);
            for goal in workload.variants.iter().flat_map(|variant| variant.goals) {
                assert!(takes_part(goal.of), "{}: {}", workload.name, goal.of);
                assert!(workload.metrics.iter().any(|metric| metric.name == goal.metric), "{}", goal.metric);
                if let Against::Contestant(name) = goal.against {
                    assert!(takes_part(name), "{}: {name}", workload.name);
                }
            }
        }
    }

    #[test]
    fn every_workload_ends_with_a_floor() {
        for workload in WORKLOADS {
            assert_eq!(workload.contestants.last().unwrap().role, Role::Floor, "{}", workload.name);
        }
    }
}
