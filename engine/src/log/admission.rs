//! What happens to a batch before it waits for its place in a log: it is held against the topic's rules and brought
//! into the form that the topic wants. Changes nothing of the log.
//!
//! A batch of our own builder is trusted in its structure, so that a topic without special rules costs a look at the
//! header; one from a client's encoder is decoded record by record.

use crate::config::topic::LogConfig;
use crate::limits::DECOMPRESSED_SIZE_MAX;
use crate::record::{BatchHeader, SealedBatch, TimestampType, ValidationError, ValidationRules};
use crate::types::Timestamp;

use super::{AppendError, Refused};

/// Longest `message.timestamp.before.max.ms`, which is Kafka's default and means that any time is early enough.
const BEFORE_MAX_UNBOUNDED_MS: u128 = i64::MAX as u128;

/// Holds `batch` against the rules of a topic at the time `now` and packs it with the topic's `compression.type`, if
/// that is not the producer's. `scratch` is memory for unpacking, worth keeping for the next batch.
///
/// # Errors
/// [`Refused`]: larger than `max.message.bytes`, before or after packing; [`ValidationError`]; or when packing fails.
pub fn admit(
    mut batch: SealedBatch,
    config: &LogConfig,
    now: Timestamp,
    scratch: &mut Vec<u8>,
) -> Result<SealedBatch, Refused> {
    if batch.header().attributes().is_control() && !batch.is_foreign() {
        // A marker ends a transaction whatever the topic's rules have become since that began.
        return Ok(batch);
    }
    let checked = check_size(&batch, config).and_then(|()| check_content(&mut batch, config, now, scratch));
    if let Err(error) = checked {
        return Err(Refused { error, batch });
    }
    let wanted = config.compression;
    let Some(codec) = wanted.filter(|codec| batch.header().attributes().compression() != Ok(*codec)) else {
        return Ok(batch);
    };
    let packed = batch.repack(codec, config.compression_level, scratch, DECOMPRESSED_SIZE_MAX);
    let packed = packed.map_err(|(error, batch)| Refused { error: error.into(), batch })?;
    match check_size(&packed, config) {
        Ok(()) => Ok(packed),
        Err(error) => Err(Refused { error, batch: packed }),
    }
}

/// Largest batch that a log with these settings takes.
fn size_max(config: &LogConfig) -> usize {
    usize::try_from(config.max_message_bytes.min(config.segment_bytes)).unwrap_or(usize::MAX)
}

fn check_size(batch: &SealedBatch, config: &LogConfig) -> Result<(), AppendError> {
    let (size, size_max) = (batch.size(), size_max(config));
    if size > size_max { Err(AppendError::TooLarge { size, size_max }) } else { Ok(()) }
}

fn check_content(
    batch: &mut SealedBatch,
    config: &LogConfig,
    now: Timestamp,
    scratch: &mut Vec<u8>,
) -> Result<(), AppendError> {
    let rules = rules(config, now);
    if batch.is_foreign() || needs_every_record(&rules) {
        let max_timestamp = batch.view().validate(&rules, scratch)?;
        batch.set_max_timestamp(max_timestamp);
        return Ok(());
    }
    check_header(batch.header(), &rules)
}

fn rules(config: &LogConfig, now: Timestamp) -> ValidationRules {
    ValidationRules {
        now,
        timestamp_type: config.timestamp_type,
        timestamp_before_max: config.timestamp_before_max,
        timestamp_after_max: config.timestamp_after_max,
        key_required: config.cleanup_policy.compact,
        unpacked_size_max: DECOMPRESSED_SIZE_MAX,
    }
}

/// Whether the header of a batch that can be trusted does not tell enough.
fn needs_every_record(rules: &ValidationRules) -> bool {
    let bounded_below = rules.timestamp_type == TimestampType::CreateTime
        && rules.timestamp_before_max.as_millis() < BEFORE_MAX_UNBOUNDED_MS;
    rules.key_required || bounded_below
}

