"""confluent-kafka (librdkafka): a member of a group that reads until its input ends, and writes down what it sees, before it commits.

usage: read_in_group.py BOOTSTRAP NOTES

It fails when offsets do not follow each other while it has a partition. Whoever gets the partition next goes on from what was
committed last, so that the group sees everything at least once, whoever is killed.
"""

import os
import sys
import threading

from confluent_kafka import Consumer, KafkaError, KafkaException

BOOTSTRAP, NOTES = sys.argv[1:3]
COMMIT_INTERVAL = 10

notes = os.open(NOTES, os.O_WRONLY | os.O_APPEND)
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
quick = {"reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 20, "log_level": 0, "fetch.wait.max.ms": 50}
group = {"group.id": "readers", "session.timeout.ms": 1000, "heartbeat.interval.ms": 100, "enable.auto.commit": False}
consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "auto.offset.reset": "earliest", "check.crcs": True} | quick | group)
following = {}
consumer.subscribe(["a"], on_assign=lambda *_: following.clear(), on_revoke=lambda *_: following.clear())


def commit():
    try:
        consumer.commit(asynchronous=False)
    except KafkaException:
        # The server is away, or the partition is somebody else's now: who has it next sees some again.
        pass


seen = 0
while not stop.is_set():
    message = consumer.poll(0.1)
    if message is None:
        continue
    if message.error():
        expected = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._MAX_POLL_EXCEEDED)
        assert message.error().code() in expected, message.error()
        continue
    offset, value = message.offset(), message.value()
    expected = following.setdefault(message.partition(), offset)
    assert offset == expected, f"partition {message.partition()}: {offset} behind {expected - 1}"
    following[message.partition()] = offset + 1
    producer, number = int.from_bytes(value[:8], "big"), int.from_bytes(value[8:16], "big")
    os.write(notes, f"seen {message.partition()} {offset} {producer} {number}\n".encode())
    seen += 1
    if seen % COMMIT_INTERVAL == 0:
        commit()
commit()
consumer.close()
print("ok")
