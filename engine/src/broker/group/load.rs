//! Groups as the log has them: records are replayed before a coordinator takes its first request.

use super::classic_group::Group;
use super::consumer::Loaded;
use super::coordinator::Coordinator;
use super::member::{Member, MemberSettings};
use super::request::Protocol;
use super::state::ClassicState;
use crate::broker::coordination::Moment;
use crate::broker::offsets_schema::{GroupMetadata, OffsetCommit, RecordKey, SchemaError};
use crate::types::{ProducerId, Timestamp, TopicName, TopicPartition};

impl<R> Coordinator<R> {
    /// Replays one record of the partition, in the order of offsets; `transaction` is the producer in whose transaction it
    /// was written.
    ///
    /// # Errors
    /// [`SchemaError`]; nothing has changed then. Records of other group protocols, and offsets of names that are no
    /// topic's, are passed over.
    pub fn load(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        transaction: Option<ProducerId>,
    ) -> Result<(), SchemaError> {
        match RecordKey::decode(key)? {
            RecordKey::Offset { group, topic, partition } => {
                let commit = value.map(OffsetCommit::decode).transpose()?;
                if let Ok(topic) = TopicName::new(&topic) {
                    self.load_offset(&group, TopicPartition { topic, partition }, commit, transaction);
                }
            }
            RecordKey::Group(group) => {
                let metadata = value.map(GroupMetadata::decode).transpose()?;
                self.load_group(&group, metadata);
            }
            key => {
                if let Some((group, loaded)) = Loaded::decode(key, value)? {
                    let group = self.group_or_new(&group, Timestamp::NONE);
                    group.consumer.group.get_or_insert_default().load(loaded);
                }
            }
        }
        Ok(())
    }

    fn load_offset(
        &mut self,
        group: &str,
        partition: TopicPartition,
        commit: Option<OffsetCommit>,
        transaction: Option<ProducerId>,
    ) {
        match (commit, transaction) {
            (Some(commit), None) => {
                self.group_or_new(group, Timestamp::NONE).offsets.put(partition, commit);
            }
            (Some(commit), Some(producer)) => {
                self.group_or_new(group, Timestamp::NONE).offsets.keep(producer, partition, commit);
            }
            (None, _) => {
                if let Some(group) = self.groups.get_mut(group) {
                    group.offsets.remove(&partition);
                }
            }
        }
    }

    fn load_group(&mut self, id: &str, metadata: Option<GroupMetadata>) {
        let group = self.group_or_new(id, Timestamp::NONE);
        let (offsets, consumer) = (std::mem::take(&mut group.offsets), std::mem::take(&mut group.consumer));
        *group = metadata.map_or_else(|| Group::new(id, Timestamp::NONE), |metadata| restore(id, metadata));
        (group.offsets, group.consumer) = (offsets, consumer);
    }

    /// Ends the replay. Members have their whole session timeout from now to show that they are there.
    pub fn finish_loading(&mut self, now: Moment) {
        self.groups.retain(|_, group| {
            group.consumer.group.take_if(|consumers| {
                consumers.finish_loading();
                consumers.is_gone()
            });
            group.recorded || !group.offsets.is_empty() || group.consumer.group.is_some()
        });
        let size_max = usize::try_from(self.config.group_size_max).unwrap_or(usize::MAX);
        for id in self.groups.keys().cloned().collect::<Vec<_>>() {
            self.with_group(now, &id, |group, turn| {
                for member in group.members.keys().cloned().collect::<Vec<_>>() {
                    group.restart_session(&member, now.monotonic);
                }
                group.renew_consumer_timers(turn);
                if group.members.len() > size_max {
                    group.prepare_rebalance(turn, "the group is larger than now allowed");
                }
            });
        }
        self.next_expiry = Some(now.monotonic + self.config.offsets_retention_check_interval);
    }
}

pub(super) fn restore<R>(id: &str, metadata: GroupMetadata) -> Group<R> {
    let mut group = Group::new(id, Timestamp::NONE);
    let protocol_type = metadata.protocol_type;
    let protocol = metadata.protocol.clone().unwrap_or_default();
    for member in metadata.members {
        let settings = MemberSettings {
            rebalance_timeout: member.rebalance_timeout,
            session_timeout: member.session_timeout,
            protocols: vec![Protocol { name: protocol.clone(), metadata: member.subscription }],
        };
        let restored = Member {
            instance_id: member.instance_id,
            client_id: member.client_id,
            client_host: member.client_host,
            settings,
            assignment: member.assignment,
            is_new: false,
            joining: None,
            syncing: None,
            deadline: None,
        };
        group.add_member(&member.member_id, restored, &protocol_type);
    }
    group.state = if group.members.is_empty() { ClassicState::Empty } else { ClassicState::Stable };
    group.state_time = metadata.state_time;
    group.protocol_type = Some(protocol_type).filter(|kind| !kind.is_empty());
    group.protocol = metadata.protocol;
    group.generation = metadata.generation;
    group.leader = metadata.leader;
    group.recorded = true;
    group.read_subscriptions();
    group
}