/// The largest timestamp is in the header, and with it all are early enough or one is not.
fn check_header(header: &BatchHeader, rules: &ValidationRules) -> Result<(), AppendError> {
    let (timestamp, latest) = (header.max_timestamp(), rules.now.after(rules.timestamp_after_max));
    if rules.timestamp_type == TimestampType::LogAppendTime || timestamp <= latest {
        return Ok(());
    }
    Err(ValidationError::TooLate { timestamp, latest }.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::BytesMut;

    use super::*;
    use crate::config::topic::CleanupPolicy;
    use crate::record::{BatchBuilder, BufferPool, Compression, ProducerStamp, RecordData};
    use crate::types::Timestamp;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn batch(records: &[(i64, Option<&[u8]>)]) -> SealedBatch {
        let mut builder = BatchBuilder::new(BufferPool::new(0).take(256), Compression::None);
        for (timestamp, key) in records {
            let timestamp = Timestamp(*timestamp);
            let value: Option<&[u8]> = Some(&[b'v'; 100]);
            builder.append(&RecordData { timestamp, key: *key, value, headers: &[] }).unwrap();
        }
        builder.seal(ProducerStamp::NONE, None).unwrap()
    }

    /// The same batch, as if a client had sent it.
    fn foreign(batch: &SealedBatch) -> SealedBatch {
        SealedBatch::from_wire(BytesMut::from(batch.view().bytes())).unwrap()
    }

    fn verdict(batch: SealedBatch, config: &LogConfig) -> Result<SealedBatch, AppendError> {
        admit(batch, config, NOW, &mut Vec::new()).map_err(|refused| refused.error)
    }

    /// What becomes of our own batch and of a client's is the same.
    fn verdicts(records: &[(i64, Option<&[u8]>)], config: &LogConfig) -> Result<SealedBatch, AppendError> {
        let own = verdict(batch(records), config);
        let other = verdict(foreign(&batch(records)), config);
        assert_eq!(own.is_ok(), other.is_ok(), "{own:?} {other:?}");
        own
    }

    #[test]
    fn a_compacted_topic_takes_no_record_without_a_key() {
        let policy = CleanupPolicy { delete: true, compact: true };
        let config = LogConfig { cleanup_policy: policy, ..LogConfig::default() };
        assert!(verdicts(&[(NOW.0, Some(b"k")), (NOW.0, Some(b""))], &config).is_ok());
        let refused = verdicts(&[(NOW.0, Some(b"k")), (NOW.0, None)], &config).unwrap_err();
        assert_eq!(refused, AppendError::Invalid(ValidationError::KeyMissing { index: 1 }));
        assert!(verdicts(&[(NOW.0, None)], &LogConfig::default()).is_ok());
    }

    #[test]
    fn timestamps_are_held_to_both_bounds_unless_the_log_sets_them() {
        let hour = 3_600_000;
        let default = LogConfig::default();
        assert!(verdicts(&[(0, None), (NOW.0 + hour, None)], &default).is_ok(), "Kafka allows an hour");
        assert!(verdicts(&[(NOW.0 + hour + 1, None), (NOW.0, None)], &default).is_err());
        let config = LogConfig { timestamp_before_max: Duration::from_secs(1), ..LogConfig::default() };
        assert!(verdicts(&[(NOW.0, None), (NOW.0 - 1000, None)], &config).is_ok());
        assert!(verdicts(&[(NOW.0, None), (NOW.0 - 1001, None)], &config).is_err());
        let config = LogConfig { timestamp_type: TimestampType::LogAppendTime, ..config };
        assert!(verdicts(&[(i64::MAX, None), (0, None)], &config).is_ok());
    }

    #[test]
    fn the_topics_codec_replaces_the_producers() {
        let records = [(NOW.0, None), (NOW.0, None)];
        let plain = batch(&records);
        for compression in [Compression::Zstd, Compression::Gzip, Compression::Snappy, Compression::Lz4] {
            let config = LogConfig { compression: Some(compression), ..LogConfig::default() };
            let packed = verdicts(&records, &config).unwrap();
            assert_eq!(packed.header().attributes().compression(), Ok(compression));
            assert!(packed.size() < plain.size());
            let uncompressed = LogConfig { compression: Some(Compression::None), ..LogConfig::default() };
            let unpacked = verdict(packed, &uncompressed).unwrap();
            assert_eq!(unpacked.view().bytes(), plain.view().bytes());
        }
        let as_sent = verdicts(&records, &LogConfig::default()).unwrap();
        assert_eq!(as_sent.view().bytes(), plain.view().bytes());
    }

    #[test]
    fn sizes_are_checked_before_and_after_packing() {
        let records = [(NOW.0, None), (NOW.0, None)];
        let (size, packing) = (batch(&records).size(), Some(Compression::Zstd));
        let size_max = u32::try_from(size).unwrap();
        let config =
            LogConfig { max_message_bytes: size_max - 1, compression: packing, ..LogConfig::default() };
        let too_large = AppendError::TooLarge { size, size_max: size - 1 };
        assert_eq!(verdicts(&records, &config).unwrap_err(), too_large, "as it was sent");
        let small = verdicts(&records, &LogConfig { max_message_bytes: size_max, ..config.clone() }).unwrap();
        let config = LogConfig { compression: Some(Compression::None), ..config };
        assert!(small.size() < size);
        assert_eq!(verdict(small, &config).unwrap_err(), too_large, "as it would be stored");
    }

    #[test]
    fn a_marker_is_taken_by_any_topic_as_it_is_but_from_no_client() {
        use crate::record::{ControlMarker, ControlRecord};
        use crate::types::{ProducerEpoch, ProducerId};
        let record = ControlRecord { marker: ControlMarker::Abort, coordinator_epoch: 0 };
        let marker = || SealedBatch::control(record, ProducerId(1), ProducerEpoch(0), Timestamp(5));
        let config = LogConfig {
            max_message_bytes: 10,
            compression: Some(Compression::Zstd),
            cleanup_policy: CleanupPolicy { delete: false, compact: true },
            timestamp_before_max: Duration::from_secs(1),
            ..LogConfig::default()
        };
        let admitted = verdict(marker(), &config).unwrap();
        assert_eq!(admitted.view().bytes(), marker().view().bytes());
        let refused = verdict(foreign(&marker()), &LogConfig::default()).unwrap_err();
        assert_eq!(refused, AppendError::Invalid(ValidationError::Control));
    }

    #[test]
    fn a_clients_claims_are_corrected_or_refused() {
        let mut claims = batch(&[(NOW.0, None)]);
        claims.set_max_timestamp(Timestamp(NOW.0 + 5));
        let admitted = verdict(foreign(&claims), &LogConfig::default()).unwrap();
        assert_eq!(admitted.header().max_timestamp(), NOW);
        claims.set_log_append_time(NOW);
        let refused = verdict(foreign(&claims), &LogConfig::default()).unwrap_err();
        assert_eq!(refused, AppendError::Invalid(ValidationError::AppendTime));
    }
}
