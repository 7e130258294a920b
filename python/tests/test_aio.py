import asyncio
import time

import pytest

from tidelog import KafkaError, KafkaException
from tidelog.aio import AIOConsumer, AIOProducer, AsyncDeserializingConsumer, AsyncSerializingProducer
from tidelog.serialization import IntegerDeserializer, IntegerSerializer


def consumer(config, **more):
    return AIOConsumer({**config, "group.id": "g", "auto.offset.reset": "earliest", **more})


def test_a_delivery_can_be_awaited(config):
    async def main():
        async with AIOProducer(config) as producer:
            delivery = await producer.produce("t", "v", "k", headers={"a": "b"}, timestamp=5)
            message = await delivery
            assert (message.offset(), message.value(), message.timestamp()) == (0, b"v", (1, 5))
            futures = [await producer.produce("t", str(number)) for number in range(1000)]
            assert await producer.flush(10) == 0
            assert [(await future).offset() for future in futures] == list(range(1, 1001))
            with pytest.raises(KafkaException) as raised:
                await (await producer.produce("no topic", "v"))
            assert raised.value.args[0] == KafkaError.TOPIC_EXCEPTION

    asyncio.run(main())


def test_messages_can_be_awaited(config):
    async def main():
        async with AIOProducer(config) as producer, consumer(config) as reader:
            for number in range(10):
                await producer.produce("t", str(number), headers={"n": str(number)})
            await producer.flush()
            assigned = []
            await reader.subscribe(["t"], on_assign=lambda who, partitions: assigned.append((who, partitions)))
            first = await reader.getone()
            assert first.value() == b"0" and first.headers() == [("n", b"0")]
            assert assigned[0][0] is reader
            assert [message.value() for message in await reader.consume(5, 10)] == [b"1", b"2", b"3", b"4", b"5"]
            assert len(await reader.getmany(100, 10)) == 4
            # Woken by the engine, long before any tick.
            waiting = asyncio.create_task(reader.getone())
            await asyncio.sleep(0.05)
            start = time.monotonic()
            await (await producer.produce("t", "late"))
            assert (await waiting).value() == b"late" and time.monotonic() - start < 0.3
            start = time.monotonic()
            assert await reader.poll(0.2) is None and time.monotonic() - start < 2
            [committed] = await reader.commit(asynchronous=False)
            assert committed.offset == 11

    asyncio.run(main())


def test_others_run_while_one_waits(config):
    async def main():
        ticks = []

        async def tick():
            while True:
                ticks.append(None)
                await asyncio.sleep(0.01)

        async with consumer(config) as reader:
            other = asyncio.create_task(tick())
            assert await reader.poll(0.3) is None
            other.cancel()
        assert len(ticks) > 10

    asyncio.run(main())


def test_callbacks_may_be_coroutine_functions(kafka, config):
    kafka.produce("t", "a")

    async def main():
        told = []

        async def assigned(who, partitions):
            await asyncio.sleep(0.01)
            told.append(len(partitions))

        async with consumer(config) as reader:
            await reader.subscribe(["t"], on_assign=assigned)
            assert (await reader.poll(10)).value() == b"a" and told == [1]

    asyncio.run(main())


def test_iteration_and_cancelling(kafka, config):
    kafka.produce("t", *"abc")

    async def main():
        found = []
        async with consumer(config) as reader:
            await reader.subscribe(["t"])

            async def read():
                async for message in reader:
                    found.append(message.value())

            task = asyncio.create_task(read())
            while len(found) < 3:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert found == [b"a", b"b", b"c"]

    asyncio.run(main())


def test_serializers(config):
    async def main():
        producer = await AsyncSerializingProducer({**config, "value.serializer": IntegerSerializer()})
        await producer.produce("t", value=7)
        await producer.close()
        settings = {"group.id": "g", "auto.offset.reset": "earliest", "value.deserializer": IntegerDeserializer()}
        reader = await AsyncDeserializingConsumer({**config, **settings})
        await reader.subscribe(["t"])
        assert (await reader.getone()).value() == 7
        await reader.close()

    asyncio.run(main())


def test_flushing_sends_off_what_lingers(config):
    async def main():
        async with AIOProducer({**config, "linger.ms": 100_000}) as producer:
            future = await producer.produce("t", "v")
            start = time.monotonic()
            assert await producer.flush(10) == 0 and time.monotonic() - start < 5
            assert (await future).offset() == 0

    asyncio.run(main())
