//! ConsumerGroupDescribe: what is told of a group.

use super::ConsumerGroup;
use crate::broker::coordination::Topics;
use crate::broker::group::request::{ConsumerGroupDescription, DescribedConsumer, TopicPartitions};
use crate::broker::group::state::GroupState;
use crate::broker::offsets_schema::AssignedPartitions;
use crate::config::EngineConfig;

impl ConsumerGroup {
    pub(in crate::broker::group) fn described(
        &self,
        group: &str,
        state: GroupState,
        topics: &dyn Topics,
        config: &EngineConfig,
    ) -> ConsumerGroupDescription {
        let nothing = AssignedPartitions::new();
        let members = self.members.iter().map(|(id, member)| DescribedConsumer {
            member_id: id.clone(),
            epoch: member.current.epoch,
            metadata: member.metadata.clone(),
            assigned: by_name(&member.current.assigned, topics),
            target: by_name(self.targets.get(id).unwrap_or(&nothing), topics),
        });
        ConsumerGroupDescription {
            group: group.to_owned(),
            state,
            epoch: self.epoch,
            assignment_epoch: self.assignment_epoch,
            assignor: self.assignor(config).name().to_owned(),
            members: members.collect(),
        }
    }
}

fn by_name(assigned: &AssignedPartitions, topics: &dyn Topics) -> Vec<TopicPartitions> {
    let named = assigned.iter().filter_map(|(topic_id, partitions)| {
        let partitions = partitions.iter().copied().collect();
        topics.name_of(*topic_id).map(|topic| TopicPartitions { topic_id: *topic_id, topic, partitions })
    });
    named.collect()
}
