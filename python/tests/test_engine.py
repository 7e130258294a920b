import socket
import time

import pytest

from tidelog import Consumer, Engine, KafkaException, Producer, TopicPartition
from tidelog.admin import AdminClient, ConfigResource, NewTopic
from tidelog.testing import Kafka


def test_an_engine_in_memory_lives_as_long_as_it_is_open():
    with Engine() as engine:
        for _ in range(2):
            with Producer({"bootstrap.servers": engine.bootstrap_servers}) as producer:
                producer.produce("t", "v")
        with Producer({"bootstrap.servers": engine.bootstrap_servers}) as producer:
            assert "t" in producer.list_topics().topics
        assert engine.addresses == []
    engine.close()


def test_an_engine_can_be_reached_by_others(tmp_path):
    confluent_kafka = pytest.importorskip("confluent_kafka")
    with Engine(tmp_path / "data", listeners=["127.0.0.1:0", f"unix:{tmp_path}/socket"]) as engine:
        address, unix = engine.addresses
        assert unix == f"unix:{tmp_path}/socket"
        theirs = confluent_kafka.Producer({"bootstrap.servers": address})
        theirs.produce("t", "from outside")
        assert theirs.flush(20) == 0
        kafka = Kafka()
        kafka.config = {"bootstrap.servers": engine.bootstrap_servers}
        assert [message.value() for message in kafka.messages("t")] == [b"from outside"]
        kafka.close()
    host, port = address.rsplit(":", 1)
    with pytest.raises(OSError):
        socket.create_connection((host, int(port)), 1)


def test_what_an_engine_refuses(tmp_path):
    with pytest.raises(KafkaException, match="no authentication"):
        Engine(listeners=["0.0.0.0:0"])
    with pytest.raises(ValueError, match="cannot listen at"):
        Engine(listeners=["nonsense"])
    with pytest.raises(KafkaException, match="No such configuration property"):
        Engine(config={"foo": 1})
    with pytest.raises(ValueError, match="advertised"):
        Engine(advertised="x")
    with Engine(listeners=["127.0.0.1:0"]) as engine:
        with pytest.raises(KafkaException):
            Engine(listeners=[engine.addresses[0]])


def test_settings_of_an_engine():
    with Engine(config={"tidelog.num.partitions": 3}) as engine:
        with Producer({"bootstrap.servers": engine.bootstrap_servers}) as producer:
            producer.produce("t", "v")
            assert len(producer.list_topics("t").topics["t"].partitions) == 3


def test_kafkas_broker_settings_have_our_prefix():
    settings = {
        "tidelog.auto.create.topics.enable": False,
        "tidelog.log.cleaner.backoff.ms": 20,
        "tidelog.log.retention.check.interval.ms": 20,
        "tidelog.log.retention.hours": 1,
    }
    with Engine(config=settings) as engine:
        kafka = Kafka()
        kafka.config = {"bootstrap.servers": engine.bootstrap_servers}
        with Producer(kafka.config) as producer:
            with pytest.raises(KafkaException, match="UNKNOWN_TOPIC_OR_PART"):
                producer.produce("none", "v", on_delivery=_raise)
                producer.flush(10)
        admin = AdminClient(kafka.config)
        described = admin.describe_configs([ConfigResource("broker", "1")])
        told = next(iter(described.values())).result(10)
        assert told["log.retention.hours"].value == "1" and told["log.cleaner.backoff.ms"].value == "20"

        compacted = {"cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "0"}
        topics = [NewTopic("compacted", 1, config=compacted), NewTopic("kept", 1)]
        for created in admin.create_topics(topics).values():
            created.result(10)
        with Producer(kafka.config) as producer:
            for value in range(5):
                producer.produce("compacted", str(value), "key")
                producer.produce("kept", "old", timestamp=1)
                producer.flush(10)
                time.sleep(0.005)
        with Consumer({**kafka.config, "group.id": "g"}) as consumer:
            _until(lambda: consumer.get_watermark_offsets(TopicPartition("kept", 0))[0] == 5)
        _until(lambda: [message.value() for message in kafka.messages("compacted")] == [b"3", b"4"])
        kafka.close()


def test_engines_settings_that_are_refused():
    for settings, said in [
        ({"tidelog.num.partitions": 0}, "Invalid value 0 for configuration tidelog.num.partitions"),
        ({"tidelog.num.partition": 1}, 'No such configuration property: "tidelog.num.partition"'),
        ({"tidelog.group.min.session.timeout.ms": 2000000}, "group.max.session.timeout.ms must be greater"),
    ]:
        with pytest.raises(KafkaException, match=said):
            Engine(config=settings)
        with pytest.raises(KafkaException, match=said):
            Producer({"bootstrap.servers": "tidelog::memory:", **settings})


def _raise(error, _message):
    raise KafkaException(error)


def _until(is_true, patience=10):
    end = time.monotonic() + patience
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_engine_is_named_by_a_path_or_as_its_clients_name_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (None, ":memory:", "tidelog::memory:"):
        with Engine(name) as engine:
            assert engine.bootstrap_servers.startswith("tidelog::memory:engine-")
    with Engine("tidelog::memory:known") as engine:
        assert engine.bootstrap_servers == "tidelog::memory:known"
    assert list(tmp_path.iterdir()) == []
    with Engine("tidelog:./one") as one, Engine("two") as two:
        assert (one.bootstrap_servers, two.bootstrap_servers) == ("tidelog:./one", f"tidelog:{tmp_path}/two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
