"""kafka-python: exactly once from one topic to another.

usage: kafka_python_transactions.py BOOTSTRAP
"""

import sys

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.structs import OffsetAndMetadata

BOOTSTRAP = sys.argv[1]
SOURCE, TARGET, GROUP = "python-source", "python-target", "python-movers"
RECORDS = 500


def create():
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    admin.create_topics([NewTopic(SOURCE, 2, 1), NewTopic(TARGET, 2, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP)
    for number in range(RECORDS):
        producer.send(SOURCE, b"%d" % number)
    producer.close()


def move():
    """Moves everything; every third transaction is given up and done again. Returns how many were."""
    settings = dict(group_id=GROUP, auto_offset_reset="earliest", isolation_level="read_committed")
    consumer = KafkaConsumer(
        SOURCE, bootstrap_servers=BOOTSTRAP, enable_auto_commit=False, **settings
    )
    mover = KafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id="python-mover")
    mover.init_transactions()
    moved, rounds, aborted = 0, 0, 0
    while moved < RECORDS:
        batches = consumer.poll(timeout_ms=1_000, max_records=40)
        if not batches:
            continue
        rounds += 1
        mover.begin_transaction()
        for messages in batches.values():
            for message in messages:
                mover.send(TARGET, message.value)
        offsets = {
            partition: OffsetAndMetadata(messages[-1].offset + 1, "", -1)
            for partition, messages in batches.items()
        }
        mover.send_offsets_to_transaction(offsets, consumer.group_metadata())
        if rounds % 3 == 0:
            mover.abort_transaction()
            aborted += 1
            for partition in batches:
                consumer.seek(partition, consumer.committed(partition) or 0)
        else:
            mover.commit_transaction()
            moved += sum(map(len, batches.values()))
    assert sum(consumer.committed(partition) for partition in consumer.assignment()) == RECORDS
    consumer.close()
    mover.close()
    return aborted


def read(isolation):
    """Values of the target that a reader sees up to the end."""
    consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, isolation_level=isolation)
    partitions = [TopicPartition(TARGET, number) for number in range(2)]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    values = []
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for messages in consumer.poll(timeout_ms=200).values():
            values += [int(message.value) for message in messages]
    consumer.close()
    return values


def main():
    create()
    assert move() > 0
    assert sorted(read("read_committed")) == list(range(RECORDS))
    assert len(read("read_uncommitted")) > RECORDS
    print("ok")


main()
