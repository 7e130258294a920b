"""Asks the real librdkafka what it makes of settings, and writes down the answers. Not run by any test.

    pip install confluent-kafka==2.16.1 && python generate.py

writes three files beside this one, which `tests.rs` compares this crate with:

- properties.tsv: every property as `rd_kafka_conf_properties_show()` prints it.
- values.tsv: what setting one property to one value answers, and what reading it back gives.
- clients.tsv: whether a client with several settings can be created, else why not, and settings that creating it
  adjusts.

Fields are separated by tabs; `\\t`, `\\n` and `\\\\` are escaped, `\\N` is a NULL.

Left out is what this crate answers differently on purpose: integers beyond 32 bits (librdkafka cuts them), `nan`,
what the build can do (builtin.features, plugins, GSSAPI), reasons of broken regular expressions, names and versions of
the client's software, whether https.ca.location exists, and hooks of librdkafka's own tests.
"""

import ctypes
import glob
import itertools
import os
import re
import sys
import tempfile

import confluent_kafka

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = glob.glob(os.path.join(os.path.dirname(confluent_kafka.__file__), "..", "confluent_kafka.libs",
                                 "librdkafka*"))[0]
lib = ctypes.CDLL(LIBRARY)
libc = ctypes.CDLL(None)
pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
for name, result, arguments in [
    ("rd_kafka_conf_new", pointer, []),
    ("rd_kafka_conf_destroy", None, [pointer]),
    ("rd_kafka_conf_set", ctypes.c_int, [pointer, text, text, text, size]),
    ("rd_kafka_conf_get", ctypes.c_int, [pointer, text, text, ctypes.POINTER(size)]),
    ("rd_kafka_conf_set_log_cb", None, [pointer, pointer]),
    ("rd_kafka_new", pointer, [ctypes.c_int, pointer, text, size]),
    ("rd_kafka_conf", pointer, [pointer]),
    ("rd_kafka_destroy_flags", None, [pointer, ctypes.c_int]),
    ("rd_kafka_conf_properties_show", None, [pointer]),
]:
    getattr(lib, name).restype = result
    getattr(lib, name).argtypes = arguments
libc.fopen.restype = pointer
libc.fclose.argtypes = [pointer]

LOG = ctypes.CFUNCTYPE(None, pointer, ctypes.c_int, text, text)
silent = LOG(lambda *_: None)


def set_value(conf, name, value):
    error = ctypes.create_string_buffer(1024)
    code = lib.rd_kafka_conf_set(conf, name.encode(), None if value is None else value.encode(), error, 1024)
    return None if code == 0 else error.value.decode()


def get_value(conf, name):
    length, value = size(4096), ctypes.create_string_buffer(4096)
    code = lib.rd_kafka_conf_get(conf, name.encode(), value, ctypes.byref(length))
    return value.value.decode() if code == 0 else None


def write(name, rows):
    def escape(field):
        if field is None:
            return "\\N"
        return field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")

    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        for row in rows:
            file.write("\t".join(escape(field) for field in row) + "\n")
    print(name, len(rows), file=sys.stderr)


def properties():
    """(level, name, role, type, range, default, alias of)"""
    with tempfile.NamedTemporaryFile() as file:
        stream = libc.fopen(file.name.encode(), b"w")
        lib.rd_kafka_conf_properties_show(stream)
        libc.fclose(stream)
        lines = open(file.name, encoding="utf-8").read().split("\n")
    level = "global"
    for line in lines:
        if line.startswith("## Topic"):
            level = "topic"
        if not re.match(r"^[a-z]\S*\s+\|", line):
            continue
        name, role, values, default, _, description = (field.strip() for field in re.split(r" \| ", line, maxsplit=5))
        kind = re.findall(r"\*Type: (.*?)\*$", description)
        alias = re.search(r"Alias for `([^`]+)`", description)
        if name == "sasl.kerberos.kinit.cmd":  # its default contains the separator
            kind, default = ["string"], get_value(lib.rd_kafka_conf_new(), name)
        yield level, name, role, kind[0], values, default, alias.group(1) if alias else None


NOT_COMPARED = {"builtin.features", "plugin.library.paths", "topic.blacklist"}
UNKNOWN = ["foo.bar", "", "bootstrap_servers", "Client.id", "client.id ", "topic.linger.ms", "topic.topic.acks", "größe",
           "topic.", "ssl.truststore.location", "sasl.jaas.config", "ssl.truststore.password", "test.mock.num.brokers",
           "enable.sparse.connections", "enable_sasl_queue", "topic.acks", "topic.compression.codec",
           "topic.enable.auto.commit", "topic.auto.commit.interval.ms", "topic.offset.store.method", "topic.opaque"]


