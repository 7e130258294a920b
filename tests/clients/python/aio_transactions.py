"""aiokafka: exactly once from one topic to another.

usage: aio_transactions.py BOOTSTRAP
"""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import ProducerFenced

BOOTSTRAP = sys.argv[1]
SOURCE, TARGET, GROUP = "aio-source", "aio-target", "aio-movers"
RECORDS = 500


async def create():
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    await admin.create_topics([NewTopic(SOURCE, 2, 1), NewTopic(TARGET, 2, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP)
    await producer.start()
    await asyncio.gather(*[await producer.send(SOURCE, b"%d" % number) for number in range(RECORDS)])
    await producer.stop()


async def started(client):
    await client.start()
    return client


async def move():
    """Moves everything; every third transaction is given up and done again. Returns how many were."""
    settings = dict(group_id=GROUP, auto_offset_reset="earliest", isolation_level="read_committed")
    consumer = AIOKafkaConsumer(
        SOURCE, bootstrap_servers=BOOTSTRAP, enable_auto_commit=False, **settings
    )
    await consumer.start()
    mover = await started(AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id="aio-mover"))
    moved, rounds, aborted = 0, 0, 0
    while moved < RECORDS:
        batches = await consumer.getmany(timeout_ms=1_000, max_records=40)
        if not batches:
            continue
        rounds += 1
        await mover.begin_transaction()
        for messages in batches.values():
            for message in messages:
                await mover.send(TARGET, message.value)
        offsets = {partition: messages[-1].offset + 1 for partition, messages in batches.items()}
        await mover.send_offsets_to_transaction(offsets, GROUP)
        if rounds % 3 == 0:
            await mover.abort_transaction()
            aborted += 1
            for partition in batches:
                consumer.seek(partition, await consumer.committed(partition) or 0)
        else:
            await mover.commit_transaction()
            moved += sum(map(len, batches.values()))
    assert sum([await consumer.committed(partition) for partition in consumer.assignment()]) == RECORDS
    await consumer.stop()
    await mover.stop()
    return aborted


async def read(isolation):
    """Values of the target that a reader sees up to the end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, isolation_level=isolation)
    await consumer.start()
    partitions = [TopicPartition(TARGET, number) for number in range(2)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning()
    ends = await consumer.end_offsets(partitions)
    values = []
    while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
        for messages in (await consumer.getmany(timeout_ms=200)).values():
            values += [int(message.value) for message in messages]
    await consumer.stop()
    return values


async def fence():
    old = await started(AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id="aio-fenced"))
    await old.begin_transaction()
    await old.send_and_wait(TARGET, b"-1")
    new = await started(AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id="aio-fenced"))
    try:
        await old.commit_transaction()
        raise AssertionError("a fenced producer has committed")
    except ProducerFenced:
        pass
    async with new.transaction():
        await new.send(TARGET, b"-2")
    await new.stop()
    await old.stop()


async def main():
    await create()
    assert await move() > 0
    assert sorted(await read("read_committed")) == list(range(RECORDS))
    assert len(await read("read_uncommitted")) > RECORDS
    await fence()
    committed = await read("read_committed")
    assert -2 in committed and -1 not in committed
    print("ok")


asyncio.run(main())
