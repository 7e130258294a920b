import pytest

from tidelog import KafkaException, TopicPartition

pyarrow = pytest.importorskip("pyarrow")


def test_records_become_columns_and_come_back(kafka):
    kafka.produce("t", None, b"", b"short", b"a value of more than twelve bytes", key="k")
    kafka.produce("t", "with headers", headers=[("a", b"1"), ("b", None)], timestamp=5)
    consumer = kafka.consumer("t")
    table = None
    while table is None or len(table) < 5:
        more = pyarrow.table(consumer.consume_arrow(5 - (0 if table is None else len(table)), timeout=10))
        table = more if table is None else pyarrow.concat_tables([table, more])
    table.validate(full=True)
    rows = table.to_pylist()
    assert [row["value"] for row in rows[:4]] == [None, b"", b"short", b"a value of more than twelve bytes"]
    assert [row["key"] for row in rows] == [b"k"] * 4 + [None]
    assert [row["offset"] for row in rows] == list(range(5))
    assert {(row["topic"], row["partition"]) for row in rows} == {("t", 0)}
    assert rows[4]["headers"] == [{"key": "a", "value": b"1"}, {"key": "b", "value": None}]
    assert rows[0]["headers"] is None and int(rows[4]["timestamp"].timestamp() * 1000) == 5
    producer = kafka.producer()
    assert producer.produce_batch("copy", table.drop_columns(["topic", "offset"])) == 5
    producer.flush(10)
    again = kafka.messages("copy")
    assert [(one.key(), one.value()) for one in again] == [(row["key"], row["value"]) for row in rows]
    assert again[4].headers() == [("a", b"1"), ("b", None)] and again[4].timestamp() == (1, 5)


def test_exactly_as_many_records_as_asked_for(kafka):
    kafka.produce("t", *(b"v" * 50 for _ in range(100)))
    consumer = kafka.consumer("t")
    first = consumer.consume_arrow(30, timeout=10)
    while len(first) == 0:
        first = consumer.consume_arrow(30, timeout=10)
    assert len(first) == 30 and consumer.position([TopicPartition("t", 0)])[0].offset == 30
    assert pyarrow.table(consumer.consume_arrow(1000, timeout=10))["offset"].to_pylist() == list(range(30, 100))
    assert len(consumer.consume_arrow(10, timeout=0)) == 0


def test_keys_and_values_are_not_copied(kafka):
    kafka.produce("t", *(b"x" * 10_000 for _ in range(50)))
    consumer = kafka.consumer("t")
    before = pyarrow.total_allocated_bytes()
    table = pyarrow.table(consumer.consume_arrow(50, timeout=10))
    assert pyarrow.total_allocated_bytes() == before
    buffers = [buffer for buffer in table["value"].chunk(0).buffers() if buffer is not None]
    assert sum(buffer.size for buffer in buffers) > 10_000 * len(table)


def test_polars_and_duckdb(kafka):
    polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
    kafka.produce("t", *(f"a value of some length {number}" for number in range(100)))
    consumer = kafka.consumer("t")
    records = consumer.consume_arrow(100, timeout=10)
    frame = polars.DataFrame(records)
    assert frame["value"].to_list()[:2] == [b"a value of some length 0", b"a value of some length 1"]
    [(count, largest)] = duckdb.sql('select count(*), max("offset") from records').fetchall()
    assert (count, largest) == (len(records), len(records) - 1)
    producer = kafka.producer()
    assert producer.produce_batch("copy", polars.DataFrame({"value": ["a", "b"], "key": [b"x", None]})) == 2
    producer.flush(10)
    assert [(one.key(), one.value()) for one in kafka.messages("copy")] == [(b"x", b"a"), (None, b"b")]


def test_columns_that_do_not_fit_are_refused(kafka):
    producer = kafka.producer()
    for columns in [{"other": ["a"]}, {"value": [1]}, {"value": ["a"], "partition": [1.5]}, {"value": ["a"], "headers": [1]}]:
        with pytest.raises(TypeError):
            producer.produce_batch("t", pyarrow.table(columns))
    with pytest.raises(KafkaException):
        producer.produce_batch("t", pyarrow.table({"value": ["a"], "partition": pyarrow.array([7], pyarrow.int32())}))
