//! What every commit queue has to do, run against each of them. Test code only.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{
    AppendHandle, CommitQueue, Completion, CompletionKind, Disk, Durability, OpenMode, PosixDisk, SimDisk,
    Token, WriteMethod,
};

const LONG: Duration = Duration::from_secs(20);

/// A disk with a directory to work in.
struct Stand {
    disk: Box<dyn Disk>,
    directory: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Stand {
    fn posix(method: WriteMethod) -> Stand {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path().to_owned();
        Stand { disk: Box::new(PosixDisk::new(method)), directory, _temporary: Some(temporary) }
    }

    fn sim(disk: SimDisk) -> Stand {
        disk.create_dir("/data".as_ref()).unwrap();
        Stand { disk: Box::new(disk), directory: PathBuf::from("/data"), _temporary: None }
    }

    fn delayed_sim() -> Stand {
        let disk = SimDisk::new(7);
        disk.set_delay(5);
        Stand::sim(disk)
    }

    fn slow_sim() -> Stand {
        let disk = SimDisk::new(8);
        disk.set_latency(Duration::from_micros(50));
        Stand::sim(disk)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn queue(&self) -> Driver {
        Driver { queue: self.disk.commit_queue().unwrap(), next: 0, early: Vec::new() }
    }

    fn content(&self, name: &str, size: usize) -> Vec<u8> {
        let file = self.disk.open(&self.path(name), OpenMode::Read).unwrap();
        let mut bytes = vec![0xaa; size];
        let count = file.read_at(&mut bytes, 0).unwrap();
        bytes.truncate(count);
        bytes
    }

    fn size(&self, name: &str) -> u64 {
        self.disk.open(&self.path(name), OpenMode::Read).unwrap().size().unwrap()
    }
}

/// A queue whose operations a test runs to their end.
struct Driver {
    queue: Box<dyn CommitQueue>,
    next: u64,
    early: Vec<Completion>,
}

impl Driver {
    fn token(&mut self) -> Token {
        self.next += 1;
        Token(self.next)
    }

    fn finish(&mut self, token: Token) -> Completion {
        let deadline = Instant::now() + LONG;
        loop {
            if let Some(found) = self.early.iter().position(|completion| completion.token == token) {
                return self.early.swap_remove(found);
            }
            assert!(Instant::now() < deadline, "operation {token:?} did not end");
            self.queue.wait(Some(LONG), &mut self.early).unwrap();
        }
    }

    fn try_append(&mut self, handle: AppendHandle, bytes: &[u8], durability: Durability) -> Completion {
        let token = self.token();
        self.queue.append(token, handle, cut(bytes), durability);
        self.finish(token)
    }

    fn append(&mut self, handle: AppendHandle, bytes: &[u8], durability: Durability) {
        let completion = self.try_append(handle, bytes, durability);
        assert_eq!(completion.kind, CompletionKind::Append);
        completion.result.unwrap();
    }

    fn flush(&mut self, handle: AppendHandle) {
        let token = self.token();
        self.queue.flush(token, handle);
        let completion = self.finish(token);
        assert_eq!(completion.kind, CompletionKind::Flush);
        completion.result.unwrap();
    }
}

/// The bytes in three pieces, one of them empty.
fn cut(bytes: &[u8]) -> Vec<Bytes> {
    let (first, second) = bytes.split_at(bytes.len() / 3);
    vec![Bytes::copy_from_slice(first), Bytes::new(), Bytes::copy_from_slice(second)]
}

/// Bytes that differ from place to place, never zero, so that a shifted or lost piece shows. The period is a prime.
fn pattern(from: usize, count: usize) -> Vec<u8> {
    const PERIOD: usize = 65_521;
    static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..2 * PERIOD).map(|place| u8::try_from((place % PERIOD) * 31 / 7 % 255).unwrap() + 1).collect()
    });
    let mut bytes = Vec::with_capacity(count);
    while bytes.len() < count {
        let start = (from + bytes.len()) % PERIOD;
        bytes.extend_from_slice(&TABLE[start..start + PERIOD.min(count - bytes.len())]);
    }
    bytes
}

