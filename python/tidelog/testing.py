"""For tests of code that uses Kafka: an engine in memory for each test, as pytest fixtures.

In ``conftest.py``::

    pytest_plugins = ["tidelog.testing"]

Then a test that takes ``kafka`` gets a broker of its own, which leaves nothing behind. A ``kafka_config`` fixture of your
own says with what settings, those of the broker among them::

    @pytest.fixture
    def kafka_config():
        return {"tidelog.num.partitions": 4, "tidelog.auto.create.topics.enable": False}
"""

from __future__ import annotations

import uuid
from typing import Any, Dict, Iterator, List, Mapping, Optional

import pytest

from . import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from .admin import AdminClient, NewTopic


class Kafka:
    """Kafka(config=None): an engine in memory. ``config``, with ``bootstrap.servers`` added, is what its clients are made with."""

    def __init__(self, config: Optional[Mapping[str, Any]] = None) -> None:
        self.config: Dict[str, Any] = {**(config or {}), "bootstrap.servers": f"tidelog::memory:test-{uuid.uuid4()}"}
        # Keeps the engine while no other client does.
        self.admin = AdminClient(self.config)
        self._clients: List[Any] = []

    def producer(self, **config: Any) -> Producer:
        """producer(**config): a producer; it is closed with the test."""
        producer = Producer({**self.config, "linger.ms": 0, **config})
        self._clients.append(producer)
        return producer

    def consumer(self, *topics: str, group: Optional[str] = None, **config: Any) -> Consumer:
        """consumer(*topics, group=None, **config): a consumer that reads topics from their beginning; it is closed with the test."""
        group = group or f"test-{uuid.uuid4()}"
        consumer = Consumer({**self.config, "group.id": group, "auto.offset.reset": "earliest", **config})
        self._clients.append(consumer)
        if topics:
            consumer.subscribe(list(topics))
        return consumer

    def create_topic(self, name: str, partitions: int = 1, **config: str) -> None:
        """create_topic(name, partitions=1, **config): returns when it is there."""
        self.admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result()

    def produce(self, topic: str, *values: Any, **fields: Any) -> None:
        """produce(topic, *values, **fields): returns when all of them are in the log."""
        failed: List[Any] = []

        def delivered(error: Any, message: Message) -> None:
            if error is not None:
                failed.append(error)

        with Producer({**self.config, "linger.ms": 0}) as producer:
            for value in values:
                producer.produce(topic, value, on_delivery=delivered, **fields)
        if failed:
            raise failed[0]

    def messages(self, topic: str) -> List[Message]:
        """messages(topic): all messages that consumers can see in a topic now, by partition."""
        own = {"group.id": "tidelog.testing", "enable.auto.commit": False, "enable.partition.eof": True}
        with Consumer({**self.config, **own}) as consumer:
            partitions = sorted(consumer.list_topics(topic).topics[topic].partitions)
            return [message for number in partitions for message in _messages(consumer, topic, number)]

    def close(self) -> None:
        """close(): closes all clients; the engine ends with them."""
        for client in self._clients:
            client.close()
        with self.admin:
            pass


def _messages(consumer: Consumer, topic: str, partition: int) -> Iterator[Message]:
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
    while (message := consumer.poll(10)) is not None:
        error = message.error()
        if error is None:
            yield message
        elif error.code() == KafkaError._PARTITION_EOF:
            return
        else:
            raise KafkaException(error)
    raise TimeoutError(f"nothing is heard of {topic}-{partition}")


@pytest.fixture
def kafka_config() -> Mapping[str, Any]:
    """kafka_config: settings of the engine and of all clients, for a test or module to give others."""
    return {}


@pytest.fixture
def kafka(kafka_config: Mapping[str, Any]) -> Iterator[Kafka]:
    """kafka: an engine in memory that ends with the test."""
    engine = Kafka(kafka_config)
    try:
        yield engine
    finally:
        engine.close()