def inputs(kind, values, default):
    common = [None, "", "bogus", " "]
    if kind == "integer":
        low, high = (int(bound) for bound in values.split(" .. "))
        near = [number for number in (low - 1, low, high, high + 1) if -2**31 <= number < 2**31]
        return common + [str(number) for number in near] + [f"\t{high}x", hex(high), "-", "1e1"]
    if kind == "float":
        return common + ["-1", "-0.001", "0", ".5", "5e", "1e1", "0x10", "0x1p3", "900000", "900000.5", "900001", "1e8",
                         "inf", "-Infinity", "123.456789", "0.00001234", "999999.5", "5 ms", "+3", "- 3"]
    if kind == "boolean":
        return common + ["true", "TRUE", "t", "1", "F", "false", "0", "2", "yes", " true", "true "]
    if kind == "enum value":
        words = values.split(", ")
        return common + words + [words[0].upper(), f" {words[-1]}", f"{words[0]} ", ",".join(words[:2])]
    if kind == "CSV flags":
        return common + ["msg", "MSG,+topic", "msg , topic", " msg,,topic,", "all", "all,-broker", "-msg", "-", "msg,x y"]
    return common + ["  x y", "a,b"]


def values():
    rows = []
    table = list(properties())
    for name in UNKNOWN:
        table.append(("", name, "", "", "", "", None))
    for level, name, _, kind, choices, default, _ in table:
        if name in NOT_COMPARED:
            continue
        name = f"topic.{name}" if level == "topic" and name in ("compression.codec", "offset.store.method") else name
        for value in inputs(kind, choices, default):
            if name == "opaque" or name.endswith("_cb") and value not in (None, "bogus"):
                continue
            conf = lib.rd_kafka_conf_new()
            error = set_value(conf, name, value)
            dedicated = kind == "see dedicated API"
            rows.append((name, value, error, None if dedicated else get_value(conf, name)))
            lib.rd_kafka_conf_destroy(conf)
    return rows


