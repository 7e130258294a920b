//! What survives when the power goes, at any moment, on any disk that POSIX allows.

use super::*;
use crate::types::{ProducerEpoch, ProducerId, Sequence};

/// What a shard and its users know while a log is written.
struct Session {
    rig: Rig,
    dice: Dice,
    /// All values that were ever handed over, by offset.
    sent: Vec<String>,
    /// What the checkpoint files and the watermark block said last.
    from: OpenFrom,
}

impl Session {
    /// One append of a few batches, durable or not; it may be left in flight.
    fn append(&mut self, wait: bool) {
        let mut pieces = Vec::new();
        let count = 1 + self.dice.below(3);
        for _ in 0..count {
            let size = 1 + usize::try_from(self.dice.below(4)).unwrap();
            // The offset makes it unique; the number tells apart what a cut took from what came instead.
            let values: Vec<String> = (0..size)
                .map(|at| format!("{}-{}", self.sent.len() + at, self.dice.below(1 << 40)))
                .collect();
            let values_ref: Vec<_> = values.iter().map(String::as_str).collect();
            let batch = stamped(&values_ref, 1, self.stamp());
            if self.rig.log.needs_roll(batch.header(), NOW) {
                if !pieces.is_empty() {
                    break;
                }
                self.rig.roll();
            }
            let Prepared::Write { bytes, .. } = self.rig.log.prepare(batch, NOW).unwrap() else { panic!() };
            pieces.push(bytes);
            self.sent.extend(values);
        }
        if pieces.is_empty() {
            return;
        }
        let durability = if self.dice.below(2) == 0 { Durability::Durable } else { Durability::Cached };
        if !wait {
            self.rig.queue.append(Token(0), self.rig.log.handle(), pieces, durability);
            self.rig.queue.submit(&mut Vec::new()).unwrap();
            return;
        }
        self.rig.write(pieces, durability);
        self.rig.log.mark_written(self.rig.log.end());
        if durability == Durability::Durable {
            self.rig.log.mark_durable(self.rig.log.end());
            self.rig.log.set_high_watermark(self.rig.log.end());
        }
    }

    /// One producer, whose sequence is the offset: the log refuses the next batch unless it knows the last one.
    fn stamp(&self) -> ProducerStamp {
        ProducerStamp {
            producer_id: ProducerId(1),
            epoch: ProducerEpoch(0),
            base_sequence: Sequence(i32::try_from(self.sent.len()).unwrap()),
            transactional: false,
        }
    }

    fn step(&mut self) {
        match self.dice.below(20) {
            0 => self.rig.roll(),
            1 => self.from.recovery_point = self.rig.log.checkpoint().recovery_point,
            2 | 3 => self.from.durable = self.rig.log.durable(),
            4 => {
                let before = self.rig.log.view().high_watermark().0;
                let before = i64::try_from(self.dice.below(before.max(1).cast_unsigned())).unwrap();
                self.rig.log.delete_records(Offset(before)).unwrap();
                for file in self.rig.log.apply_retention(NOW).unwrap().removed {
                    if self.dice.below(2) == 0 {
                        self.rig.disk.remove_file(&file).unwrap();
                    }
                }
            }
            _ => self.append(true),
        }
    }

    /// The power goes; the log is opened again and must have everything that was durable, and nothing else than what
    /// was sent.
    fn power_cut(&mut self, config: &LogConfig) {
        let durable = usize::try_from(self.rig.log.durable().0).unwrap();
        let log_start = self.rig.log.view().log_start();
        let disk = Arc::new(self.rig.disk.power_cut());
        let (rig, _) = Rig::recover(&disk, config.clone(), self.from);
        let (start, end) = (rig.log.view().log_start(), rig.log.end());
        let end = usize::try_from(end.0).unwrap();
        assert!(end >= durable, "{end} of {durable}");
        assert!(start <= log_start, "a deletion may come back, but nothing more is deleted");
        self.sent.truncate(end);
        assert_eq!(rig.values(), self.sent[usize::try_from(start.0).unwrap()..]);
        self.from.durable = rig.log.durable();
        self.rig = rig;
    }
}

/// 200 runs of appends, durable and not, rolls, deletions, with several power cuts each, one of them with an append in flight.
/// No legal disk is refused and nothing durable is lost.
#[test]
fn a_power_cut_takes_nothing_that_was_durable_and_never_refuses() {
    for seed in 1..=200 {
        let config = LogConfig { segment_bytes: 700, index_interval_bytes: 64, ..LogConfig::default() };
        let rig = Rig::create_on(Arc::new(SimDisk::new(seed)), config.clone());
        let mut session =
            Session { rig, dice: Dice(seed * 0x9e37), sent: Vec::new(), from: OpenFrom::default() };
        for _ in 0..4 {
            for _ in 0..session.dice.below(40) {
                session.step();
            }
            if session.dice.below(2) == 0 {
                session.append(false);
            }
            session.power_cut(&config);
        }
    }
}

