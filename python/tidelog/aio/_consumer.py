"""AIOConsumer."""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from typing import Any, Callable, Dict, List, Optional, Tuple, TypeVar

from .._cimpl import Message, TopicPartition
from .._clients import Consumer
from ._producer import _TICK, _deadline
from ._readiness import Readiness, in_thread

_T = TypeVar("_T")


class AIOConsumer:
    """AIOConsumer(consumer_conf): a consumer for asyncio.

    ``message = await consumer.poll(1.0)``, ``await consumer.getone()``, ``async for message in consumer``. Callbacks may be
    functions or coroutine functions; with coroutine functions for rebalances, polling is done by a thread, because
    the consumer waits for them. ``max_workers`` and ``executor`` are accepted and have no effect.
    """

    def __init__(self, consumer_conf: Dict[str, Any], max_workers: int = 2, executor: Any = None) -> None:
        del max_workers, executor
        self._has_coroutines = False
        conf = {name: self._callback(value) if callable(value) else value for name, value in consumer_conf.items()}
        self._consumer = Consumer(conf)
        self._readiness = Readiness(self._consumer)
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._poll_now = self._consumer.poll

    # Messages.

    async def getone(self) -> Message:
        """getone(): the next message or event, however long it takes."""
        if not self._has_coroutines:
            message = self._poll_now(0)
            if message is not None:
                return message
        while True:
            message = await self.poll(-1)
            if message is not None:
                return message

    async def poll(self, timeout: float = -1) -> Optional[Message]:
        """poll(timeout=-1): the next message or event; None when there was none in time."""
        deadline = _deadline(timeout)
        while True:
            left = deadline - time.monotonic()
            if self._has_coroutines:
                message = await self._in_thread(self._consumer.poll, max(0.0, min(left, _TICK)))
            else:
                self._consumer._arm()
                message = self._poll_now(0)
            if message is not None or left <= 0:
                return message
            if not self._has_coroutines:
                await self._readiness.wait(min(left, _TICK))

    async def consume(self, num_messages: int = 1, timeout: float = -1) -> List[Message]:
        """consume(num_messages=1, timeout=-1): the next messages and events; fewer when the time is over first."""
        return await self._collect(num_messages, timeout, num_messages)

    async def getmany(self, max_records: int = 500, timeout: float = -1) -> List[Message]:
        """getmany(max_records=500, timeout=-1): what is there at once, or else the first that come in time."""
        return await self._collect(max_records, timeout, 1)

    async def _collect(self, count: int, timeout: float, enough: int) -> List[Message]:
        if not self._has_coroutines:
            messages = self._consumer.consume(count, 0)
            if len(messages) >= enough:
                return messages
        else:
            messages = []
        deadline = _deadline(timeout)
        while True:
            left = deadline - time.monotonic()
            if self._has_coroutines:
                piece = max(0.0, min(left, _TICK))
                first = await self._in_thread(self._consumer.poll, piece)
                if first is not None:
                    messages.append(first)
                    messages += await self._in_thread(self._consumer.consume, count - len(messages), 0)
            else:
                self._consumer._arm()
                messages += self._consumer.consume(count - len(messages), 0)
            if len(messages) >= enough or left <= 0:
                return messages
            if not self._has_coroutines:
                await self._readiness.wait(min(left, _TICK))

    def __aiter__(self) -> "AIOConsumer":
        return self

    async def __anext__(self) -> Message:
        return await self.getone()

    # What is read.

    async def subscribe(self, topics: List[str], **callbacks: Callable[..., Any]) -> None:
        """subscribe(topics, on_assign=, on_revoke=, on_lost=): as Consumer's; the callbacks get this consumer."""
        wrapped = {name: self._rebalance_callback(callback) for name, callback in callbacks.items()}
        await self._in_thread(self._consumer.subscribe, topics, **wrapped)

    async def unsubscribe(self) -> None:
        """unsubscribe(): leaves the group."""
        await self._in_thread(self._consumer.unsubscribe)

    async def assign(self, partitions: List[TopicPartition]) -> None:
        """assign(partitions): reads exactly these partitions."""
        self._consumer.assign(partitions)

    async def unassign(self) -> None:
        """unassign(): reads nothing."""
        self._consumer.unassign()

    async def incremental_assign(self, partitions: List[TopicPartition]) -> None:
        """incremental_assign(partitions): reads these partitions too."""
        self._consumer.incremental_assign(partitions)

    async def incremental_unassign(self, partitions: List[TopicPartition]) -> None:
        """incremental_unassign(partitions): reads these partitions no more."""
        self._consumer.incremental_unassign(partitions)

    async def assignment(self) -> List[TopicPartition]:
        """assignment(): what is assigned now."""
        return self._consumer.assignment()

    async def pause(self, partitions: List[TopicPartition]) -> None:
        """pause(partitions): hands out no messages of them until resume()."""
        self._consumer.pause(partitions)

    async def resume(self, partitions: List[TopicPartition]) -> None:
        """resume(partitions): goes on with them."""
        self._consumer.resume(partitions)

    async def seek(self, partition: TopicPartition) -> None:
        """seek(partition): goes on at another offset."""
        self._consumer.seek(partition)

    async def position(self, partitions: List[TopicPartition]) -> List[TopicPartition]:
        """position(partitions): where reading goes on."""
        return self._consumer.position(partitions)

    # Offsets and questions, which may wait for the disk.

    async def commit(self, *args: Any, **kwargs: Any) -> Any:
        """commit(message=None, offsets=None, asynchronous=True): as Consumer's."""
        return await self._in_thread(self._consumer.commit, *args, **kwargs)

    async def store_offsets(self, *args: Any, **kwargs: Any) -> None:
        """store_offsets(message=None, offsets=None): as Consumer's."""
        self._consumer.store_offsets(*args, **kwargs)

    async def committed(self, *args: Any, **kwargs: Any) -> List[TopicPartition]:
        """committed(partitions, timeout=-1): what the group has committed."""
        return await self._in_thread(self._consumer.committed, *args, **kwargs)

    async def get_watermark_offsets(self, *args: Any, **kwargs: Any) -> Tuple[int, int]:
        """get_watermark_offsets(partition, timeout=-1, cached=False): the ends of a partition."""
        return await self._in_thread(self._consumer.get_watermark_offsets, *args, **kwargs)

    async def offsets_for_times(self, *args: Any, **kwargs: Any) -> List[TopicPartition]:
        """offsets_for_times(partitions, timeout=-1): offsets by time."""
        return await self._in_thread(self._consumer.offsets_for_times, *args, **kwargs)

    async def list_topics(self, *args: Any, **kwargs: Any) -> Any:
        """list_topics(topic=None, timeout=-1): what there is."""
        return await self._in_thread(self._consumer.list_topics, *args, **kwargs)

    async def cluster_id(self, *args: Any, **kwargs: Any) -> str:
        """cluster_id(timeout=-1): the cluster's id."""
        return await self._in_thread(self._consumer.cluster_id, *args, **kwargs)

    async def consumer_group_metadata(self) -> Optional[bytes]:
        """consumer_group_metadata(): who this consumer is to its group."""
        return self._consumer.consumer_group_metadata()

    def memberid(self) -> Optional[str]:
        """memberid(): what the group calls this consumer."""
        return self._consumer.memberid()

    async def set_sasl_credentials(self, username: str, password: str) -> None:
        """set_sasl_credentials(username, password): accepted."""
        self._consumer.set_sasl_credentials(username, password)

    async def close(self) -> None:
        """close(): leaves the group and lets go of the engine. Fine to call twice."""
        self._readiness.stop()
        await self._in_thread(self._consumer.close)

    async def __aenter__(self) -> "AIOConsumer":
        return self

    async def __aexit__(self, *raised: Tuple[Any, ...]) -> None:
        await self.close()

    # How calls get into threads, and callbacks out of them.

    async def _in_thread(self, call: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        # Where coroutine callbacks run meanwhile.
        self._loop = asyncio.get_running_loop()
        return await in_thread(call, *args, **kwargs)

    def _callback(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        if not inspect.iscoroutinefunction(callback):
            return callback
        self._has_coroutines = True

        @functools.wraps(callback)
        def run(*args: Any) -> Any:
            loop = self._loop
            if loop is None:
                raise RuntimeError("coroutine callbacks need a running event loop")
            return asyncio.run_coroutine_threadsafe(callback(*args), loop).result()

        return run

    def _rebalance_callback(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        wrapped = self._callback(callback)
        if not callable(callback):
            return callback
        return lambda _, partitions: wrapped(self, partitions)
