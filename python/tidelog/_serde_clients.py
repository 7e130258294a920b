"""SerializingProducer and DeserializingConsumer: clients whose messages have objects in place of bytes."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from ._cimpl import Message
from ._clients import Consumer, Producer
from ._serdes import Serdes
from .error import ConsumeError, KeyDeserializationError, KeySerializationError
from .error import ValueDeserializationError, ValueSerializationError
from .serialization import MessageField, SerializationContext


def serialize(serdes: Serdes, topic: str, key: Any, value: Any, headers: Any) -> "tuple[Any, Any]":
    """serialize(serdes, topic, key, value, headers): key and value as bytes."""
    context = SerializationContext(topic, MessageField.KEY, headers)
    if serdes.key is not None:
        try:
            key = serdes.key(key, context)
        except Exception as error:
            raise KeySerializationError(error) from error
    context.field = MessageField.VALUE
    if serdes.value is not None:
        try:
            value = serdes.value(value, context)
        except Exception as error:
            raise ValueSerializationError(error) from error
    return key, value


def deserialize(serdes: Serdes, message: Message) -> Message:
    """deserialize(serdes, message): the same message with objects for key and value."""
    context = SerializationContext(message.topic() or "", MessageField.KEY, message.headers())
    key: Any = message.key()
    value: Any = message.value()
    if serdes.key is not None:
        try:
            key = serdes.key(key, context)
        except Exception as error:
            raise KeyDeserializationError(error, message) from error
    context.field = MessageField.VALUE
    if serdes.value is not None:
        try:
            value = serdes.value(value, context)
        except Exception as error:
            raise ValueDeserializationError(error, message) from error
    message.set_key(key)
    message.set_value(value)
    return message


class SerializingProducer(Producer):
    """SerializingProducer(conf): a Producer with ``key.serializer`` and ``value.serializer`` (or their ``.builder``)."""

    def __init__(self, conf: Dict[str, Any]) -> None:
        self._serdes = Serdes(conf, "serializer")
        self._is_closed = False
        try:
            super().__init__(self._serdes.conf)
        except BaseException:
            self._serdes.close()
            raise
        self._serdes.offer_cluster_id(self.cluster_id)

    def produce(  # type: ignore[override]
        self,
        topic: str,
        key: Any = None,
        value: Any = None,
        partition: int = -1,
        on_delivery: Optional[Callable[..., Any]] = None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> None:
        """produce(topic, key=None, value=None, partition=-1, on_delivery=None, timestamp=0, headers=None): the key comes first.

        :raises KeySerializationError, ValueSerializationError: when a serializer raises
        """
        if self._is_closed:
            raise RuntimeError("Producer has been closed")
        if not isinstance(topic, str):
            raise TypeError(f"topic must be a str, not {type(topic).__name__}")
        key, value = serialize(self._serdes, topic, key, value, headers)
        super().produce(
            topic,
            value,
            key,
            partition=partition,
            on_delivery=on_delivery,
            timestamp=timestamp,
            headers=headers,
        )

    def close(self) -> bool:
        """close(): flushes, lets go of the engine, then of serializers that were built here."""
        closed = super().close()
        self._is_closed = True
        self._serdes.close()
        return closed

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        self.close()


class DeserializingConsumer(Consumer):
    """DeserializingConsumer(conf): a Consumer with ``key.deserializer`` and ``value.deserializer`` (or their ``.builder``)."""

    def __init__(self, conf: Dict[str, Any]) -> None:
        self._serdes = Serdes(conf, "deserializer")
        try:
            super().__init__(self._serdes.conf)
        except BaseException:
            self._serdes.close()
            raise
        self._serdes.offer_cluster_id(self.cluster_id)

    def poll(self, timeout: float = -1) -> Optional[Message]:
        """poll(timeout=-1): the next message, with objects for key and value; None when there was none in time.

        :raises ConsumeError: for events
        :raises KeyDeserializationError, ValueDeserializationError: when a deserializer raises
        """
        message = super().poll(timeout)
        if message is None:
            return None
        error = message.error()
        if error is not None:
            raise ConsumeError(error, kafka_message=message)
        return deserialize(self._serdes, message)

    def __next__(self) -> Message:
        while True:
            message = self.poll()
            if message is not None:
                return message

    def consume(self, num_messages: int = 1, timeout: float = -1) -> List[Message]:
        """consume(): not implemented, use poll()."""
        raise NotImplementedError

    def close(self) -> None:
        """close(): leaves the group, lets go of the engine, then of deserializers that were built here."""
        super().close()
        self._serdes.close()

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        self.close()
