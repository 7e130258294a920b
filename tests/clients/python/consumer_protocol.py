"""confluent-kafka (librdkafka): members of the consumer protocol (KIP-848), `group.protocol=consumer`.

usage: consumer_protocol.py BOOTSTRAP

The server is to want heartbeats every 100 ms, and to take members for lost after a few seconds.
"""

import sys
import time

from confluent_kafka import Consumer, ConsumerGroupState, ConsumerGroupType, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

BOOTSTRAP, GROUP, PARTITIONS, SECONDS = sys.argv[1], "readers", 6, 60

admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
producer = Producer({"bootstrap.servers": BOOTSTRAP, "linger.ms": 0})


def create(topic, partitions):
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(SECONDS)


class Member:
    """A consumer with what it has been given, as its callbacks were told."""

    def __init__(self, topics, commits=True, **settings):
        self.commits = commits
        base = {"bootstrap.servers": BOOTSTRAP, "group.id": GROUP, "group.protocol": "consumer", "log_level": 0}
        more = {"auto.offset.reset": "earliest", "enable.auto.commit": False, "topic.metadata.refresh.interval.ms": 500}
        self.has, self.messages = set(), []
        self.consumer = Consumer(base | more | settings)
        self.consumer.subscribe(topics, on_assign=self.on_assign, on_revoke=self.on_revoke)

    def on_assign(self, _, partitions):
        self.has |= {(one.topic, one.partition) for one in partitions}

    def on_revoke(self, _, partitions):
        self.has -= {(one.topic, one.partition) for one in partitions}

    def poll(self):
        message = self.consumer.poll(0.05)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            self.messages.append((message.topic(), message.partition(), message.offset()))
            if self.commits:
                self.consumer.commit(message, asynchronous=False)


def until(what, condition, *members):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what}: {[sorted(member.has) for member in members]}"
        for member in members:
            member.poll()


def shared(*counts):
    """Whether the members have so many partitions each, none of them twice."""
    return lambda: [len(member.has) for member in current] == list(counts) and len(
        set().union(*(member.has for member in current))
    ) == sum(counts)


create("orders", PARTITIONS)
for number in range(60):
    producer.produce("orders", str(number), partition=number % PARTITIONS)
producer.flush()

# Who comes takes a part, who goes leaves it to the others; everything is read once.
first = Member(["orders"])
current = [first]
until("one has all", shared(6), *current)
second = Member(["^ord.*s"])
current = [first, second]
until("two have half each", shared(3, 3), *current)
until("all is read", lambda: len(first.messages) + len(second.messages) >= 60, *current)
assert len(set(first.messages + second.messages)) == len(first.messages + second.messages) == 60

listed = admin.list_consumer_groups(types={ConsumerGroupType.CONSUMER}).result(SECONDS).valid
assert [group.group_id for group in listed] == [GROUP], listed
assert not admin.list_consumer_groups(types={ConsumerGroupType.CLASSIC}).result(SECONDS).valid
described = admin.describe_consumer_groups([GROUP])[GROUP].result(SECONDS)
assert described.state == ConsumerGroupState.STABLE and described.type == ConsumerGroupType.CONSUMER, described.state
assert described.partition_assignor == "uniform", described.partition_assignor
told = {
    frozenset((one.topic, one.partition) for one in member.assignment.topic_partitions) for member in described.members
}
assert told == {frozenset(first.has), frozenset(second.has)}, told
assert all(
    member.target_assignment.topic_partitions == member.assignment.topic_partitions for member in described.members
)

# A topic that comes and one that grows.
create("orders-of-others", 2)
until("the expression means more", shared(4, 4), *current)
admin.create_partitions([NewPartitions("orders", 8)])["orders"].result(SECONDS)
until("there are more partitions", shared(5, 5), *current)
second.consumer.close()
current = [first]
until("the other one has gone", shared(8), *current)

# Committed offsets go on, also in a transaction.
producer.produce("orders", "late", partition=0)
producer.flush()
until("the late one is read", lambda: len(first.messages) + len(second.messages) >= 61, *current)
committed = first.consumer.committed([TopicPartition("orders", partition) for partition in range(PARTITIONS)], SECONDS)
assert [one.offset for one in committed] == [11] + [10] * 5, committed
mover = Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": "mover"})
mover.init_transactions(SECONDS)
mover.begin_transaction()
mover.send_offsets_to_transaction([TopicPartition("orders", 7, 0)], first.consumer.consumer_group_metadata(), SECONDS)
mover.commit_transaction(SECONDS)
assert first.consumer.committed([TopicPartition("orders", 7)], SECONDS)[0].offset == 0

# Nobody else commits, or deletes the group, while it has members.
outsider = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": GROUP})
try:
    outsider.commit(offsets=[TopicPartition("orders", 0, 1)], asynchronous=False)
    raise AssertionError("committed from outside")
except KafkaException as error:
    assert error.args[0].code() == KafkaError.UNKNOWN_MEMBER_ID, error
try:
    admin.delete_consumer_groups([GROUP])[GROUP].result(SECONDS)
    raise AssertionError("deleted with a member")
except KafkaException as error:
    assert error.args[0].code() == KafkaError.NON_EMPTY_GROUP, error
first.consumer.close()
outsider.close()
state = admin.describe_consumer_groups([GROUP])[GROUP].result(SECONDS).state
assert state == ConsumerGroupState.EMPTY, state

# A static member comes back to what it had, though it has another id.
one, two = (Member(["orders"], **{"group.instance.id": name}) for name in ("one", "two"))
current = [one, two]
until("both have half", shared(4, 4), *current)
had = set(two.has)
two.consumer.close()
two = Member(["orders"], **{"group.instance.id": "two"})
current = [one, two]
until("it is back", shared(4, 4), *current)
assert two.has == had, (two.has, had)
for member in current:
    member.consumer.close()

# A group migrates to the consumer protocol with its first member of that, and back when the last one has gone. Commits would be
# refused in between.
CLASSIC = {"group.id": "mixed", "group.protocol": "classic", "session.timeout.ms": 6000, "heartbeat.interval.ms": 100}
kind = lambda: admin.describe_consumer_groups(["mixed"])["mixed"].result(SECONDS).type
older = Member(["orders"], commits=False, **CLASSIC, **{"partition.assignment.strategy": "cooperative-sticky"})
current = [older]
until("the older one has all", shared(8), *current)
assert kind() == ConsumerGroupType.CLASSIC
newer = Member(["orders"], commits=False, **{"group.id": "mixed"})
current = [older, newer]
until("both protocols share", shared(4, 4), *current)
assert kind() == ConsumerGroupType.CONSUMER
newer.consumer.close()
current = [older]
until("the older one has all again", shared(8), *current)
assert kind() == ConsumerGroupType.CLASSIC
older.consumer.close()
print("ok")
