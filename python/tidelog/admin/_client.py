"""AdminClient: checks what it is given, makes the futures, and lets the native half complete them."""

from __future__ import annotations

import warnings
from concurrent.futures import Future
from typing import Any, Callable, Dict, Iterable, List, Optional, Set

from .._cimpl import (
    OFFSET_INVALID,
    KafkaError,
    KafkaException,
    NewPartitions,
    NewTopic,
    TopicPartition,
    _AdminClientImpl,
)
from .._clients import OfEngineOrCluster
from .._model import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    ElectionType,
    IsolationLevel,
    TopicCollection,
)
from ._resources import (
    AclBinding,
    AclBindingFilter,
    ConfigResource,
    OffsetSpec,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

Futures = Dict[Any, "Future[Any]"]


def _running() -> "Future[Any]":
    future: "Future[Any]" = Future()
    future.set_running_or_notify_cancel()
    return future


def _complete(future: "Future[Any]", outcome: Any) -> None:
    if isinstance(outcome, KafkaError):
        future.set_exception(KafkaException(outcome))
    else:
        future.set_result(outcome)


def _spread(keys: Iterable[Any], outcomes: Callable[[Any], Iterable[Any]]) -> "tuple[Future[Any], Futures]":
    """A future for a whole request, and one for each of ``keys``, completed from what ``outcomes`` makes of its result."""
    futures: Futures = {key: _running() for key in keys}
    request = _running()

    def spread(done: "Future[Any]") -> None:
        try:
            for key, outcome in outcomes(done.result()):
                _complete(futures[key], outcome)
        except Exception as error:  # the request as a whole
            for future in futures.values():
                if not future.done():
                    future.set_exception(error)

    request.add_done_callback(spread)
    return request, futures


def _by_key(result: Dict[Any, Any]) -> Iterable[Any]:
    return result.items()


def _in_order(keys: List[Any]) -> Callable[[List[Any]], Iterable[Any]]:
    return lambda results: zip(keys, results)


def _by_resource(result: Dict[ConfigResource, Any]) -> Iterable[Any]:
    for resource, configs in result.items():
        yield resource, configs if resource.error is None else resource.error


class AdminClient(OfEngineOrCluster, _AdminClientImpl):
    """AdminClient(conf): looks at an engine and changes it. Requests return futures; no polling is needed for them."""

    def __init__(self, conf: Dict[str, Any], **kwargs: Any) -> None:
        super().__init__(conf, **kwargs)

    # Topics.

    def create_topics(self, new_topics: List[NewTopic], **kwargs: Any) -> Futures:  # type: ignore[override]
        """create_topics(new_topics, operation_timeout=, request_timeout=, validate_only=False): a future for each topic."""
        request, futures = _spread([topic.topic for topic in new_topics], _by_key)
        super().create_topics(new_topics, request, **kwargs)
        return futures

    def delete_topics(self, topics: List[str], **kwargs: Any) -> Futures:  # type: ignore[override]
        """delete_topics(topics, operation_timeout=, request_timeout=): a future for each topic."""
        request, futures = _spread(topics, _by_key)
        super().delete_topics(topics, request, **kwargs)
        return futures

    def create_partitions(self, new_partitions: List[NewPartitions], **kwargs: Any) -> Futures:  # type: ignore[override]
        """create_partitions(new_partitions, operation_timeout=, request_timeout=, validate_only=False): a future for each topic."""
        request, futures = _spread([new.topic for new in new_partitions], _by_key)
        super().create_partitions(new_partitions, request, **kwargs)
        return futures

    def describe_topics(self, topics: TopicCollection, **kwargs: Any) -> Futures:  # type: ignore[override]
        """describe_topics(topics, include_authorized_operations=False, request_timeout=): a future of TopicDescription for each topic."""
        if not isinstance(topics, TopicCollection):
            raise TypeError("Expected input to be instance of TopicCollection")
        names = topics.topic_names
        if not isinstance(names, list):
            raise TypeError("Expected list of topic names to be described")
        request, futures = _spread(names, _in_order(names))
        super().describe_topics(names, request, **kwargs)
        return futures

    def describe_cluster(self, **kwargs: Any) -> "Future[Any]":  # type: ignore[override]
        """describe_cluster(include_authorized_operations=False, request_timeout=): a future of DescribeClusterResult."""
        request = _running()
        super().describe_cluster(request, **kwargs)
        return request

    # Settings.

    def describe_configs(self, resources: List[ConfigResource], **kwargs: Any) -> Futures:  # type: ignore[override]
        """describe_configs(resources, request_timeout=): a future of ``{name: ConfigEntry}`` for each resource."""
        _check_all(resources, ConfigResource, ValueError)
        request, futures = _spread(resources, _by_resource)
        super().describe_configs(resources, request, **kwargs)
        return futures

    def alter_configs(self, resources: List[ConfigResource], **kwargs: Any) -> Futures:  # type: ignore[override]
        """alter_configs(resources, validate_only=False, request_timeout=): replaces all settings. Deprecated: use incremental_alter_configs()."""
        text = "alter_configs has been deprecated. Use incremental_alter_configs instead."
        warnings.warn(text, category=DeprecationWarning, stacklevel=2)
        _check_all(resources, ConfigResource, ValueError)
        request, futures = _spread(resources, _by_resource)
        super().alter_configs(resources, request, **kwargs)
        return futures

    def incremental_alter_configs(self, resources: List[ConfigResource], **kwargs: Any) -> Futures:  # type: ignore[override]
        """incremental_alter_configs(resources, validate_only=False, request_timeout=): a future for each resource."""
        _check_all(resources, ConfigResource, TypeError)
        request, futures = _spread(resources, _by_resource)
        super().incremental_alter_configs(resources, request, **kwargs)
        return futures

    # Groups.

    def list_groups(self, *args: Any, **kwargs: Any) -> List[Any]:
        """list_groups(group=None, timeout=-1): groups with members. Deprecated: use list_consumer_groups()."""
        text = "list_groups() is deprecated, use list_consumer_groups() and describe_consumer_groups() instead."
        warnings.warn(text, category=DeprecationWarning, stacklevel=2)
        return super().list_groups(*args, **kwargs)

    def list_consumer_groups(self, **kwargs: Any) -> "Future[Any]":  # type: ignore[override]
        """list_consumer_groups(states=None, types=None, request_timeout=): a future of ListConsumerGroupsResult."""
        for name, kind in (("states", ConsumerGroupState), ("types", ConsumerGroupType)):
            if name in kwargs:
                wanted = kwargs.pop(name)
                if wanted is not None:
                    kwargs[f"{name}_int"] = _numbers(name, wanted, kind)
        request = _running()
        super().list_consumer_groups(request, **kwargs)
        return request

    def describe_consumer_groups(self, group_ids: List[str], **kwargs: Any) -> Futures:  # type: ignore[override]
        """describe_consumer_groups(group_ids, request_timeout=): a future of ConsumerGroupDescription for each group."""
        if not isinstance(group_ids, list):
            raise TypeError("Expected input to be list of group ids to be described")
        if not group_ids:
            raise ValueError("Expected at least one group to be described")
        request, futures = _spread(group_ids, _in_order(group_ids))
        super().describe_consumer_groups(group_ids, request, **kwargs)
        return futures

    def delete_consumer_groups(self, group_ids: List[str], **kwargs: Any) -> Futures:  # type: ignore[override]
        """delete_consumer_groups(group_ids, request_timeout=): a future for each group."""
        if not isinstance(group_ids, list):
            raise TypeError("Expected input to be list of group ids to be deleted")
        if not group_ids:
            raise ValueError("Expected at least one group to be deleted")
        _check_all(group_ids, str, ValueError)
        request, futures = _spread(group_ids, _in_order(group_ids))
        super().delete_consumer_groups(group_ids, request, **kwargs)
        return futures

    def list_consumer_group_offsets(  # type: ignore[override]
        self, list_consumer_group_offsets_request: List[ConsumerGroupTopicPartitions], **kwargs: Any
    ) -> Futures:
        """list_consumer_group_offsets(request, require_stable=False, request_timeout=): a future for the one group."""
        asked = list_consumer_group_offsets_request
        _check_group_offsets(asked, "listing", need_offsets=False)
        groups = [one.group_id for one in asked]
        request, futures = _spread(groups, _in_order(groups))
        super().list_consumer_group_offsets(asked, request, **kwargs)
        return futures

    def alter_consumer_group_offsets(  # type: ignore[override]
        self, alter_consumer_group_offsets_request: List[ConsumerGroupTopicPartitions], **kwargs: Any
    ) -> Futures:
        """alter_consumer_group_offsets(request, request_timeout=): a future for the one group."""
        asked = alter_consumer_group_offsets_request
        _check_group_offsets(asked, "altering", need_offsets=True)
        groups = [one.group_id for one in asked]
        request, futures = _spread(groups, _in_order(groups))
        super().alter_consumer_group_offsets(asked, request, **kwargs)
        return futures

    # Offsets and records.

    def list_offsets(  # type: ignore[override]
        self, topic_partition_offsets: Dict[TopicPartition, OffsetSpec], **kwargs: Any
    ) -> Futures:
        """list_offsets({partition: OffsetSpec}, isolation_level=, request_timeout=): a future of ListOffsetsResultInfo for each partition."""
        if not isinstance(topic_partition_offsets, dict):
            raise TypeError("Expected topic_partition_offsets to be dict of [TopicPartitions,OffsetSpec] for list offsets request")
        asked = []
        for partition, spec in topic_partition_offsets.items():
            if not isinstance(partition, TopicPartition):
                raise TypeError("partition must be a TopicPartition")
            if not partition.topic:
                raise ValueError("partition topic name cannot be empty")
            if partition.partition < 0:
                raise ValueError("partition index must be non-negative")
            if not isinstance(spec, OffsetSpec):
                raise TypeError("Value must be a OffsetSpec")
            asked.append(TopicPartition(partition.topic, partition.partition, spec._value))
        isolation = kwargs.pop("isolation_level", None)
        if isolation is not None:
            if not isinstance(isolation, IsolationLevel):
                raise TypeError("isolation_level argument should be an IsolationLevel")
            kwargs["isolation_level_value"] = isolation.value
        request, futures = _spread(asked, _by_key)
        super().list_offsets(asked, request, **kwargs)
        return futures

    def delete_records(self, topic_partition_offsets: List[TopicPartition], **kwargs: Any) -> Futures:  # type: ignore[override]
        """delete_records(topic_partition_offsets, operation_timeout=, request_timeout=): a future of DeletedRecords for each partition."""
        if not isinstance(topic_partition_offsets, list):
            raise TypeError(f"Expected Request to be a list, got '{type(topic_partition_offsets).__name__}' ")
        for partition in topic_partition_offsets:
            if not isinstance(partition, TopicPartition):
                kind = type(partition).__name__
                raise TypeError(f"Element of the request list must be of type 'TopicPartition' got '{kind}' ")
            if partition.partition < 0:
                raise ValueError("'partition' cannot be negative")
        request, futures = _spread(topic_partition_offsets, _by_key)
        super().delete_records(topic_partition_offsets, request, **kwargs)
        return futures

    def elect_leaders(  # type: ignore[override]
        self, election_type: ElectionType, partitions: Optional[List[TopicPartition]] = None, **kwargs: Any
    ) -> "Future[Any]":
        """elect_leaders(election_type, partitions=None, operation_timeout=, request_timeout=): a future of ``{partition: error}``."""
        if not isinstance(election_type, ElectionType):
            raise TypeError("Expected 'election_type' to be of type 'ElectionType'")
        if partitions is not None:
            if not isinstance(partitions, list):
                raise TypeError(f"Expected 'partitions' to be a list, got '{type(partitions).__name__}'")
            for partition in partitions:
                if not isinstance(partition, TopicPartition):
                    kind = type(partition).__name__
                    raise TypeError(f"Element of the 'partitions' list must be of type 'TopicPartition' got '{kind}' ")
                if partition.partition < 0:
                    raise ValueError("Elements of the 'partitions' list must not have negative value for 'partition' field")
        request = _running()
        super().elect_leaders(election_type.value, partitions, request, **kwargs)
        return request

    # Users and their rights, which engines in this process do not have.

    def create_acls(self, acls: List[AclBinding], **kwargs: Any) -> Futures:  # type: ignore[override]
        """create_acls(acls, request_timeout=): a future for each rule; they fail with ``_UNSUPPORTED_FEATURE``."""
        _check_all(acls, AclBinding, ValueError)
        if len(set(acls)) != len(acls):
            raise ValueError("duplicate ACL bindings not allowed")
        request, futures = _spread(acls, _in_order(acls))
        super().create_acls(acls, request, **kwargs)
        return futures

    def describe_acls(self, acl_binding_filter: AclBindingFilter, **kwargs: Any) -> "Future[Any]":  # type: ignore[override]
        """describe_acls(acl_binding_filter, request_timeout=): a future; it fails with ``_UNSUPPORTED_FEATURE``."""
        request = _running()
        super().describe_acls(acl_binding_filter, request, **kwargs)
        return request

    def delete_acls(self, acl_binding_filters: List[AclBindingFilter], **kwargs: Any) -> Futures:  # type: ignore[override]
        """delete_acls(acl_binding_filters, request_timeout=): a future for each filter; they fail with ``_UNSUPPORTED_FEATURE``."""
        _check_all(acl_binding_filters, AclBindingFilter, ValueError)
        if len(set(acl_binding_filters)) != len(acl_binding_filters):
            raise ValueError("duplicate ACL binding filters not allowed")
        request, futures = _spread(acl_binding_filters, _in_order(acl_binding_filters))
        super().delete_acls(acl_binding_filters, request, **kwargs)
        return futures

    def describe_user_scram_credentials(self, users: Optional[List[str]] = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """describe_user_scram_credentials(users=None, request_timeout=): fails with ``_UNSUPPORTED_FEATURE``."""
        if users is None:
            request = _running()
            super().describe_user_scram_credentials(users, request, **kwargs)
            return request
        if not isinstance(users, list):
            raise TypeError("Expected input to be list of String")
        for user in users:
            _check_user(user)
        request, futures = _spread(users, _by_key)
        super().describe_user_scram_credentials(users, request, **kwargs)
        return futures

    def alter_user_scram_credentials(  # type: ignore[override]
        self, alterations: List[UserScramCredentialAlteration], **kwargs: Any
    ) -> Futures:
        """alter_user_scram_credentials(alterations, request_timeout=): fails with ``_UNSUPPORTED_FEATURE``."""
        if not isinstance(alterations, list):
            raise TypeError("Expected input to be list")
        if not alterations:
            raise ValueError("Expected at least one alteration")
        for alteration in alterations:
            _check_alteration(alteration)
        users: Set[str] = {alteration.user for alteration in alterations}
        request, futures = _spread(users, _by_key)
        super().alter_user_scram_credentials(alterations, request, **kwargs)
        return futures


def _check_all(items: Any, kind: type, error: type) -> None:
    for item in items:
        if not isinstance(item, kind):
            raise error(f"Expected list of {kind!r}")


def _numbers(name: str, wanted: Any, kind: Any) -> List[int]:
    if not isinstance(wanted, set):
        raise TypeError(f"'{name}' must be a set")
    for one in wanted:
        if not isinstance(one, kind):
            raise TypeError(f"All elements of {name} must be of type {kind.__name__}")
    return [one.value for one in wanted]


def _check_group_offsets(asked: Any, what: str, need_offsets: bool) -> None:
    if asked is None:
        raise TypeError("request cannot be None")
    if not isinstance(asked, list):
        raise TypeError("request must be a list")
    if len(asked) != 1:
        raise ValueError(f"Currently we support {what} offsets for a single consumer group only")
    one = asked[0]
    if not isinstance(one, ConsumerGroupTopicPartitions):
        raise TypeError("Expected list of 'ConsumerGroupTopicPartitions'")
    if not isinstance(one.group_id, str):
        raise TypeError("'group_id' cannot be None" if one.group_id is None else "'group_id' must be a string")
    if not one.group_id:
        raise ValueError("'group_id' cannot be empty")
    if one.topic_partitions is None:
        if need_offsets:
            raise ValueError("'topic_partitions' cannot be null")
        return
    if not isinstance(one.topic_partitions, list):
        raise TypeError("'topic_partitions' must be a list" + ("" if need_offsets else " or None"))
    if not one.topic_partitions:
        raise ValueError("'topic_partitions' cannot be empty")
    for partition in one.topic_partitions:
        _check_group_offset(partition, need_offsets)


def _check_group_offset(partition: Any, need_offset: bool) -> None:
    if partition is None:
        raise ValueError("Element of 'topic_partitions' cannot be None")
    if not isinstance(partition, TopicPartition):
        raise TypeError("Element of 'topic_partitions' must be of type TopicPartition")
    if not partition.topic:
        raise ValueError("Element of 'topic_partitions' must not have 'topic' attribute as Empty")
    if partition.partition < 0:
        raise ValueError("Element of 'topic_partitions' must not have negative value for 'partition' field")
    if need_offset and partition.offset < 0:
        raise ValueError("Element of 'topic_partitions' must not have negative value for 'offset' field")
    if not need_offset and partition.offset != OFFSET_INVALID:
        raise ValueError("Element of 'topic_partitions' must not have 'offset' value")


def _check_user(user: Any) -> None:
    if not isinstance(user, str):
        raise TypeError("'user' cannot be None" if user is None else "Each value should be a string")
    if not user:
        raise ValueError("'user' cannot be empty")


def _check_alteration(alteration: Any) -> None:
    if not isinstance(alteration, UserScramCredentialAlteration):
        raise TypeError("Expected each element of list to be subclass of UserScramCredentialAlteration")
    _check_user(alteration.user)
    if isinstance(alteration, UserScramCredentialUpsertion):
        if not isinstance(alteration.password, bytes):
            raise TypeError("'password' must be bytes")
        if not alteration.password:
            raise ValueError("'password' cannot be empty")
        info = alteration.scram_credential_info
        if not isinstance(info, ScramCredentialInfo):
            raise TypeError("Expected credential_info to be ScramCredentialInfo Type")
        if info.iterations < 1:
            raise ValueError("Iterations should be positive")
        mechanism: Any = info.mechanism
    elif isinstance(alteration, UserScramCredentialDeletion):
        mechanism = alteration.mechanism
    else:
        raise TypeError("Expected a UserScramCredentialUpsertion or a UserScramCredentialDeletion")
    if not isinstance(mechanism, ScramMechanism):
        raise TypeError("Expected the mechanism to be ScramMechanism Type")
