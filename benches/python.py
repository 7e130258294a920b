"""The Python package against confluent-kafka with its in-process mock broker: the same work, in turns, in one run.

usage: python benches/python.py [ROUNDS] [WORKLOAD...]

Needs the wheel `tidelog` (built with --release) and confluent-kafka in one environment. Prints medians and their ratio.
"""

import asyncio
import gc
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

VALUE = b"x" * 100
COUNT = {"tidelog": 1_000_000, "confluent": 100_000}
# The mock broker keeps little.
CONSUMED = {"tidelog": 1_000_000, "confluent": 30_000}
LIMITS = {"queue.buffering.max.messages": 2_000_000, "queue.buffering.max.kbytes": 2_000_000, "linger.ms": 5}


class Side:
    """One of the two, with a broker that starts empty."""

    def __init__(self, name):
        self.name = name
        self.count = COUNT[name]
        self.consumed = CONSUMED[name]
        self.producers = {}
        if name == "tidelog":
            import tidelog as module

            self.partitions = 1
            self.directory = tempfile.mkdtemp(prefix="tidelog-bench-")
            self.common = {"bootstrap.servers": "tidelog:" + self.directory}
        else:
            import confluent_kafka as module

            self.directory = None
            # A producer with a mock broker inside: others connect to it by its address.
            self.broker = module.Producer({"test.mock.num.brokers": 1})
            metadata = self.broker.list_topics("t", 10)
            self.partitions = len(metadata.topics["t"].partitions)
            address = next(iter(metadata.brokers.values()))
            self.common = {"bootstrap.servers": f"{address.host}:{address.port}"}
        self.module = module

    def producer(self, **more):
        """A producer that was used before, so that its memory is warm."""
        key = tuple(more.items())
        if key not in self.producers:
            self.producers[key] = self.new_producer(**more)
        return self.producers[key]

    def new_producer(self, **more):
        settings = {**self.common, **LIMITS, "acks": 1, **{key.replace("_", "."): value for key, value in more.items()}}
        return self.module.Producer(settings)

    def consumer(self, module=None):
        settings = {"group.id": f"g{time.time_ns()}", "auto.offset.reset": "earliest", "enable.auto.commit": False}
        return (module or self.module).Consumer({**self.common, **settings})

    def close(self):
        for producer in self.producers.values():
            producer.close()
        if self.directory:
            shutil.rmtree(self.directory)


def produce(side):
    """Messages per second, acknowledged: produce() of 100 B without a callback."""
    producer = side.producer()
    producer.produce("t", VALUE)
    producer.flush()
    call, count = producer.produce, side.count
    start = time.perf_counter()
    for _ in range(count):
        call("t", VALUE)
    producer.flush()
    rate = count / (time.perf_counter() - start)
    return rate


def produce_callback(side):
    """The same with on_delivery, and poll(0) for each."""
    producer = side.producer()
    seen = [0]

    def delivered(error, message):
        assert error is None
        seen[0] += 1

    producer.produce("t", VALUE)
    producer.flush()
    call, poll, count = producer.produce, producer.poll, side.count
    start = time.perf_counter()
    for _ in range(count):
        call("t", VALUE, on_delivery=delivered)
        poll(0)
    producer.flush()
    rate = count / (time.perf_counter() - start)
    assert seen[0] == count
    return rate


