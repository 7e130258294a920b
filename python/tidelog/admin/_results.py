"""What admin requests return."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Union

from .._cimpl import KafkaError, TopicPartition, Uuid
from .._model import ConsumerGroupState, ConsumerGroupType, Node, TopicPartitionInfo, to_enum
from ._resources import AclOperation


class ClusterMetadata:
    """What there is: ``cluster_id``, ``controller_id``, ``brokers`` by id, ``topics`` by name."""

    def __init__(self) -> None:
        self.cluster_id: Optional[str] = None
        self.controller_id = -1
        self.brokers: Dict[int, "BrokerMetadata"] = {}
        self.topics: Dict[str, "TopicMetadata"] = {}
        self.orig_broker_id = -1
        self.orig_broker_name: Optional[str] = None

    def __str__(self) -> str:
        return str(self.cluster_id)

    def __repr__(self) -> str:
        return f"ClusterMetadata({self.cluster_id})"


class BrokerMetadata:
    """A broker: ``id``, ``host``, ``port``."""

    def __init__(self) -> None:
        self.id = -1
        self.host: Optional[str] = None
        self.port = -1

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.id}"

    def __repr__(self) -> str:
        return f"BrokerMetadata({self.id}, {self.host}:{self.port})"


class TopicMetadata:
    """A topic: ``topic``, ``partitions`` by number, ``error``."""

    def __init__(self) -> None:
        self.topic: Optional[str] = None
        self.partitions: Dict[int, "PartitionMetadata"] = {}
        self.error: Optional[KafkaError] = None

    def __str__(self) -> str:
        return str(self.topic)

    def __repr__(self) -> str:
        error = "" if self.error is None else f", {self.error}"
        return f"TopicMetadata({self.topic}, {len(self.partitions)} partitions{error})"


class PartitionMetadata:
    """A partition: ``id``, ``leader``, ``replicas``, ``isrs``, ``error``."""

    def __init__(self) -> None:
        self.id = -1
        self.leader = -1
        self.replicas: List[int] = []
        self.isrs: List[int] = []
        self.error: Optional[KafkaError] = None

    def __str__(self) -> str:
        return str(self.id)

    def __repr__(self) -> str:
        error = "" if self.error is None else f", {self.error}"
        return f"PartitionMetadata({self.id}{error})"


class GroupMember:
    """A member of a group: ``id``, ``client_id``, ``client_host``."""

    def __init__(self) -> None:
        self.id: Optional[str] = None
        self.client_id: Optional[str] = None
        self.client_host: Optional[str] = None
        self.metadata: Optional[bytes] = None
        self.assignment: Optional[bytes] = None


class GroupMetadata:
    """A group, as ``list_groups()`` returns it: ``id``, ``state``, ``protocol``, ``members``."""

    def __init__(self) -> None:
        self.broker: Optional[BrokerMetadata] = None
        self.id: Optional[str] = None
        self.error: Optional[KafkaError] = None
        self.state: Optional[str] = None
        self.protocol_type: Optional[str] = None
        self.protocol: Optional[str] = None
        self.members: List[GroupMember] = []

    def __str__(self) -> str:
        return str(self.id)

    def __repr__(self) -> str:
        error = "" if self.error is None else f", {self.error}"
        return f"GroupMetadata({self.id}{error})"


def _operations(operations: Optional[List[Union[str, int, AclOperation]]]) -> Optional[List[AclOperation]]:
    return [to_enum(operation, AclOperation) for operation in operations] if operations else None


class ConsumerGroupListing:
    """A group in a list: ``group_id``, ``is_simple_consumer_group``, ``state``, ``type``."""

    def __init__(
        self,
        group_id: str,
        is_simple_consumer_group: bool,
        state: Optional[Union[ConsumerGroupState, str, int]] = None,
        type: Optional[Union[ConsumerGroupType, str, int]] = None,
    ) -> None:
        self.group_id = group_id
        self.is_simple_consumer_group = is_simple_consumer_group
        if state is not None:
            self.state = to_enum(state, ConsumerGroupState)
        if type is not None:
            self.type = to_enum(type, ConsumerGroupType)


class ListConsumerGroupsResult:
    """Groups: ``valid`` ones, and ``errors``."""

    def __init__(
        self, valid: Optional[List[ConsumerGroupListing]] = None, errors: Optional[List[Any]] = None
    ) -> None:
        self.valid = valid
        self.errors = errors


class MemberAssignment:
    """What a member reads: ``topic_partitions``."""

    def __init__(self, topic_partitions: Optional[List[TopicPartition]]) -> None:
        self.topic_partitions = topic_partitions or []


class MemberDescription:
    """A member of a group: ``member_id``, ``client_id``, ``host``, ``assignment``, ``group_instance_id``."""

    def __init__(
        self,
        member_id: str,
        client_id: str,
        host: str,
        assignment: MemberAssignment,
        group_instance_id: Optional[str] = None,
        target_assignment: Optional[MemberAssignment] = None,
    ) -> None:
        self.member_id = member_id
        self.client_id = client_id
        self.host = host
        self.assignment = assignment
        self.target_assignment = target_assignment
        self.group_instance_id = group_instance_id


class ConsumerGroupDescription:
    """A group in detail: ``state``, ``members``, ``partition_assignor``, ``coordinator``."""

    def __init__(
        self,
        group_id: str,
        is_simple_consumer_group: bool,
        members: List[MemberDescription],
        partition_assignor: str,
        state: Optional[Union[ConsumerGroupState, str, int]],
        coordinator: Node,
        authorized_operations: Optional[List[Union[AclOperation, str, int]]] = None,
        type: Union[ConsumerGroupType, str, int] = ConsumerGroupType.UNKNOWN,
    ) -> None:
        self.group_id = group_id
        self.is_simple_consumer_group = is_simple_consumer_group
        self.members = members
        self.partition_assignor = partition_assignor
        if state is not None:
            self.state = to_enum(state, ConsumerGroupState)
        self.coordinator = coordinator
        self.authorized_operations = _operations(authorized_operations)
        self.type = to_enum(type, ConsumerGroupType)


class TopicDescription:
    """A topic in detail: ``name``, ``topic_id``, ``is_internal``, ``partitions``."""

    def __init__(
        self,
        name: str,
        topic_id: Uuid,
        is_internal: bool,
        partitions: List[TopicPartitionInfo],
        authorized_operations: Optional[List[Union[str, int, AclOperation]]] = None,
    ) -> None:
        self.name = name
        self.topic_id = topic_id
        self.is_internal = is_internal
        self.partitions = partitions
        self.authorized_operations = _operations(authorized_operations)


class DescribeClusterResult:
    """The cluster: ``cluster_id``, ``controller``, ``nodes``."""

    def __init__(
        self,
        controller: Node,
        nodes: List[Node],
        cluster_id: Optional[str] = None,
        authorized_operations: Optional[List[Union[str, int, AclOperation]]] = None,
    ) -> None:
        self.cluster_id = cluster_id
        self.controller = controller
        self.nodes = nodes
        self.authorized_operations = _operations(authorized_operations)


class ListOffsetsResultInfo:
    """An offset that was found: ``offset``, ``timestamp``, ``leader_epoch`` (None when it is not known)."""

    def __init__(self, offset: int, timestamp: int, leader_epoch: int) -> None:
        self.offset = offset
        self.timestamp = timestamp
        self.leader_epoch: Optional[int] = leader_epoch if leader_epoch >= 0 else None


class DeletedRecords:
    """What is left of a partition: ``low_watermark``, its first offset."""

    def __init__(self, low_watermark: int) -> None:
        self.low_watermark = low_watermark
