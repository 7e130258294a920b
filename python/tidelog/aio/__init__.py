"""Clients for asyncio, on the event loop itself: the engine wakes it through a file descriptor. No thread is used but for
calls that wait for the disk or for the group (committing, closing), which asyncio's default executor makes."""

from ._consumer import AIOConsumer
from ._producer import AIOProducer
from ._serde import AsyncDeserializingConsumer, AsyncSerializingProducer

__all__ = ["AIOConsumer", "AIOProducer", "AsyncDeserializingConsumer", "AsyncSerializingProducer"]
