//! The server against Kafka's own broker: random histories of requests get the same answers from both.

mod kafka;
mod side;
mod step;

use kafka::Kafka;
use side::Side;

use super::rig::TestServer;
use crate::effort::effort;

/// Steps of a history.
const STEPS: i64 = 60;

#[test]
fn kafkas_own_broker_gives_the_same_answers() {
    let Some(kafka) = Kafka::start() else { return };
    let settings = [("offsets.topic.num.partitions", "1"), ("transaction.state.log.num.partitions", "1")];
    let server = TestServer::with(&settings, tidelog::server::ServerOptions::default());
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let seeds = match number("TIDELOG_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("TIDELOG_SEEDS").unwrap_or(effort(40, 2_000)),
    };
    for seed in seeds {
        let prefix = format!("h{seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut ours = Side::begin(server.address(), &prefix);
        let mut theirs = Side::begin(kafka.address, &prefix);
        let mut past: Vec<String> = Vec::new();
        for at in 0..STEPS {
            let step = step::draw(&mut random, at);
            let (our, their) = (ours.run(&step), theirs.run(&step));
            let before = past.join("\n  ");
            assert_eq!(our, their, "seed {seed}, {step:?}, after\n  {before}\nours left, Kafka's right");
            past.push(format!("{step:?}: {our}"));
        }
    }
}
