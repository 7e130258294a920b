import pytest

from tidelog import KafkaException
from tidelog.admin import ConfigResource
from tidelog.testing import Kafka


@pytest.fixture
def kafka_config():
    return {"tidelog.num.partitions": 3}


def test_a_module_says_with_what_settings(kafka):
    kafka.produce("made.by.use", "v")
    assert len(kafka.admin.list_topics("made.by.use").topics["made.by.use"].partitions) == 3


def test_only_what_consumers_can_see_is_told():
    kafka = Kafka()
    producer = kafka.producer(**{"transactional.id": "t"})
    producer.init_transactions()
    for value, commits in [("kept", True), ("given up", False), ("kept, too", True)]:
        producer.begin_transaction()
        producer.produce("t", value)
        if commits:
            producer.commit_transaction()
        else:
            producer.flush()
            producer.abort_transaction()
    assert [message.value() for message in kafka.messages("t")] == [b"kept", b"kept, too"]
    producer.begin_transaction()
    producer.produce("t", "not yet")
    producer.flush()
    assert len(kafka.messages("t")) == 2
    producer.abort_transaction()
    kafka.create_topic("empty", partitions=2)
    assert kafka.messages("empty") == []
    kafka.close()


def test_what_cannot_be_set_is_said_at_once():
    with pytest.raises(KafkaException, match="tidelog.num.partitions"):
        Kafka({"tidelog.num.partitions": 0})
    kafka = Kafka({"tidelog.node.id": 7})
    described = kafka.admin.describe_configs([ConfigResource("broker", "7")])
    assert next(iter(described.values())).result(10)["node.id"].value == "7"
    kafka.close()
