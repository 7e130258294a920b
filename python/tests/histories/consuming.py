"""Histories of a consumer that assigns its partitions itself."""

from . import PATIENCE, QUIET, raised

# Topics with their partitions, among them one of transactions, one whose first records are deleted, an empty one.
PLACES = [("plain", 0), ("plain", 1), ("committed", 0), ("deleted", 0), ("empty", 0), ("one", 0)]
NOWHERE = [("nope", 0), ("plain", 7)]
# Offsets as they are, and those that mean something: the ends, what is committed, the last hundred, nothing.
OFFSETS = [0, 5, 10, 17, 20, 33, 39, 40, 41, 60, 500, -1, -2, -1000, -1001, -2003, -2100]
WEIGHTS = {
    "assign": 3,
    "unassign": 0.4,
    "incremental_assign": 2,
    "incremental_unassign": 1,
    "seek": 4,
    "pause": 1.5,
    "resume": 1.5,
    "position": 3,
    "committed": 2,
    "commit_offsets": 1.5,
    "commit_all": 2,
    "commit_message": 1,
    "store_offsets": 1.5,
    "store_message": 1,
    "watermarks": 1,
    "times": 1,
    "assignment": 1,
    "take": 6,
    "drain": 2,
}
ASSIGNING = ("assign", "unassign", "incremental_assign", "incremental_unassign")


def fill(package, admin, config):
    """Makes the topics. Returns a producer whose transaction stays open."""
    made = [admin.NewTopic(name, 2 if name == "plain" else 1) for name in {name for name, _ in PLACES}]
    client = admin.AdminClient(config)
    for future in client.create_topics(made).values():
        future.result()
    with package.Producer(config) as producer:
        for topic, partition, count, lot in [("plain", 0, 40, 7), ("plain", 1, 40, 7), ("one", 0, 60, 9), ("deleted", 0, 50, 5)]:
            for number in range(count):
                producer.produce(topic, f"{topic}{partition}-{number}", partition=partition, timestamp=1000 + number * 10)
                if number % lot == 0:
                    producer.flush()
    for future in client.delete_records([package.TopicPartition("deleted", 0, 17)]).values():
        future.result()
    mover = package.Producer({**config, "transactional.id": "mover", "transaction.timeout.ms": 900_000})
    mover.init_transactions()
    for transaction in range(9):
        mover.begin_transaction()
        for number in range(4):
            mover.produce("committed", f"{transaction}-{number}", timestamp=1000 + transaction * 100 + number)
        mover.flush()
        if transaction < 8:
            mover.abort_transaction() if transaction % 3 == 1 else mover.commit_transaction()
    return mover


def settings(random):
    """Settings of a history's consumers."""
    return {
        "enable.auto.commit": False,
        "auto.offset.reset": random.choice(["earliest", "latest", "error"]),
        "enable.partition.eof": random.random() < 0.5,
        "isolation.level": random.choice(["read_committed", "read_uncommitted"]),
        "enable.auto.offset.store": random.random() < 0.6,
    }


def draw(random, steps):
    """The calls of a history."""
    assigned = []

    def place(likely=0.8):
        if assigned and random.random() < likely:
            return random.choice(assigned)
        return random.choice(PLACES + NOWHERE if random.random() < 0.1 else PLACES)

    for _ in range(steps):
        call = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        given = None
        if call == "assign":
            assigned = random.sample(PLACES, random.choice([1, 1, 1, 2, 3]))
            given = [(*one, random.choice(OFFSETS)) for one in assigned]
        elif call == "unassign":
            assigned = []
        elif call == "incremental_assign":
            one = random.choice(PLACES)
            given = [(*one, random.choice(OFFSETS))]
            assigned = assigned if one in assigned else [*assigned, one]
        elif call == "incremental_unassign":
            one = place()
            given, assigned = [one], [known for known in assigned if known != one]
        elif call == "seek":
            given = (*place(0.95), random.choice([offset for offset in OFFSETS if offset != -1000]))
        elif call in ("pause", "resume", "position", "committed"):
            given = [place()]
        elif call in ("commit_offsets", "store_offsets"):
            given = [(*place(), random.choice([0, 3, 10, 22, 5000]))]
        elif call == "watermarks":
            given = place()
        elif call == "times":
            given = [(*place(), random.choice([0, 1000, 1205, 1500, 3000, 99999, -1, -2]))]
        elif call == "take":
            # Of several partitions any may come first.
            call, given = ("take", random.choice([1, 3, 8])) if len(assigned) < 2 else ("drain", None)
        yield call, given