/// A fixed sequence of sizes, small ones and some large.
fn sizes(count: usize) -> impl Iterator<Item = usize> {
    const KINDS: [usize; 9] = [1, 100, 511, 512, 513, 4095, 4096, 4097, 70_001];
    (0..count).map(|turn| KINDS[(turn * 7 + turn / 9) % KINDS.len()])
}

fn durability_of(turn: usize) -> Durability {
    if turn % 5 < 2 { Durability::Cached } else { Durability::Durable }
}

fn bytes_lie_back_to_back(stand: &Stand) {
    for durability in [Durability::Cached, Durability::Durable] {
        let name = format!("{durability:?}");
        let mut driver = stand.queue();
        let handle = driver.queue.open(&stand.path(&name), 0).unwrap();
        let mut size = 0;
        for length in sizes(60) {
            driver.append(handle, &pattern(size, length), durability);
            size += length;
            assert!(stand.content(&name, size) == pattern(0, size), "after {size} bytes");
        }
    }
}

fn the_tail_block_is_rewritten_at_every_alignment(stand: &Stand) {
    let mut driver = stand.queue();
    for start in [1, 511, 512, 513, 4094, 4095, 4096, 4097, 8191] {
        let name = format!("from-{start}");
        let handle = driver.queue.open(&stand.path(&name), 0).unwrap();
        driver.append(handle, &pattern(0, start), Durability::Durable);
        let mut size = start;
        for length in [1, 1, 510, 512, 3583, 1, 4096, 4095, 2] {
            driver.append(handle, &pattern(size, length), Durability::Durable);
            size += length;
            assert!(stand.content(&name, size) == pattern(0, size), "{name} after {size} bytes");
        }
        driver.queue.close(handle).unwrap();
        assert!(stand.content(&name, size + 1) == pattern(0, size));
    }
}

fn cached_and_durable_appends_mix(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("mixed"), 0).unwrap();
    let mut size = 0;
    for (turn, length) in sizes(150).enumerate() {
        driver.append(handle, &pattern(size, length), durability_of(turn));
        size += length;
        if turn % 11 == 0 {
            driver.flush(handle);
        }
    }
    assert!(stand.content("mixed", size) == pattern(0, size));
    driver.queue.close(handle).unwrap();
    assert!(stand.content("mixed", size + 1) == pattern(0, size));
}

fn reopening_goes_on_in_the_middle_of_a_block(stand: &Stand) {
    let mut size = 0;
    for (turn, length) in sizes(30).enumerate() {
        let mut driver = stand.queue();
        let handle = driver.queue.open(&stand.path("reopened"), size as u64).unwrap();
        driver.append(handle, &pattern(size, length), durability_of(turn));
        size += length;
        driver.queue.close(handle).unwrap();
        assert!(stand.content("reopened", size + 1) == pattern(0, size));
    }
}

fn what_lies_beyond_the_opened_size_is_gone(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("torn"), 0).unwrap();
    driver.append(handle, &pattern(0, 20_000), Durability::Durable);
    drop(driver); // not closed, as after a crash
    for size in [12_000, 4096, 100] {
        let mut driver = stand.queue();
        let handle = driver.queue.open(&stand.path("torn"), size).unwrap();
        driver.append(handle, b"end", Durability::Durable);
        let mut found = stand.content("torn", 30_000);
        let valid = usize::try_from(size).unwrap();
        assert_eq!(found[valid..valid + 3], *b"end");
        assert!(found.split_off(valid + 3).iter().all(|byte| *byte == 0));
        assert!(found[..valid] == pattern(0, valid));
        drop(driver);
        let mut driver = stand.queue();
        let handle = driver.queue.open(&stand.path("torn"), size).unwrap();
        driver.queue.close(handle).unwrap();
        assert_eq!(stand.size("torn"), size);
    }
}

