import time

import pytest

from tidelog import ConsumerGroupState, ConsumerGroupTopicPartitions, ElectionType, KafkaError, KafkaException
from tidelog import OFFSET_INVALID, IsolationLevel, TopicCollection, TopicPartition
from tidelog.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
)


def code(future):
    with pytest.raises(KafkaException) as raised:
        future.result(10)
    return raised.value.args[0].name()


@pytest.fixture
def admin(kafka):
    return kafka.admin


def test_topics_are_created_described_and_deleted(admin):
    made = admin.create_topics([NewTopic("a", 3, 1, config={"retention.ms": "1000"}), NewTopic("b")])
    assert {name: future.result(10) for name, future in made.items()} == {"a": None, "b": None}
    assert code(admin.create_topics([NewTopic("a", 1, 1)])["a"]) == "TOPIC_ALREADY_EXISTS"
    assert code(admin.create_topics([NewTopic("c", 1, 3)])["c"]) == "INVALID_REPLICATION_FACTOR"
    assert admin.create_topics([NewTopic("c", 1, 1)], validate_only=True)["c"].result(10) is None
    described = admin.describe_topics(TopicCollection(["a", "c"]))
    topic = described["a"].result(10)
    assert (topic.name, topic.is_internal, [one.id for one in topic.partitions]) == ("a", False, [0, 1, 2])
    assert topic.partitions[0].leader.id == 1 and len(str(topic.topic_id)) == 22
    assert code(described["c"]) == "UNKNOWN_TOPIC_OR_PART"
    assert admin.create_partitions([NewPartitions("a", 5)])["a"].result(10) is None
    assert len(admin.list_topics("a").topics["a"].partitions) == 5
    assert code(admin.create_partitions([NewPartitions("a", 5)])["a"]) == "INVALID_PARTITIONS"
    deleted = admin.delete_topics(["a", "zz"], operation_timeout=5)
    assert deleted["a"].result(10) is None and code(deleted["zz"]) == "UNKNOWN_TOPIC_OR_PART"
    assert list(admin.list_topics().topics) == ["b"]


def test_what_is_wrong_with_topics(admin):
    for call in (admin.create_topics, admin.delete_topics, admin.create_partitions):
        with pytest.raises(ValueError, match="Expected non-empty list of"):
            call([])
    with pytest.raises(TypeError, match="'foo' is an invalid keyword argument for this function"):
        admin.create_topics([NewTopic("a")], foo=1)
    with pytest.raises(TypeError, match="Expected validate_only to be bool type, not int"):
        admin.create_topics([NewTopic("a")], validate_only=1)
    with pytest.raises(ValueError, match="expecting integer in range 0..3600000"):
        admin.create_topics([NewTopic("a")], request_timeout=-5)
    with pytest.raises(ValueError, match="replica_assignment must be a list of int lists"):
        admin.create_topics([NewTopic("a", replica_assignment=5)])
    with pytest.raises(TypeError, match="config must be a dict of strings"):
        NewTopic("a", config=None)
    assert NewTopic("a", 1) == NewTopic("a", 1) != NewTopic("a", 2) and NewTopic("a") < NewTopic("b")
    assert repr(NewTopic("a", 3)) == "NewTopic(topic=a,num_partitions=3)"


