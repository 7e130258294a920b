//! [`Cuts`]: the power cuts of one history, and for each which of the operations that were under way have reached the disk.

use super::verdict::Verdict;
use crate::witness::evidence::Evidence;

/// Operations up to which every subset is a case.
const EXHAUSTIVE: usize = 6;

/// Random subsets of more than that.
const RANDOM: usize = 16;

/// Operations that are torn.
const TORN: usize = 8;

/// One case.
#[derive(Clone, Debug)]
pub(super) struct Survivors {
    /// How this case came to be, to find it again.
    pub(super) name: String,
    /// Per operation, whether it has reached the disk.
    pub(super) whole: Vec<bool>,
    /// An operation of which only a part has, and what decides which.
    pub(super) torn: Option<(usize, u64)>,
}

/// See the module.
pub(super) struct Cuts {
    random: fastrand::Rng,
    /// How many are wanted, of the whole history.
    wanted: usize,
    /// Moments of the history.
    moments: usize,
    /// Those that are over.
    over: usize,
    verdict: Verdict,
}

impl Cuts {
    /// About `wanted` of them, spread over so many moments.
    pub(super) fn new(wanted: usize, moments: usize) -> Cuts {
        let random = fastrand::Rng::with_seed(1);
        Cuts { random, wanted, moments, over: 0, verdict: Verdict::default() }
    }

    /// Cuts the power at the next moment, at which `count` operations are under way; `check` says of survivors what is wrong with
    /// the disk that they leave.
    pub(super) fn at_moment(&mut self, count: usize, check: impl Fn(&Survivors) -> Result<(), String>) {
        let moment = self.over;
        self.over += 1;
        let share = self.wanted * self.over / self.moments - self.wanted * moment / self.moments;
        let mut cases = cases(count, &mut self.random);
        self.random.shuffle(&mut cases);
        for survivors in &cases[..share.min(cases.len())] {
            let told = |error| format!("moment {moment}, {}: {error}", survivors.name);
            self.verdict.add(check(survivors).map_err(told));
        }
    }

    /// The end of the history, where there was this evidence.
    pub(super) fn finish(self, evidence: &Evidence) -> Verdict {
        Verdict { marks: evidence.marks, acknowledged: evidence.acknowledged(), ..self.verdict }
    }
}

/// The cases of `count` operations: all subsets when they are few, else every prefix, every one missing, every one alone and some
/// at random; and some where one of them is torn.
fn cases(count: usize, random: &mut fastrand::Rng) -> Vec<Survivors> {
    let case = |name: String, holds: &dyn Fn(usize) -> bool| Survivors {
        name,
        whole: (0..count).map(holds).collect(),
        torn: None,
    };
    let mut cases = Vec::new();
    if count <= EXHAUSTIVE {
        for bits in 0..1_u64 << count {
            cases.push(case(format!("subset {bits:#b}"), &|at| bits >> at & 1 == 1));
        }
    } else {
        cases.push(case("none".to_owned(), &|_| false));
        cases.push(case("all".to_owned(), &|_| true));
        for one in 0..count {
            cases.push(case(format!("those before {one}"), &|at| at < one));
            cases.push(case(format!("all but {one}"), &|at| at != one));
            cases.push(case(format!("only {one}"), &|at| at == one));
        }
        for _ in 0..RANDOM {
            let seed = random.u64(..);
            let mut own = fastrand::Rng::with_seed(seed);
            let bits: Vec<bool> = (0..count).map(|_| own.bool()).collect();
            cases.push(case(format!("random {seed:#x}"), &|at| bits[at]));
        }
    }
    for _ in 0..if count == 0 { 0 } else { TORN } {
        let (one, seed) = (random.usize(..count), random.u64(..));
        let others_too = random.bool();
        let mut torn = case(format!("{one} torn by {seed:#x}"), &|at| at < one || (others_too && at > one));
        torn.torn = Some((one, seed));
        cases.push(torn);
    }
    cases
}
