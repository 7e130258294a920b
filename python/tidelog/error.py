"""Errors of serializing and deserializing clients: each has ``code``, ``name``, ``exception``, ``kafka_message``."""

from __future__ import annotations

from typing import Optional

from ._cimpl import KafkaError, KafkaException, Message
from .serialization import SerializationError

__all__ = [
    "ConsumeError",
    "KafkaError",
    "KafkaException",
    "KeyDeserializationError",
    "KeySerializationError",
    "ProduceError",
    "ValueDeserializationError",
    "ValueSerializationError",
]


class _ClientError(KafkaException):
    def __init__(
        self, kafka_error: KafkaError, exception: Optional[Exception] = None, kafka_message: Optional[Message] = None
    ) -> None:
        super().__init__(kafka_error)
        self.exception = exception
        self.kafka_message = kafka_message

    @property
    def code(self) -> int:
        """The error's number: one of KafkaError's constants."""
        number: int = self.args[0].code()
        return number

    @property
    def name(self) -> str:
        """The error's name: such as ``_KEY_SERIALIZATION``."""
        name: str = self.args[0].name()
        return name


class ConsumeError(_ClientError):
    """What went wrong with consuming: ``kafka_message`` is the message or event."""


class ProduceError(_ClientError):
    """What went wrong with producing: ``exception`` is what was raised."""

    def __init__(self, kafka_error: KafkaError, exception: Optional[Exception] = None) -> None:
        super().__init__(kafka_error, exception)


class KeyDeserializationError(ConsumeError, SerializationError):
    """A key that its deserializer cannot work on: ``kafka_message`` has it."""

    def __init__(self, exception: Optional[Exception] = None, kafka_message: Optional[Message] = None) -> None:
        error = KafkaError(KafkaError._KEY_DESERIALIZATION, str(exception))
        super().__init__(error, exception, kafka_message)


class ValueDeserializationError(ConsumeError, SerializationError):
    """A value that its deserializer cannot work on: ``kafka_message`` has it."""

    def __init__(self, exception: Optional[Exception] = None, kafka_message: Optional[Message] = None) -> None:
        error = KafkaError(KafkaError._VALUE_DESERIALIZATION, str(exception))
        super().__init__(error, exception, kafka_message)


class KeySerializationError(ProduceError, SerializationError):
    """A key that its serializer cannot work on: ``exception`` says why."""

    def __init__(self, exception: Optional[Exception] = None) -> None:
        super().__init__(KafkaError(KafkaError._KEY_SERIALIZATION, str(exception)), exception)


class ValueSerializationError(ProduceError, SerializationError):
    """A value that its serializer cannot work on: ``exception`` says why."""

    def __init__(self, exception: Optional[Exception] = None) -> None:
        super().__init__(KafkaError(KafkaError._VALUE_SERIALIZATION, str(exception)), exception)
