"""Lets the real librdkafka share out partitions, and writes down what it does. Not run by any test.

    pip install confluent-kafka==2.16.1 && python generate.py > assignments.txt

A consumer is connected to a broker that this script plays. It is made leader of a group whose members, subscriptions
and owned partitions are made up here; what it sends back to be handed out is its assignor's answer. Then the group
rebalances, with the next made-up members.

Members list their topics by name: librdkafka's answer depends on the order in which the first one lists them.
Owned partitions never contradict each other within one generation: there librdkafka depends on the order of claims.
Static and dynamic members are not mixed: librdkafka's order of those is not a total one.
"""

import random
import socket
import struct
import sys
import threading

from confluent_kafka import Consumer

HOST = "127.0.0.1"
OWN_TOPIC = "mine"  # what the consumer itself subscribes to, so that it joins at all


def string(text):
    return struct.pack(">h", -1) if text is None else struct.pack(">h", len(text.encode())) + text.encode()


def blob(data):
    return struct.pack(">i", -1) if data is None else struct.pack(">i", len(data)) + data


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


def topic_partitions(partitions):
    topics = {}
    for topic, partition in partitions:
        topics.setdefault(topic, []).append(partition)
    return array([string(topic) + array([struct.pack(">i", p) for p in numbers]) for topic, numbers in topics.items()])


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        (value,) = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def raw(self, length):
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length:self.at]

    def string(self):
        raw = self.raw(self.take("h"))
        return None if raw is None else raw.decode()

    def bytes(self):
        return self.raw(self.take("i"))

    def array(self, element):
        return [element() for _ in range(max(0, self.take("i")))]


VERSIONS = [(0, 0, 7), (1, 0, 4), (2, 0, 1), (3, 0, 2), (8, 0, 2), (9, 0, 1), (10, 0, 0), (11, 0, 5), (12, 0, 3),
            (13, 0, 1), (14, 0, 3), (18, 0, 0)]


class Coordinator:
    """One broker, one group, one scenario after the other."""

    def __init__(self, scenarios):
        self.scenarios = scenarios
        self.current = 0
        self.answers = []
        self.done = threading.Event()
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        stream = connection.makefile("rb")
        while True:
            size = stream.read(4)
            if len(size) < 4:
                return
            request = Reader(stream.read(struct.unpack(">i", size)[0]))
            key, version, correlation = request.take("h"), request.take("h"), request.take("i")
            request.string()
            answer = self.answer(key, version, request)
            if answer is not None:
                answer = struct.pack(">i", correlation) + answer
                connection.sendall(struct.pack(">i", len(answer)) + answer)

    def answer(self, key, version, request):
        if key == 18:
            versions = array([struct.pack(">hhh", *row) for row in VERSIONS])
            return struct.pack(">h", 35 if version > 0 else 0) + versions
        if key == 3:
            return self.metadata(version, request)
        if key == 10:
            return struct.pack(">hi", 0, 1) + string(HOST) + struct.pack(">i", self.port)
        if key == 11:
            return self.join()
        if key == 14:
            return self.sync(request)
        if key in (12, 13):
            return struct.pack(">ih", 0, 0)
        return None  # nothing else matters before the group is stable, and it never is

    def metadata(self, version, request):
        asked = request.array(request.string)
        topics = self.scenarios[min(self.current, len(self.scenarios) - 1)]["topics"]
        rows = []
        for topic in asked or topics:
            count = 1 if topic == OWN_TOPIC else topics.get(topic, 0)
            partitions = [struct.pack(">hii", 0, p, 1) + array([struct.pack(">i", 1)]) * 2 for p in range(count)]
            rows.append(struct.pack(">h", 0 if count else 3) + string(topic) + b"\0" + array(partitions))
        broker = struct.pack(">i", 1) + string(HOST) + struct.pack(">i", self.port) + string(None)
        cluster = string("golden") if version >= 2 else b""
        return array([broker]) + cluster + struct.pack(">i", 1) + array(rows)

    def join(self):
        scenario = self.scenarios[min(self.current, len(self.scenarios) - 1)]
        members = scenario["members"]
        leader = members[0]["id"]
        rows = []
        for member in members:
            subscription = struct.pack(">h", 2) + array([string(topic) for topic in member["topics"]]) + blob(None)
            subscription += topic_partitions(member["owned"]) + struct.pack(">i", member["generation"])
            rows.append(string(member["id"]) + string(member["instance"]) + blob(subscription))
        head = struct.pack(">ihi", 0, 0, self.current + 1) + string(scenario["strategy"]) + string(leader)
        return head + string(leader) + array(rows)

    def sync(self, request):
        request.string(), request.take("i"), request.string(), request.string()

        def one():
            member, data = request.string(), Reader(request.bytes())
            data.take("h")
            topics = data.array(lambda: (data.string(), data.array(lambda: data.take("i"))))
            return member, sorted((topic, p) for topic, numbers in topics for p in numbers)

        if self.current < len(self.scenarios):
            self.answers.append(dict(request.array(one)))
            self.current += 1
            if self.current == len(self.scenarios):
                self.done.set()
        return struct.pack(">ih", 0, 27) + blob(b"")  # REBALANCE_IN_PROGRESS: join again


