//! What librdkafka checks when a client is created: settings that are each valid but contradict each other. The
//! checks run in its order, because only the first that fails is reported. Pure.

mod security;

pub(super) use security::is_sasl;

use super::error::Conflict;
use super::keys;
use super::values::Values;
use crate::client::assignor::Strategy;

/// Largest number of batches in flight for which a broker can still tell duplicates (KIP-98).
const IDEMPOTENCE_IN_FLIGHT_MAX: i32 = 5;

/// The settings of a producer or an admin client.
pub(super) fn producer(values: &Values) -> Result<(), Conflict> {
    security::certificates(values)?;
    security::oauthbearer(values)?;
    transactions(values)?;
    idempotence(values)?;
    network(values)?;
    topics(values)?;
    strategies(values).map(drop)?;
    security::mechanism(values)
}

/// The settings of a consumer.
pub(super) fn consumer(values: &Values) -> Result<(), Conflict> {
    security::certificates(values)?;
    security::oauthbearer(values)?;
    fetch_min_bytes(values)?;
    group(values)?;
    fetch_sizes(values)?;
    network(values)?;
    strategies(values).map(drop)?;
    security::mechanism(values)
}

/// Whether a producer with these settings is idempotent: asked for, or transactional.
pub(super) fn is_idempotent(values: &Values) -> bool {
    values.boolean(keys::IDEMPOTENCE) || values.text(keys::TRANSACTIONAL_ID).is_some()
}

/// Largest fetch, in bytes: as set, else between what a message and the queue may take.
pub(super) fn fetch_max_bytes(values: &Values) -> i32 {
    let (set, message) = (values.int(keys::FETCH_MAX_BYTES), values.int(keys::MESSAGE_MAX_BYTES));
    if values.is_set(keys::FETCH_MAX_BYTES.0) {
        return set;
    }
    set.min(values.int(keys::QUEUED_KBYTES).saturating_mul(1024)).max(message)
}

/// The strategies of `partition.assignment.strategy`, best first, each once.
pub(super) fn strategies(values: &Values) -> Result<Vec<Strategy>, Conflict> {
    let list = values.text(keys::ASSIGNMENT_STRATEGY).unwrap_or_default();
    let known_type = values.text(keys::GROUP_PROTOCOL_TYPE) == Some("consumer");
    let mut strategies = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        rest = rest.trim_start_matches([' ', ',']);
        let (name, behind) = rest.split_once(',').unwrap_or((rest, ""));
        rest = behind;
        let strategy = Strategy::from_name(name).filter(|_| known_type);
        let strategy = strategy.ok_or_else(|| Conflict::Assignor(name.to_owned()))?;
        if !strategies.contains(&strategy) {
            strategies.push(strategy);
        }
    }
    match strategies.iter().all(|strategy| strategy.protocol() == strategies[0].protocol()) {
        true => Ok(strategies),
        false => Err(Conflict::MixedAssignors(list.to_owned())),
    }
}

fn transactions(values: &Values) -> Result<(), Conflict> {
    if values.text(keys::TRANSACTIONAL_ID).is_none() {
        return Ok(());
    }
    if values.is_set(keys::IDEMPOTENCE.0) && !values.boolean(keys::IDEMPOTENCE) {
        return Err(Conflict::TransactionIdempotence);
    }
    let timeout = values.int(keys::TRANSACTION_TIMEOUT);
    if values.is_set(keys::SOCKET_TIMEOUT.0) && timeout.saturating_add(100) < values.int(keys::SOCKET_TIMEOUT)
    {
        return Err(Conflict::TransactionSocketTimeout);
    }
    Ok(())
}

fn idempotence(values: &Values) -> Result<(), Conflict> {
    if !is_idempotent(values) {
        return if values.boolean(keys::GAPLESS) { Err(Conflict::Gapless) } else { Ok(()) };
    }
    if values.is_set(keys::IN_FLIGHT.0) && values.int(keys::IN_FLIGHT) > IDEMPOTENCE_IN_FLIGHT_MAX {
        return Err(Conflict::IdempotenceInFlight);
    }
    if values.int(keys::RETRIES) < 1 {
        return Err(Conflict::IdempotenceRetries);
    }
    if values.int(keys::BACKPRESSURE_THRESHOLD) > 1 {
        return Err(Conflict::IdempotenceBackpressure);
    }
    Ok(())
}

fn fetch_min_bytes(values: &Values) -> Result<(), Conflict> {
    match values.int(keys::FETCH_MIN_BYTES) {
        1..=100_000_000 => Ok(()),
        _ => Err(Conflict::FetchMinBytes),
    }
}

fn fetch_sizes(values: &Values) -> Result<(), Conflict> {
    let fetch = fetch_max_bytes(values);
    if fetch < values.int(keys::MESSAGE_MAX_BYTES) {
        return Err(Conflict::FetchMaxBytes);
    }
    if values.is_set(keys::RECEIVE_MAX_BYTES.0)
        && fetch.saturating_add(512) > values.int(keys::RECEIVE_MAX_BYTES)
    {
        return Err(Conflict::ReceiveMaxBytes);
    }
    Ok(())
}

fn group(values: &Values) -> Result<(), Conflict> {
    if values.choice(keys::GROUP_PROTOCOL) == "consumer" {
        let kept_by_the_broker = [
            (keys::SESSION_TIMEOUT.0, Conflict::ConsumerProtocolSession),
            (keys::ASSIGNMENT_STRATEGY.0, Conflict::ConsumerProtocolStrategy),
            (keys::GROUP_PROTOCOL_TYPE.0, Conflict::ConsumerProtocolType),
            (keys::HEARTBEAT.0, Conflict::ConsumerProtocolHeartbeat),
        ];
        let set = kept_by_the_broker.into_iter().find(|(place, _)| values.is_set(*place));
        return set.map_or(Ok(()), |(_, conflict)| Err(conflict));
    }
    if values.int(keys::MAX_POLL_INTERVAL) < values.int(keys::SESSION_TIMEOUT) {
        return Err(Conflict::PollInterval);
    }
    Ok(())
}

fn network(values: &Values) -> Result<(), Conflict> {
    match values.int(keys::RECONNECT_BACKOFF_MAX) < values.int(keys::RECONNECT_BACKOFF) {
        true => Err(Conflict::ReconnectBackoff),
        false => Ok(()),
    }
}

/// librdkafka looks at the topics' defaults only when there are any; without, [`super::ProducerConfig`] adjusts.
fn topics(values: &Values) -> Result<(), Conflict> {
    if !values.any_topic_set() {
        return Ok(());
    }
    let message_timeout = values.int(keys::MESSAGE_TIMEOUT);
    if message_timeout != 0
        && values.is_set(keys::LINGER.0)
        && f64::from(message_timeout) <= values.float(keys::LINGER)
    {
        return Err(Conflict::Linger);
    }
    if !is_idempotent(values) {
        return Ok(());
    }
    if values.int(keys::ACKS) != -1 {
        return Err(Conflict::IdempotenceAcks);
    }
    if values.choice(keys::QUEUING) != "fifo" {
        return Err(Conflict::IdempotenceQueuing);
    }
    if values.text(keys::TRANSACTIONAL_ID).is_some()
        && values.is_set(keys::MESSAGE_TIMEOUT.0)
        && message_timeout > values.int(keys::TRANSACTION_TIMEOUT)
    {
        return Err(Conflict::TransactionMessageTimeout);
    }
    Ok(())
}
