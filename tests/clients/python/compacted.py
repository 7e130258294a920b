"""What compaction leaves is read by confluent-kafka, kafka-python and aiokafka. The server compacts at once.

Of each producer that numbers its batches the last one stays, without records when all of them have gone.

usage: compacted.py BOOTSTRAP
"""

import asyncio
import sys
import time

import confluent_kafka
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaConsumer
from kafka import TopicPartition as KafkaTopicPartition

BOOTSTRAP = sys.argv[1]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
SETTINGS = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0", "segment.ms": "10000"}
# Times of records, far enough apart for a segment each.
START, APART = 1_600_000_000_000, 20_000
PATIENCE = 30
# What is left: the newest segment is not compacted, and the one before has the newest record among the others.
LEFT = [(b"key", b"3"), (b"key", b"4")]


def fill(codec):
    """A batch of a producer that numbers it, whose keys all come again. Returns the topic."""
    topic = f"compacted-{codec}"
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    admin.create_topics([NewTopic(topic, 1, config=SETTINGS)])[topic].result()
    numbering = {"enable.idempotence": True, "compression.type": codec, "linger.ms": 50}
    producer = confluent_kafka.Producer({"bootstrap.servers": BOOTSTRAP, **numbering})
    for number in range(20):
        producer.produce(topic, b"a value that will be gone %d" % number, b"key", timestamp=START)
    assert producer.flush(PATIENCE) == 0
    producer = confluent_kafka.Producer({"bootstrap.servers": BOOTSTRAP})
    for number in range(1, 5):
        producer.produce(topic, b"%d" % number, b"key", timestamp=START + number * APART)
        assert producer.flush(PATIENCE) == 0
    return topic


def by_confluent_kafka(topic):
    settings = {"group.id": "confluent-kafka", "enable.partition.eof": True, "enable.auto.commit": False}
    consumer = confluent_kafka.Consumer({"bootstrap.servers": BOOTSTRAP, **settings})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    found = []
    while message := consumer.poll(PATIENCE):
        if message.error():
            assert message.error().name() == "_PARTITION_EOF", message.error()
            break
        found.append((message.key(), message.value()))
    consumer.close()
    return found


def by_kafka_python(topic):
    consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, consumer_timeout_ms=PATIENCE * 1000)
    place = KafkaTopicPartition(topic, 0)
    consumer.assign([place])
    consumer.seek(place, 0)
    found = []
    end = consumer.end_offsets([place])[place]
    for message in consumer:
        found.append((message.key, message.value))
        if message.offset == end - 1:
            break
    consumer.close()
    return found


async def by_aiokafka(topic):
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP)
    await consumer.start()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    consumer.seek(place, 0)
    found = []
    end = (await consumer.end_offsets([place]))[place]
    while not found or message.offset < end - 1:
        message = await asyncio.wait_for(consumer.getone(), PATIENCE)
        found.append((message.key, message.value))
    await consumer.stop()
    return found


def main():
    for topic in [fill(codec) for codec in CODECS]:
        deadline = time.monotonic() + PATIENCE
        while (found := by_confluent_kafka(topic)) != LEFT:
            assert time.monotonic() < deadline, f"{topic}: {found}"
            time.sleep(0.05)
        assert by_kafka_python(topic) == LEFT, topic
        assert asyncio.run(by_aiokafka(topic)) == LEFT, topic
    print("ok")


main()
