//! Settings: what a topic's logs ([`LogConfig`]) and the engine ([`EngineConfig`]) can be configured with.
//!
//! Names, defaults, ranges and error texts are Kafka 4.2's; what is ours is named `write.caching` or starts with
//! `tidelog.`. Pure values and checks: nothing here does I/O.

mod alter;
mod definition;
mod describe;
mod engine;
mod engine_table;
pub mod topic;
mod topic_table;
mod values;

pub use alter::{AlterOperation, Alteration, TopicOverrides, alter};
pub use definition::{ConfigError, ConfigType, Definition, Invalid, Synonym, Unit, Valid};
pub use describe::{ConfigEntry, ConfigSource, ConfigSynonym, describe_topic};
pub use engine::{EngineConfig, MigrationPolicy, TopicDefaults};
pub use engine_table::ENGINE_CONFIGS;
pub use topic::{CleanupPolicy, LogConfig};
pub use topic_table::TOPIC_CONFIGS;
pub use values::Value;
