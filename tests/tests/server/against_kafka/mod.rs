//! The server against Kafka's own broker: random histories of requests get the same answers from both.

mod asking;
mod compacted;
mod consumers;
mod crowd;
mod fetchers;
mod kafka;
mod members;
mod retained;
mod side;
mod step;
mod topics;

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use consumers::Consumers;
use crowd::Crowd;
use fetchers::Fetchers;
use kafka::Kafka;
use members::Members;
use side::Side;
use step::Step;
use tidelog::server::ServerOptions;
use topics::Topics;

use super::raw;
use super::rig::TestServer;
use crate::effort::effort;

/// Steps of a history.
const STEPS: i64 = 60;
/// One in so many seeds has histories of logs that are cleaned: those take seconds each.
const SELDOM: u64 = 6;
/// When both have not come to the same in this time, they will not.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn kafkas_own_broker_gives_the_same_answers() {
    let Some(kafka) = Kafka::start() else { return };
    let settings = [
        ("offsets.topic.num.partitions", "1"),
        ("transaction.state.log.num.partitions", "1"),
        ("node.id", "1"),
        ("log.cleaner.backoff.ms", "20"),
        ("log.retention.check.interval.ms", "20"),
    ];
    let server = TestServer::with(&settings, ServerOptions::default());
    let addresses = [server.address(), kafka.address];
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    // One, those from 1 on, or those from one to another.
    let seeds = match (number("TIDELOG_SEED"), number("TIDELOG_SEEDS")) {
        (Some(first), last) => first..=last.unwrap_or(first),
        (None, last) => 1..=last.unwrap_or(effort(12, 2_000)),
    };
    let only_one = seeds.start() == seeds.end();
    for seed in seeds {
        again_where_time_passed(seed, |prefix| {
            let mut sides = addresses.map(|address| Side::begin(address, prefix, step::KEPT_TOPICS));
            let ask = |turn, step: &Step| both(&mut sides, |side| side.run_in(turn, step));
            compare(seed, step::draw, is_known, ask)
        });
        again_where_time_passed(seed, |prefix| {
            let begin =
                |address| Members::begin(address, prefix, members::ALONE, members::REBALANCE_TIMEOUT_MS);
            let mut groups = addresses.map(begin);
            let ask = |turn, step: &members::Step| both(&mut groups, |group| group.run_in(turn, step));
            compare(seed, members::draw, members::is_known, ask)
        });
        again_where_time_passed(seed, |prefix| {
            let mut crowds = addresses.map(|address| Crowd::begin(address, prefix));
            let ask = |turn, step: &members::Step| crowd::step(&mut crowds, turn, step);
            compare(seed, crowd::draw, crowd::is_known, ask)
        });
        for (is_mixed, draw) in
            [(false, consumers::draw as fn(&mut _, _) -> _), (true, consumers::draw_mixed)]
        {
            again_where_time_passed(seed, |prefix| {
                let prefix = if is_mixed { format!("{prefix}-mixed") } else { prefix.to_owned() };
                let mut groups = addresses.map(|address| Consumers::begin(address, &prefix, is_mixed));
                let ask = |turn, step: &consumers::Step| both(&mut groups, |group| group.run_in(turn, step));
                compare(seed, draw, |_, _, _| false, ask)
            });
        }
        again_where_time_passed(seed, |prefix| {
            let mut fetchers = addresses.map(|address| Fetchers::begin(address, prefix));
            let ask = |turn, step: &fetchers::Step| both(&mut fetchers, |side| side.run_in(turn, step));
            compare(seed, fetchers::draw, |_, _, _| false, ask)
        });
        again_where_time_passed(seed, |prefix| {
            let mut topics = addresses.map(|address| Topics::begin(address, prefix));
            let ask = |turn, step: &topics::Step| both(&mut topics, |side| side.run_in(turn, step));
            compare(seed, topics::draw, topics::is_known, ask)
        });
        if seed.is_multiple_of(SELDOM) || only_one {
            cleaned_logs_are_the_same(seed, addresses);
        }
    }
}

