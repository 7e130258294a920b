"""confluent-kafka (librdkafka): transactions against a server.

usage: transactions.py BOOTSTRAP
"""

import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP = sys.argv[1]
SOURCE, TARGET = "source", "target"
GROUP = "movers"
SECONDS = 30


def create_topics():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    for future in admin.create_topics([NewTopic(SOURCE, 3, 1), NewTopic(TARGET, 3, 1)]).values():
        future.result(SECONDS)


def producer(name="mover", **settings):
    made = Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": name} | settings)
    made.init_transactions(SECONDS)
    return made


def read(isolation):
    """Values of the target that a reader sees up to the end."""
    settings = {"bootstrap.servers": BOOTSTRAP, "group.id": isolation, "enable.partition.eof": True}
    consumer = Consumer(settings | {"isolation.level": isolation, "enable.auto.commit": False})
    consumer.assign([TopicPartition(TARGET, number, 0) for number in range(3)])
    values, ends = [], 0
    while ends < 3:
        message = consumer.poll(SECONDS)
        if message.error() is None:
            values.append(message.value().decode())
        else:
            assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
            ends += 1
    consumer.close()
    return sorted(values)


def committed_offsets():
    settings = {"bootstrap.servers": BOOTSTRAP, "group.id": GROUP, "isolation.level": "read_committed"}
    consumer = Consumer(settings)
    found = consumer.committed([TopicPartition(SOURCE, number) for number in range(3)], SECONDS)
    consumer.close()
    return sum(max(one.offset, 0) for one in found)


def commit_and_abort():
    mover = producer()
    mover.begin_transaction()
    for number in range(300):
        mover.produce(TARGET, f"committed {number:03}")
    assert mover.flush(SECONDS) == 0
    assert len(read("read_uncommitted")) == 300
    assert read("read_committed") == []
    mover.commit_transaction(SECONDS)
    expected = [f"committed {number:03}" for number in range(300)]
    assert read("read_committed") == expected
    mover.begin_transaction()
    for number in range(300):
        mover.produce(TARGET, f"aborted {number:03}")
    assert mover.flush(SECONDS) == 0
    mover.abort_transaction(SECONDS)
    assert read("read_committed") == expected
    assert len(read("read_uncommitted")) == 600


def move():
    """Exactly once: from one topic to another, with what was read as part of the transaction."""
    plain = Producer({"bootstrap.servers": BOOTSTRAP})
    for number in range(500):
        plain.produce(SOURCE, f"{number}")
    assert plain.flush(SECONDS) == 0
    settings = {"bootstrap.servers": BOOTSTRAP, "group.id": GROUP, "auto.offset.reset": "earliest"}
    consumer = Consumer(settings | {"enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.subscribe([SOURCE])
    mover, moved, rounds = producer(), 0, 0
    while moved < 500:
        messages = consumer.consume(50, 1)
        if not messages:
            continue
        rounds += 1
        mover.begin_transaction()
        for message in messages:
            mover.produce(TARGET, f"moved {message.value().decode()}")
        positions = consumer.position(consumer.assignment())
        mover.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), SECONDS)
        if rounds % 3 == 0:
            # It goes back to where it was.
            mover.abort_transaction(SECONDS)
            for one in consumer.committed(consumer.assignment(), SECONDS):
                consumer.seek(TopicPartition(one.topic, one.partition, max(one.offset, 0)))
        else:
            mover.commit_transaction(SECONDS)
            moved += len(messages)
    consumer.close()
    values = [value for value in read("read_committed") if value.startswith("moved")]
    assert values == sorted(f"moved {number}" for number in range(500)), len(values)
    assert committed_offsets() == 500


def fence():
    old = producer("fenced")
    old.begin_transaction()
    old.produce(TARGET, "old")
    assert old.flush(SECONDS) == 0
    new = producer("fenced")
    try:
        old.commit_transaction(SECONDS)
        raise AssertionError("a fenced producer has committed")
    except KafkaException as error:
        assert error.args[0].fatal(), error
        assert error.args[0].code() == KafkaError._FENCED, error
    new.begin_transaction()
    new.produce(TARGET, "new")
    new.commit_transaction(SECONDS)
    values = read("read_committed")
    assert "new" in values and "old" not in values


def main():
    create_topics()
    commit_and_abort()
    move()
    fence()
    print("ok")


main()
