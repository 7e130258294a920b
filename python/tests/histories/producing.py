"""Histories of a producer."""

from . import PATIENCE, raised, time

# Partitions of the topic.
PARTITIONS = 3
LARGE = b"z" * 2000
HEADERS = [{"a": b"1"}, [("a", "1"), ("a", b"2")], {"a": None}, [], {}, None, {"a": 5}, (("t", b"u"),), [["l", "m"]]]
# These choose by the key, also when there is none.
BY_KEY = ("consistent", "murmur2", "fnv1a")


def settings(random):
    """Settings of a history's producers."""
    drawn = {"linger.ms": random.choice([0, 5, 20])}
    partitioner = random.choice([None, "murmur2_random", "consistent_random", *BY_KEY])
    if partitioner:
        drawn["partitioner"] = partitioner
    if random.random() < 0.3:
        drawn["transactional.id"] = "one's own"
    elif random.random() < 0.4:
        drawn["enable.idempotence"] = True
    elif random.random() < 0.3:
        drawn["acks"] = random.choice([0, 1])
    for name, values in {
        "message.max.bytes": [1500],
        "delivery.report.only.error": [True],
        "compression.type": ["lz4", "zstd", "gzip", "snappy"],
        "queue.buffering.max.messages": [3],
    }.items():
        if random.random() < 0.25:
            drawn[name] = random.choice(values)
    return drawn


def draw(random, steps, settings):
    """The calls of a history."""
    by_key = settings.get("partitioner") in BY_KEY
    transactional = "transactional.id" in settings
    for _ in range(steps):
        chance = random.random()
        if chance < 0.65:
            yield "produce", message(random, by_key)
        elif chance < 0.77:
            yield "poll", random.choice([0, 0, 0.01, 0.05])
        elif chance < 0.85:
            yield "flush", random.choice([PATIENCE, float(PATIENCE), -1])
        elif chance < 0.88:
            yield "list_topics", random.random() < 0.5
        elif chance < 0.94 or not transactional:
            # What has no key goes where chance has it.
            keys = ["k1", b"k2", None] if by_key else ["k1", b"k2"]
            values = [b"v", "text", None, LARGE]
            batch = [{"value": random.choice(values), "key": random.choice(keys)} for _ in range(random.randrange(5))]
            yield "produce_batch", (batch, random.choice([{}, {"partition": 1}]))
        else:
            calls = ["begin_transaction", "commit_transaction", "begin_transaction", "init_transactions"]
            yield random.choice(calls), None
    if transactional:
        yield "commit_transaction", None
    yield "flush", PATIENCE


def message(random, by_key):
    """Arguments of `produce()`, some of which cannot be."""
    drawn = {}
    if random.random() < 0.7:
        drawn["value"] = random.choice([b"v", b"w", "text", "ü", None, b"", LARGE])
    if random.random() < 0.6:
        drawn["key"] = random.choice([b"k1", "k2", "k3", None, b"", "schlüssel"])
    if random.random() < 0.3:
        drawn["partition"] = random.choice([0, 1, 2, 2, -1, 9, -5, 2**31 - 1])
    if random.random() < 0.3:
        drawn["timestamp"] = random.choice([1000, 5, 0, -1, 1_600_000_000, 2**40, -7])
    if random.random() < 0.35:
        drawn["headers"] = random.choice(HEADERS)
    if random.random() < 0.03:
        drawn["bogus"] = 1
    if not by_key and not drawn.get("key") and drawn.get("partition", -1) == -1:
        drawn["partition"] = 0
    return drawn, random.choice([None, "callback", "on_delivery", "on_delivery"])


class Side:
    """One of the two packages, with a producer of a topic of its own."""

    def __init__(self, package, config, topic):
        self.topic, self.reports, self.errors = topic, [], []
        own = {"transactional.id": topic} if "transactional.id" in config else {}
        callbacks = {"log_level": 0, "error_cb": lambda error: self.errors.append(error.name())}
        self.producer = package.Producer({**config, **own, **callbacks})
        self.producer.list_topics(topic, timeout=PATIENCE)
        if own:
            self.producer.init_transactions(PATIENCE)
            self.producer.begin_transaction()

    def run(self, call, given):
        """Makes a call, and says what came of it; of a flush also the reports since the last."""
        try:
            if call in ("begin_transaction", "commit_transaction", "init_transactions"):
                return getattr(self.producer, call)()
            return getattr(self, call)(given)
        except Exception as error:
            return raised(error)

    def produce(self, given):
        arguments, callback = given
        callbacks = {callback: self.report} if callback else {}
        return self.producer.produce(self.topic, **arguments, **callbacks)

    def produce_batch(self, given):
        batch, arguments = given
        batch = [dict(one) for one in batch]
        queued = self.producer.produce_batch(self.topic, batch, **arguments)
        errors = [one.get("_error") and (one["_error"].name(), one["_error"].str()) for one in batch]
        return queued, errors

    def poll(self, timeout):
        # How many are told by now depends on who is faster.
        self.producer.poll(timeout)

    def flush(self, timeout):
        left = self.producer.flush(timeout)
        reports, self.reports = sorted(self.reports, key=repr), []
        return left, reports

    def list_topics(self, only):
        found = self.producer.list_topics(self.topic if only else None, timeout=PATIENCE).topics[self.topic]
        return len(found.partitions), found.error and found.error.name()

    def report(self, error, message):
        kind, when = message.timestamp()
        # A message that failed has no time any more in confluent-kafka.
        stamp = None if error else (kind, time(when))
        self.reports.append(
            (
                error and (error.name(), error.str()),
                message.error() and message.error().name(),
                message.topic().replace(self.topic, "topic"),
                message.partition(),
                message.offset(),
                message.key(),
                message.value(),
                message.headers(),
                stamp,
                message.latency() is not None,
                message.leader_epoch(),
            )
        )


def is_known(ours, theirs):
    """Differences that are meant to be: which of two things that are wrong is told."""
    both = {one[1] for one in (ours, theirs) if isinstance(one, list) and "raised" in one[:1]}
    return both == {"_UNKNOWN_PARTITION", "BufferError"}


def shown(message):
    """A message of the log."""
    kind, when = message.timestamp()
    return message.key(), message.value(), message.headers(), kind, time(when)