fn opening_needs_the_bytes_it_is_told_of(stand: &Stand) {
    let mut driver = stand.queue();
    let error = driver.queue.open(&stand.path("missing"), 10).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    let handle = driver.queue.open(&stand.path("short"), 0).unwrap();
    driver.append(handle, b"abc", Durability::Durable);
    driver.queue.close(handle).unwrap();
    let error = driver.queue.open(&stand.path("short"), 4).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

fn nothing_may_be_appended(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("nothing"), 0).unwrap();
    for durability in [Durability::Cached, Durability::Durable] {
        driver.append(handle, b"", durability);
        let token = driver.token();
        driver.queue.append(token, handle, Vec::new(), durability);
        driver.finish(token).result.unwrap();
        driver.flush(handle);
        driver.append(handle, b"x", Durability::Cached);
        driver.append(handle, b"", durability);
    }
    driver.queue.close(handle).unwrap();
    assert_eq!(stand.content("nothing", 10), b"xx");
}

fn large_appends_are_whole(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("large"), 0).unwrap();
    let mut size = 0;
    for length in [3, 5 << 20, 1, (1 << 20) - 4, 1 << 20, (1 << 20) + 1, 9] {
        driver.append(handle, &pattern(size, length), Durability::Durable);
        size += length;
    }
    assert!(stand.content("large", size) == pattern(0, size));
}

fn the_waker_ends_a_sleep(stand: &Stand) {
    let mut driver = stand.queue();
    let waker = driver.queue.waker();
    let mut completions = Vec::new();
    waker.wake();
    driver.queue.wait(Some(LONG), &mut completions).unwrap();
    let start = Instant::now();
    for _ in 0..200 {
        let waker = waker.clone();
        let other = std::thread::spawn(move || waker.wake());
        driver.queue.wait(None, &mut completions).unwrap();
        other.join().unwrap();
    }
    assert!(completions.is_empty());
    assert!(start.elapsed() < LONG);
    drop(driver);
    waker.wake();
}

fn a_wake_before_the_sleep_is_not_lost(stand: &Stand) {
    let mut driver = stand.queue();
    let waker = driver.queue.waker();
    let handle = driver.queue.open(&stand.path("woken"), 0).unwrap();
    for turn in 0..50 {
        waker.wake();
        driver.append(handle, &pattern(turn, 1), Durability::Durable);
        waker.wake();
        driver.queue.submit(&mut driver.early).unwrap();
        driver.queue.wait(None, &mut driver.early).unwrap();
    }
}

fn a_sleep_ends_in_time(stand: &Stand) {
    let mut driver = stand.queue();
    let mut completions = Vec::new();
    let start = Instant::now();
    driver.queue.wait(Some(Duration::from_millis(30)), &mut completions).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(29), "after {:?}", start.elapsed());
    driver.queue.wait(Some(Duration::ZERO), &mut completions).unwrap();
    assert!(start.elapsed() < LONG);
}

fn many_files_are_in_flight_at_once(stand: &Stand) {
    const FILES: usize = 150;
    let mut driver = stand.queue();
    let handles: Vec<AppendHandle> =
        (0..FILES).map(|file| driver.queue.open(&stand.path(&file.to_string()), 0).unwrap()).collect();
    let mut sizes_reached = [0; FILES];
    for (turn, length) in sizes(12).enumerate() {
        let mut tokens = Vec::new();
        for (file, handle) in handles.iter().enumerate() {
            let bytes = pattern(sizes_reached[file] + file, length + file);
            let token = driver.token();
            driver.queue.append(token, *handle, cut(&bytes), durability_of(turn + file));
            sizes_reached[file] += length + file;
            tokens.push(token);
        }
        tokens.into_iter().for_each(|token| driver.finish(token).result.unwrap());
    }
    for (file, handle) in handles.into_iter().enumerate() {
        driver.queue.close(handle).unwrap();
        let size = sizes_reached[file];
        assert!(stand.content(&file.to_string(), size + 1) == pattern(file, size), "file {file}");
    }
}

