"""Histories of groups: members that come, change what they read, and go."""

import time

from . import PATIENCE, raised

STEPS = 12
# Each with as many partitions as there are members, so that it does not matter whose name comes first.
TOPICS = ["orders", "others", "pay"]
MEMBERS = 2
SUBSCRIPTIONS = [["orders"], ["pay"], ["orders", "pay"], ["^o.*"], ["^o.*", "pay"], ["missing"], ["^none.*", "orders"], ["^ord"]]
BAD_SUBSCRIPTIONS = [[], [""], ["orders", "orders"], ["^(orders"]]
# How long nothing has to happen before nothing more is expected, in seconds.
QUIET = 0.12


class Protocol:
    """How members find together, and what they may be called and subscribe to."""

    def __init__(self, settings, subscriptions=SUBSCRIPTIONS, is_static=False):
        self.settings, self.subscriptions, self.is_static = settings, subscriptions, is_static

    def instance(self, random, who):
        return random.choice([None, None, f"instance-{who}", "instance-0"]) if self.is_static else None


CONSUMER = Protocol({"group.protocol": "consumer"}, is_static=True)


def classic(random):
    """With some assignor: not a cooperative one, with which librdkafka loses what it has when it changes its topics.
    Static members that go hold the others up for a session."""
    assignor = random.choice(["range", "roundrobin"])
    settings = {"group.protocol": "classic", "heartbeat.interval.ms": 30, "partition.assignment.strategy": assignor}
    # librdkafka does not join for topics that are not there, and keeps the others waiting for it.
    subscriptions = [topics for topics in SUBSCRIPTIONS if topics != ["missing"]]
    return Protocol(settings, [*subscriptions, ["missing", "pay"]])


def make_topics(admin, config):
    client = admin.AdminClient(config)
    for future in client.create_topics([admin.NewTopic(name, MEMBERS) for name in TOPICS]).values():
        future.result()


def draw(random, steps, protocol):
    """The calls of a history: what, by whom, with what."""
    there = set()
    for _ in range(steps):
        who = random.randrange(MEMBERS)
        if who not in there:
            there.add(who)
            yield "open", who, protocol.instance(random, who)
            yield "subscribe", who, random.choice(protocol.subscriptions)
            continue
        call = random.choices(["subscribe", "bad", "unsubscribe", "close", "commit", "committed"], [6, 1, 2, 3, 2, 1])[0]
        if call == "close":
            there.discard(who)
        given = {"subscribe": protocol.subscriptions, "bad": BAD_SUBSCRIPTIONS, "commit": [0, 3, 7]}.get(call, [None])
        yield ("subscribe" if call == "bad" else call), who, random.choice(given)


class Side:
    """One of the two packages, with a group."""

    def __init__(self, package, config, group, protocol):
        self.package, self.members, self.events = package, [None] * MEMBERS, []
        self.config = {**config, "group.id": group, **protocol.settings, "log_level": 0}

    def end(self):
        for member in filter(None, self.members):
            member.close()

    def run(self, call, who, given, expected):
        """Makes a call, and says what came of it and what all members were told and have then. What is `expected` is
        waited for."""
        try:
            result = getattr(self, call)(who, given)
        except Exception as error:
            # Tidelog's texts say what is wrong with a subscription.
            result = raised(error)[:2] if call == "subscribe" else raised(error)
        told = [{} for _ in range(MEMBERS)]
        found, quiet_since, deadline = None, time.monotonic(), time.monotonic() + PATIENCE
        while True:
            self.poll(told)
            now = time.monotonic()
            before, found = found, (result, [self.shown(one) for one in told], [self.counted(one) for one in self.members])
            if found != before:
                quiet_since = now
            is_quiet = now - quiet_since > QUIET and (expected is None or found == expected)
            if is_quiet or now > deadline:
                return found

    def poll(self, told):
        for who, member in enumerate(self.members):
            if not member:
                continue
            message = member.poll(0.002)
            if not message:
                continue
            self.events.append((who, message.error().name(), 1))
            if message.error().name() == "_FATAL":
                self.events.append((who, message.error().str(), 1))
        for who, what, count in self.events:
            told[who][what] = told[who].get(what, 0) + count
        self.events.clear()

    def shown(self, told):
        return {what: count for what, count in told.items() if count}

    def counted(self, member):
        return member and len(member.assignment())

    def open(self, who, instance):
        static = {"group.instance.id": instance} if instance else {}
        self.members[who] = self.package.Consumer({**self.config, **static, "error_cb": lambda error: None})

    def subscribe(self, who, topics):
        def noting(what):
            return lambda _, partitions: self.events.append((who, what, len(partitions)))

        self.members[who].subscribe(
            topics, on_assign=noting("assign"), on_revoke=noting("revoke"), on_lost=noting("lost")
        )

    def unsubscribe(self, who, _):
        self.members[who].unsubscribe()

    def commit(self, who, offset):
        place = self.package.TopicPartition("orders", who, offset)
        return [one.offset for one in self.members[who].commit(offsets=[place], asynchronous=False)]

    def committed(self, who, _):
        places = [self.package.TopicPartition("orders", partition) for partition in range(MEMBERS)]
        return [one.offset for one in self.members[who].committed(places, timeout=PATIENCE)]

    def close(self, who, _):
        self.members[who].close()
        self.members[who] = None
