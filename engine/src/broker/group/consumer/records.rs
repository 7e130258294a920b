//! A group as records: what is to be written when it becomes another one, and what is known of it from the log.

use super::ConsumerGroup;
use crate::broker::coordination::CoordinatorRecord;
use crate::broker::offsets_schema::{
    ConsumerGroupEpoch, ConsumerMemberMetadata, CurrentAssignment, MemberKey, RecordKey, ResolvedExpression,
    SchemaError, decode_assignment_epoch, decode_target, encode_assignment_epoch, encode_target,
};

/// The records that make `before` become `after`, in Kafka's order. `None` is a group that is not there.
pub(super) fn difference(
    group: &str,
    before: Option<&ConsumerGroup>,
    after: Option<&ConsumerGroup>,
) -> Vec<CoordinatorRecord> {
    let nothing = ConsumerGroup::default();
    let mut writer = Difference {
        group,
        before: before.unwrap_or(&nothing),
        after: after.unwrap_or(&nothing),
        records: Vec::new(),
    };
    writer.gone_members();
    writer.members();
    writer.expressions();
    writer.epochs(before.is_some(), after.is_some());
    writer.assignments();
    writer.records
}

struct Difference<'a> {
    group: &'a str,
    before: &'a ConsumerGroup,
    after: &'a ConsumerGroup,
    records: Vec<CoordinatorRecord>,
}

impl Difference<'_> {
    fn put(&mut self, key: &RecordKey, value: Option<Vec<u8>>) {
        self.records.push(CoordinatorRecord { key: key.encode(), value });
    }

    fn member(&self, id: &str) -> MemberKey {
        MemberKey { group: self.group.to_owned(), member: id.to_owned() }
    }

    fn gone_members(&mut self) {
        let (before, after) = (self.before, self.after);
        for id in before.members.keys().filter(|id| !after.members.contains_key(*id)) {
            self.put(&RecordKey::CurrentAssignment(self.member(id)), None);
            self.put(&RecordKey::Target(self.member(id)), None);
            self.put(&RecordKey::ConsumerMember(self.member(id)), None);
        }
    }

    fn members(&mut self) {
        let (before, after) = (self.before, self.after);
        for (id, member) in &after.members {
            if before.members.get(id).is_none_or(|known| known.metadata != member.metadata) {
                self.put(&RecordKey::ConsumerMember(self.member(id)), Some(member.metadata.encode()));
            }
        }
    }

    fn expressions(&mut self) {
        let (before, after) = (self.before, self.after);
        let key =
            |text: &String| RecordKey::Expression { group: self.group.to_owned(), expression: text.clone() };
        let gone = before.expressions.keys().filter(|text| !after.expressions.contains_key(*text));
        let gone = gone.map(|text| (key(text), None));
        let new = after.expressions.iter().filter(|(text, now)| before.expressions.get(*text) != Some(*now));
        let new = new.map(|(text, resolved)| (key(text), Some(resolved.encode())));
        for (key, value) in gone.chain(new).collect::<Vec<_>>() {
            self.put(&key, value);
        }
    }

    fn epochs(&mut self, was_there: bool, is_there: bool) {
        let (before, after) = (self.before, self.after);
        let (group, assignment) = (
            RecordKey::ConsumerGroup(self.group.to_owned()),
            RecordKey::AssignmentEpoch(self.group.to_owned()),
        );
        if was_there && !is_there {
            self.put(&assignment, None);
            return self.put(&group, None);
        }
        let epoch =
            |of: &ConsumerGroup| ConsumerGroupEpoch { epoch: of.epoch, metadata_hash: of.metadata_hash };
        if epoch(before) != epoch(after) {
            self.put(&group, Some(epoch(after).encode()));
        }
    }

    fn assignments(&mut self) {
        let (before, after) = (self.before, self.after);
        for (id, target) in &after.targets {
            if before.targets.get(id) != Some(target) {
                self.put(&RecordKey::Target(self.member(id)), Some(encode_target(target)));
            }
        }
        if after.assignment_epoch != before.assignment_epoch && !after.is_gone() {
            let epoch = encode_assignment_epoch(after.assignment_epoch);
            self.put(&RecordKey::AssignmentEpoch(self.group.to_owned()), Some(epoch));
        }
        for (id, member) in &after.members {
            if before.members.get(id).is_none_or(|known| known.current != member.current) {
                let current = member.current.encode();
                self.put(&RecordKey::CurrentAssignment(self.member(id)), Some(current));
            }
        }
    }
}

