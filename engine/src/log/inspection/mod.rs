//! Looking at logs without changing anything: what one file holds ([`InspectedFile`]), and whether a partition's folder is
//! as it should be ([`check_partition`]). For tools; the engine itself never comes here.

mod check;
mod file;
mod index_check;
#[cfg(test)]
mod tests;
mod transaction_check;

pub use check::{CheckFrom, Finding, PartitionCheck, check_partition};
pub use file::{InspectError, InspectedFile, InspectedProducer, SegmentEnd, SegmentItem, SegmentReader};
pub use index_check::IndexFault;
pub use transaction_check::TransactionFault;
