//! DescribeLogDirs: the one data directory with the sizes of its logs.

use std::collections::BTreeSet;

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::describe_log_dirs::{
    DescribeLogDirs, DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeLogDirsResult, DescribeLogDirsTopic,
};

pub(in crate::server) fn handle(call: &Call, request: DescribeLogDirsRequest, reply: Reply<DescribeLogDirs>) {
    if !call.allows(Operation::Describe, Resource::Cluster) {
        let error_code = ErrorCode::ClusterAuthorizationFailed.code();
        return reply.send(&DescribeLogDirsResponse { error_code, ..DescribeLogDirsResponse::default() });
    }
    let asked: Option<BTreeSet<(String, i32)>> = request.topics.map(|topics| {
        let named = topics.into_iter();
        named
            .flat_map(|one| one.partitions.into_iter().map(move |index| (one.topic.clone(), index)))
            .collect()
    });
    let is_wanted = |topic: &str, index: i32| {
        asked.as_ref().is_none_or(|asked| asked.contains(&(topic.to_owned(), index)))
    };
    let mut result = DescribeLogDirsResult {
        log_dir: call.broker().root().display().to_string(),
        ..DescribeLogDirsResult::default()
    };
    for topic in call.broker().topics() {
        let name = topic.name().to_string();
        let served = topic.partitions();
        let partitions: Vec<_> = served
            .iter()
            .zip(0..)
            .filter(|(_, index)| is_wanted(&name, *index))
            .filter_map(|(served, index)| Some((served.as_ref().ok()?.view().size().ok()?, index)))
            .map(|(size, partition_index)| DescribeLogDirsPartition {
                partition_index,
                partition_size: i64::try_from(size).unwrap_or(i64::MAX),
                ..DescribeLogDirsPartition::default()
            })
            .collect();
        if !partitions.is_empty() {
            result.topics.push(DescribeLogDirsTopic { name, partitions });
        }
    }
    if let Ok(free) = call.broker().free_space() {
        result.usable_bytes = i64::try_from(free).unwrap_or(-1);
    }
    reply.send(&DescribeLogDirsResponse { results: vec![result], ..DescribeLogDirsResponse::default() });
}