def test_settings(kafka, admin):
    kafka.create_topic("t")
    resource = ConfigResource("topic", "t")

    def setting(name):
        return admin.describe_configs([resource])[resource].result(10)[name]

    assert setting("retention.ms").value == "604800000" and setting("retention.ms").is_default
    assert ConfigSource(setting("retention.ms").source) is ConfigSource.DEFAULT_CONFIG
    change = ConfigEntry("retention.ms", "5000", incremental_operation=AlterConfigOpType.SET)
    changes = ConfigResource("topic", "t", incremental_configs=[change])
    assert admin.incremental_alter_configs([changes], validate_only=True)[changes].result(10) is None
    assert setting("retention.ms").value == "604800000"
    assert admin.incremental_alter_configs([changes])[changes].result(10) is None
    assert ConfigSource(setting("retention.ms").source) is ConfigSource.DYNAMIC_TOPIC_CONFIG
    assert setting("retention.ms").value == "5000" and "log.retention.ms" in setting("retention.ms").synonyms
    all_of_them = ConfigResource("topic", "t", set_config={"segment.bytes": "1048576"})
    with pytest.warns(DeprecationWarning):
        assert admin.alter_configs([all_of_them])[all_of_them].result(10) is None
    assert setting("retention.ms").is_default and setting("segment.bytes").value == "1048576"
    missing = ConfigResource("topic", "zz")
    assert code(admin.describe_configs([missing])[missing]) == "UNKNOWN_TOPIC_OR_PART"
    wrong = ConfigResource("topic", "t", set_config={"foo": "1"})
    with pytest.warns(DeprecationWarning):
        assert code(admin.alter_configs([wrong])[wrong]) == "INVALID_CONFIG"
    broker = ConfigResource(ResourceType.BROKER, "1")
    assert admin.describe_configs([broker])[broker].result(10)["num.partitions"].value == "1"
    with pytest.raises(ValueError, match="expected non-empty list of ConfigEntry"):
        admin.incremental_alter_configs([resource])
    with pytest.raises(TypeError):
        admin.incremental_alter_configs(["t"])
    with pytest.raises(ValueError):
        admin.describe_configs(["t"])


def test_groups(kafka, admin):
    kafka.produce("t", *"abc")
    consumer = kafka.consumer("t", group="g", **{"client.id": "me"})
    consumer.consume(2, 10)
    consumer.commit(asynchronous=False)
    listed = admin.list_consumer_groups(states={ConsumerGroupState.STABLE}).result(10)
    assert [(one.group_id, one.state) for one in listed.valid] == [("g", ConsumerGroupState.STABLE)] and not listed.errors
    group = admin.describe_consumer_groups(["g"])["g"].result(10)
    assert (group.state, group.partition_assignor, group.is_simple_consumer_group) == (ConsumerGroupState.STABLE, "range", False)
    [member] = group.members
    assert member.client_id == "me" and member.assignment.topic_partitions == [TopicPartition("t", 0)]
    asked = [ConsumerGroupTopicPartitions("g")]
    offsets = admin.list_consumer_group_offsets(asked)["g"].result(10).topic_partitions
    assert [(one.topic, one.offset) for one in offsets] == [("t", 2)]
    assert code(admin.delete_consumer_groups(["g"])["g"]) == "NON_EMPTY_GROUP"
    with pytest.warns(DeprecationWarning):
        assert [len(one.members) for one in admin.list_groups()] == [1]
    consumer.close()
    altered = [ConsumerGroupTopicPartitions("g", [TopicPartition("t", 0, 1)])]
    assert admin.alter_consumer_group_offsets(altered)["g"].result(10).topic_partitions[0].error is None
    assert kafka.consumer("t", group="g").poll(10).value() == b"b"
    assert code(admin.delete_consumer_groups(["missing"])["missing"]) == "GROUP_ID_NOT_FOUND"
    for wrong, error in [([], ValueError), ("g", TypeError)]:
        with pytest.raises(error):
            admin.describe_consumer_groups(wrong)
    assert code(admin.describe_consumer_groups(["a", "a"])["a"]) == "_INVALID_ARG"


def test_what_is_wrong_with_group_offsets(admin):
    partition = TopicPartition("t", 0)
    for request, error in [
        (None, TypeError),
        ({}, TypeError),
        ([], ValueError),
        (["g"], TypeError),
        ([ConsumerGroupTopicPartitions(None)], TypeError),
        ([ConsumerGroupTopicPartitions("")], ValueError),
        ([ConsumerGroupTopicPartitions("g", [])], ValueError),
        ([ConsumerGroupTopicPartitions("g", [None])], ValueError),
        ([ConsumerGroupTopicPartitions("g", ["t"])], TypeError),
        ([ConsumerGroupTopicPartitions("g", [TopicPartition("t", -1)])], ValueError),
    ]:
        with pytest.raises(error):
            admin.list_consumer_group_offsets(request)
        with pytest.raises(error):
            admin.alter_consumer_group_offsets(request)
    with pytest.raises(ValueError):
        admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions("g", [partition])])
    assert partition.offset == OFFSET_INVALID