fn close_trims_what_was_prepared_ahead(stand: &Stand) {
    let mut driver = stand.queue();
    for (turn, length) in sizes(20).enumerate() {
        let name = format!("trimmed-{turn}");
        let handle = driver.queue.open(&stand.path(&name), 0).unwrap();
        driver.append(handle, &pattern(0, length), durability_of(turn));
        driver.queue.close(handle).unwrap();
        assert_eq!(stand.size(&name), length as u64);
    }
}

fn readers_see_the_acknowledged_prefix(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("read"), 0).unwrap();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    const END: usize = 1 << 20;
    let file = stand.disk.open(&stand.path("read"), OpenMode::Read).unwrap();
    std::thread::scope(|scope| {
        let seen = Arc::clone(&acknowledged);
        scope.spawn(move || {
            let mut from = 0;
            while from < END {
                let upto = seen.load(Ordering::Acquire);
                let start = from.max(3000) - 3000;
                let mut bytes = vec![0; upto - start];
                assert_eq!(file.read_at(&mut bytes, start as u64).unwrap(), upto - start);
                assert!(bytes == pattern(start, upto - start), "reading {start}..{upto}");
                from = upto;
            }
        });
        let mut size = 0;
        for (turn, length) in sizes(usize::MAX / 100).enumerate() {
            driver.append(handle, &pattern(size, length), durability_of(turn / 3));
            size += length;
            acknowledged.store(size, Ordering::Release);
            if size >= END {
                break;
            }
        }
    });
}

fn side_files_keep_the_last_of_each_sector(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open_blocks(&stand.path("marks"), 16_384).unwrap();
    assert!(stand.content("marks", 20_000) == vec![0; 16_384]);
    let mut tokens = Vec::new();
    for round in 1..=5_u8 {
        for sector in [0_u32, 1, 2, 7, 8, 31] {
            let token = driver.token();
            driver.queue.write_block(
                token,
                handle,
                sector,
                [round * 40 + u8::try_from(sector).unwrap(); 512],
            );
            tokens.push(token);
        }
    }
    for token in tokens {
        let completion = driver.finish(token);
        assert_eq!(completion.kind, CompletionKind::Block);
        completion.result.unwrap();
    }
    driver.queue.close(handle).unwrap();
    let handle = driver.queue.open_blocks(&stand.path("marks"), 16_384).unwrap();
    let token = driver.token();
    driver.queue.write_block(token, handle, 3, [9; 512]);
    driver.finish(token).result.unwrap();
    let content = stand.content("marks", 20_000);
    assert_eq!(content.len(), 16_384);
    for (sector, bytes) in content.chunks(512).enumerate() {
        let expected = match sector {
            0 | 1 | 2 | 7 | 8 | 31 => 200 + u8::try_from(sector).unwrap(),
            3 => 9,
            _ => 0,
        };
        assert!(bytes.iter().all(|byte| *byte == expected), "sector {sector}");
    }
}

fn a_second_operation_on_a_busy_file_is_refused(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("busy"), 0).unwrap();
    let (first, second) = (driver.token(), driver.token());
    driver.queue.append(first, handle, cut(b"first"), Durability::Durable);
    driver.queue.append(second, handle, cut(b"second"), Durability::Durable);
    let refusal = driver.finish(second).result.unwrap_err();
    assert_eq!(refusal.kind(), std::io::ErrorKind::ResourceBusy);
    driver.finish(first).result.unwrap();
    driver.append(handle, b"+third", Durability::Durable);
    driver.queue.close(handle).unwrap();
    assert_eq!(stand.content("busy", 100), b"first+third");
}

fn cached_appends_go_on_beside_a_flush(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("beside"), 0).unwrap();
    let mut expected = Vec::new();
    for turn in 0..30 {
        driver.append(handle, &pattern(expected.len(), 1500), Durability::Cached);
        expected.extend(pattern(expected.len(), 1500));
        let (flush, beside) = (driver.token(), driver.token());
        driver.queue.flush(flush, handle);
        driver.queue.append(beside, handle, cut(&pattern(expected.len(), 700)), Durability::Cached);
        expected.extend(pattern(expected.len(), 700));
        driver.finish(beside).result.unwrap();
        driver.finish(flush).result.unwrap();
        if turn % 3 == 0 {
            // What came beside the flush is not on the device yet: this has to take it along.
            driver.append(handle, &pattern(expected.len(), 300), Durability::Durable);
            expected.extend(pattern(expected.len(), 300));
        }
    }
    driver.queue.close(handle).unwrap();
    assert_eq!(stand.content("beside", expected.len() + 100), expected);
}

