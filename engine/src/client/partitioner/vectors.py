"""Writes vectors.tsv: the partitions that the real confluent-kafka chooses. Not run by any test.

    pip install confluent-kafka==2.16.1 && python vectors.py > vectors.tsv
"""

import random

import confluent_kafka
from confluent_kafka import consistent, fnv1a, murmur2

COUNTS = [1, 7, 1000, 2**31 - 1]

rng = random.Random(20260101)
keys = [b"", b"\x00", b"\xff", b"\x80" * 4, b"key", b"foobar", "größe".encode(), bytes(range(256))]
for length in list(range(1, 68)) + [100, 255, 256, 1023, 4096]:
    for _ in range(3):
        keys.append(rng.randbytes(length))
        keys.append(bytes(rng.choice(b"abcdefghijklmnopqrstuvwxyz0123456789-") for _ in range(length)))
keys = [key for key in keys if len(key) <= 256] + [rng.randbytes(n) for n in (1023, 4096)]

print(f"# key in hex, then murmur2, consistent and fnv1a, each for {COUNTS} partitions;",
      f"confluent-kafka {confluent_kafka.version()}, librdkafka {confluent_kafka.libversion()[0]}")
for key in keys:
    columns = [function(key, count) for function in (murmur2, consistent, fnv1a) for count in COUNTS]
    print(key.hex(), *columns, sep="\t")
