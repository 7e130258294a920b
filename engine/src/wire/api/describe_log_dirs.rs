//! DescribeLogDirs (35): sizes of the logs in each data directory (KIP-113).

use crate::wire::schema::{api, schema};

api! {
    DescribeLogDirs = 35, versions 1..=4, flexible from 2,
    DescribeLogDirsRequest => DescribeLogDirsResponse
}

schema! {
    /// What is asked.
    pub struct DescribeLogDirsRequest {
        _ => topics: Option<Vec<DescribableLogDirTopic>>,
    }

    /// Element of `topics`.
    pub struct DescribableLogDirTopic {
        _ => topic: String,
        _ => partitions: Vec<i32>,
    }

    /// The answer.
    pub struct DescribeLogDirsResponse {
        _ => throttle_time_ms: i32,
        3.. => error_code: i16,
        _ => results: Vec<DescribeLogDirsResult>,
    }

    /// Element of `results`.
    pub struct DescribeLogDirsResult {
        _ => error_code: i16,
        _ => log_dir: String,
        _ => topics: Vec<DescribeLogDirsTopic>,
        4.. => total_bytes: i64 = -1,
        4.. => usable_bytes: i64 = -1,
    }

    /// Element of `topics`.
    pub struct DescribeLogDirsTopic {
        _ => name: String,
        _ => partitions: Vec<DescribeLogDirsPartition>,
    }

    /// Element of `partitions`.
    pub struct DescribeLogDirsPartition {
        _ => partition_index: i32,
        _ => partition_size: i64,
        _ => offset_lag: i64,
        _ => is_future_key: bool,
    }
}