IDEMPOTENT = {"enable.idempotence": "true"}
TRANSACTIONAL = {"transactional.id": "x"}
OIDC = {"sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.method": "oidc"}
OIDC_AT = OIDC | {"sasl.oauthbearer.token.endpoint.url": "http://x"}
ASSERTION = "sasl.oauthbearer.assertion."
JWT = OIDC_AT | {"sasl.oauthbearer.grant.type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
SASL = {"security.protocol": "sasl_plaintext"}
USER = {"sasl.username": "u", "sasl.password": "p"}

SECURITY = [
    {"ssl.keystore.location": "/x"},
    {"https.ca.location": "/x", "https.ca.pem": "x"},
    SASL | {"sasl.mechanism": "FOO"},
    SASL | {"sasl.mechanism": "plain"} | USER,
    SASL | {"sasl.mechanism": "PLAIN"},
    SASL | {"sasl.mechanism": "PLAIN"} | USER,
    SASL | {"sasl.mechanism": "SCRAM-SHA-256"},
    SASL | {"sasl.mechanism": "SCRAM-SHA-999"} | USER,
    SASL | {"sasl.mechanism": "OAUTHBEARER"},
    {"sasl.mechanism": "FOO"},
    OIDC,
    OIDC | {"enable.sasl.oauthbearer.unsecure.jwt": "true"},
    OIDC_AT,
    OIDC_AT | {"sasl.oauthbearer.client.id": "x"},
    OIDC_AT | {"sasl.oauthbearer.client.id": "x", "sasl.oauthbearer.client.secret": "x"},
    OIDC_AT | {"sasl.oauthbearer.sub.claim.name": " "},
    OIDC_AT | {"sasl.oauthbearer.client.id": "x", "sasl.oauthbearer.client.secret": "x",
               "sasl.oauthbearer.sub.claim.name": "\t "},
    JWT,
    JWT | {ASSERTION + "private.key.file": "x"},
    JWT | {ASSERTION + "private.key.file": "x", ASSERTION + "private.key.pem": "x"},
] + [JWT | {ASSERTION + "file": "x", ASSERTION + name: value} for name, value in [
    ("private.key.file", "x"), ("private.key.passphrase", "x"), ("jwt.template.file", "x"), ("claim.sub", "x"),
    ("claim.aud", "x"), ("claim.iss", "x"), ("claim.jti.include", "false"), ("claim.exp.seconds", "300"),
    ("claim.nbf.seconds", "60"),
]] + [JWT | {ASSERTION + "file": "x"}]

BOTH = [
    {},
    {"reconnect.backoff.max.ms": "1"},
    {"partition.assignment.strategy": "foo"},
    {"partition.assignment.strategy": "range,cooperative-sticky"},
    {"partition.assignment.strategy": "range, roundrobin "},
    {"partition.assignment.strategy": ",range,,"},
    {"partition.assignment.strategy": ","},
    {"partition.assignment.strategy": "range, "},
    {"partition.assignment.strategy": "cooperative-sticky,cooperative-sticky"},
    {"partition.assignment.strategy": "Range"},
    {"group.protocol.type": "foo"},
    {"allow.auto.create.topics": "false"},
    {"allow.auto.create.topics": "true"},
]

PRODUCER = BOTH + [
    IDEMPOTENT,
    TRANSACTIONAL,
    IDEMPOTENT | {"acks": "1"},
    IDEMPOTENT | {"acks": "all"},
    IDEMPOTENT | {"max.in.flight": "6"},
    IDEMPOTENT | {"max.in.flight": "5"},
    IDEMPOTENT | {"retries": "0"},
    IDEMPOTENT | {"queuing.strategy": "lifo"},
    IDEMPOTENT | {"queue.buffering.backpressure.threshold": "2"},
    {"enable.gapless.guarantee": "true"},
    {"enable.idempotence": "false"},
    {"linger.ms": "1000", "message.timeout.ms": "1000"},
    {"message.timeout.ms": "3"},
    {"delivery.timeout.ms": "0", "linger.ms": "500000"},
    {"linger.ms": "0.3"},
    {"linger.ms": "0"},
    {"linger.ms": "500000", "acks": "all"},
    {"linger.ms": "450000.7", "message.timeout.ms": "450001"},
    TRANSACTIONAL | {"message.timeout.ms": "60001"},
    TRANSACTIONAL | {"message.timeout.ms": "60000"},
    TRANSACTIONAL | {"socket.timeout.ms": "60101"},
    TRANSACTIONAL | {"socket.timeout.ms": "60100"},
    TRANSACTIONAL | {"transaction.timeout.ms": "1000"},
    {"sticky.partitioning.linger.ms": "3"},
    {"fetch.max.bytes": "1000", "max.poll.interval.ms": "1"},
]

CONSUMER = BOTH + [
    {"max.poll.interval.ms": "1000"},
    {"session.timeout.ms": "300001"},
    {"session.timeout.ms": "1000", "heartbeat.interval.ms": "2000"},
    {"fetch.max.bytes": "1000"},
    {"fetch.max.bytes": "1000000"},
    {"message.max.bytes": "1000000000"},
    {"queued.max.messages.kbytes": "1"},
    {"queued.max.messages.kbytes": "2097151"},
    {"receive.message.max.bytes": "52429311"},
    {"receive.message.max.bytes": "52429312"},
    {"fetch.min.bytes": "0"},
    {"fetch.min.bytes": "100000001"},
    {"group.protocol": "consumer"},
    {"group.protocol": "consumer", "session.timeout.ms": "45000"},
    {"group.protocol": "consumer", "heartbeat.interval.ms": "3000"},
    {"group.protocol": "consumer", "partition.assignment.strategy": "range"},
    {"group.protocol": "consumer", "group.protocol.type": "consumer"},
    {"group.protocol": "consumer", "max.poll.interval.ms": "1000"},
    {"enable.idempotence": "true", "acks": "0", "linger.ms": "5", "message.timeout.ms": "1"},
]

ADJUSTED = {
    "producer": ["linger.ms", "sticky.partitioning.linger.ms", "socket.timeout.ms", "enable.idempotence",
                 "allow.auto.create.topics"],
    "consumer": ["fetch.max.bytes", "allow.auto.create.topics"],
}


def create(role, settings):
    conf = lib.rd_kafka_conf_new()
    for name, value in settings.items():
        assert set_value(conf, name, value) is None, (name, value)
    lib.rd_kafka_conf_set_log_cb(conf, ctypes.cast(silent, pointer))
    error = ctypes.create_string_buffer(1024)
    client = lib.rd_kafka_new(0 if role == "producer" else 1, conf, error, 1024)
    if not client:
        lib.rd_kafka_conf_destroy(conf)
        return error.value.decode(), []
    adjusted = [get_value(lib.rd_kafka_conf(client), name) for name in ADJUSTED[role]]
    lib.rd_kafka_destroy_flags(client, 8)
    return None, adjusted


def clients():
    rows, seen = [], set()
    for role, own in (("producer", PRODUCER), ("consumer", CONSUMER)):
        # Pairs of what fails tell which check comes first.
        failing = [settings for settings in own + SECURITY[:5] + SECURITY[10:11] if create(role, settings)[0]]
        cases = own + SECURITY + [a | b for a, b in itertools.combinations(failing, 2)]
        for settings in cases:
            key = (role, tuple(sorted(settings.items())))
            if key in seen:
                continue
            seen.add(key)
            error, adjusted = create(role, settings)
            flat = " ; ".join(f"{name}={value}" for name, value in settings.items())
            rows.append((role, flat, error, *adjusted))
    return rows


if __name__ == "__main__":
    write("properties.tsv", list(properties()))
    write("values.tsv", values())
    write("clients.tsv", clients())
