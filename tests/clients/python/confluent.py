"""confluent-kafka (librdkafka): producer, group consumer and every admin call against a server.

usage: confluent.py BOOTSTRAP
"""

import sys

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicCollection
from confluent_kafka import ConsumerGroupState, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions
from confluent_kafka.admin import NewTopic, OffsetSpec

BOOTSTRAP = sys.argv[1]
TOPIC = "confluent"
RECORDS = 20_000
SECONDS = 30


def only(futures):
    """The result of a call about one thing."""
    (future,) = futures.values()
    return future.result(SECONDS)


def produce(codec):
    reports = []
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "compression.type": codec})
    for number in range(RECORDS):
        record = dict(key=str(number % 100), value=f"{codec} {number}", headers=[("codec", codec.encode())])
        while True:
            try:
                producer.produce(TOPIC, on_delivery=lambda error, message: reports.append(error), **record)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(SECONDS) == 0
    assert reports == [None] * RECORDS, set(reports)


def consume(codecs):
    settings = {"bootstrap.servers": BOOTSTRAP, "group.id": "confluent", "auto.offset.reset": "earliest"}
    consumer = Consumer(settings | {"enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.subscribe([TOPIC])
    seen = {}
    for _ in range(RECORDS * len(codecs)):
        message = consumer.poll(SECONDS)
        assert message is not None and message.error() is None, message and message.error()
        codec, number = message.value().decode().split()
        assert message.headers() == [("codec", codec.encode())]
        # A key's records stay in order.
        last = seen.setdefault((codec, message.key()), -1)
        assert int(number) > last
        seen[codec, message.key()] = int(number)
    committed = consumer.commit(asynchronous=False)
    assert sum(one.offset for one in committed) == RECORDS * len(codecs)
    return consumer


def administer():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    topic = ConfigResource(ConfigResource.Type.TOPIC, TOPIC)
    assert only(admin.describe_configs([topic]))["retention.ms"].value == "600000"
    entry = ConfigEntry("retention.ms", "700000", incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(ConfigResource.Type.TOPIC, TOPIC, incremental_configs=[entry])
    only(admin.incremental_alter_configs([changed]))
    assert only(admin.describe_configs([topic]))["retention.ms"].value == "700000"
    assert "num.partitions" in only(admin.describe_configs([ConfigResource(ConfigResource.Type.BROKER, "1")]))
    described = only(admin.describe_topics(TopicCollection([TOPIC])))
    assert [one.leader.id for one in described.partitions] == [1] * 3
    assert only(admin.describe_consumer_groups(["confluent"])).state == ConsumerGroupState.STABLE
    listed = admin.list_consumer_groups().result(SECONDS)
    assert "confluent" in [one.group_id for one in listed.valid]
    only(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions("confluent")]))
    first = TopicPartition(TOPIC, 0)
    end = only(admin.list_offsets({first: OffsetSpec.latest()})).offset
    assert end > 10
    assert only(admin.delete_records([TopicPartition(TOPIC, 0, 10)])).low_watermark == 10
    assert only(admin.list_offsets({first: OffsetSpec.earliest()})).offset == 10
    only(admin.create_partitions([NewPartitions(TOPIC, 5)]))
    assert len(admin.list_topics(TOPIC, SECONDS).topics[TOPIC].partitions) == 5
    assert admin.describe_cluster().result(SECONDS).controller.id == 1
    return admin


def main():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    only(admin.create_topics([NewTopic(TOPIC, 3, 1, config={"retention.ms": "600000"})]))
    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
    for codec in codecs:
        produce(codec)
    consumer = consume(codecs)
    admin = administer()
    consumer.close()
    only(admin.delete_consumer_groups(["confluent"]))
    only(admin.delete_topics([TOPIC]))
    assert TOPIC not in admin.list_topics(timeout=SECONDS).topics
    print("ok")


main()
