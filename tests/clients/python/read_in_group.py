"""confluent-kafka (librdkafka): a member of a group that reads until its input ends, and writes down what it sees, before it commits.

usage: read_in_group.py BOOTSTRAP NOTES PROTOCOL

PROTOCOL is `classic` or `consumer` (KIP-848), where the server says how long a member may be silent.

It fails when offsets do not follow each other while it has a partition. Whoever gets the partition next goes on from what was
committed last, so that the group sees everything at least once, whoever is killed.
"""

import sys

from confluent_kafka import Consumer, KafkaException

from noting import QUICK, Seen, input_ended

BOOTSTRAP, NOTES, PROTOCOL = sys.argv[1:4]
COMMIT_INTERVAL = 10

stop, seen = input_ended(), Seen(NOTES)
settings = {"bootstrap.servers": BOOTSTRAP, "auto.offset.reset": "earliest", "check.crcs": True, "fetch.wait.max.ms": 50}
group = {"group.id": "readers", "group.protocol": PROTOCOL, "enable.auto.commit": False}
if PROTOCOL == "classic":
    group |= {"session.timeout.ms": 1000, "heartbeat.interval.ms": 100}


def forget(_, partitions):
    for one in partitions:
        seen.following.pop(one.partition, None)


consumer = Consumer(settings | QUICK | group)
consumer.subscribe(["a"], on_assign=forget, on_revoke=forget, on_lost=forget)


def commit():
    try:
        consumer.commit(asynchronous=False)
    except KafkaException:
        # The server is away, or the partition is somebody else's now: who has it next sees some again.
        pass


count = 0
while not stop.is_set():
    message = consumer.poll(0.1)
    if message is not None and seen.add(message):
        count += 1
        if count % COMMIT_INTERVAL == 0:
            commit()
commit()
consumer.close()
print("ok")
