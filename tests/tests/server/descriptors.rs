//! A server that has no file descriptor left takes those who wait once there are some.

use std::time::{Duration, Instant};

use tidelog::wire::api::api_versions::{ApiVersions, ApiVersionsRequest};

use super::raw::RawClient;
use super::rig::TestServer;
use crate::child::{self, allow_descriptors, take_descriptors};

/// The child: all descriptors are taken for a while.
pub(crate) fn accept_with_few_descriptors() {
    allow_descriptors(300);
    let server = TestServer::start();
    let request = ApiVersionsRequest::default();
    let mut early = RawClient::connect(&server);
    assert_eq!(early.call::<ApiVersions>(0, &request).error_code, 0);
    let mut taken = Vec::new();
    take_descriptors(&mut taken);
    // One for the client's own side; what the engine gives back later is taken, too.
    taken.pop();
    let mut client = RawClient::connect(&server);
    client.ask::<ApiVersions>(0, &request);
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        take_descriptors(&mut taken);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(early.call::<ApiVersions>(0, &request).error_code, 0);
    drop(taken);
    assert_eq!(client.answer::<ApiVersions>(0).error_code, 0);
}

#[test]
fn who_waits_is_taken_once_there_are_descriptors_again() {
    child::run("a server and few file descriptors");
}
