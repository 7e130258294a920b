//! Rows of our own, which librdkafka does not have. Their prefix keeps them apart, so that a misspelt name is still
//! an error.

use super::super::property::Handling::Honoured;
use super::super::property::{Property, any, int};

pub(super) const ENGINE: &[Property] = &[
    any("tidelog.shards", int(0, 1_024, 0), Honoured),
    any("tidelog.spin.us", int(0, 1_000, 0), Honoured),
    any("tidelog.num.partitions", int(1, 10_000, 1), Honoured),
];
