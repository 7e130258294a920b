"""Makes the golden batches beside this file with two encoders that are not ours: kafka-python's and librdkafka's.

Not run by any test: the files are checked in, `../golden.rs` compares with them. To make them anew:

    python3 -m venv venv
    venv/bin/pip install kafka-python==3.0.12 confluent-kafka==2.16.1 lz4 zstandard python-snappy crc32c
    venv/bin/python engine/src/record/golden/make.py

Compressed files may change with the versions of the codecs; the records in them must not. What is in each file is
written down a second time, in Rust, in `../golden.rs`.
"""

import socket
import struct
from pathlib import Path

from confluent_kafka import Producer
from kafka.record.default_records import DefaultRecordBatchBuilder as Builder

HERE = Path(__file__).parent
TIME = 1_700_000_000_000
CODECS = {"gzip": Builder.CODEC_GZIP, "snappy": Builder.CODEC_SNAPPY, "lz4": Builder.CODEC_LZ4, "zstd": Builder.CODEC_ZSTD}


class ControlBuilder(Builder):
    """kafka-python leaves control batches to brokers, so the two attribute bits are set here."""

    def _get_attributes(self, include_compression_type=True):
        return self.TRANSACTIONAL_MASK | self.CONTROL_MASK


def record(value, key=None, timestamp=TIME, headers=()):
    return (timestamp, key, value, list(headers))


def sample():
    """Twenty records of every ordinary kind; what the codecs pack."""
    return [
        record(
            key=None if n % 5 == 0 else b"key-%d" % n,
            value=b"value %d of the golden batch, again and again" % n,
            timestamp=TIME + 7 * n,
            headers=[("n", b"%d" % n)] if n % 4 == 0 else [],
        )
        for n in range(20)
    ]


def write(name, records, codec=0, producer=(-1, -1, -1), transactional=False, builder=Builder):
    batch = builder(2, codec, transactional, *producer, batch_size=1 << 30)
    for offset, fields in enumerate(records):
        assert batch.append(offset, *fields) is not None
    (HERE / f"{name}.bin").write_bytes(batch.build())


def with_kafka_python():
    write("no-headers", [record(b"one", b"k1"), record(b"two", b"k2", TIME + 1), record(b"three", b"k1", TIME + 150)])
    headers = [("trace", b"abc"), ("trace", b"abc"), ("trace", None), ("", b""), ("gr\u00f6\u00dfe", b"\xff\x00")]
    write("headers", [record(b"v", b"k", TIME, headers), record(b"w", None, TIME, [("only", None)])])
    write("nulls", [record(None), record(b""), record(None, b""), record(b"", b"k"), record(None, b"k")])
    write("negative-timestamps", [record(b"a", timestamp=t) for t in (-5, -1_000_000, 0, 3, -(1 << 62))])
    write("large", [record(bytes(n * 31 % 251 for n in range(70_000)), b"large")])
    write("idempotent", [record(b"a"), record(b"b")], producer=(4242, 7, 1000))
    write("transactional", [record(b"a"), record(b"b")], producer=(1 << 40, 0, 0), transactional=True)
    for kind, name in enumerate(["abort", "commit"]):
        marker = record(struct.pack(">hi", 0, 3), struct.pack(">hh", 0, kind))
        write(f"control-{name}", [marker], producer=(4242, 7, -1), builder=ControlBuilder)
    for name, codec in CODECS.items():
        write(name, sample(), codec)


def fetch(host, port, topic):
    """The bytes of partition 0, as the broker has them (Fetch, version 4)."""
    name = topic.encode()
    body = struct.pack(">hhih", 1, 4, 1, -1)
    body += struct.pack(">iiiib", -1, 1000, 1, 1 << 20, 0)
    body += struct.pack(">ih", 1, len(name)) + name + struct.pack(">iiqi", 1, 0, 0, 1 << 20)
    with socket.create_connection((host, port)) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        stream = connection.makefile("rb")
        response = stream.read(struct.unpack(">i", stream.read(4))[0])
    position = 4 + 4 + 4 + 2 + len(name) + 4 + 4
    error, _high_watermark, _last_stable, aborted = struct.unpack_from(">hqqi", response, position)
    assert (error, aborted) == (0, 0)
    (size,) = struct.unpack_from(">i", response, position + 22)
    records = response[position + 26 :]
    assert len(records) == size
    return records


def with_librdkafka():
    """Lets librdkafka produce to the broker that it has built in for tests, which keeps the bytes as they came."""
    for name in ["none", *CODECS]:
        producer = Producer({"test.mock.num.brokers": 1, "linger.ms": 500, "compression.codec": name, "acks": "all"})
        for timestamp, key, value, headers in sample():
            producer.produce("golden", value, key, partition=0, timestamp=timestamp, headers=headers)
        assert producer.flush(10) == 0
        broker = next(iter(producer.list_topics().brokers.values()))
        (HERE / f"librdkafka-{name}.bin").write_bytes(fetch(broker.host, broker.port, "golden"))


with_kafka_python()
with_librdkafka()
