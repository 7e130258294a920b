//! Readers beside the appender.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Readers follow the tail, search by time and restart at random places while the log is appended to, rolled, and
/// deleted from the front. Whoever reads sees each record once, in order, and never one that is not there.
#[test]
fn readers_race_with_the_appender() {
    let mut rig = Rig::create_on(Arc::new(SimDisk::memory()), small_segments());
    let view = rig.log.view();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for seed in 0..3_i64 {
            let (view, done) = (&view, &done);
            scope.spawn(move || follow(view, done, seed));
        }
        let searcher = scope.spawn(|| search(&view, &done));
        for number in 0..3000_i64 {
            rig.append(batch(&[&format!("{number}")], number));
            if number % 100 == 99 {
                rig.log.delete_records(Offset(number - 50)).unwrap();
                for file in rig.log.apply_retention(Timestamp(0)).unwrap().removed {
                    rig.disk.remove_file(&file).unwrap();
                }
            }
        }
        done.store(true, Ordering::Release);
        assert!(searcher.join().unwrap() > 0);
    });
}

fn follow(view: &LogView, done: &AtomicBool, seed: i64) {
    let mut from: ReadCursor = Offset::ZERO.into();
    let mut reads = seed;
    loop {
        let finished = done.load(Ordering::Acquire);
        match view.read(from, 300, Offset(i64::MAX)) {
            Ok(read) => {
                let expected = from.offset().0..read.next.offset().0;
                let values: Vec<i64> =
                    values_in(&read, from.offset()).iter().map(|value| value.parse().unwrap()).collect();
                assert!(values.into_iter().eq(expected));
                from = read.next;
                reads += 1;
                if reads % 50 == 0 {
                    // Forget the place in the file.
                    from = from.offset().into();
                }
            }
            Err(ReadError::OutOfRange { log_start, .. }) => {
                assert!(log_start > from.offset());
                from = log_start.into();
            }
            Err(error) => panic!("{error}"),
        }
        if finished && from.offset() == view.high_watermark() {
            return;
        }
    }
}

fn search(view: &LogView, done: &AtomicBool) -> usize {
    let mut found = 0;
    while !done.load(Ordering::Acquire) {
        let newest = view.high_watermark().0 - 1;
        if let Some(record) = view.offset_for_timestamp(Timestamp(newest)).unwrap() {
            assert_eq!(record.offset.0, record.timestamp.0);
            found += 1;
        }
        if let Some(largest) = view.max_timestamp().unwrap() {
            assert!(largest.timestamp.0 >= newest);
        }
    }
    found
}
