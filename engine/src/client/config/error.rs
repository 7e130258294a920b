//! [`ConfigError`]: a setting that cannot be used, in librdkafka's words. Values only.

use super::number::general;
use crate::client::error::KafkaError;
use crate::client::subscription::PatternError;
use crate::error_code::ErrorCode;

/// Why a setting, or all of them together, cannot be used. Texts and their quirks (a newline after a range, no value
/// where a number was expected) are librdkafka's; names are canonical, whatever alias was used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// No property has this name (`RD_KAFKA_CONF_UNKNOWN`).
    #[error("No such configuration property: \"{0}\"")]
    Unknown(String),
    /// Nothing given where something is needed. `kind` starts the sentence.
    #[error("{kind}onfiguration property \"{name}\" cannot be set to empty value")]
    Empty {
        /// `Bool c`, `Integer c`, `Float c` or `C`.
        kind: &'static str,
        /// The property.
        name: &'static str,
    },
    /// Neither `true` nor `false`.
    #[error("Expected bool value for \"{0}\": true or false")]
    Bool(&'static str),
    /// Not a number.
    #[error("Invalid value for configuration property \"{0}\"")]
    Number(&'static str),
    /// A whole number outside its range.
    #[error("Configuration property \"{name}\" value {value} is outside allowed range {min}..{max}\n")]
    IntRange {
        /// The property.
        name: &'static str,
        /// The number given.
        value: i64,
        /// Smallest.
        min: i32,
        /// Largest.
        max: i32,
    },
    /// A number outside its range.
    #[error("Configuration property \"{name}\" value {} is outside allowed range {}..{}\n",
        general(*.value), general(*.min), general(*.max))]
    FloatRange {
        /// The property.
        name: &'static str,
        /// The number given.
        value: f64,
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// Not one of the words of a list.
    #[error("Invalid value \"{value}\" for configuration property \"{name}\"")]
    Word {
        /// The property.
        name: &'static str,
        /// What was given.
        value: String,
    },
    /// Not one of the texts that are allowed.
    #[error("Invalid value for configuration property \"{name}\": {}", .value.as_deref().unwrap_or("(null)"))]
    Text {
        /// The property.
        name: &'static str,
        /// What was given.
        value: Option<String>,
    },
    /// A regular expression that cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A callback, given as text.
    #[error("Property \"{0}\" must be set through dedicated .._set_..() function")]
    Dedicated(&'static str),
    /// Nothing that an application can set.
    #[error("Internal property \"{0}\" not settable")]
    Internal(&'static str),
    /// Known, but not there.
    #[error("Configuration property \"{name}\" not supported in this build: {reason}")]
    Unsupported {
        /// The property.
        name: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A property of the Java clients.
    #[error("{0}")]
    Foreign(&'static str),
    /// A setting of the engine, in the words that Kafka's brokers have.
    #[error(transparent)]
    Engine(#[from] crate::config::ConfigError),
    /// Settings that are each valid but contradict each other.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// `bootstrap.servers` names a Kafka cluster.
    #[error(
        "`bootstrap.servers` is \"{0}\": a Kafka cluster over the network is served by librdkafka in the Python \
        package; an engine in this process is named `tidelog:/path/to/directory` or `tidelog::memory:`"
    )]
    Network(String),
    /// `bootstrap.servers` starts with `tidelog:` but names no engine.
    #[error(
        "`bootstrap.servers` is \"{0}\": expected `tidelog:/path`, `tidelog:./path` or `tidelog::memory:`"
    )]
    Bootstrap(String),
}

/// Settings that contradict each other, found when a client is created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// `acks` below `all` for an idempotent producer.
    #[error("`acks` must be set to `all` when `enable.idempotence` is true")]
    IdempotenceAcks,
    /// More requests in flight than a broker remembers batches of a producer.
    #[error("`max.in.flight` must be set <= 5 when `enable.idempotence` is true")]
    IdempotenceInFlight,
    /// No retries for an idempotent producer.
    #[error("`retries` must be set >= 1 when `enable.idempotence` is true")]
    IdempotenceRetries,
    /// `lifo` for an idempotent producer.
    #[error("`queuing.strategy` must be set to `fifo` when `enable.idempotence` is true")]
    IdempotenceQueuing,
    /// Backpressure for an idempotent producer.
    #[error("`queue.buffering.backpressure.threshold` must be set to 1 when `enable.idempotence` is true")]
    IdempotenceBackpressure,
    /// No gaps without idempotence.
    #[error("`enable.gapless.guarantee` requires `enable.idempotence` to be enabled")]
    Gapless,
    /// A transactional producer with idempotence switched off.
    #[error("`transactional.id` requires `enable.idempotence=true`")]
    TransactionIdempotence,
    /// A request may take longer than the transaction.
    #[error("`socket.timeout.ms` must be set <= `transaction.timeout.ms` + 100")]
    TransactionSocketTimeout,
    /// A message may take longer than the transaction.
    #[error("`message.timeout.ms` must be set <= `transaction.timeout.ms`")]
    TransactionMessageTimeout,
    /// A message times out while it waits for its batch.
    #[error("`message.timeout.ms` must be greater than `linger.ms`")]
    Linger,
    /// Reconnects get faster instead of slower.
    #[error("`reconnect.backoff.max.ms` must be >= `reconnect.backoff.ms`")]
    ReconnectBackoff,
    /// A member may be thought dead while it works.
    #[error("`max.poll.interval.ms`must be >= `session.timeout.ms`")]
    PollInterval,
    /// A fetch may be too small for one message.
    #[error("`fetch.max.bytes` must be >= `message.max.bytes`")]
    FetchMaxBytes,
    /// A response may be too small for one fetch.
    #[error("`receive.message.max.bytes` must be >= `fetch.max.bytes` + 512")]
    ReceiveMaxBytes,
    /// A fetch of nothing, or of very much.
    #[error("Configuration property \"fetch.min.bytes\" value is outside allowed range 1..100000000")]
    FetchMinBytes,
    /// KIP-848 keeps this on the broker.
    #[error(
        "`session.timeout.ms` is not supported for `group.protocol=consumer` or share consumer. It is defined \
        broker side"
    )]
    ConsumerProtocolSession,
    /// KIP-848 assigns on the broker.
    #[error(
        "`partition.assignment.strategy` is not supported for `group.protocol=consumer`. Use \
        `group.remote.assignor` instead"
    )]
    ConsumerProtocolStrategy,
    /// KIP-848 has one protocol type.
    #[error("`group.protocol.type` is not supported for `group.protocol=consumer` or share consumer")]
    ConsumerProtocolType,
    /// KIP-848 keeps this on the broker.
    #[error(
        "`heartbeat.interval.ms` is not supported for `group.protocol=consumer` or share consumer. It is defined \
        broker side"
    )]
    ConsumerProtocolHeartbeat,
    /// No assignor has this name, or none for the group's protocol type.
    #[error("Unsupported partition.assignment.strategy: {0}")]
    Assignor(String),
    /// Eager and cooperative assignors in one list.
    #[error(
        "All partition.assignment.strategy ({0}) assignors must have the same protocol type, online migration \
        between assignors with different protocol types is not supported"
    )]
    MixedAssignors(String),
    /// A key store without its password.
    #[error("`ssl.keystore.password` is mandatory when `ssl.keystore.location` is set")]
    KeystorePassword,
    /// Two sources for the same certificates.
    #[error("`https.ca.location` and `https.ca.pem` are mutually exclusive")]
    HttpsCertificates,
    /// No SASL mechanism has this name.
    #[error("Unsupported SASL mechanism: {0}")]
    SaslMechanism(String),
    /// PLAIN or SCRAM without a user.
    #[error("sasl.username and sasl.password must be set")]
    SaslCredentials,
    /// No hash function of SCRAM has this name.
    #[error("Unsupported hash function: {0} (try SCRAM-SHA-512)")]
    SaslHash(String),
    /// Tokens signed by nobody cannot come from an identity provider.
    #[error(
        "`enable.sasl.oauthbearer.unsecure.jwt` and `sasl.oauthbearer.method=oidc` are mutually exclusive"
    )]
    UnsecuredOidc,
    /// Needed for tokens from an identity provider.
    #[error("`{0}` is mandatory when `sasl.oauthbearer.method=oidc` is set")]
    OidcMandatory(&'static str),
    /// The claim that names the user has no name.
    #[error("`sasl.oauthbearer.sub.claim.name` must be non-empty and not contain only whitespace")]
    OidcSubjectClaim,
    /// Azure's own service needs to be asked something.
    #[error(
        "`sasl.oauthbearer.token.endpoint.url` is mandatory for Azure IMDS authentication when `query` isn't set"
    )]
    AzureEndpoint,
    /// An assertion is signed here.
    #[error(
        "`sasl.oauthbearer.assertion.private.key.file` or `sasl.oauthbearer.assertion.private.key.pem` is \
        mandatory when `sasl.oauthbearer.grant.type` is set to `urn:ietf:params:oauth:grant-type:jwt-bearer`"
    )]
    AssertionKey,
    /// An assertion from two sources.
    #[error("Mutually exclusive properties set. `{0}` and `{1}` cannot both be set")]
    Assertion(&'static str, &'static str),
}

impl ConfigError {
    /// The code that librdkafka reports it with.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            ConfigError::Network(_) => ErrorCode::LocalNotImplemented,
            _ => ErrorCode::LocalInvalidArg,
        }
    }

    /// Whether the property does not exist, which librdkafka's C interface tells apart from a bad value.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, ConfigError::Unknown(_))
    }
}

impl From<ConfigError> for KafkaError {
    fn from(error: ConfigError) -> KafkaError {
        KafkaError::with_reason(error.code(), error.to_string())
    }
}
