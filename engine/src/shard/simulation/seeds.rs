//! Runs of simulations, one for each seed. `TIDELOG_SEEDS=100000` asks for more seeds than the short form has,
//! `TIDELOG_SEED=7` for one alone.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::careless::Careless;
use super::rig::SimulatedShard;

/// A simulation: a history that follows from a seed, with checks that panic.
pub(crate) trait Simulated {
    /// Before anything has happened; its disk may break a rule.
    fn new(seed: u64, careless: Option<Careless>) -> Self;

    /// Plays the history.
    fn run(&mut self);

    /// Where it has happened.
    fn shard(&self) -> &SimulatedShard;
}

/// Which seeds to run: so many, or what the environment asks for.
pub(crate) fn seeds(count: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    match (number("TIDELOG_SEED"), number("TIDELOG_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count_asked) => 1..1 + count_asked.unwrap_or(count),
    }
}

/// Runs each seed and shows how it ended. Returns the count of seeds. A panic says how to run the seed alone.
pub(crate) fn run_all<S: Simulated>(count: u64, mut show: impl FnMut(&S)) -> usize {
    let seeds = seeds(count);
    for seed in seeds.clone() {
        let mut simulation = S::new(seed, None);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| simulation.run())) {
            eprintln!("seed {seed}: TIDELOG_SEED={seed} runs it alone\n{}", simulation.shard().transcript);
            resume_unwind(panic);
        }
        show(&simulation);
    }
    seeds.count()
}

/// One seed leads to one history and one disk.
pub(crate) fn check_repeatable<S: Simulated>() {
    for seed in seeds(20) {
        let [one, other] = [0, 1].map(|_| {
            let mut simulation = S::new(seed, None);
            simulation.run();
            (simulation.shard().transcript.clone(), simulation.shard().bytes())
        });
        assert!(one == other, "seed {seed}");
    }
}

/// Every rule that a disk may break is noticed to be broken, by some seed.
pub(crate) fn check_notices_careless_disks<S: Simulated>() {
    for careless in Careless::ALL {
        // What the disk lets happen is a panic; its text is not wanted.
        let notices = |seed| catch_unwind(AssertUnwindSafe(|| S::new(seed, Some(careless)).run())).is_err();
        assert!((1..400).any(notices), "{careless:?} is not noticed");
    }
}
