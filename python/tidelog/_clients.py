"""The clients: those of the native half, unless ``bootstrap.servers`` names a Kafka cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _cimpl, _cluster

if TYPE_CHECKING:
    from typing_extensions import Self


class OfEngineOrCluster:
    """Base of the clients: makes confluent-kafka's client of the same name for a Kafka cluster."""

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if _cimpl._names_cluster(args, kwargs):
            return _cluster.client(cls, args, kwargs)  # type: ignore[no-any-return]
        return super().__new__(cls, *args, **kwargs)


class Producer(OfEngineOrCluster, _cimpl.Producer):
    __doc__ = _cimpl.Producer.__doc__
    __module__ = "tidelog"
    __slots__ = ()


class Consumer(OfEngineOrCluster, _cimpl.Consumer):
    __doc__ = _cimpl.Consumer.__doc__
    __module__ = "tidelog"
    __slots__ = ()
