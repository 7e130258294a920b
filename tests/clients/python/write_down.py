"""confluent-kafka (librdkafka): produces until its input ends, and writes each acknowledged message down.

usage: write_down.py BOOTSTRAP NOTES PRODUCER PARTITIONS MESSAGES

Messages say whose they are (tests/tests/witness/sent.rs has the same). It ends with success when all that it has sent, at
most MESSAGES of them, has been acknowledged.
"""

import sys

from confluent_kafka import Producer

from noting import QUICK, Notes, input_ended

BOOTSTRAP, NOTES = sys.argv[1:3]
PRODUCER, PARTITIONS, MESSAGES = map(int, sys.argv[3:6])
BURST = 8
SECONDS = 60


def value(number):
    size = 20 + ((number * 2_654_435_761 & 0xFFFF_FFFF_FFFF_FFFF) ^ PRODUCER) % 3000
    block = bytes(place ^ number & 0xFF for place in range(256))
    return (PRODUCER.to_bytes(8, "big") + number.to_bytes(8, "big") + (block * 13)[16:])[:size]


notes, stop = Notes(NOTES), input_ended()


def on_delivery(error, message):
    if error is not None:
        raise SystemExit(f"not delivered: {error}")
    notes.add("ack", message)


settings = {"enable.idempotence": True, "linger.ms": 1, "batch.size": 12_000, "message.timeout.ms": 1000 * SECONDS}
producer = Producer({"bootstrap.servers": BOOTSTRAP, "on_delivery": on_delivery, "retry.backoff.ms": 5} | settings | QUICK)
sent = 0
while sent < MESSAGES and not stop.is_set():
    for number in range(sent, sent + BURST):
        producer.produce("a", value(number), partition=(PRODUCER + number) % PARTITIONS)
    sent += BURST
    while len(producer) > 4 * BURST:
        producer.poll(0.1)
left = producer.flush(SECONDS)
assert left == 0, f"{left} of {sent} were not acknowledged"
print("ok")