class Side:
    """One of the two packages, with a consumer."""

    def __init__(self, package, config):
        self.package, self.last = package, None
        self.consumer = package.Consumer({**config, "log_level": 0, "error_cb": lambda error: None})

    def close(self):
        self.consumer.close()

    def run(self, call, given, expected):
        """Makes a call, and says what came of it. So much as is `expected` is waited for."""
        try:
            if call == "drain":
                found = {}
                for topic, partition, *rest in self.take(10_000, expected):
                    found.setdefault((topic, partition), []).append(rest)
                self.last = None  # which of several partitions is last is chance
                return found
            if call == "take":
                return self.take(given, expected)
            if call in ASSIGNING:
                # librdkafka keeps what is paused over assignments, Java's client and tidelog do not.
                self.consumer.resume(self.places(PLACES))
            return getattr(self, call)(given)
        except Exception as error:
            return raised(error)

    def places(self, given):
        return [self.package.TopicPartition(*one) for one in given]

    def shown(self, places):
        return sorted((one.topic, one.partition, one.offset, one.error and one.error.name(), one.metadata) for one in places)

    def take(self, count, expected):
        found = []
        while len(found) < count:
            message = self.consumer.poll(PATIENCE if len(found) < expected else QUIET)
            if message is None:
                break
            if message.error():
                found.append((message.topic(), message.partition(), message.offset(), message.error().name()))
            else:
                self.last = message
                found.append(
                    (message.topic(), message.partition(), message.offset(), message.value(), message.timestamp())
                )
        return found

    def assign(self, given):
        self.consumer.assign(self.places(given))

    def unassign(self, _):
        self.consumer.unassign()

    def incremental_assign(self, given):
        self.consumer.incremental_assign(self.places(given))

    def incremental_unassign(self, given):
        self.consumer.incremental_unassign(self.places(given))

    def assignment(self, _):
        return self.shown(self.consumer.assignment())

    def seek(self, given):
        self.consumer.seek(*self.places([given]))

    def pause(self, given):
        self.consumer.pause(self.places(given))

    def resume(self, given):
        self.consumer.resume(self.places(given))

    def position(self, given):
        return self.shown(self.consumer.position(self.places(given)))

    def committed(self, given):
        return self.shown(self.consumer.committed(self.places(given), timeout=PATIENCE))

    def commit_offsets(self, given):
        return self.shown(self.consumer.commit(offsets=self.places(given), asynchronous=False))

    def commit_all(self, _):
        return self.shown(self.consumer.commit(asynchronous=False))

    def commit_message(self, _):
        return self.last and self.shown(self.consumer.commit(message=self.last, asynchronous=False))

    def store_offsets(self, given):
        self.consumer.store_offsets(offsets=self.places(given))

    def store_message(self, _):
        return self.last and self.consumer.store_offsets(message=self.last)

    def watermarks(self, given):
        return self.consumer.get_watermark_offsets(*self.places([given]), timeout=PATIENCE)

    def times(self, given):
        return self.shown(self.consumer.offsets_for_times(self.places(given), timeout=PATIENCE))


def is_known(call, ours, theirs):
    """Differences that are meant to be."""
    raises = isinstance(ours, list) and isinstance(theirs, list) and "raised" in ours[:1] and "raised" in theirs[:1]
    if call in ("seek", "store_offsets") and raises:
        # Of a partition that is not there librdkafka says one or the other, as far as it has come.
        return {ours[1], theirs[1]} == {"_STATE", "_UNKNOWN_PARTITION"}
    # librdkafka does not let partitions be taken from an assignment that has none.
    return call == "incremental_unassign" and isinstance(theirs, list) and "subtract from empty" in str(theirs)


def ends(call, ours, theirs):
    """Whether both go different ways from here on: librdkafka refuses to seek where it has not begun to fetch."""
    return call == "seek" and ours is None and theirs is not None