def produce_batch(side):
    """The same with produce_batch() of 1000."""
    producer = side.producer()
    messages = [{"value": VALUE} for _ in range(1000)]
    producer.produce_batch("t", messages)
    producer.flush()
    start = time.perf_counter()
    for _ in range(side.count // 1000):
        producer.produce_batch("t", messages)
    producer.flush()
    rate = side.count / (time.perf_counter() - start)
    return rate


def fill(side):
    producer = side.producer()
    for _ in range(side.consumed):
        producer.produce("filled", VALUE)
    producer.flush()


def started(side):
    """A consumer that has the first message already: its data is at hand."""
    consumer = side.consumer()
    consumer.assign([side.module.TopicPartition("filled", number, 0) for number in range(side.partitions)])
    assert consumer.poll(10) is not None
    time.sleep(1.0)
    return consumer


def consume(side):
    """Messages per second: consume(500) and value() of each, from data at hand."""
    consumer = started(side)
    left = side.consumed - 1
    start = time.perf_counter()
    while left:
        for message in consumer.consume(min(500, left), 10):
            message.value()
            left -= 1
    rate = (side.consumed - 1) / (time.perf_counter() - start)
    consumer.close()
    return rate


def poll(side):
    """The same with poll()."""
    consumer = started(side)
    call = consumer.poll
    start = time.perf_counter()
    for _ in range(side.consumed - 1):
        call(10).value()
    rate = (side.consumed - 1) / (time.perf_counter() - start)
    consumer.close()
    return rate


def one_in_flight(side):
    """Median microseconds from produce() to the delivery report, acks=1, one at a time."""
    producer = side.producer(linger_ms=0)
    samples = []
    for _ in range(3000):
        done = []
        start = time.perf_counter()
        producer.produce("t", VALUE, on_delivery=lambda error, message: done.append(error))
        while not done:
            producer.poll(1)
        samples.append(time.perf_counter() - start)
    return statistics.median(samples) * 1e6


def in_turns(rounds, work, sides, prepare=None):
    results = {side.name: [] for side in sides}
    if prepare:
        for side in sides:
            prepare(side)
    for turn in range(rounds + 1):
        for side in sides:
            gc.collect()
            result = work(side)
            if turn:  # the first is to warm up
                results[side.name].append(result)
    return {name: statistics.median(values) for name, values in results.items()}


def arrow(side):
    """Records per second into a pyarrow table."""
    import pyarrow

    consumer = started(side)
    left, tables = side.consumed - 1, []
    start = time.perf_counter()
    while left:
        tables.append(pyarrow.table(consumer.consume_arrow(min(100_000, left), 10)))
        left -= len(tables[-1])
    rate = (side.consumed - 1) / (time.perf_counter() - start)
    consumer.close()
    return rate


def awaited(side, many):
    """Messages per second: await getone(), or await getmany(500)."""
    from tidelog.aio import AIOConsumer

    async def run():
        settings = {"group.id": "g", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        consumer = AIOConsumer({**side.common, **settings})
        await consumer.assign([side.module.TopicPartition("filled", 0, 0)])
        await consumer.getone()
        left = side.consumed - 1
        start = time.perf_counter()
        while left:
            if many:
                left -= len(await consumer.getmany(min(500, left)))
            else:
                await consumer.getone()
                left -= 1
        rate = (side.consumed - 1) / (time.perf_counter() - start)
        await consumer.close()
        return rate

    return asyncio.run(run())


def queued_memory(side):
    """Bytes of resident memory for each message of 100 B that is queued, in a process of its own."""
    command = [sys.executable, __file__, "--queued-memory", side.name]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def queue_messages(side):
    count = side.count
    producer = side.new_producer(linger_ms=100_000, batch_num_messages=1_000_000, batch_size=2_000_000)
    producer.produce("queued", VALUE)
    before = resident()
    for _ in range(count):
        producer.produce("queued", VALUE)
    used = (resident() - before) / count
    producer.purge()
    producer.flush()
    return used


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def iteration(side):
    """Messages per second: `for message in consumer`, and value() of each."""
    consumer = started(side)
    left = side.consumed - 1
    start = time.perf_counter()
    for message in consumer:
        message.value()
        left -= 1
        if not left:
            break
    rate = (side.consumed - 1) / (time.perf_counter() - start)
    consumer.close()
    return rate


PAIRS = {
    "produce": (produce, None, "messages/s", 6),
    "produce_callback": (produce_callback, None, "messages/s", 6),
    "produce_batch": (produce_batch, None, "messages/s", 8),
    "consume": (consume, fill, "messages/s", 4),
    "poll": (poll, fill, "messages/s", 6),
    "one_in_flight": (one_in_flight, None, "us", 2),
    "queued_memory": (queued_memory, None, "B", 2),
}
# What only tidelog has, with its goal in messages per second.
ALONE = {
    "iteration": (iteration, "messages/s, as fast as consume", None),
    "arrow": (arrow, "records/s", 15e6),
    "getone": (lambda side: awaited(side, False), "messages/s", 2e6),
    "getmany": (lambda side: awaited(side, True), "messages/s", 10e6),
}


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--queued-memory"]:
        return print(queue_messages(Side(arguments[1])))
    rounds = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else 5
    for name, (work, prepare, unit, bar) in PAIRS.items():
        if arguments and name not in arguments:
            continue
        sides = [Side("tidelog"), Side("confluent")]
        medians = in_turns(rounds, work, sides, prepare)
        ours, theirs = medians["tidelog"], medians["confluent"]
        ratio = ours / theirs if unit == "messages/s" else theirs / ours
        print(f"{name}: tidelog {ours:,.1f} {unit}, confluent {theirs:,.1f} {unit}: {ratio:.1f}x (bar {bar}x)", flush=True)
        for side in sides:
            side.close()
    alone = {name: workload for name, workload in ALONE.items() if not arguments or name in arguments}
    if not alone:
        return None
    side = Side("tidelog")
    fill(side)
    for name, (work, unit, goal) in alone.items():
        rate = in_turns(rounds, work, [side])["tidelog"]
        print(f"{name}: {rate:,.0f} {unit}" + (f" (bar {goal:,.0f})" if goal else ""), flush=True)
    side.close()
    return None


if __name__ == "__main__":
    main()
