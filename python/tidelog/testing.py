"""For tests of code that uses Kafka: an engine in memory for each test, as pytest fixtures.

In ``conftest.py``::

    pytest_plugins = ["tidelog.testing"]

Then a test that takes ``kafka`` gets a broker of its own, which leaves nothing behind.
"""

from __future__ import annotations

import uuid
from typing import Any, Dict, Iterator, List, Optional

import pytest

from . import Consumer, Message, Producer, TopicPartition
from .admin import AdminClient, NewTopic


class Kafka:
    """An engine in memory: ``config`` is what its clients are made with."""

    def __init__(self) -> None:
        self.config: Dict[str, Any] = {"bootstrap.servers": f"tidelog::memory:test-{uuid.uuid4()}"}
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
        """messages(topic): all messages that are in a topic now, by partition."""
        found: List[Message] = []
        consumer = Consumer({**self.config, "group.id": "tidelog.testing", "enable.auto.commit": False})
        try:
            for number in sorted(consumer.list_topics(topic).topics[topic].partitions):
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, number))
                consumer.assign([TopicPartition(topic, number, low)])
                while low < high:
                    message = consumer.poll(10)
                    if message is None:
                        raise TimeoutError(f"{topic}-{number} has no message at {low}")
                    found.append(message)
                    low = (message.offset() or 0) + 1
        finally:
            consumer.close()
        return found

    def close(self) -> None:
        """close(): closes all clients; the engine ends with them."""
        for client in self._clients:
            client.close()
        with self.admin:
            pass


@pytest.fixture
def kafka() -> Iterator[Kafka]:
    """kafka: an engine in memory that ends with the test."""
    engine = Kafka()
    try:
        yield engine
    finally:
        engine.close()
