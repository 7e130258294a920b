"""confluent-kafka (librdkafka): a member of a group that reads until its input ends, and writes down what it sees, before it commits.

usage: read_in_group.py BOOTSTRAP NOTES

It fails when offsets do not follow each other while it has a partition. Whoever gets the partition next goes on from what was
committed last, so that the group sees everything at least once, whoever is killed.
"""

import sys

from confluent_kafka import Consumer, KafkaException

from noting import QUICK, Seen, input_ended

BOOTSTRAP, NOTES = sys.argv[1:3]
COMMIT_INTERVAL = 10

stop, seen = input_ended(), Seen(NOTES)
settings = {"bootstrap.servers": BOOTSTRAP, "auto.offset.reset": "earliest", "check.crcs": True, "fetch.wait.max.ms": 50}
group = {"group.id": "readers", "session.timeout.ms": 1000, "heartbeat.interval.ms": 100, "enable.auto.commit": False}
consumer = Consumer(settings | QUICK | group)
consumer.subscribe(["a"], on_assign=lambda *_: seen.following.clear(), on_revoke=lambda *_: seen.following.clear())


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
