"""Transactions: what readers of committed records see, and what an error says is left to be done."""

import os
import signal
import threading
import time

import pytest

from tidelog import Consumer, KafkaError, KafkaException, Producer, TopicPartition

SECONDS = 20


def transactional(config, name="mover", **settings):
    producer = Producer({**config, "transactional.id": name, **settings})
    producer.init_transactions(SECONDS)
    return producer


def read(config, isolation="read_committed"):
    settings = {"group.id": "readers", "enable.partition.eof": True, "isolation.level": isolation}
    consumer = Consumer({**config, **settings, "enable.auto.commit": False})
    consumer.assign([TopicPartition("t", 0, 0)])
    values = []
    while True:
        message = consumer.poll(SECONDS)
        if message.error():
            assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
            consumer.close()
            return values
        values.append(message.value().decode())


def error_of(call, *arguments):
    with pytest.raises(KafkaException) as raised:
        call(*arguments)
    return raised.value.args[0]


def test_readers_of_committed_records_see_all_or_nothing(config):
    producer = transactional(config)
    producer.begin_transaction()
    for number in range(3):
        producer.produce("t", str(number))
    assert producer.flush(SECONDS) == 0
    assert read(config) == [] and read(config, "read_uncommitted") == ["0", "1", "2"]
    producer.commit_transaction()
    assert read(config) == ["0", "1", "2"]
    producer.begin_transaction()
    producer.produce("t", "aborted")
    producer.flush(SECONDS)
    producer.abort_transaction()
    assert read(config) == ["0", "1", "2"]


def test_a_batch_outside_of_a_transaction_says_so_of_each_message(config):
    producer = transactional(config)
    messages = [{"value": "a"}, {"value": "b"}]
    assert producer.produce_batch("t", messages) == 0
    assert [message["_error"].name() for message in messages] == ["_STATE", "_STATE"]
    assert "t" not in producer.list_topics(timeout=SECONDS).topics
    producer.begin_transaction()
    assert producer.produce_batch("t", [{"value": "a"}]) == 1
    producer.commit_transaction()
    assert read(config) == ["a"]


def test_offsets_count_with_the_commit(config):
    producer = transactional(config)
    consumer = Consumer({**config, "group.id": "g", "isolation.level": "read_committed"})
    committed = lambda: consumer.committed([TopicPartition("t", 0)], SECONDS)[0].offset  # noqa: E731
    for number, end in enumerate([producer.abort_transaction, producer.commit_transaction]):
        producer.begin_transaction()
        producer.produce("t", "v")
        group = consumer.consumer_group_metadata()
        producer.send_offsets_to_transaction([TopicPartition("t", 0, 5 + number)], group, SECONDS)
        end(SECONDS)
    assert committed() == 6


def test_a_fenced_producer_is_of_no_use_any_more(config):
    old = transactional(config)
    old.begin_transaction()
    old.produce("t", "old")
    old.flush(SECONDS)
    transactional(config)
    error = error_of(old.commit_transaction, SECONDS)
    assert error.code() == KafkaError._FENCED and error.fatal()
    assert not error.retriable() and not error.txn_requires_abort()
    assert read(config) == []


def test_polling_raises_once_that_a_producer_is_fenced(config):
    old = transactional(config)
    old.begin_transaction()
    transactional(config)
    old.produce("t", "refused")
    error = error_of(old.poll, SECONDS)
    assert error.code() == KafkaError._FENCED and error.fatal()
    assert (old.poll(SECONDS), old.flush(SECONDS)) == (1, 0)
    assert error_of(old.produce, "t", "v").code() == KafkaError._FATAL


def test_a_message_that_fails_leaves_only_the_abort(config):
    producer = transactional(config, **{"message.max.bytes": 2_000_000})
    failed = []
    producer.begin_transaction()
    producer.produce("t", b"x" * 1_500_000, on_delivery=lambda error, message: failed.append(error.code()))
    error = error_of(producer.commit_transaction, SECONDS)
    assert error.txn_requires_abort() and not error.fatal()
    # A commit that comes too late is refused at once; the report is served by whoever waits next.
    producer.abort_transaction(SECONDS)
    assert failed == [KafkaError.MSG_SIZE_TOO_LARGE]
    producer.begin_transaction()
    producer.produce("t", "v")
    producer.commit_transaction(SECONDS)
    assert read(config) == ["v"]


def test_reports_are_served_by_the_commit_and_what_they_raise_comes_out(config):
    producer, seen = transactional(config), []

    def report(error, message):
        seen.append((error, message.value()))
        raise ValueError("from a callback")

    producer.begin_transaction()
    producer.produce("t", "v", on_delivery=report)
    with pytest.raises(ValueError, match="from a callback"):
        producer.commit_transaction(SECONDS)
    assert seen == [(None, b"v")]
    assert read(config) == ["v"]


def test_closing_aborts_what_is_open(config):
    producer = transactional(config)
    producer.begin_transaction()
    producer.produce("t", "v")
    producer.flush(SECONDS)
    assert producer.close() is True
    assert read(config) == []
    # It was aborted, not left for its successor: that one need not wait.
    transactional(config).begin_transaction()


def test_ctrl_c_interrupts_a_call():
    producer = Producer({"transactional.id": "offline"})
    # What runs in the background of a script has it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    start = time.monotonic()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        producer.init_transactions(SECONDS)
    assert time.monotonic() - start < SECONDS / 2
    signal.signal(signal.SIGINT, before)


def test_metadata_that_is_none_is_refused(config):
    producer = transactional(config)
    producer.begin_transaction()
    assert error_of(producer.send_offsets_to_transaction, [], b"x").code() == KafkaError._BAD_MSG
    with pytest.raises(TypeError, match="expected bytes, str found"):
        producer.send_offsets_to_transaction([], "x")