def test_offsets_and_records(kafka, admin):
    for time_ms in (1000, 3000, 2000):
        kafka.produce("t", "v", timestamp=time_ms)
    partition = TopicPartition("t", 0)

    def offset(spec, **options):
        [future] = admin.list_offsets({partition: spec}, **options).values()
        return future.result(10).offset

    assert offset(OffsetSpec.earliest()) == 0 and offset(OffsetSpec.latest()) == 3
    assert offset(OffsetSpec.max_timestamp()) == 1 and offset(OffsetSpec.for_timestamp(1500)) == 1
    assert offset(OffsetSpec.latest(), isolation_level=IsolationLevel.READ_COMMITTED) == 3
    [deleted] = admin.delete_records([TopicPartition("t", 0, 2)]).values()
    assert deleted.result(10).low_watermark == 2 and offset(OffsetSpec.earliest()) == 2
    [missing] = admin.delete_records([TopicPartition("zz", 0, 2)]).values()
    assert code(missing) == "UNKNOWN_TOPIC_OR_PART"
    for wrong in ([5], {partition: 5}, {"t": OffsetSpec.latest()}):
        with pytest.raises(TypeError):
            admin.list_offsets(wrong)
    with pytest.raises(ValueError):
        admin.list_offsets({TopicPartition("t", -1): OffsetSpec.latest()})


def test_there_is_one_node(kafka, admin):
    kafka.create_topic("t")
    cluster = admin.describe_cluster().result(10)
    assert cluster.controller.id == 1 and len(cluster.nodes) == 1 and cluster.cluster_id == admin.cluster_id()
    elected = admin.elect_leaders(ElectionType.PREFERRED, [TopicPartition("t", 0)]).result(10)
    assert list(elected.values()) == [KafkaError.ELECTION_NOT_NEEDED]
    with pytest.raises(TypeError):
        admin.elect_leaders(0)


def test_a_group_has_no_settings(admin):
    group = ConfigResource(ResourceType.GROUP, "g")
    assert admin.describe_configs([group])[group].result(10) == {}
    change = ConfigEntry("consumer.session.timeout.ms", "1", incremental_operation=AlterConfigOpType.SET)
    group.incremental_configs = [change]
    assert code(admin.incremental_alter_configs([group])[group]) == "INVALID_REQUEST"


def test_what_may_be_done_is_told_when_asked(kafka, admin):
    kafka.create_topic("t")

    def told(**asked):
        topic = admin.describe_topics(TopicCollection(["t"]), **asked)["t"].result(10)
        group = admin.describe_consumer_groups(["g"], **asked)["g"].result(10)
        cluster = admin.describe_cluster(**asked).result(10)
        return [one.authorized_operations for one in (topic, group, cluster)]

    assert told() == told(include_authorized_operations=False) == [None, None, None]
    configs = [AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS]
    read, write, create, delete = AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE, AclOperation.DELETE
    alter, describe, action = AclOperation.ALTER, AclOperation.DESCRIBE, AclOperation.CLUSTER_ACTION
    assert told(include_authorized_operations=True) == [
        [read, write, create, delete, alter, describe, *configs],
        [read, delete, describe, *configs],
        [create, alter, describe, action, *configs, AclOperation.IDEMPOTENT_WRITE],
    ]


def test_what_needs_users_says_so(admin):
    every = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    assert code(admin.describe_acls(every)) == "_UNSUPPORTED_FEATURE"
    assert code(admin.describe_user_scram_credentials()) == "_UNSUPPORTED_FEATURE"
    with pytest.raises(ValueError):
        admin.create_acls([])


def test_without_an_engine_requests_time_out():
    admin = AdminClient({"socket.timeout.ms": 100})
    start = time.monotonic()
    assert code(admin.create_topics([NewTopic("a")])["a"]) == "_TIMED_OUT"
    assert 0.05 < time.monotonic() - start < 5


def test_a_closed_client_says_so(config):
    with AdminClient(config) as admin:
        assert admin.poll(0) == 0 and len(admin) == 0
    with pytest.raises(RuntimeError, match="AdminClient has been closed"):
        admin.describe_cluster()
    with pytest.raises(RuntimeError, match="Handle has been closed"):
        admin.list_topics()