/// The power goes at every single disk operation of a run with rolls, a clean close and a reopen.
#[test]
fn the_power_may_go_at_any_operation() {
    use crate::io::{Failure, Fault, Lasting};
    let config = LogConfig { segment_bytes: 300, index_interval_bytes: 64, ..LogConfig::default() };
    let mut nth = 0;
    loop {
        nth += 1;
        let disk = Arc::new(SimDisk::new(nth));
        disk.create_dir(Path::new("data")).unwrap();
        disk.sync_dir(Path::new("")).unwrap();
        let failure = Failure::Errno(libc::EIO);
        let lasting = Lasting::ForGood;
        disk.inject(Fault { operation: None, path_suffix: String::new(), nth, lasting, failure });
        let mut durable = 0;
        let finished = run(&disk, &config, &mut durable).is_ok();
        let after = Arc::new(disk.power_cut());
        let durable_offset = Offset(i64::try_from(durable).unwrap());
        let from = OpenFrom { durable: durable_offset, ..OpenFrom::default() };
        match open(&after, config.clone(), from) {
            Ok((log, _)) => assert!(read_all(&log.view()).starts_with(&numbers(0, durable))),
            Err(LogError::NoMetadata { .. }) => assert_eq!(durable, 0),
            Err(error) => panic!("operation {nth}: {error}"),
        }
        if finished {
            break;
        }
    }
    assert!(nth > 50, "{nth} operations");
}

/// Appends, rolls, closes, opens again and appends more, until the disk fails. Counts what was durable.
fn run(disk: &Arc<SimDisk>, config: &LogConfig, durable: &mut usize) -> Result<(), LogError> {
    let config = Arc::new(config.clone());
    let mut log = Log::create(Arc::clone(disk) as _, &directory(), TOPIC, Arc::clone(&config))?;
    for _ in 0..2 {
        let mut queue = disk.commit_queue().unwrap();
        log.start(&mut *queue)?;
        for _ in 0..8 {
            let value = &numbers(*durable, *durable + 1)[0];
            let batch = batch(&[value], 0);
            if log.needs_roll(batch.header(), NOW) {
                log.roll(&mut *queue)?;
            }
            let Prepared::Write { bytes, .. } = log.prepare(batch, NOW).unwrap() else { panic!() };
            queue.append(Token(0), log.handle(), vec![bytes], Durability::Durable);
            let mut completions = Vec::new();
            queue.wait(None, &mut completions).unwrap();
            if completions.remove(0).result.is_err() {
                log.take_offline();
                return log.close(&mut *queue).map(|_| ());
            }
            *durable += 1;
            log.mark_durable(log.end());
            log.set_high_watermark(log.end());
        }
        let recovery_point = log.close(&mut *queue)?;
        let from = OpenFrom { clean: true, recovery_point, ..OpenFrom::default() };
        log = Log::open(Arc::clone(disk) as _, &directory(), Arc::clone(&config), from)?.0;
    }
    Ok(())
}

/// A flush fails, the process ends, the next one recovers: what it then shows has to outlast the power, although the system took
/// the pages of the failed flush for clean.
#[test]
fn what_recovery_finds_behind_a_failed_flush_is_made_durable_anew() {
    use crate::io::{Failure, Fault, Lasting, Operation};
    for seed in 1..=20 {
        let mut rig = Rig::create_on(Arc::new(SimDisk::new(seed)), one_segment());
        rig.append(batch(&["first"], 0));
        let (path_suffix, failure) = (".log".to_owned(), Failure::Errno(libc::EIO));
        let operation = Some(Operation::Sync);
        rig.disk.inject(Fault { operation, path_suffix, nth: 1, lasting: Lasting::Once, failure });
        let Prepared::Write { bytes, .. } = rig.log.prepare(batch(&["second"], 0), NOW).unwrap() else {
            panic!()
        };
        rig.queue.append(Token(0), rig.log.handle(), vec![bytes], Durability::Durable);
        let mut completions = Vec::new();
        rig.queue.wait(None, &mut completions).unwrap();
        assert!(completions.remove(0).result.is_err());
        let from = OpenFrom { durable: Offset(1), ..OpenFrom::default() };
        let Rig { disk, queue, log } = rig;
        drop((queue, log));
        let (log, _) = open(&disk, one_segment(), from).unwrap();
        assert_eq!(read_all(&log.view()), ["first", "second"]);
        let after = Arc::new(disk.power_cut());
        let (log, _) = open(&after, one_segment(), OpenFrom { durable: log.durable(), ..from }).unwrap();
        assert_eq!(read_all(&log.view()), ["first", "second"], "seed {seed}");
    }
}
