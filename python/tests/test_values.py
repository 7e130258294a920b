"""Message, TopicPartition, KafkaError, Uuid, constants, functions."""

import copy
import pickle

import pytest

import tidelog
from tidelog import KafkaError, KafkaException, Message, TopicPartition, Uuid


def test_a_message_can_be_made_and_changed():
    plain = Message()
    assert [plain.topic(), plain.partition(), plain.offset(), plain.key(), plain.value()] == [None] * 5
    assert [plain.headers(), plain.error(), plain.latency(), plain.leader_epoch(), plain.delivery_count()] == [None] * 5
    assert plain.timestamp() == (0, 0) and len(plain) == 0
    made = Message("t", 1, 5, b"k", b"vv", [("a", b"b")], None, (1, 5), 0.5, 3, 2)
    assert (made.topic(), made.partition(), made.offset(), len(made), made.latency()) == ("t", 1, 5, 2, 0.5)
    assert made == pickle.loads(pickle.dumps(made)) and made != plain and made != 5 and made != None  # noqa: E711
    with pytest.raises(TypeError):
        hash(made)
    with pytest.raises(TypeError):
        made < plain
    for name in ("topic", "key", "value", "headers", "error"):
        thing = object()
        getattr(made, f"set_{name}")(thing)
        assert getattr(made, name)() is thing
    assert made.deserialized_key() is made.key() and made.deserialized_value() is made.value()


def test_a_consumed_message_can_be_changed_and_pickled(kafka):
    kafka.produce("t", "v", key="k", headers={"a": "b"})
    [message] = kafka.messages("t")
    again = pickle.loads(pickle.dumps(message))
    assert again == message and again.value() == b"v" and again.headers() == [("a", b"b")]
    message.set_value({"parsed": True})
    assert message.value() == {"parsed": True} and message.key() == b"k" and message.offset() == 0


def test_topic_partitions_are_equal_by_topic_and_partition():
    one, same, other = TopicPartition("a", 1, 5), TopicPartition("a", 1, 7), TopicPartition("a", 2)
    assert one == same and one != other and one < other and hash(one) == hash(same) == hash("a") ^ 1
    assert not one == None and one != "a" and one not in [1, None]  # noqa: E711
    with pytest.raises(NotImplementedError):
        one < 5
    assert repr(TopicPartition("a")) == "TopicPartition{topic=a,partition=-1,offset=-1001,leader_epoch=None,error=None}"
    one.offset, one.partition = 8, 3
    assert (one.offset, one.partition) == (8, 3)
    for name in ("topic", "metadata", "leader_epoch", "error"):
        with pytest.raises(AttributeError):
            setattr(one, name, None)
    for arguments in [{"offset": None}, {"metadata": None}, {"leader_epoch": None}, {"partition": "x"}]:
        with pytest.raises(TypeError):
            TopicPartition("a", **arguments)
    full = TopicPartition("a", 1, 2, "m", 3)
    for clone in (copy.copy(full), pickle.loads(pickle.dumps(full))):
        assert (clone.topic, clone.partition, clone.offset, clone.metadata, clone.leader_epoch) == ("a", 1, 2, "m", 3)


def test_errors_compare_by_code():
    error = KafkaError(KafkaError._TIMED_OUT, "why", fatal=True)
    assert error == KafkaError._TIMED_OUT == KafkaError(-185) and error < KafkaError(3) and hash(error) == -185
    assert (error.code(), error.name(), error.str()) == (-185, "_TIMED_OUT", "why")
    assert error.fatal() and not error.retriable() and not error.txn_requires_abort()
    assert str(error) == repr(error) == 'KafkaError{FATAL,code=_TIMED_OUT,val=-185,str="why"}'
    assert KafkaError(0).str() == "Success" and bool(KafkaError(0))
    assert KafkaError(12345).name() == "ERR_12345?" and KafkaError(12345).str() == "Err-12345?"
    assert not error == None and error != "x"  # noqa: E711
    assert pickle.loads(pickle.dumps(error)).str() == "why"


def test_errors_can_be_raised():
    with pytest.raises(KafkaException) as raised:
        raise KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
    assert raised.value.args[0].code() == 3
    exception = KafkaException(KafkaError(3, "why"))
    again = pickle.loads(pickle.dumps(exception))
    assert type(again) is KafkaException and again.args[0].str() == "why"


def test_every_code_of_librdkafka_has_its_constant():
    codes = {name: getattr(KafkaError, name) for name in dir(KafkaError) if name.isupper() or name.startswith("_") and name[1:2].isupper()}
    assert codes["_ALL_BROKERS_DOWN"] == -187 and codes["TOPIC_ALREADY_EXISTS"] == 36
    assert all(KafkaError(code).name() == name for name, code in codes.items())
    assert len(codes) > 180


def test_uuid_prints_as_kafka_does():
    uuid = Uuid(1, 2)
    assert str(uuid) == "AAAAAAAAAAEAAAAAAAAAAg" and uuid == Uuid(1, 2) and uuid != Uuid(2, 1)
    assert (uuid.get_most_significant_bits(), uuid.get_least_significant_bits()) == (1, 2)
    assert Uuid(-1, -1).get_most_significant_bits() == -1


def test_partitioners():
    assert [tidelog.murmur2(b"x", 10), tidelog.consistent(b"x", 10), tidelog.fnv1a(b"x", 10)] == [6, 3, 1]
    with pytest.raises(ValueError, match="partition_count must be > 0, got 0"):
        tidelog.murmur2(b"x", 0)
    with pytest.raises(TypeError):
        tidelog.murmur2("x", 1)


def test_versions():
    assert tidelog.__version__ == tidelog.version() and isinstance(tidelog.libversion()[1], int)
