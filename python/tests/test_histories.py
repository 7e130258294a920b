"""Random histories of calls to confluent-kafka, over TCP, and to tidelog, in process, on one engine: results, exceptions,
messages and reports agree. ``TIDELOG_SEED=n`` has one seed tried, ``TIDELOG_SEEDS=n`` so many."""

import os
import random

import pytest

import tidelog
from histories import consuming, log, producing, subscribing, transacting
from tidelog import admin

STEPS = 25


def seeds(count=6):
    if "TIDELOG_SEED" in os.environ:
        return [int(os.environ["TIDELOG_SEED"])]
    return range(1, 1 + int(os.environ.get("TIDELOG_SEEDS", count)))


@pytest.fixture(scope="module")
def confluent():
    package = pytest.importorskip("confluent_kafka")
    if not package.version().startswith("2.16."):
        pytest.skip("held against confluent-kafka 2.16")
    return package


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with tidelog.Engine(str(tmp_path_factory.mktemp("histories") / "data"), listeners=["127.0.0.1:0"]) as engine:
        yield engine


def again_where_time_passed(seed, history):
    """A machine that is busy lets a time pass on one side only. A difference between the packages is there every time."""
    differs = []
    while len(differs) < 3 and (found := history(random.Random(seed), f"{seed}-{len(differs)}")):
        differs.append(found)
    assert len(differs) < 3, "\n\nand again: ".join(differs)


def in_process(engine):
    return {"bootstrap.servers": engine.bootstrap_servers}


def told(settings, past, ours, theirs):
    before = "\n  ".join(repr(step) for step in past)
    return f"{settings}\n  {before}\n    tidelog:         {ours}\n    confluent-kafka: {theirs}"


@pytest.fixture(scope="module")
def filled(engine):
    mover = consuming.fill(tidelog, admin, in_process(engine))
    yield
    mover.abort_transaction()
    mover.close()


@pytest.mark.parametrize("seed", seeds())
def test_consumers_are_told_the_same(engine, filled, confluent, seed):
    def history(random, name):
        settings = consuming.settings(random)
        of_ours = {**in_process(engine), "group.id": f"ours-{name}"}
        of_theirs = {"bootstrap.servers": engine.addresses[0], "group.id": f"theirs-{name}", "fetch.wait.max.ms": 50}
        ours = consuming.Side(tidelog, {**settings, **of_ours})
        theirs = consuming.Side(confluent, {**settings, **of_theirs})
        past = []
        try:
            for call, given in consuming.draw(random, STEPS):
                mine = ours.run(call, given, 0)
                count = 0
                if call in ("take", "drain"):
                    count = sum(map(len, mine.values())) if isinstance(mine, dict) else len(mine)
                other = theirs.run(call, given, count)
                past.append((call, given, mine))
                if consuming.ends(call, mine, other):
                    return None
                if mine != other and not consuming.is_known(call, mine, other):
                    return told(settings, past, mine, other)
        finally:
            ours.close()
            theirs.close()
        return None

    again_where_time_passed(seed, history)


@pytest.mark.parametrize("seed", seeds(3))
@pytest.mark.parametrize("protocol", [lambda _: subscribing.CONSUMER, subscribing.classic], ids=["consumer", "classic"])
def test_members_of_groups_are_told_the_same(quick_engine, confluent, protocol, seed):
    def history(random, name):
        drawn = protocol(random)
        ours = subscribing.Side(tidelog, in_process(quick_engine), f"ours-{name}", drawn)
        theirs = subscribing.Side(confluent, {"bootstrap.servers": quick_engine.addresses[0]}, f"theirs-{name}", drawn)
        past = []
        try:
            for call, who, given in subscribing.draw(random, subscribing.STEPS, drawn):
                mine = ours.run(call, who, given, None)
                other = theirs.run(call, who, given, mine)
                past.append((call, who, given, mine))
                if mine != other:
                    return told(drawn.settings, past, mine, other)
        finally:
            ours.end()
            theirs.end()
        return None

    again_where_time_passed(seed, history)


@pytest.fixture(scope="module")
def quick_engine(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("groups") / "data")
    config = {
        "tidelog.group.consumer.heartbeat.interval.ms": 20,
        "tidelog.group.initial.rebalance.delay.ms": 0,
        "tidelog.offsets.topic.num.partitions": 1,
    }
    with tidelog.Engine(path, listeners=["127.0.0.1:0"], config=config) as engine:
        subscribing.make_topics(admin, in_process(engine))
        yield engine


@pytest.fixture
def sides(engine, confluent):
    """Makes both sides of a history of some kind, each with a topic of its own."""
    client = admin.AdminClient(in_process(engine))

    def side(kind, package, address, settings, topic):
        client.create_topics([admin.NewTopic(topic, kind.PARTITIONS)])[topic].result()
        return kind.Side(package, {**settings, "bootstrap.servers": address}, topic)

    def make(kind, settings, name):
        ours = side(kind, tidelog, engine.bootstrap_servers, settings, f"ours-{name}")
        return ours, side(kind, confluent, engine.addresses[0], settings, f"theirs-{name}")

    return make


@pytest.mark.parametrize("seed", seeds())
def test_producers_are_told_the_same(engine, sides, seed):
    def history(random, name):
        settings = producing.settings(random)
        ours, theirs = sides(producing, settings, name)
        past = []
        for call, given in producing.draw(random, STEPS, settings):
            mine, other = ours.run(call, given), theirs.run(call, given)
            past.append((call, given, mine))
            if mine != other and not producing.is_known(mine, other):
                return told(settings, past, mine, other)
        logs = [log(tidelog, in_process(engine), one.topic, producing.PARTITIONS, producing.shown) for one in (ours, theirs)]
        if logs[0] != logs[1]:
            return told(settings, past, *logs)
        return None if ours.errors == theirs.errors else told(settings, past, ours.errors, theirs.errors)

    again_where_time_passed(seed, history)


@pytest.mark.parametrize("seed", seeds())
def test_transactions_come_to_the_same(engine, sides, seed):
    def history(random, name):
        ours, theirs = sides(transacting, {}, f"transactions-{name}")
        past = []
        try:
            for call, who, given in transacting.draw(random, STEPS):
                mine, other = ours.run(call, who, given), theirs.run(call, who, given)
                past.append((call, who, given, mine))
                if mine != other and not transacting.is_known(mine, other):
                    return told({}, past, mine, other)
        finally:
            ours.close()
            theirs.close()
        for isolation in ("read_committed", "read_uncommitted"):
            config = {**in_process(engine), "isolation.level": isolation}
            logs = [log(tidelog, config, one.topic, transacting.PARTITIONS, transacting.shown) for one in (ours, theirs)]
            if logs[0] != logs[1]:
                return told({}, past, *logs)
        return None

    again_where_time_passed(seed, history)