fn durable_appends_and_flushes_exclude_each_other(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("exclusive"), 0).unwrap();
    driver.append(handle, b"first", Durability::Cached);
    let (flush, durable) = (driver.token(), driver.token());
    driver.queue.flush(flush, handle);
    driver.queue.append(durable, handle, cut(b"second"), Durability::Durable);
    let refusal = driver.finish(durable).result.unwrap_err();
    assert_eq!(refusal.kind(), std::io::ErrorKind::ResourceBusy);
    driver.finish(flush).result.unwrap();
    let (durable, flush) = (driver.token(), driver.token());
    driver.queue.append(durable, handle, cut(b"+third"), Durability::Durable);
    driver.queue.flush(flush, handle);
    let refusal = driver.finish(flush).result.unwrap_err();
    assert_eq!(refusal.kind(), std::io::ErrorKind::ResourceBusy);
    driver.finish(durable).result.unwrap();
    driver.queue.close(handle).unwrap();
    assert_eq!(stand.content("exclusive", 100), b"first+third");
}

fn a_closed_file_is_refused(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("closed"), 0).unwrap();
    driver.queue.close(handle).unwrap();
    driver.try_append(handle, b"late", Durability::Cached).result.unwrap_err();
    driver.queue.close(handle).unwrap_err();
}

fn dropping_the_queue_leaves_acknowledged_bytes(stand: &Stand) {
    let mut driver = stand.queue();
    let handle = driver.queue.open(&stand.path("dropped"), 0).unwrap();
    driver.append(handle, &pattern(0, 5000), Durability::Durable);
    let token = driver.token();
    driver.queue.append(token, handle, cut(&pattern(5000, 100_000)), Durability::Durable);
    driver.queue.submit(&mut driver.early).unwrap();
    drop(driver);
    assert!(stand.content("dropped", 5000) == pattern(0, 5000));
}

macro_rules! properties {
    ($stand:expr => $($property:ident)*) => {
        use super::*;
        $(#[test] fn $property() { super::$property(&$stand); })*
    };
}

macro_rules! conformance {
    ($($name:ident: $stand:expr;)*) => {$(
        mod $name {
            properties! { $stand =>
                bytes_lie_back_to_back
                the_tail_block_is_rewritten_at_every_alignment
                cached_and_durable_appends_mix
                reopening_goes_on_in_the_middle_of_a_block
                what_lies_beyond_the_opened_size_is_gone
                opening_needs_the_bytes_it_is_told_of
                nothing_may_be_appended
                large_appends_are_whole
                the_waker_ends_a_sleep
                a_wake_before_the_sleep_is_not_lost
                a_sleep_ends_in_time
                many_files_are_in_flight_at_once
                close_trims_what_was_prepared_ahead
                readers_see_the_acknowledged_prefix
                side_files_keep_the_last_of_each_sector
                a_second_operation_on_a_busy_file_is_refused
                cached_appends_go_on_beside_a_flush
                durable_appends_and_flushes_exclude_each_other
                a_closed_file_is_refused
                dropping_the_queue_leaves_acknowledged_bytes
            }
        }
    )*};
}

conformance! {
    memory: Stand::sim(SimDisk::memory());
    sim: Stand::sim(SimDisk::new(6));
    sim_delayed: Stand::delayed_sim();
    sim_slow: Stand::slow_sim();
    ring_auto: Stand::posix(WriteMethod::Auto);
    ring_buffered: Stand::posix(WriteMethod::Buffered);
    thread_pool: Stand::posix(WriteMethod::ThreadPool);
}