/// Logs that compaction and retention have been at.
fn cleaned_logs_are_the_same(seed: u64, addresses: [SocketAddr; 2]) {
    again_where_time_passed(seed, |prefix| {
        let prefix = format!("{prefix}-compacted");
        let mut sides = addresses.map(|address| Side::begin(address, &prefix, step::COMPACTED_TOPICS));
        let ask = |turn, step: &compacted::Step| compacted::step(&mut sides, turn, step);
        compare(seed, compacted::draw, |_, _, _| false, ask)
    });
    again_where_time_passed(seed, |prefix| {
        let (prefix, now) = (format!("{prefix}-retained"), raw::now());
        let mut sides = addresses.map(|address| Side::begin(address, &prefix, step::RETAINED_TOPICS));
        let draw = |random: &mut fastrand::Rng, at| retained::draw(random, at, now);
        let ask = |turn, step: &retained::Step| retained::step(&mut sides, turn, step);
        compare(seed, draw, |_, _, _| false, ask)
    });
}

/// A machine that is busy with other tests lets the time of a rebalance end at one broker and not yet at the other. A
/// difference between the brokers is there every time.
fn again_where_time_passed(seed: u64, history: impl Fn(&str) -> Result<(), String>) {
    let differs =
        (0..3).map_while(|attempt| history(&format!("h{seed}-{attempt}")).err()).collect::<Vec<_>>();
    assert!(differs.len() < 3, "{}", differs.join("\n\nand again: "));
}

/// Asks both at once: there are times that begin with a request.
fn both<T: Send>(sides: &mut [T; 2], run: impl Fn(&mut T) -> String + Sync) -> [String; 2] {
    std::thread::scope(|scope| {
        let asked = sides.each_mut().map(|side| scope.spawn(|| run(side)));
        asked.map(|answer| answer.join().unwrap())
    })
}

/// What both have in the end: the same for as long as `quiet`, or what they have when that does not come.
fn settled(sides: &mut [Side; 2], quiet: Duration, look: impl Fn(&mut Side) -> String) -> [String; 2] {
    let deadline = Instant::now() + PATIENCE;
    let (mut before, mut since) = ([String::new(), String::new()], Instant::now());
    loop {
        let said = sides.each_mut().map(&look);
        let now = Instant::now();
        if said != before {
            (before, since) = (said, now);
        } else if now > deadline || said[0] == said[1] && now - since > quiet {
            return said;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Draws the steps of a history and has both brokers asked, whose answers may only differ where that `is_known`.
fn compare<S: Debug>(
    seed: u64,
    draw: impl Fn(&mut fastrand::Rng, i64) -> S,
    is_known: impl Fn(&S, &str, &str) -> bool,
    mut ask: impl FnMut(i16, &S) -> [String; 2],
) -> Result<(), String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut past: Vec<String> = Vec::new();
    for at in 0..STEPS {
        let step = draw(&mut random, at);
        let turn = random.i16(0..1000);
        let [ours, theirs] = ask(turn, &step);
        if ours != theirs && !is_known(&step, &ours, &theirs) {
            let before = past.join("\n  ");
            return Err(format!(
                "seed {seed}, {step:?} {turn}\n  ours: {ours}\nKafka's: {theirs}\nafter\n  {before}"
            ));
        }
        past.push(format!("{step:?}: {ours}"));
    }
    Ok(())
}

/// Of a batch or an offset of an earlier epoch that is part of no transaction, Kafka says that the epoch is over: it asks the
/// transaction's coordinator. The server's partition knows only who was announced to it.
fn is_known(step: &Step, our: &str, their: &str) -> bool {
    let may_stray = matches!(step, Step::Produce { .. } | Step::CommitInTransaction { .. });
    let is_stray = our.starts_with("InvalidTxnState") || our.starts_with("TransactionAbortable");
    may_stray && is_stray && their.starts_with("InvalidProducerEpoch")
}