def member(id, topics, owned=(), generation=-1, instance=None):
    return {"id": id, "topics": topics, "owned": list(owned), "generation": generation, "instance": instance}


def numbered(topic, *partitions):
    return [(topic, partition) for partition in partitions]


def named():
    """The situations of Kafka's own tests (RangeAssignorTest, RoundRobinAssignorTest, AbstractStickyAssignorTest)."""
    eager, sticky = ["range", "roundrobin"], ["cooperative-sticky"]
    both = eager + sticky
    # Not for cooperative-sticky: librdkafka 2.16.0 crashes when no topic of the group exists.
    yield eager, "one member, no topic", {}, [member("a", [])]
    yield eager, "one member, a topic that does not exist", {}, [member("a", ["t"])]
    yield both, "one member, one topic", {"t": 3}, [member("a", ["t"])]
    yield both, "only the subscribed topic", {"t": 3, "other": 3}, [member("a", ["t"])]
    yield both, "one member, two topics", {"t1": 1, "t2": 2}, [member("a", ["t1", "t2"])]
    yield both, "two members, one partition", {"t": 1}, [member("a", ["t"]), member("b", ["t"])]
    yield both, "two members, two partitions", {"t": 2}, [member("a", ["t"]), member("b", ["t"])]
    yield both, "mixed subscriptions", {"t1": 3, "t2": 2}, [
        member("c1", ["t1"]), member("c2", ["t1", "t2"]), member("c3", ["t1"])]
    yield both, "two members, two topics, six partitions", {"t1": 3, "t2": 3}, [
        member("c1", ["t1", "t2"]), member("c2", ["t1", "t2"])]
    yield both, "uneven subscriptions", {"t1": 1, "t2": 2, "t3": 3}, [
        member("c0", ["t1"]), member("c1", ["t1", "t2"]), member("c2", ["t1", "t2", "t3"])]
    yield both, "static members", {"t": 5}, [
        member("z", ["t"], instance="i1"), member("y", ["t"], instance="i2"), member("x", ["t"], instance="i3")]
    owned = numbered("t", 0, 1, 2)
    yield sticky, "a member joins", {"t": 3}, [member("a", ["t"], owned, 1), member("b", ["t"])]
    yield sticky, "a member leaves", {"t": 3}, [member("a", ["t"], numbered("t", 0, 2), 2)]
    yield sticky, "a member joins, two topics", {"t1": 2, "t2": 4}, [
        member("a", ["t1", "t2"], numbered("t1", 0) + numbered("t2", 0, 2), 1),
        member("b", ["t1", "t2"], numbered("t1", 1) + numbered("t2", 1, 3), 1),
        member("c", ["t1", "t2"])]
    yield sticky, "topics come and go", {"t1": 1, "t2": 3}, [
        member("a", ["t1", "t2"], numbered("t1", 0), 1), member("b", ["t1", "t2"], numbered("gone", 0, 1), 1)]
    yield sticky, "partitions are added", {"t": 6}, [
        member("a", ["t"], numbered("t", 0, 2), 1), member("b", ["t"], numbered("t", 1), 1)]
    yield sticky, "a subscription shrinks", {"t1": 2, "t2": 2}, [
        member("a", ["t1"], numbered("t1", 0) + numbered("t2", 0), 1),
        member("b", ["t1", "t2"], numbered("t1", 1) + numbered("t2", 1), 1)]
    yield sticky, "a stale member comes back", {"t": 4}, [
        member("a", ["t"], numbered("t", 0, 1), 5), member("b", ["t"], numbered("t", 2, 3), 5),
        member("c", ["t"], numbered("t", 0, 2), 3)]
    yield sticky, "one partition each, then one leaves of many topics", {f"t{n}": n for n in range(1, 6)}, [
        member("a", [f"t{n}" for n in range(1, 6)], numbered("t5", 0, 1, 2, 3, 4), 1),
        member("b", [f"t{n}" for n in range(1, 6)], numbered("t4", 0, 1, 2, 3), 1),
        member("c", [f"t{n}" for n in range(1, 6)], numbered("t3", 0, 1), 1)]


