"""AIOProducer."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from .._cimpl import KafkaError, KafkaException, Message, TopicPartition
from .._clients import Producer
from ._readiness import Readiness, in_thread

# How often to look for what only time brings, such as messages that have timed out.
_TICK = 0.5


class AIOProducer:
    """AIOProducer(producer_conf): a producer for asyncio.

    ``future = await producer.produce(topic, value)`` queues a message, ``await future`` waits for its delivery. The other
    parameters of confluent-kafka's class are accepted and have no effect: there is no thread pool and no second buffer.
    """

    def __init__(
        self,
        producer_conf: Dict[str, Any],
        max_workers: int = 4,
        executor: Any = None,
        batch_size: int = 1000,
        buffer_timeout: float = 1.0,
    ) -> None:
        del max_workers, executor, batch_size, buffer_timeout
        self._producer = Producer(producer_conf)
        self._readiness = Readiness(self._producer, self._serve)
        self._is_closed = False

    def _serve(self) -> None:
        producer = self._producer
        while not self._is_closed:
            producer._arm()
            try:
                if producer.poll(0) == 0:
                    return
            except Exception as error:  # of a callback of the application
                context = {"message": "a callback of AIOProducer raised", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)

    async def produce(
        self,
        topic: str,
        value: Any = None,
        key: Any = None,
        partition: int = -1,
        timestamp: int = 0,
        headers: Any = None,
        on_delivery: Optional[Callable[..., Any]] = None,
    ) -> "asyncio.Future[Message]":
        """produce(topic, value=None, key=None, partition=-1, timestamp=0, headers=None, on_delivery=None): a future of the delivery report.

        :raises BufferError: when the queue is full: await earlier futures first
        """
        loop = self._readiness.watch()
        future: "asyncio.Future[Message]" = loop.create_future()

        def delivered(error: Optional[KafkaError], message: Message) -> None:
            if not future.done():
                if error is None:
                    future.set_result(message)
                else:
                    future.set_exception(KafkaException(error))
            if on_delivery is not None:
                on_delivery(error, message)

        self._producer.produce(topic, value, key, partition, delivered, None, timestamp, headers)
        return future

    async def poll(self, timeout: float = 0) -> int:
        """poll(timeout=0): serves what is there, waiting at most ``timeout`` seconds for it; deliveries need no polling."""
        deadline = _deadline(timeout)
        while True:
            self._producer._arm()
            served = self._producer.poll(0)
            left = deadline - time.monotonic()
            if served or left <= 0:
                return served
            await self._readiness.wait(min(left, _TICK))

    async def flush(self, timeout: float = -1) -> int:
        """flush(timeout=-1): waits until every message has been delivered or has failed. Returns how many have not."""
        self._readiness.watch()
        deadline = _deadline(timeout)
        while True:
            self._producer._arm()
            remaining = self._producer.flush(0)
            left = deadline - time.monotonic()
            if remaining == 0 or left <= 0:
                return remaining
            await self._readiness.wait(min(left, _TICK))

    async def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        """purge(in_queue=True, in_flight=True, blocking=True): drops messages that are queued; their futures fail."""
        self._readiness.watch()
        self._producer.purge(in_queue, in_flight, blocking)

    async def list_topics(self, *args: Any, **kwargs: Any) -> Any:
        """list_topics(topic=None, timeout=-1): what there is."""
        return await in_thread(self._producer.list_topics, *args, **kwargs)

    async def cluster_id(self, *args: Any, **kwargs: Any) -> str:
        """cluster_id(timeout=-1): the cluster's id."""
        return await in_thread(self._producer.cluster_id, *args, **kwargs)

    async def init_transactions(self, *args: Any) -> None:
        """init_transactions([timeout]): as Producer's."""
        await in_thread(self._producer.init_transactions, *args)

    async def begin_transaction(self) -> None:
        """begin_transaction(): as Producer's."""
        self._producer.begin_transaction()

    async def send_offsets_to_transaction(self, positions: List[TopicPartition], metadata: bytes, *args: Any) -> None:
        """send_offsets_to_transaction(positions, group_metadata, [timeout]): as Producer's."""
        await in_thread(self._producer.send_offsets_to_transaction, positions, metadata, *args)

    async def commit_transaction(self, *args: Any) -> None:
        """commit_transaction([timeout]): as Producer's."""
        await in_thread(self._producer.commit_transaction, *args)

    async def abort_transaction(self, *args: Any) -> None:
        """abort_transaction([timeout]): as Producer's."""
        await in_thread(self._producer.abort_transaction, *args)

    async def set_sasl_credentials(self, username: str, password: str) -> None:
        """set_sasl_credentials(username, password): accepted."""
        self._producer.set_sasl_credentials(username, password)

    async def close(self) -> None:
        """close(): flushes, and lets go of the engine. Fine to call twice."""
        if self._is_closed:
            return
        await self.flush()
        self._is_closed = True
        self._readiness.stop()
        await in_thread(self._producer.close)

    def __len__(self) -> int:
        return len(self._producer)

    def __bool__(self) -> bool:
        return True

    async def __aenter__(self) -> "AIOProducer":
        return self

    async def __aexit__(self, *raised: Tuple[Any, ...]) -> None:
        await self.close()


def _deadline(timeout: float) -> float:
    return float("inf") if timeout < 0 else time.monotonic() + timeout
