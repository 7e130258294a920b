"""confluent-kafka (librdkafka): moves messages from topic a to topic b exactly once, in transactions, until its input ends.

usage: move.py BOOTSTRAP NOTES NAME PARTITIONS

Now and then it aborts a transaction and goes back. Whoever kills it, its successor of the same name goes on where the group's
committed offsets say.
"""

import random
import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from noting import AWAY, QUICK, create_target, input_ended

BOOTSTRAP, NAME, PARTITIONS = sys.argv[1], sys.argv[3], int(sys.argv[4])
SECONDS = 30
ABORTS = 0.25


def until_done(call, *arguments):
    """Makes a call again as long as it says so: the server may be away."""
    while True:
        try:
            return call(*arguments, SECONDS)
        except KafkaException as error:
            if not (error.args[0].retriable() or error.args[0].code() in (*AWAY, KafkaError._TIMED_OUT)):
                raise


def new_producer():
    settings = {"bootstrap.servers": BOOTSTRAP, "transactional.id": f"mover-{NAME}", "transaction.timeout.ms": 30_000}
    producer = Producer(settings | {"linger.ms": 1, "retry.backoff.ms": 5} | QUICK)
    until_done(producer.init_transactions)
    return producer


class Mover:
    def __init__(self):
        group = {"group.id": "movers", "session.timeout.ms": 1000, "heartbeat.interval.ms": 100}
        settings = {"bootstrap.servers": BOOTSTRAP, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 50}
        reading = {"enable.auto.commit": False, "isolation.level": "read_committed"}
        self.changed, self.producer = False, new_producer()
        self.consumer = Consumer(settings | group | reading | QUICK)
        self.consumer.subscribe(["a"], on_assign=self.change, on_revoke=self.change, on_lost=self.change)

    def change(self, *_):
        self.changed = True

    def turn(self):
        messages = [one for one in self.consumer.consume(random.choice([1, 30, 1000]), 0.1) if not one.error()]
        if self.changed:
            # What was read before the change may be somebody else's now.
            self.changed = False
            return self.go_back()
        if messages:
            self.move(messages)

    def move(self, messages):
        positions = {one.partition(): one.offset() + 1 for one in messages}
        try:
            self.producer.begin_transaction()
            for one in messages:
                self.producer.produce("b", one.value(), str(one.offset()), partition=one.partition())
            positions = [TopicPartition("a", partition, offset) for partition, offset in positions.items()]
            until_done(self.producer.send_offsets_to_transaction, positions, self.consumer.consumer_group_metadata())
            if random.random() < ABORTS:
                return self.give_up()
            until_done(self.producer.commit_transaction)
        except KafkaException as error:
            if error.args[0].fatal():
                # Its transaction has lasted too long.
                self.producer = new_producer()
                return self.go_back()
            self.give_up()

    def give_up(self):
        try:
            until_done(self.producer.abort_transaction)
        except KafkaException as error:
            assert error.args[0].fatal(), error
            self.producer = new_producer()
        self.go_back()

    def go_back(self):
        """To what has been committed, of the partitions that are its own."""
        assigned = self.consumer.assignment()
        if not assigned:
            return
        for one in until_done(self.consumer.committed, assigned):
            try:
                self.consumer.seek(TopicPartition(one.topic, one.partition, max(one.offset, 0)))
            except KafkaException as error:
                # Not its own any more.
                assert error.args[0].code() in (KafkaError._STATE, KafkaError._UNKNOWN_PARTITION), error


create_target(BOOTSTRAP, PARTITIONS)
stop, mover = input_ended(), Mover()
while not stop.is_set():
    mover.turn()
mover.consumer.close()
print("ok")