/// A record of a group of the consumer protocol, read.
pub(in crate::broker::group) enum Loaded {
    Epoch(Option<ConsumerGroupEpoch>),
    AssignmentEpoch(i32),
    /// Of this member. `None` for one that is gone.
    Member(String, Option<ConsumerMemberMetadata>),
    Target(String, Option<crate::broker::offsets_schema::AssignedPartitions>),
    Current(String, Option<CurrentAssignment>),
    Expression(String, Option<ResolvedExpression>),
}

impl Loaded {
    /// The group and what is said of it; `None` for a record of another kind.
    pub(in crate::broker::group) fn decode(
        key: RecordKey,
        value: Option<&[u8]>,
    ) -> Result<Option<(String, Loaded)>, SchemaError> {
        Ok(Some(match key {
            RecordKey::ConsumerGroup(group) => {
                (group, Loaded::Epoch(value.map(ConsumerGroupEpoch::decode).transpose()?))
            }
            RecordKey::AssignmentEpoch(group) => {
                let epoch = value.map(decode_assignment_epoch).transpose()?;
                (group, Loaded::AssignmentEpoch(epoch.unwrap_or(0)))
            }
            RecordKey::ConsumerMember(MemberKey { group, member }) => {
                let metadata = value.map(ConsumerMemberMetadata::decode).transpose()?;
                (group, Loaded::Member(member, metadata))
            }
            RecordKey::Target(MemberKey { group, member }) => {
                (group, Loaded::Target(member, value.map(decode_target).transpose()?))
            }
            RecordKey::CurrentAssignment(MemberKey { group, member }) => {
                (group, Loaded::Current(member, value.map(CurrentAssignment::decode).transpose()?))
            }
            RecordKey::Expression { group, expression } => {
                (group, Loaded::Expression(expression, value.map(ResolvedExpression::decode).transpose()?))
            }
            RecordKey::Offset { .. } | RecordKey::Group(_) | RecordKey::Other(_) => return Ok(None),
        }))
    }
}

impl ConsumerGroup {
    /// Whether nothing is left of it: its tombstones have been read.
    pub(in crate::broker::group) fn is_gone(&self) -> bool {
        *self == ConsumerGroup::default()
    }

    /// Ends the replay: who has said nothing of itself is no member.
    pub(in crate::broker::group) fn finish_loading(&mut self) {
        let unknown = ConsumerMemberMetadata::default();
        self.members.retain(|_, member| member.metadata != unknown);
        let members = &self.members;
        self.targets.retain(|id, _| members.contains_key(id));
    }

    /// Takes a record in.
    pub(in crate::broker::group) fn load(&mut self, loaded: Loaded) {
        match loaded {
            Loaded::Epoch(epoch) => {
                let none = ConsumerGroupEpoch { epoch: 0, metadata_hash: 0 };
                let ConsumerGroupEpoch { epoch, metadata_hash } = epoch.unwrap_or(none);
                (self.epoch, self.metadata_hash) = (epoch, metadata_hash);
            }
            Loaded::AssignmentEpoch(epoch) => self.assignment_epoch = epoch,
            Loaded::Member(id, Some(metadata)) => self.members.entry(id).or_default().metadata = metadata,
            Loaded::Member(id, None) => drop(self.members.remove(&id)),
            Loaded::Target(id, Some(target)) => drop(self.targets.insert(id, target)),
            Loaded::Target(id, None) => drop(self.targets.remove(&id)),
            // Compaction may have put it before what the member says of itself.
            Loaded::Current(id, Some(current)) => self.members.entry(id).or_default().current = current,
            Loaded::Current(id, None) => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.current = CurrentAssignment::default();
                }
            }
            Loaded::Expression(text, Some(resolved)) => drop(self.expressions.insert(text, resolved)),
            Loaded::Expression(text, None) => drop(self.expressions.remove(&text)),
        }
    }
}
