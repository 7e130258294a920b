"""Clients for asyncio whose messages have objects in place of bytes."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Dict, Generator, List, Optional, TypeVar

from .._cimpl import Message
from .._serde_clients import deserialize, serialize
from .._serdes import Serdes
from ..error import ConsumeError
from ._consumer import AIOConsumer
from ._producer import AIOProducer

_Self = TypeVar("_Self")


class _Awaitable:
    """As confluent-kafka's clients of these names, which are made by awaiting them."""

    def __await__(self: _Self) -> Generator[Any, None, _Self]:
        async def made() -> _Self:
            return self

        return made().__await__()


class AsyncSerializingProducer(_Awaitable, AIOProducer):
    """AsyncSerializingProducer(conf): an AIOProducer with ``key.serializer`` and ``value.serializer``. May be awaited."""

    def __init__(self, producer_conf: Dict[str, Any], *args: Any, **kwargs: Any) -> None:
        self._serdes = Serdes(producer_conf, "serializer")
        super().__init__(self._serdes.conf, *args, **kwargs)

    async def produce(  # type: ignore[override]
        self,
        topic: str,
        key: Any = None,
        value: Any = None,
        partition: int = -1,
        on_delivery: Optional[Callable[..., Any]] = None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> "asyncio.Future[Message]":
        """produce(topic, key=None, value=None, partition=-1, on_delivery=None, timestamp=0, headers=None): the key comes first."""
        key, value = serialize(self._serdes, topic, key, value, headers)
        return await super().produce(topic, value, key, partition, timestamp, headers, on_delivery)

    async def close(self) -> None:
        """close(): flushes, lets go of the engine, then of serializers that were built here."""
        await super().close()
        self._serdes.close()


class AsyncDeserializingConsumer(_Awaitable, AIOConsumer):
    """AsyncDeserializingConsumer(conf): an AIOConsumer with ``key.deserializer`` and ``value.deserializer``. May be awaited."""

    def __init__(self, consumer_conf: Dict[str, Any], *args: Any, **kwargs: Any) -> None:
        self._serdes = Serdes(consumer_conf, "deserializer")
        super().__init__(self._serdes.conf, *args, **kwargs)

    async def poll(self, timeout: float = -1) -> Optional[Message]:
        """poll(timeout=-1): the next message, with objects for key and value; raises ConsumeError for events."""
        message = await super().poll(timeout)
        return None if message is None else self._deserialized(message)

    async def getone(self) -> Message:
        """getone(): the next message, however long it takes."""
        while True:
            message = await self.poll(-1)
            if message is not None:
                return message

    def _deserialized(self, message: Message) -> Message:
        error = message.error()
        if error is not None:
            raise ConsumeError(error, kafka_message=message)
        return deserialize(self._serdes, message)

    async def consume(self, num_messages: int = 1, timeout: float = -1) -> List[Message]:
        """consume(num_messages=1, timeout=-1): the next messages, with objects for key and value."""
        return [self._deserialized(message) for message in await super().consume(num_messages, timeout)]

    async def close(self) -> None:
        """close(): leaves the group, lets go of the engine, then of deserializers that were built here."""
        await super().close()
        self._serdes.close()
