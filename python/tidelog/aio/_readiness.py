"""How a coroutine waits for a client's events."""

from __future__ import annotations

import asyncio
import functools
import os
from typing import Any, Callable, Optional, Set, TypeVar

_T = TypeVar("_T")


async def in_thread(call: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
    """in_thread(call, *args, **kwargs): what a call returns that may wait, made by a thread of the default executor."""
    return await asyncio.get_running_loop().run_in_executor(None, functools.partial(call, *args, **kwargs))


class Readiness:
    """Wakes coroutines of one event loop when a client has something to poll: see ``wait()``."""

    def __init__(self, client: Any, on_ready: Optional[Callable[[], None]] = None) -> None:
        self._client = client
        self._on_ready = on_ready
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._fd = -1
        self._waiting: Set["asyncio.Future[None]"] = set()

    def watch(self) -> asyncio.AbstractEventLoop:
        """watch(): has the running event loop watch the client from now on, and returns it."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self.stop()
            self._fd = self._client._wake_fd()
            loop.add_reader(self._fd, self._ready)
            self._loop = loop
            self._client._arm()
        return loop

    def stop(self) -> None:
        """stop(): watches no more."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        self._loop = None
        self._wake()

    def _ready(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            pass
        if self._on_ready is not None:
            self._on_ready()
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            self._wake_one(future)

    @staticmethod
    def _wake_one(future: "asyncio.Future[None]") -> None:
        if not future.done():
            future.set_result(None)

    async def wait(self, timeout: float) -> None:
        """wait(timeout): returns when there may be something to poll, or after ``timeout`` seconds. Call the client's _arm() and look first."""
        loop = self.watch()
        future: "asyncio.Future[None]" = loop.create_future()
        self._waiting.add(future)
        timer = loop.call_later(timeout, self._wake_one, future)
        try:
            await future
        finally:
            timer.cancel()
            self._waiting.discard(future)
