"""Values that clients and admin clients share."""

from __future__ import annotations

import enum
from typing import Any, Iterable, Iterator, List, Optional, Type, TypeVar, Union

from . import _cimpl
from ._cimpl import Message, TopicPartition

_E = TypeVar("_E", bound=enum.Enum)


def to_enum(value: Any, kind: Type[_E]) -> _E:
    """The member of ``kind`` that ``value`` is, or names, or numbers: ValueError for none."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str):
        try:
            return kind[value.upper()]
        except KeyError:
            raise ValueError(f"Unknown value {value!r}: should be a {kind.__name__}") from None
    return kind(value)


class OrderedEnum(enum.Enum):
    """Members compare by their number: ``<`` and ``sorted()`` work."""

    def __lt__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return bool(self.value < other.value)


class Node:
    """A broker: ``id``, ``host``, ``port``, ``rack``."""

    def __init__(self, id: int, host: str, port: int, rack: Optional[str] = None) -> None:
        self.id = id
        self.id_string = str(id)
        self.host = host
        self.port = port
        self.rack = rack

    def __str__(self) -> str:
        rack = f"(Rack - {self.rack})" if self.rack else ""
        return f"({self.id}) {self.host}:{self.port} {rack}"


class ConsumerGroupTopicPartitions:
    """A group and partitions of it: ``group_id``, ``topic_partitions`` (None: all it has committed)."""

    def __init__(self, group_id: str, topic_partitions: Optional[List[TopicPartition]] = None) -> None:
        self.group_id = group_id
        self.topic_partitions = topic_partitions


class ConsumerGroupState(OrderedEnum):
    """What a group is doing: one of Kafka's states."""

    UNKNOWN = _cimpl.CONSUMER_GROUP_STATE_UNKNOWN
    UNKOWN = UNKNOWN
    PREPARING_REBALANCING = _cimpl.CONSUMER_GROUP_STATE_PREPARING_REBALANCE
    COMPLETING_REBALANCING = _cimpl.CONSUMER_GROUP_STATE_COMPLETING_REBALANCE
    STABLE = _cimpl.CONSUMER_GROUP_STATE_STABLE
    DEAD = _cimpl.CONSUMER_GROUP_STATE_DEAD
    EMPTY = _cimpl.CONSUMER_GROUP_STATE_EMPTY


class ConsumerGroupType(OrderedEnum):
    """Who assigns a group's partitions: its members (CLASSIC) or the broker (CONSUMER)."""

    UNKNOWN = _cimpl.CONSUMER_GROUP_TYPE_UNKNOWN
    CONSUMER = _cimpl.CONSUMER_GROUP_TYPE_CONSUMER
    CLASSIC = _cimpl.CONSUMER_GROUP_TYPE_CLASSIC


class TopicCollection:
    """Topics to be described: ``topic_names``."""

    def __init__(self, topic_names: List[str]) -> None:
        self.topic_names = topic_names


class TopicPartitionInfo:
    """A partition in a description: ``id``, ``leader``, ``replicas``, ``isr``."""

    def __init__(self, id: int, leader: Optional[Node], replicas: List[Node], isr: List[Node]) -> None:
        self.id = id
        self.leader = leader
        self.replicas = replicas
        self.isr = isr


class IsolationLevel(OrderedEnum):
    """Which records count: READ_COMMITTED leaves out those of transactions that are open or aborted."""

    READ_UNCOMMITTED = _cimpl.ISOLATION_LEVEL_READ_UNCOMMITTED
    READ_COMMITTED = _cimpl.ISOLATION_LEVEL_READ_COMMITTED


class ElectionType(OrderedEnum):
    """Which election: of the preferred leader, or an unclean one."""

    PREFERRED = _cimpl.ELECTION_TYPE_PREFERRED
    UNCLEAN = _cimpl.ELECTION_TYPE_UNCLEAN


class AcknowledgeType(enum.IntEnum):
    """What a share consumer says of a record: see KIP-932."""

    ACCEPT = _cimpl.SHARE_ACKNOWLEDGE_TYPE_ACCEPT
    RELEASE = _cimpl.SHARE_ACKNOWLEDGE_TYPE_RELEASE
    REJECT = _cimpl.SHARE_ACKNOWLEDGE_TYPE_REJECT


class Messages:
    """Messages of one poll of a share consumer: a sequence."""

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self._records = list(messages)

    def records(self) -> List[Message]:
        """records(): a list of them."""
        return list(self._records)

    def count(self) -> int:
        """count(): how many."""
        return len(self._records)

    def is_empty(self) -> bool:
        """is_empty(): whether there is none."""
        return not self._records

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._records)

    def __getitem__(self, index: Union[int, slice]) -> Union[Message, "Messages"]:
        found = self._records[index]
        return Messages(found) if isinstance(found, list) else found

    def __repr__(self) -> str:
        return f"Messages({self._records!r})"


class ThrottleEvent:
    """A request that was throttled: ``broker_name``, ``broker_id``, ``throttle_time`` in seconds. Engines in this process never do."""

    def __init__(self, broker_name: str, broker_id: int, throttle_time: float) -> None:
        self.broker_name = broker_name
        self.broker_id = broker_id
        self.throttle_time = throttle_time

    def __str__(self) -> str:
        millis = int(self.throttle_time * 1000)
        return f"{self.broker_name}/{self.broker_id} throttled for {millis} ms"