def made_up(rng, count):
    """Random groups; for the sticky strategy, with random partitions owned already."""
    for number in range(count):
        topics = {f"t{n}": rng.randint(1, 9) for n in range(rng.randint(1, 4))}
        static = rng.random() < 0.3
        same = rng.random() < 0.5
        members = []
        for n in range(rng.randint(1, 6)):
            wanted = list(topics) if same else sorted(rng.sample(list(topics), rng.randint(1, len(topics))))
            instance = f"i{rng.randint(0, 999):03}-{n}" if static else None
            members.append(member(f"m{rng.randint(0, 99):02}-{n}", wanted, instance=instance))
        yield ["range", "roundrobin"], f"made up {number}", topics, members
        owners = {}
        for topic, size in topics.items():
            for partition in range(size):
                owner = rng.choice(members + [None])
                if owner is not None and topic in owner["topics"]:
                    owners.setdefault(owner["id"], []).append((topic, partition))
        started = [dict(m, owned=owners.get(m["id"], []), generation=7) for m in members]
        yield ["cooperative-sticky"], f"made up {number}, owned", topics, started


def play(strategy, scenarios):
    """Topics get a prefix for each scenario, because a client remembers what it was told of a topic."""
    prefixed = []
    for number, (_, topics, members) in enumerate(scenarios):
        prefix = f"s{number:04}-"
        prefixed.append({
            "strategy": strategy,
            "topics": {prefix + topic: count for topic, count in topics.items()},
            "members": [dict(m, topics=[prefix + topic for topic in m["topics"]],
                             owned=[(prefix + topic, partition) for topic, partition in m["owned"]])
                        for m in members],
        })
    coordinator = Coordinator(prefixed)
    consumer = Consumer({"bootstrap.servers": f"{HOST}:{coordinator.port}", "group.id": "golden",
                         "partition.assignment.strategy": strategy, "session.timeout.ms": 6000,
                         "retry.backoff.ms": 1, "retry.backoff.max.ms": 1, "topic.metadata.refresh.sparse": True})
    consumer.subscribe([OWN_TOPIC])
    waited = 0
    while not coordinator.done.is_set():
        before = coordinator.current
        consumer.poll(0.2)
        waited = 0 if coordinator.current > before else waited + 1
        if waited > 100:
            sys.exit(f"{strategy}: stuck at {coordinator.current} {scenarios[coordinator.current]}")
    return [{id: [(topic[6:], partition) for topic, partition in assigned] for id, assigned in answer.items()}
            for answer in coordinator.answers]


def show(partitions):
    return " ".join(f"{topic}:{partition}" for topic, partition in partitions) or "-"


def main():
    rng = random.Random(20260102)
    everything = list(named()) + list(made_up(rng, 150))
    print("# See generate.py. Of each member: id, instance id, generation; topics; owned partitions; what it is given.")
    for strategy in ["range", "roundrobin", "cooperative-sticky"]:
        scenarios = [(name, topics, members) for strategies, name, topics, members in everything
                     if strategy in strategies]
        for (name, topics, members), answer in zip(scenarios, play(strategy, scenarios)):
            print(f"\n{strategy}: {name}")
            print("topics", " ".join(f"{topic}={count}" for topic, count in topics.items()) or "-")
            for m in members:
                identity = f"{m['id']} {m['instance'] or '-'} {m['generation']}"
                print(f"member {identity} | {' '.join(m['topics']) or '-'} | {show(m['owned'])} |",
                      show(answer.get(m["id"], [])))


if __name__ == "__main__":
    main()
