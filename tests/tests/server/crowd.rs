//! More clients than there is memory for: most of them idle, many slow, and still everybody who is neither gets his answers.

use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tidelog::wire::api::api_versions::{ApiVersions, ApiVersionsRequest};
use tidelog::wire::api::fetch::{Fetch, FetchPartition, FetchRequest, FetchTopic};
use tidelog::wire::api::list_offsets::{
    ListOffsets, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use tidelog::wire::api::produce::Produce;

use super::raw::{RawClient, batch, frame, produce_request};
use super::rig::allow_open_files;
use crate::effort::effort;
use crate::witness::server;
use crate::witness::victim::new_notes;
use crate::witness::workload::SMALL;

const TOPIC: &str = "crowd";
const PARTITIONS: i32 = 8;

const IDLE: usize = 1_000;
/// Half of them read slowly, half write slowly.
const SLOW: usize = 100;
const PRODUCING: usize = 100;

/// What the server may take beside what it has when the crowd comes.
const HEADROOM: u64 = 64 << 20;

/// Bytes of a batch.
const BATCH_SIZE: usize = 64 << 10;

/// A group of processes with a bound on their memory (cgroup v1). Removed when dropped.
struct MemoryGroup(PathBuf);

impl MemoryGroup {
    /// `None` where there is no such thing; says so.
    fn new(limit: u64) -> Option<MemoryGroup> {
        let path = Path::new("/sys/fs/cgroup/memory").join(format!("tidelog-test-{}", std::process::id()));
        let made = fs::create_dir(&path).and_then(|()| {
            let group = MemoryGroup(path);
            fs::write(group.0.join("memory.limit_in_bytes"), limit.to_string()).map(|()| group)
        });
        made.inspect_err(|error| println!("skipped: memory cannot be bounded here: {error}")).ok()
    }

    /// Takes in a process; what it has already does not count.
    fn add(&self, pid: u32) {
        fs::write(self.0.join("cgroup.procs"), pid.to_string()).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    /// Processes that were killed for want of memory.
    fn killed(&self) -> u64 {
        let control = self.read("memory.oom_control");
        control.lines().find_map(|line| line.strip_prefix("oom_kill ")).unwrap().parse().unwrap()
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // Its processes have been waited for; the kernel may take a moment longer.
        let start = Instant::now();
        while fs::remove_dir(&self.0).is_err() && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What the crowd's threads share.
struct Crowd {
    address: SocketAddr,
    over: AtomicBool,
    acknowledged: AtomicU64,
}

/// Ends the crowd, whatever becomes of the test.
struct Ending<'a>(&'a Crowd);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
    }
}

impl Crowd {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Produces as fast as it is acknowledged.
    fn produce(&self, slot: usize) {
        let mut client = RawClient::at(self.address);
        let partition = i32::try_from(slot).unwrap() % PARTITIONS;
        let records = batch(&[&vec![b'x'; BATCH_SIZE]]);
        while !self.is_over() {
            let answer = client.produce_with(9, -1, (TOPIC, partition), Some(&records));
            assert_eq!(answer.error_code, 0);
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends half a request, and then a byte now and then.
    fn write_slowly(&self) {
        let mut client = RawClient::at(self.address);
        let records = batch(&[&vec![b'x'; BATCH_SIZE]]);
        let request = frame::<Produce>(9, 1, &produce_request(-1, TOPIC, 0, Some(&records)));
        let (first, rest) = request.split_at(request.len() / 2);
        client.send(first);
        for byte in rest {
            if self.is_over() {
                return;
            }
            client.send(&[*byte]);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Asks for everything that has come last, as much as it can get, and reads a byte now and then.
    fn read_slowly(&self, slot: usize) {
        let mut client = RawClient::at(self.address);
        // What the kernel holds for it is pages of the file, which the server's group is charged for.
        rustix::net::sockopt::set_socket_recv_buffer_size(&client.stream, 16 << 10).unwrap();
        // Not all at one moment: each is to hold something else.
        std::thread::sleep(Duration::from_millis(20 * slot as u64));
        let partitions = (0..PARTITIONS).map(|partition_index| ListOffsetsPartition {
            partition_index,
            timestamp: -1,
            ..ListOffsetsPartition::default()
        });
        let topic = ListOffsetsTopic { name: TOPIC.to_owned(), partitions: partitions.collect() };
        let request = ListOffsetsRequest { topics: vec![topic], ..ListOffsetsRequest::default() };
        let ends = client.call::<ListOffsets>(5, &request);
        let partitions = ends.topics[0].partitions.iter().map(|end| FetchPartition {
            partition: end.partition_index,
            // What stands in memory.
            fetch_offset: (end.offset - 10).max(0),
            partition_max_bytes: 50 << 20,
            ..FetchPartition::default()
        });
        let topic =
            FetchTopic { topic: TOPIC.to_owned(), partitions: partitions.collect(), ..FetchTopic::default() };
        let max_bytes = 50 << 20;
        let request =
            FetchRequest { max_bytes, min_bytes: 1, topics: vec![topic], ..FetchRequest::default() };
        client.ask::<Fetch>(11, &request);
        while !self.is_over() {
            client.stream.read_exact(&mut [0]).unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_crowd_of_idle_and_slow_clients_is_served_within_little_memory() {
    if !allow_open_files(IDLE + 1_000) {
        return;
    }
    let Some(group) = MemoryGroup::new(HEADROOM) else { return };
    let directory = tempfile::tempdir().unwrap();
    let notes = new_notes(directory.path());
    let (child, port) = server::start(directory.path(), &notes, &SMALL, 0);
    group.add(child.pid());
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut healthy = RawClient::at(address);
    healthy.create_topic_with(TOPIC, PARTITIONS, &[]);
    let mut idle: Vec<RawClient> = (0..IDLE).map(|_| RawClient::at(address)).collect();
    let ask = |client: &mut RawClient| {
        let answer = client.call::<ApiVersions>(0, &ApiVersionsRequest::default());
        assert_eq!(answer.error_code, 0);
    };
    idle.iter_mut().for_each(ask);
    let crowd = &Crowd { address, over: AtomicBool::new(false), acknowledged: AtomicU64::new(0) };
    std::thread::scope(|scope| {
        let _ending = Ending(crowd);
        for slot in 0..PRODUCING {
            scope.spawn(move || crowd.produce(slot));
        }
        for slot in 0..SLOW / 2 {
            scope.spawn(|| crowd.write_slowly());
            scope.spawn(move || crowd.read_slowly(slot));
        }
        let start = Instant::now();
        while start.elapsed() < effort(Duration::from_secs(5), Duration::from_secs(60)) {
            ask(&mut healthy);
            assert_eq!(group.killed(), 0, "the server is killed for want of memory");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    idle.iter_mut().for_each(ask);
    let (most, pressed) = (group.read("memory.max_usage_in_bytes"), group.read("memory.failcnt"));
    println!(
        "{} batches acknowledged; {} KiB at most, {} times pressed for more",
        crowd.acknowledged.load(Ordering::Relaxed),
        most.trim().parse::<u64>().unwrap() >> 10,
        pressed.trim()
    );
    assert_eq!(group.killed(), 0);
    assert!(crowd.acknowledged.load(Ordering::Relaxed) > 0);
    child.kill();
}
