"""confluent-kafka (librdkafka): reads what is moved from topic a to topic b, as a reader of committed records.

usage: follow.py BOOTSTRAP NOTES PARTITIONS

Keys say which offset of topic a a message has had. It fails when they do not follow each other from 0 on: nothing may be lost
or come twice, nothing be out of order, and nothing be seen of a transaction that is aborted. When its input has ended it waits
until all of topic a has been moved, as long as it gets on.
"""

import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from noting import AWAY, QUICK, create_target, input_ended

BOOTSTRAP, PARTITIONS = sys.argv[1], int(sys.argv[3])
SECONDS = 60

create_target(BOOTSTRAP, PARTITIONS)
settings = {"bootstrap.servers": BOOTSTRAP, "group.id": "following", "enable.auto.commit": False, "fetch.wait.max.ms": 50}
consumer = Consumer(settings | QUICK | {"isolation.level": "read_committed", "auto.offset.reset": "error"})
consumer.assign([TopicPartition("b", partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
stop, following = input_ended(), [0] * PARTITIONS


def read():
    message = consumer.poll(0.1)
    if message is None:
        return
    if message.error():
        assert message.error().code() in AWAY, message.error()
        return
    partition, source = message.partition(), int(message.key())
    assert source == following[partition], f"partition {partition}: {source} where {following[partition]} follows"
    following[partition] += 1


def ends():
    while True:
        try:
            return [consumer.get_watermark_offsets(TopicPartition("a", number), 5)[1] for number in range(PARTITIONS)]
        except KafkaException:
            pass


while not stop.is_set():
    read()
wanted, arrived, deadline = ends(), 0, time.monotonic() + SECONDS
while following != wanted:
    read()
    if sum(following) > arrived:
        arrived, deadline = sum(following), time.monotonic() + SECONDS
    assert time.monotonic() < deadline, f"{following} of {wanted} have arrived, and no more"
print("ok")
