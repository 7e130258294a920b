//! [`Operation`]: what may be done with topics, groups and the engine.

/// What somebody wants to do, or may do, by its number in Kafka's protocol (Kafka: `AclOperation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// Read records, or join a group.
    Read = 3,
    /// Write records.
    Write = 4,
    /// Make topics or partitions.
    Create = 5,
    /// Delete.
    Delete = 6,
    /// Change the node.
    Alter = 7,
    /// See that it exists, and what it is like.
    Describe = 8,
    /// What brokers do among each other.
    ClusterAction = 9,
    /// See settings.
    DescribeConfigs = 10,
    /// Change settings.
    AlterConfigs = 11,
    /// Write with an id that keeps records from being written twice.
    IdempotentWrite = 12,
}

impl Operation {
    /// All that there is to do with a topic.
    pub const OF_TOPICS: [Operation; 8] = [
        Operation::Read,
        Operation::Write,
        Operation::Create,
        Operation::Delete,
        Operation::Alter,
        Operation::Describe,
        Operation::DescribeConfigs,
        Operation::AlterConfigs,
    ];

    /// All that there is to do with a group.
    pub const OF_GROUPS: [Operation; 5] = [
        Operation::Read,
        Operation::Delete,
        Operation::Describe,
        Operation::DescribeConfigs,
        Operation::AlterConfigs,
    ];

    /// All that there is to do with the cluster.
    pub const OF_CLUSTER: [Operation; 7] = [
        Operation::Create,
        Operation::Alter,
        Operation::Describe,
        Operation::ClusterAction,
        Operation::DescribeConfigs,
        Operation::AlterConfigs,
        Operation::IdempotentWrite,
    ];

    /// Kafka's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Several of them as a response has them: a bit for the number of each (KIP-430).
    #[must_use]
    pub const fn bits(operations: &[Operation]) -> i32 {
        let (mut bits, mut index) = (0, 0);
        while index < operations.len() {
            bits |= 1 << operations[index].number();
            index += 1;
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_that_kafka_answers_with() {
        assert_eq!(Operation::bits(&Operation::OF_TOPICS), 0b1101_1111_1000);
        assert_eq!(Operation::bits(&Operation::OF_GROUPS), 0b1101_0100_1000);
        assert_eq!(Operation::bits(&Operation::OF_CLUSTER), 0b1_1111_1010_0000);
    }
}
