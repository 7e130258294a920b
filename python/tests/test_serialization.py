import pytest

from tidelog import DeserializingConsumer, SerializingProducer
from tidelog.error import ConsumeError, KeySerializationError, ValueDeserializationError, ValueSerializationError
from tidelog.serialization import (
    DoubleDeserializer,
    DoubleSerializer,
    IntegerDeserializer,
    IntegerSerializer,
    MessageField,
    SerializationContext,
    SerializationError,
    Serializer,
    SerializerBuilder,
    StringDeserializer,
    StringSerializer,
)


def test_serializers_and_back():
    for serialize, deserialize, value, data in [
        (IntegerSerializer(), IntegerDeserializer(), -2, b"\xff\xff\xff\xfe"),
        (DoubleSerializer(), DoubleDeserializer(), 1.5, b"\x3f\xf8" + b"\0" * 6),
        (StringSerializer(), StringDeserializer(), "ä", b"\xc3\xa4"),
        (StringSerializer("utf_16"), StringDeserializer("utf_16"), "ä", "ä".encode("utf_16")),
    ]:
        assert serialize(value) == data and deserialize(data) == value
        assert serialize(None) is None and deserialize(None) is None
    for call, wrong in [
        (IntegerSerializer(), 2**31),
        (IntegerDeserializer(), b"x"),
        (DoubleSerializer(), "x"),
        (StringSerializer("ascii"), "ä"),
        (StringDeserializer(), b"\xff"),
    ]:
        with pytest.raises(SerializationError):
            call(wrong)


def test_clients_with_serializers(kafka, config):
    producer = SerializingProducer({**config, "key.serializer": StringSerializer(), "value.serializer": IntegerSerializer()})
    producer.produce("t", "k", 5)
    with pytest.raises(ValueSerializationError) as raised:
        producer.produce("t", "k", "not a number")
    assert raised.value.name == "_VALUE_SERIALIZATION" and isinstance(raised.value.exception, SerializationError)
    with pytest.raises(KeySerializationError):
        producer.produce("t", 5, 5)
    producer.close()
    with pytest.raises(RuntimeError):
        producer.produce("t", "k", 5)
    kafka.produce("t", b"not four bytes")
    settings = {"group.id": "g", "auto.offset.reset": "earliest", "enable.partition.eof": True}
    deserializers = {"key.deserializer": StringDeserializer(), "value.deserializer": IntegerDeserializer()}
    with DeserializingConsumer({**config, **settings, **deserializers}) as consumer:
        consumer.subscribe(["t"])
        message = consumer.poll(10)
        assert (message.key(), message.value(), message.deserialized_value()) == ("k", 5, 5)
        with pytest.raises(ValueDeserializationError) as raised:
            consumer.poll(10)
        assert raised.value.kafka_message.value() == b"not four bytes"
        with pytest.raises(ConsumeError) as raised:
            consumer.poll(10)
        assert raised.value.name == "_PARTITION_EOF"
        with pytest.raises(NotImplementedError):
            consumer.consume()


def test_serializers_know_what_they_serialize(kafka, config):
    seen = []

    class Spy(Serializer):
        def __call__(self, obj, ctx=None):
            seen.append((ctx.topic, str(ctx.field), ctx.headers))
            return b""

    producer = SerializingProducer({**config, "key.serializer": Spy(), "value.serializer": Spy()})
    producer.produce("t", "k", "v", headers={"a": "b"})
    assert seen == [("t", "key", {"a": "b"}), ("t", "value", {"a": "b"})]
    assert SerializationContext("t", MessageField.KEY).headers is None


def test_builders(config):
    closed = []

    class Built(Serializer):
        def __call__(self, obj, ctx=None):
            return b"built"

        def close(self):
            closed.append(self)

    class Builder(SerializerBuilder):
        def build(self, conf, is_key):
            conf.pop("own.setting")
            return Built(), conf

    producer = SerializingProducer({**config, "value.serializer.builder": Builder(), "own.setting": 1})
    producer.produce("t", value="v")
    producer.close()
    assert len(closed) == 1
    with pytest.raises(ValueError, match="Cannot configure both"):
        SerializingProducer({**config, "value.serializer.builder": Builder(), "value.serializer": Built()})
