"""confluent-kafka's own Python layers on tidelog's native module: in a process of its own, because it cannot be undone."""

import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
import asyncio, tidelog
tidelog.install_as_confluent_kafka()
import confluent_kafka
from confluent_kafka import DeserializingConsumer, SerializingProducer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource, NewTopic, OffsetSpec
from confluent_kafka.serialization import StringDeserializer, StringSerializer

assert confluent_kafka.Producer is tidelog._cimpl.Producer
config = {"bootstrap.servers": "tidelog::memory:stand-in"}
admin = AdminClient(config)
assert admin.create_topics([NewTopic("t", 2, 1)])["t"].result(10) is None
[described] = admin.describe_configs([ConfigResource("topic", "t")]).values()
assert type(described.result(10)["retention.ms"]) is ConfigEntry
assert type(admin.list_topics()) is confluent_kafka.admin.ClusterMetadata
producer = SerializingProducer({**config, "value.serializer": StringSerializer()})
producer.produce("t", value="text", partition=1)
assert producer.flush(10) == 0
settings = {"group.id": "g", "auto.offset.reset": "earliest", "value.deserializer": StringDeserializer()}
consumer = DeserializingConsumer({**config, **settings})
consumer.subscribe(["t"])
assert consumer.poll(10).value() == "text"
group = admin.describe_consumer_groups(["g"])["g"].result(10)
assert type(group.coordinator) is confluent_kafka.Node
consumer.close()
[offset] = admin.list_offsets({TopicPartition("t", 1): OffsetSpec.latest()}).values()
assert offset.result(10).offset == 1
try:
    from confluent_kafka.aio import AIOConsumer, AIOProducer
except ImportError:
    pass
else:
    async def main():
        writer = AIOProducer(dict(config))
        delivered = await writer.produce("t", "a", partition=0)
        await writer.flush()
        assert (await delivered).offset() == 0
        await writer.close()
        reader = AIOConsumer({**config, "group.id": "h", "auto.offset.reset": "earliest"})
        await reader.subscribe(["t"])
        assert len(await reader.consume(2, 10)) == 2
        await reader.close()
    asyncio.run(main())
print("ok")
"""

QUIX = """
import tempfile, tidelog
from datetime import timedelta
tidelog.install_as_confluent_kafka()
from quixstreams import Application

with tidelog.Engine() as engine:
    app = Application(
        broker_address=engine.bootstrap_servers, consumer_group="g", auto_offset_reset="earliest",
        state_dir=tempfile.mkdtemp(), loglevel="ERROR",
    )
    words = app.topic("words", value_serializer="json", value_deserializer="json")
    counts = app.topic("counts", value_serializer="json")
    with app.get_producer() as producer:
        for word, at in [("a", 0), ("b", 100), ("a", 200), ("a", 11_000), ("b", 12_000), ("a", 30_000)]:
            message = words.serialize(key=word, value=word)
            producer.produce(words.name, key=message.key, value=message.value, timestamp=1_700_000_000_000 + at)
    found = []
    frame = app.dataframe(words).tumbling_window(timedelta(seconds=10)).count().current()
    frame = frame.update(lambda counted: found.append((counted["start"] - 1_700_000_000_000, counted["value"])))
    frame.to_topic(counts)
    app.run(count=6, timeout=60)
assert sorted(found) == [(0, 1), (0, 1), (0, 2), (10_000, 1), (10_000, 1), (30_000, 1)], found
print("ok")
"""


@pytest.mark.parametrize("needs, script", [("confluent_kafka", SCRIPT), ("quixstreams", QUIX)])
def test_what_is_built_on_confluent_kafka_runs_on_the_engine(needs, script, tmp_path):
    pytest.importorskip(needs)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert done.returncode == 0 and done.stdout.endswith("ok\n"), done.stdout + done.stderr


def test_it_must_come_first():
    pytest.importorskip("confluent_kafka")
    script = "import confluent_kafka, tidelog; tidelog.install_as_confluent_kafka()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "RuntimeError: confluent_kafka has been imported already" in done.stderr
