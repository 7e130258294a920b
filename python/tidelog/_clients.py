"""The clients: those of the native half, unless ``bootstrap.servers`` names a Kafka cluster."""

from __future__ import annotations

from typing import Any

from . import _cimpl, _cluster


class Producer(_cimpl.Producer):
    __doc__ = _cimpl.Producer.__doc__
    __module__ = "tidelog"
    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> "Producer":
        if _cimpl._names_cluster(args, kwargs):
            return _cluster.client(cls, args, kwargs)  # type: ignore[no-any-return]
        return super().__new__(cls, *args, **kwargs)


class Consumer(_cimpl.Consumer):
    __doc__ = _cimpl.Consumer.__doc__
    __module__ = "tidelog"
    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> "Consumer":
        if _cimpl._names_cluster(args, kwargs):
            return _cluster.client(cls, args, kwargs)  # type: ignore[no-any-return]
        return super().__new__(cls, *args, **kwargs)
