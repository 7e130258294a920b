"""Serializers and deserializers: callables that make bytes of objects, and objects of bytes."""

from __future__ import annotations

import struct
from enum import Enum
from typing import Any, Callable, Dict, Optional, Tuple

from ._cimpl import KafkaException

__all__ = [
    "Deserializer",
    "DeserializerBuilder",
    "DoubleDeserializer",
    "DoubleSerializer",
    "IntegerDeserializer",
    "IntegerSerializer",
    "MessageField",
    "SerializationContext",
    "SerializationError",
    "Serializer",
    "SerializerBuilder",
    "StringDeserializer",
    "StringSerializer",
]


class MessageField(str, Enum):
    """Which part of a message is being worked on: KEY or VALUE."""

    NONE = "none"
    KEY = "key"
    VALUE = "value"

    def __str__(self) -> str:
        return str(self.value)


class SerializationContext:
    """What a serializer may want to know: ``topic``, ``field``, ``headers``."""

    def __init__(self, topic: str, field: MessageField, headers: Any = None) -> None:
        self.topic = topic
        self.field = field
        self.headers = headers


class SerializationError(KafkaException):
    """An object that a serializer cannot work on: its text says why."""


class _Serde:
    def set_cluster_id_resolver(self, resolver: Callable[[], Any]) -> None:
        """set_cluster_id_resolver(resolver): given a callable that returns the cluster's id; ignored unless overridden."""

    def close(self) -> None:
        """close(): lets go of what it holds; nothing unless overridden."""


class Serializer(_Serde):
    """Base class of serializers: ``serializer(obj, ctx)`` returns bytes, or None for null."""

    def __call__(self, obj: Any, ctx: Optional[SerializationContext] = None) -> Optional[bytes]:
        raise NotImplementedError


class Deserializer(_Serde):
    """Base class of deserializers: ``deserializer(value, ctx)`` returns an object, or None for null."""

    def __call__(self, value: Optional[bytes], ctx: Optional[SerializationContext] = None) -> Any:
        raise NotImplementedError


class SerializerBuilder:
    """Base class of what makes a serializer of a client's settings: see ``build()``."""

    def build(self, conf: Dict[str, Any], is_key: bool) -> Tuple[Serializer, Dict[str, Any]]:
        """build(conf, is_key): the serializer, and the settings that are left for the client."""
        raise NotImplementedError


class DeserializerBuilder:
    """Base class of what makes a deserializer of a client's settings: see ``build()``."""

    def build(self, conf: Dict[str, Any], is_key: bool) -> Tuple[Deserializer, Dict[str, Any]]:
        """build(conf, is_key): the deserializer, and the settings that are left for the client."""
        raise NotImplementedError


class _Packed:
    _layout: struct.Struct

    def _pack(self, obj: Any) -> Optional[bytes]:
        if obj is None:
            return None
        try:
            return self._layout.pack(obj)
        except struct.error as error:
            raise SerializationError(str(error)) from error

    def _unpack(self, value: Optional[bytes]) -> Any:
        if value is None:
            return None
        try:
            return self._layout.unpack(value)[0]
        except struct.error as error:
            raise SerializationError(str(error)) from error


class DoubleSerializer(_Packed, Serializer):
    """float to bytes: IEEE 754 binary64, big-endian, as Kafka's DoubleSerializer."""

    _layout = struct.Struct(">d")

    def __call__(self, obj: Optional[float], ctx: Optional[SerializationContext] = None) -> Optional[bytes]:
        return self._pack(obj)


class DoubleDeserializer(_Packed, Deserializer):
    """bytes to float: IEEE 754 binary64, big-endian."""

    _layout = struct.Struct(">d")

    def __call__(self, value: Optional[bytes], ctx: Optional[SerializationContext] = None) -> Optional[float]:
        number: Optional[float] = self._unpack(value)
        return number


class IntegerSerializer(_Packed, Serializer):
    """int to bytes: 32 bits, big-endian, as Kafka's IntegerSerializer."""

    _layout = struct.Struct(">i")

    def __call__(self, obj: Optional[int], ctx: Optional[SerializationContext] = None) -> Optional[bytes]:
        return self._pack(obj)


class IntegerDeserializer(_Packed, Deserializer):
    """bytes to int: 32 bits, big-endian."""

    _layout = struct.Struct(">i")

    def __call__(self, value: Optional[bytes], ctx: Optional[SerializationContext] = None) -> Optional[int]:
        number: Optional[int] = self._unpack(value)
        return number


class StringSerializer(Serializer):
    """str to bytes: in ``codec``, UTF-8 by default."""

    def __init__(self, codec: str = "utf_8") -> None:
        self.codec = codec

    def __call__(self, obj: Optional[str], ctx: Optional[SerializationContext] = None) -> Optional[bytes]:
        if obj is None:
            return None
        try:
            return obj.encode(self.codec)
        except UnicodeError as error:
            raise SerializationError(str(error)) from error


class StringDeserializer(Deserializer):
    """bytes to str: in ``codec``, UTF-8 by default."""

    def __init__(self, codec: str = "utf_8") -> None:
        self.codec = codec

    def __call__(self, value: Optional[bytes], ctx: Optional[SerializationContext] = None) -> Optional[str]:
        if value is None:
            return None
        try:
            return value.decode(self.codec)
        except UnicodeError as error:
            raise SerializationError(str(error)) from error
