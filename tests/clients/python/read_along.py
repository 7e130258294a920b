"""confluent-kafka (librdkafka): reads all partitions from their start until its input ends, and writes down what it sees.

usage: read_along.py BOOTSTRAP NOTES PARTITIONS

It fails when offsets do not follow each other: nothing may come twice, and nothing that was there be skipped, whatever becomes
of the server.
"""

import os
import sys
import threading

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

BOOTSTRAP, NOTES, PARTITIONS = sys.argv[1], sys.argv[2], int(sys.argv[3])

notes = os.open(NOTES, os.O_WRONLY | os.O_APPEND)
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
quick = {"reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 20, "log_level": 0, "fetch.wait.max.ms": 50}
settings = {"bootstrap.servers": BOOTSTRAP, "group.id": "along", "enable.auto.commit": False}
consumer = Consumer(settings | quick | {"auto.offset.reset": "error", "check.crcs": True})
consumer.assign([TopicPartition("a", partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
following = {}
silent = 0
# What is on its way when the sending ends is read as well.
while not stop.is_set() or silent < 5:
    message = consumer.poll(0.1)
    silent = silent + 1 if message is None else 0
    if message is None:
        continue
    if message.error():
        # The server is away.
        expected = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE)
        assert message.error().code() in expected, message.error()
        continue
    offset, value = message.offset(), message.value()
    expected = following.setdefault(message.partition(), offset)
    assert offset == expected, f"partition {message.partition()}: {offset} behind {expected - 1}"
    following[message.partition()] = offset + 1
    producer, number = int.from_bytes(value[:8], "big"), int.from_bytes(value[8:16], "big")
    os.write(notes, f"seen {message.partition()} {offset} {producer} {number}\n".encode())
print("ok")
