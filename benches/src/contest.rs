//! What is compared: a workload, its variants, its metrics, who takes part, and the goals that were set.
//!
//! Plain data; [`crate::session`] acts on it.

use crate::error::SampleError;
use crate::job::Job;

/// One job that all contestants do, and what is measured of it.
pub struct Workload {
    /// Name on the command line.
    pub name: &'static str,
    /// What happens, in one sentence.
    pub about: &'static str,
    /// The sizes it is run at; each has a table of its own.
    pub variants: &'static [Variant],
    /// What is measured, the leading figure first.
    pub metrics: &'static [Metric],
    /// Who takes part, in the order of the table; floors last.
    pub contestants: &'static [Contestant],
}

/// One size of a workload.
pub struct Variant {
    /// Shown behind the workload's name.
    pub name: &'static str,
    /// What varies, in bytes: a record's payload, or a whole log.
    pub size: u64,
    /// The goals set for this size.
    pub goals: &'static [Goal],
}

/// One figure of a sample.
pub struct Metric {
    /// Column title, unit included.
    pub name: &'static str,
    /// Which direction is better.
    pub better: Better,
}

/// Which direction of a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// A rate.
    Higher,
    /// A latency, a cost.
    Lower,
}

/// Someone who does the job.
pub struct Contestant {
    /// Name in the table.
    pub name: &'static str,
    /// Why it is here.
    pub role: Role,
    /// What it does here.
    pub part: Part,
}

/// Why a contestant is in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// tidelog itself.
    Subject,
    /// Another log that does the same job.
    Peer,
    /// The bare system calls: what the machine allows.
    Floor,
}

/// Whether a contestant can do the job.
#[derive(Clone, Copy)]
pub enum Part {
    /// Takes one sample: one figure per metric, in their order.
    Runs(fn(&Job) -> Result<Vec<f64>, SampleError>),
    /// Cannot do this job, and why.
    StaysOut(&'static str),
}

impl Contestant {
    /// tidelog, by one of its ways.
    #[must_use]
    pub const fn subject(
        name: &'static str,
        sample: fn(&Job) -> Result<Vec<f64>, SampleError>,
    ) -> Contestant {
        Contestant { name, role: Role::Subject, part: Part::Runs(sample) }
    }

    /// A peer that does the job.
    #[must_use]
    pub const fn peer(name: &'static str, sample: fn(&Job) -> Result<Vec<f64>, SampleError>) -> Contestant {
        Contestant { name, role: Role::Peer, part: Part::Runs(sample) }
    }

    /// A peer that cannot do the job; the table says why.
    #[must_use]
    pub const fn absent(name: &'static str, reason: &'static str) -> Contestant {
        Contestant { name, role: Role::Peer, part: Part::StaysOut(reason) }
    }

    /// The bare system calls.
    #[must_use]
    pub const fn floor(name: &'static str, sample: fn(&Job) -> Result<Vec<f64>, SampleError>) -> Contestant {
        Contestant { name, role: Role::Floor, part: Part::Runs(sample) }
    }
}

/// A goal set for tidelog, judged on the medians of one run.
pub struct Goal {
    /// The contestant it is about.
    pub of: &'static str,
    /// The metric's name.
    pub metric: &'static str,
    /// What its figure is held against.
    pub against: Against,
    /// How it must compare.
    pub bound: Bound,
}

/// What a figure is held against.
#[derive(Clone, Copy)]
pub enum Against {
    /// The figure of the contestant of this name.
    Contestant(&'static str),
    /// The best figure among the peers that took part.
    BestPeer,
    /// Nothing: the bound is in the metric's own unit.
    Nothing,
}

/// Bound of a goal: a ratio, or a figure when there is nothing to compare with.
#[derive(Clone, Copy)]
pub enum Bound {
    /// Not less than this.
    AtLeast(f64),
    /// Not more than this.
    AtMost(f64),
}

impl Bound {
    /// Whether `value` keeps the bound.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(least) => value >= least,
            Bound::AtMost(most) => value <= most,
        }
    }
}
