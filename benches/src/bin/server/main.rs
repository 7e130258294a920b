//! The server against bare loops of system calls that do the same for the same client, in turns, in one run.
//!
//! usage: server [ROUNDS] [WORKLOAD...]; workloads: requests, ack, crowd, catch_up

mod bare;
mod client;
mod crowd;
mod tidelog_server;

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use client::Load;
use crowd::Crowd;
use tidelog_server::TidelogServer;

/// Connections of the workload `requests`.
const CONNECTIONS: usize = 256;

/// How long one sample takes.
const SAMPLE: Duration = Duration::from_secs(3);

/// Bytes that `catch_up` reads.
const CATCH_UP_SIZE: u64 = 2 << 30;

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let rounds = arguments.peek().and_then(|first| first.parse().ok()).unwrap_or(5);
    let wanted: Vec<String> = arguments.filter(|argument| argument.parse::<usize>().is_err()).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    if is_wanted("requests") {
        requests(rounds);
    }
    if is_wanted("ack") {
        ack(rounds);
    }
    if is_wanted("crowd") {
        crowd(rounds);
    }
    if is_wanted("catch_up") {
        catch_up(rounds);
    }
}

/// Small requests of many connections, each with one under way: answers per second.
fn requests(rounds: usize) {
    let server = TidelogServer::start();
    let request = client::metadata_request();
    let answer_size = client::answer_size(server.address(), &request);
    let echo = bare::Echo::start(request.len(), answer_size);
    let rate = |address: SocketAddr| Load::new(address, CONNECTIONS, &request, answer_size).rate(SAMPLE);
    let (ours, bare) = in_turns(rounds, || rate(server.address()), || rate(echo.address()));
    println!("requests: tidelog {ours:.0}/s, bare epoll echo {bare:.0}/s: {:.2}x", ours / bare);
}

/// One produce request under way, acks=1: half of them are acknowledged within this time.
fn ack(rounds: usize) {
    let server = TidelogServer::start();
    server.create_topic("ack");
    let request = client::produce_request("ack", 100);
    let answer_size = client::answer_size(server.address(), &request);
    let echo = bare::Echo::start(request.len(), answer_size);
    let p50 = |address: SocketAddr| Load::new(address, 1, &request, answer_size).percentile(50, SAMPLE);
    let (ours, bare) = in_turns(rounds, || p50(server.address()), || p50(echo.address()));
    println!("ack: tidelog p50 {ours:.1} us, bare echo {bare:.1} us: {:.2}x", ours / bare);
}

/// One produce request under way, acks=1, alone and beside a crowd: 99 of 100 are acknowledged within this time.
fn crowd(rounds: usize) {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("what is allowed");
    let server = TidelogServer::start();
    server.create_topic("crowd");
    let request = client::produce_request("crowd", 100);
    let answer_size = client::answer_size(server.address(), &request);
    let p99 = || Load::new(server.address(), 1, &request, answer_size).percentile(99, SAMPLE);
    let beside = || {
        let _crowd = Crowd::gather(server.address(), &request);
        p99()
    };
    let (alone, beside) = in_turns(rounds, p99, beside);
    println!("crowd: p99 {alone:.1} us alone, {beside:.1} us beside a crowd: {:.2}x", beside / alone);
}

/// One reader goes through a topic that is not in memory: bytes per second.
fn catch_up(rounds: usize) {
    let server = TidelogServer::start();
    server.create_topic("history");
    let size = server.fill("history", CATCH_UP_SIZE);
    let bare = bare::FileServer::start(&server.segments("history"));
    let before = client::resident_bytes();
    let (ours, theirs) = in_turns(
        rounds,
        || client::fetch_all(server.address(), "history", size),
        || client::receive_all(bare.address(), size),
    );
    let grown = client::resident_bytes().saturating_sub(before) >> 20;
    println!(
        "catch_up: tidelog {:.2} GB/s, bare sendfile {:.2} GB/s: {:.2}x; memory grew by {grown} MiB",
        ours / 1e9,
        theirs / 1e9,
        ours / theirs
    );
}

/// Medians of both, measured in turns.
fn in_turns(rounds: usize, mut a: impl FnMut() -> f64, mut b: impl FnMut() -> f64) -> (f64, f64) {
    // The first of each warms up.
    a();
    b();
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        of_a.push(a());
        of_b.push(b());
    }
    (median(of_a), median(of_b))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
