import socket

import pytest

from tidelog import Engine, KafkaException, Producer
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
