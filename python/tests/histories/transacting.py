"""Histories of two producers of one transactional id, and of the group whose offsets they commit."""

from . import PATIENCE, raised

# Partitions of the topic.
PARTITIONS = 2
LARGE = b"z" * 2000
WHO = ("first", "second")


def draw(random, steps):
    """The calls of a history, each with who is to make it and what it is given."""
    number = 0
    for _ in range(steps):
        who = WHO[random.random() < 0.25]
        chance = random.random()
        if chance < 0.10:
            yield "init", who, None
        elif chance < 0.28:
            yield "begin", who, None
        elif chance < 0.52:
            number += 1
            value = LARGE if random.random() < 0.08 else b"%d" % number
            yield "produce", who, (random.randrange(PARTITIONS + (random.random() < 0.05)), value)
        elif chance < 0.62:
            offset = random.choice([number, number, number, -5])
            yield "send_offsets", who, (random.randrange(PARTITIONS), offset, random.choice(["member", "member", "none"]))
        elif chance < 0.76:
            yield "commit", who, None
        elif chance < 0.86:
            yield "abort", who, None
        elif chance < 0.90:
            yield "flush", who, None
        elif chance < 0.93:
            yield "purge", who, None
        elif chance < 0.95:
            yield "renew", who, None
        else:
            yield "committed", who, None
    yield "committed", WHO[0], None


class Side:
    """One of the two packages, with a topic, a transactional id and a group of its own."""

    def __init__(self, package, config, topic):
        self.package, self.config, self.topic = package, config, topic
        group = {"group.id": topic, "enable.auto.commit": False}
        self.consumer = package.Consumer({**config, **group})
        self.producers = {who: self.new() for who in WHO}

    def new(self):
        own = {"transactional.id": self.topic, "log_level": 0, "message.max.bytes": 1500, "linger.ms": 0}
        producer = self.package.Producer({**self.config, **own})
        producer.list_topics(self.topic, timeout=PATIENCE)
        return producer

    def run(self, call, who, given):
        """Makes a call, and says what came of it."""
        try:
            return getattr(self, call)(self.producers[who], who, given)
        except Exception as error:
            return raised(error)

    def init(self, producer, who, given):
        return producer.init_transactions(PATIENCE)

    def begin(self, producer, who, given):
        return producer.begin_transaction()

    def produce(self, producer, who, given):
        partition, value = given
        producer.produce(self.topic, value, partition=partition)
        # Without a callback: confluent-kafka calls it although an exception is on its way, when the producer is fenced.
        return producer.flush(PATIENCE)

    def send_offsets(self, producer, who, given):
        partition, offset, metadata = given
        offsets = [self.package.TopicPartition(self.topic, partition, offset)]
        whose = self.consumer.consumer_group_metadata() if metadata == "member" else None
        return producer.send_offsets_to_transaction(offsets, whose, PATIENCE)

    def commit(self, producer, who, given):
        return producer.commit_transaction(PATIENCE)

    def abort(self, producer, who, given):
        return producer.abort_transaction(PATIENCE)

    def flush(self, producer, who, given):
        return producer.flush(PATIENCE)

    def purge(self, producer, who, given):
        # What is still queued depends on who is faster.
        producer.flush(PATIENCE)
        return producer.purge(in_queue=True, in_flight=True, blocking=True)

    def renew(self, producer, who, given):
        producer.flush(PATIENCE)
        self.producers[who] = self.new()

    def committed(self, producer, who, given):
        asked = [self.package.TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        return [one.offset for one in self.consumer.committed(asked, PATIENCE)]

    def close(self):
        self.consumer.close()


def is_known(ours, theirs):
    """Differences that are meant to be: what was being done when the producer was found to be fenced, in words."""
    both = [one for one in (ours, theirs) if isinstance(one, list) and one[1:2] == ["_FENCED"]]
    return len(both) == 2 and ours[3:] == theirs[3:]


def shown(message):
    """A message of the log."""
    return message.value()
