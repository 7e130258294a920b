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
            let turn = random.i16(0..1000);
            let (our, their) = (ours.run_in(turn, &step), theirs.run_in(turn, &step));
            if !is_known(&our, &their) {
                let before = past.join("\n  ");
                assert_eq!(
                    our, their,
                    "seed {seed}, {step:?} {turn}, after\n  {before}\nours left, Kafka's right"
                );
            }
            past.push(format!("{step:?}: {our}"));
        }
    }
}

/// Of a batch or an offset of an earlier epoch that is part of no transaction, Kafka says that the epoch is over: it asks the
/// transaction's coordinator. The server's partition knows only who was announced to it.
fn is_known(our: &str, their: &str) -> bool {
    let is_stray = our.starts_with("InvalidTxnState") || our.starts_with("TransactionAbortable");
    is_stray && their.starts_with("InvalidProducerEpoch")
}
