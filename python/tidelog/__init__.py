"""Kafka in a library: producers, consumers and admin clients on an engine in this process, with confluent-kafka's API.

``bootstrap.servers`` names the engine: ``tidelog:/path`` keeps its data there, ``tidelog::memory:`` leaves nothing behind,
``tidelog::memory:name`` is shared by clients of this process that give the same name. ``host:port`` is a Kafka cluster, which
confluent-kafka serves (``pip install tidelog[cluster]``).

Constants: OFFSET_BEGINNING, OFFSET_END, OFFSET_STORED, OFFSET_INVALID; TIMESTAMP_NOT_AVAILABLE, TIMESTAMP_CREATE_TIME,
TIMESTAMP_LOG_APPEND_TIME.
"""

from ._cimpl import _check_interpreter

_check_interpreter()

from ._cimpl import (  # noqa: E402
    OFFSET_BEGINNING,
    OFFSET_END,
    OFFSET_INVALID,
    OFFSET_STORED,
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    TIMESTAMP_NOT_AVAILABLE,
    ConcurrentModificationException,
    Engine,
    IllegalStateException,
    KafkaError,
    KafkaException,
    Message,
    ShareConsumer,
    TopicPartition,
    Uuid,
    consistent,
    fnv1a,
    libversion,
    murmur2,
    version,
)
from ._clients import Consumer, Producer
from ._model import (
    AcknowledgeType,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    ElectionType,
    IsolationLevel,
    Messages,
    Node,
    ThrottleEvent,
    TopicCollection,
    TopicPartitionInfo,
)
from ._serde_clients import DeserializingConsumer, SerializingProducer
from ._stand_in import install_as_confluent_kafka

__version__ = version()

__all__ = [
    "AcknowledgeType",
    "ConcurrentModificationException",
    "Consumer",
    "ConsumerGroupState",
    "ConsumerGroupTopicPartitions",
    "ConsumerGroupType",
    "DeserializingConsumer",
    "ElectionType",
    "Engine",
    "IllegalStateException",
    "IsolationLevel",
    "KafkaError",
    "KafkaException",
    "Message",
    "Messages",
    "Node",
    "OFFSET_BEGINNING",
    "OFFSET_END",
    "OFFSET_INVALID",
    "OFFSET_STORED",
    "Producer",
    "SerializingProducer",
    "ShareConsumer",
    "TIMESTAMP_CREATE_TIME",
    "TIMESTAMP_LOG_APPEND_TIME",
    "TIMESTAMP_NOT_AVAILABLE",
    "ThrottleEvent",
    "TopicCollection",
    "TopicPartition",
    "TopicPartitionInfo",
    "Uuid",
    "consistent",
    "fnv1a",
    "install_as_confluent_kafka",
    "libversion",
    "murmur2",
    "version",
]
