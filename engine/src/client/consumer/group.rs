//! What applications do with the group: subscribe to topics, ask who they are in it.

use super::membership::Command;
use super::{CallError, Consumer, RebalanceCallback};
use crate::broker::group::MemberIdentity;
use crate::client::KafkaError;
use crate::client::assignor::RebalanceProtocol;
use crate::client::subscription::Subscription;
use crate::error_code::ErrorCode;

/// What [`GroupMetadata`] begins with as bytes.
const METADATA_MAGIC: &[u8] = b"CGMDv2:";

/// Who a consumer is in its group: what producers need to commit its offsets in a transaction (KIP-447).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadata {
    /// `group.id`
    pub group: String,
    /// Generation of the group, or with `group.protocol=consumer` the member's epoch; -1 before it has been joined.
    pub generation: i32,
    /// The name that the group has given to the member; empty before it has joined. See [`Consumer::member_id`].
    pub member_id: String,
    /// `group.instance.id`
    pub instance_id: Option<String>,
}

impl GroupMetadata {
    /// The metadata in librdkafka's form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = METADATA_MAGIC.to_vec();
        bytes.extend_from_slice(&self.generation.to_ne_bytes());
        for text in [&self.group, &self.member_id] {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        }
        bytes.push(u8::from(self.instance_id.is_none()));
        if let Some(instance) = &self.instance_id {
            bytes.extend_from_slice(instance.as_bytes());
            bytes.push(0);
        }
        bytes
    }

    /// What [`GroupMetadata::to_bytes`] has written; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<GroupMetadata> {
        let (generation, rest) = bytes.strip_prefix(METADATA_MAGIC)?.split_first_chunk::<4>()?;
        // A group, a member id, and whether there is an instance, which comes then.
        let mut texts = rest.splitn(3, |byte| *byte == 0);
        let group = texts.next().filter(|group| !group.is_empty())?;
        let member = texts.next()?;
        let instance = match texts.next()? {
            [1] => None,
            [0, instance @ .., 0] if !instance.contains(&0) => Some(instance),
            _ => return None,
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        Some(GroupMetadata {
            group: text(group)?,
            generation: i32::from_ne_bytes(*generation),
            member_id: text(member)?,
            instance_id: match instance {
                Some(instance) => Some(text(instance)?),
                None => None,
            },
        })
    }
}

impl Consumer {
    /// Takes part in the group for these topics, which replace those subscribed before. One that starts with `^` is
    /// a pattern; topics that match it later are added by themselves. A topic that does not exist, or a pattern that
    /// matches none, is reported by polling, once as long as it is so; with `group.protocol=consumer` it is just not there
    /// yet, and a pattern has to fit the whole name.
    ///
    /// # Errors
    /// `_INVALID_ARG` for an empty list, an empty name, a topic that is listed twice, or a bad pattern;
    /// `_UNKNOWN_GROUP` without `group.id`; `_FATAL` after a fatal error; `_CRIT_SYS_RESOURCE`, when no thread can be
    /// had.
    pub fn subscribe<T: AsRef<str>>(&self, topics: &[T]) -> Result<(), CallError> {
        let subscription = self.check_subscription(topics)?;
        self.take_subscription(Some(subscription))
    }

    /// As [`Consumer::subscribe`], with a callback for rebalances in place of the one there was; `None` for none.
    ///
    /// # Errors
    /// As [`Consumer::subscribe`].
    pub fn subscribe_with<T: AsRef<str>>(
        &self,
        topics: &[T],
        on_rebalance: Option<RebalanceCallback>,
    ) -> Result<(), CallError> {
        let subscription = self.check_subscription(topics)?;
        self.set_on_rebalance(on_rebalance);
        self.take_subscription(Some(subscription))
    }

    fn check_subscription<T: AsRef<str>>(&self, topics: &[T]) -> Result<Subscription, CallError> {
        drop(self.shared.lock()?);
        if self.shared.config.group_id.is_none() {
            return Err(ErrorCode::LocalUnknownGroup.into());
        }
        let subscription = Subscription::new(topics)
            .map_err(|error| KafkaError::with_reason(ErrorCode::LocalInvalidArg, error.to_string()))?;
        self.check_not_failed()?;
        Ok(subscription)
    }

    fn check_not_failed(&self) -> Result<(), CallError> {
        if self.shared.lock()?.fatal.is_some() { Err(ErrorCode::LocalFatal.into()) } else { Ok(()) }
    }

    fn take_subscription(&self, subscription: Option<Subscription>) -> Result<(), CallError> {
        self.shared.lock()?.subscription =
            subscription.as_ref().map(|subscription| subscription.topics().to_vec()).unwrap_or_default();
        Ok(self.tell_membership(Command::Subscribe(subscription))?)
    }

    /// Leaves the group. What it has given is given up, with a rebalance as always.
    ///
    /// # Errors
    /// [`CallError::Closed`]; `_FATAL` after a fatal error.
    pub fn unsubscribe(&self) -> Result<(), CallError> {
        self.check_not_failed()?;
        if self.shared.lock()?.subscription.is_empty() {
            return Ok(());
        }
        self.take_subscription(None)
    }

    /// Topics and patterns that are subscribed, as they were given.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn subscription(&self) -> Result<Vec<String>, CallError> {
        Ok(self.shared.lock()?.subscription.clone())
    }

    /// The name that the group has given to this member; `None` before it has joined. With `group.protocol=consumer` it has
    /// one from the beginning.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn member_id(&self) -> Result<Option<String>, CallError> {
        drop(self.shared.lock()?);
        Ok(Some(self.shared.identity().member_id).filter(|id| !id.is_empty()))
    }

    /// Who this consumer is in its group. `None` without `group.id`.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn group_metadata(&self) -> Result<Option<GroupMetadata>, CallError> {
        drop(self.shared.lock()?);
        let Some(group) = self.shared.config.group_id.clone() else { return Ok(None) };
        let MemberIdentity { member_id, instance_id, generation } = self.shared.identity();
        Ok(Some(GroupMetadata { group, generation, member_id, instance_id }))
    }

    /// How the group rebalances; `None` before it has been joined.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn rebalance_protocol(&self) -> Result<Option<RebalanceProtocol>, CallError> {
        Ok(self.shared.lock()?.protocol)
    }

    /// Whether the assignment may have been given to others already: true while a [`super::Rebalance::Lost`] is
    /// dealt with.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn assignment_lost(&self) -> Result<bool, CallError> {
        Ok(self.shared.lock()?.lost)
    }
}
