"""confluent-kafka (librdkafka): reads all partitions from their start until its input ends, and writes down what it sees.

usage: read_along.py BOOTSTRAP NOTES PARTITIONS

It fails when offsets do not follow each other: nothing may come twice, and nothing that was there be skipped, whatever becomes
of the server.
"""

import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from noting import QUICK, Seen, input_ended

BOOTSTRAP, NOTES, PARTITIONS = sys.argv[1], sys.argv[2], int(sys.argv[3])

stop, seen = input_ended(), Seen(NOTES)
settings = {"bootstrap.servers": BOOTSTRAP, "group.id": "along", "enable.auto.commit": False, "fetch.wait.max.ms": 50}
consumer = Consumer(settings | QUICK | {"auto.offset.reset": "error", "check.crcs": True})
consumer.assign([TopicPartition("a", partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
while not stop.is_set():
    message = consumer.poll(0.1)
    if message is not None:
        seen.add(message)
print("ok")
