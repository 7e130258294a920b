"""aiokafka against a server.

usage: aio.py BOOTSTRAP
"""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

BOOTSTRAP = sys.argv[1]
TOPIC = "aiokafka"
RECORDS = 3_000


async def main():
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, enable_idempotence=True)
    await producer.start()
    sent = [await producer.send(TOPIC, b"v%d" % number) for number in range(RECORDS)]
    await asyncio.gather(*sent)
    await producer.stop()
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=BOOTSTRAP, group_id="aiokafka", auto_offset_reset="earliest"
    )
    await consumer.start()
    for number in range(RECORDS):
        message = await asyncio.wait_for(consumer.getone(), 30)
        assert message.value == b"v%d" % number
    await consumer.commit()
    await consumer.stop()
    print("ok")


asyncio.run(main())
