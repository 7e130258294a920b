import threading
import time

import pytest

from tidelog import KafkaError, KafkaException, Producer, TopicPartition


def test_a_message_is_delivered_with_all_it_was_given(kafka):
    reports = []
    producer = kafka.producer()
    producer.produce(
        "t",
        "välue",
        b"key",
        timestamp=1_700_000_000_000,
        headers=[("a", b"1"), ("a", None), ("b", "x")],
        on_delivery=lambda error, message: reports.append((error, message)),
    )
    assert producer.flush(10) == 0
    [(error, report)] = reports
    assert error is None and report.error() is None
    assert (report.topic(), report.partition(), report.offset()) == ("t", 0, 0)
    assert (report.key(), report.value()) == (b"key", "välue".encode())
    assert report.timestamp() == (1, 1_700_000_000_000)
    assert report.latency() >= 0
    assert report.headers() is None, "reports carry none, as confluent-kafka's"
    [message] = kafka.messages("t")
    assert message.headers() == [("a", b"1"), ("a", None), ("b", b"x")]
    assert message == kafka.messages("t")[0]


@pytest.mark.parametrize("value", [b"bytes", bytearray(b"array"), memoryview(b"view"), memoryview(b"a.b.c.")[::2]])
def test_values_may_be_any_buffer(kafka, value):
    kafka.produce("t", value)
    assert kafka.messages("t")[0].value() == bytes(value)


def test_values_may_be_arrays_of_numbers(kafka):
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(10, dtype="float64")
    kafka.produce("t", array)
    assert kafka.messages("t")[0].value() == array.tobytes()


def test_null_and_empty_differ(kafka):
    kafka.produce("t", None, b"", key=None)
    assert [message.value() for message in kafka.messages("t")] == [None, b""]


def test_wrong_types_are_refused_before_anything_is_queued(kafka):
    producer = kafka.producer()
    for arguments in [(5,), ("t", 5), ("t", b"", 5), ("t", "v", None, "0")]:
        with pytest.raises(TypeError):
            producer.produce(*arguments)
    for headers in [5, (("a", "b"),), [["a", "b"]], [("a",)], [("a", 5)]]:
        with pytest.raises(TypeError):
            producer.produce("t", "v", headers=headers)
    with pytest.raises(TypeError):
        producer.produce("t", "v", partition=None)
    with pytest.raises(TypeError):
        producer.produce("t", "v", foo=1)
    with pytest.raises(ValueError, match="embedded null character"):
        producer.produce("t\0", "v")
    with pytest.raises(UnicodeEncodeError):
        producer.produce("t", "\udc80")
    assert len(producer) == 0


def test_what_is_too_large_is_refused_at_once(kafka):
    producer = kafka.producer()
    for value in [b"x" * 1_000_001, bytearray(1 << 30)]:
        with pytest.raises(KafkaException) as raised:
            producer.produce("t", value)
        error = raised.value.args[0]
        assert error.code() == KafkaError.MSG_SIZE_TOO_LARGE
        assert error.str() == "Unable to produce message: Broker: Message size too large"


def test_a_partition_that_does_not_exist_is_refused(kafka):
    kafka.create_topic("t", partitions=2)
    with pytest.raises(KafkaException) as raised:
        kafka.producer().produce("t", "v", partition=2)
    assert raised.value.args[0].code() == KafkaError._UNKNOWN_PARTITION


def test_a_topic_that_cannot_be_is_told_by_the_report(kafka):
    reports = []
    producer = kafka.producer()
    producer.produce("no topic", "v", on_delivery=lambda error, message: reports.append((error, message)))
    producer.flush(10)
    [(error, message)] = reports
    assert error == KafkaError.TOPIC_EXCEPTION and message.error() == error
    assert (message.topic(), message.value(), message.offset()) == ("no topic", b"v", None)


def test_messages_leave_the_queue_when_their_report_is_served(kafka):
    producer = kafka.producer(**{"queue.buffering.max.messages": 5})
    for _ in range(5):
        producer.produce("t", "v")
    deadline = time.monotonic() + 10
    with pytest.raises(BufferError, match="Local: Queue full"):
        while time.monotonic() < deadline:
            producer.produce("t", "v")
    served = 0
    while served < 5:
        served += producer.poll(10)
    assert served == 5 and len(producer) == 0
    producer.produce("t", "v")


def test_poll_serves_callbacks_on_the_calling_thread_and_stops_at_the_first_that_raises(kafka):
    producer, served = kafka.producer(), []

    def delivered(error, message):
        served.append((int(message.value()), threading.get_ident()))
        if message.value() == b"1":
            raise ZeroDivisionError("of the callback")

    for number in range(5):
        producer.produce("t", str(number), callback=delivered)
    deadline = time.monotonic() + 10
    raised = 0
    while len(served) < 5 and time.monotonic() < deadline:
        try:
            producer.poll(1)
        except ZeroDivisionError:
            raised += 1
            assert served[-1][0] == 1
    assert raised == 1
    assert served == [(number, threading.get_ident()) for number in range(5)]


def test_flush_serves_all_callbacks_and_raises_at_the_end(kafka):
    producer, served = kafka.producer(), []

    def delivered(error, message):
        served.append(message.value())
        raise KeyError(message.value())

    for number in range(3):
        producer.produce("t", str(number), on_delivery=delivered)
    with pytest.raises(KeyError) as raised:
        producer.flush(10)
    assert raised.value.args == (b"0",) and served == [b"0", b"1", b"2"]
    assert len(producer) == 0


def test_the_message_s_callback_wins_over_the_producer_s(kafka):
    common, own = [], []
    producer = kafka.producer(on_delivery=lambda error, message: common.append(message.value()))
    producer.produce("t", "1")
    producer.produce("t", "2", on_delivery=lambda error, message: own.append(message.value()))
    producer.flush(10)
    assert (common, own) == ([b"1"], [b"2"])


def test_reports_of_errors_only(kafka):
    told = []
    settings = {"delivery.report.only.error": True, "on_delivery": lambda error, message: told.append(error.name())}
    producer = kafka.producer(**settings)
    producer.produce("t", "fine")
    producer.produce("no topic", "not fine")
    producer.flush(10)
    assert told == ["TOPIC_EXCEPTION"]


def test_purge(config):
    reports = []
    producer = Producer({**config, "linger.ms": 100_000})
    producer.produce("t", "v", on_delivery=lambda error, message: reports.append(error))
    producer.purge()
    assert producer.poll(10) == 1
    assert [error.code() for error in reports] == [KafkaError._PURGE_QUEUE]


def test_a_producer_without_an_engine_waits_for_its_timeout():
    reports = []
    producer = Producer({"message.timeout.ms": 50, "linger.ms": 0})
    producer.produce("t", "v", on_delivery=lambda error, message: reports.append(error))
    assert producer.flush(0) == 1 and len(producer) == 1 and bool(producer)
    assert producer.flush(10) == 0
    assert reports == [KafkaError._MSG_TIMED_OUT]
    with pytest.raises(KafkaException) as raised:
        producer.list_topics(timeout=0.01)
    assert raised.value.args[0].code() == KafkaError._TRANSPORT


def test_produce_batch(kafka):
    producer, reports = kafka.producer(), []
    messages = [
        {"value": "a", "key": b"k"},
        {"value": b"b", "headers": {"h": "1"}, "timestamp": 5},
        {"partition": 9},
        {"value": None, "callback": lambda error, message: reports.append("own")},
    ]
    queued = producer.produce_batch("t", messages, on_delivery=lambda error, message: reports.append(message.value()))
    assert queued == 3 and producer.flush(10) == 0
    assert reports == [b"a", b"b", "own"]
    assert messages[2]["_error"] == KafkaError._UNKNOWN_PARTITION and "_error" not in messages[0]
    assert messages[2]["_error"].str() == "Message failed: Local: Unknown partition"
    found = kafka.messages("t")
    assert [(one.key(), one.value()) for one in found] == [(b"k", b"a"), (None, b"b"), (None, None)]
    assert found[1].headers() == [("h", b"1")] and found[1].timestamp() == (1, 5)


def test_a_batch_with_something_wrong_is_refused_as_a_whole(kafka):
    producer = kafka.producer()
    with pytest.raises(TypeError, match="Message value at index 1 must be bytes or str"):
        producer.produce_batch("t", [{"value": "a"}, {"value": 5}])
    for messages in [({},), 5, [5]]:
        with pytest.raises(TypeError):
            producer.produce_batch("t", messages)
    assert len(producer) == 0


def test_closing(config):
    with Producer(config) as producer:
        producer.produce("t", "v")
    assert producer.close() is True and len(producer) == 0
    for call in [lambda: producer.produce("t"), producer.poll, producer.flush, producer.purge]:
        with pytest.raises(RuntimeError, match="Producer has been closed"):
            call()
    with pytest.raises(RuntimeError, match="Handle has been closed"):
        producer.list_topics()


def test_a_subclass_that_does_not_initialize_behaves_as_closed():
    class Lazy(Producer):
        def __init__(self):
            pass

    producer = Lazy()
    assert len(producer) == 0 and producer.close() is True
    with pytest.raises(RuntimeError, match="Producer has been closed"):
        producer.produce("t")


def test_threads_may_share_a_producer(kafka):
    producer, count = kafka.producer(), 2000

    def work(number):
        for index in range(count):
            producer.produce("t", f"{number}:{index}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert producer.flush(30) == 0
    found = [message.value().decode().split(":") for message in kafka.messages("t")]
    for number in range(4):
        assert [int(index) for who, index in found if who == str(number)] == list(range(count))


def test_statistics(config):
    told = []
    producer = Producer({**config, "statistics.interval.ms": 1, "stats_cb": told.append})
    while not told:
        producer.poll(1)
    assert '"type":"producer"' in told[0]


def test_a_topic_can_be_deleted_and_made_again_under_a_producer(kafka):
    producer = kafka.producer()
    for _ in range(3):
        producer.produce("again", "v")
        assert producer.flush(10) == 0
        assert len(kafka.messages("again")) == 1
        kafka.admin.delete_topics(["again"])["again"].result(10)


def test_many_topics(kafka):
    producer = kafka.producer()
    for number in range(100):
        for topic in ("a", "b", f"t{number % 7}"):
            producer.produce(topic, str(number))
    producer.flush(10)
    assert [len(kafka.messages(topic)) for topic in ("a", "b")] == [100, 100]
    assert sum(len(kafka.messages(f"t{number}")) for number in range(7)) == 100


def test_what_is_there_can_be_listed(kafka):
    kafka.create_topic("t", partitions=3)
    metadata = kafka.producer().list_topics("t", timeout=10)
    assert list(metadata.topics) == ["t"] and list(metadata.topics["t"].partitions) == [0, 1, 2]
    assert metadata.topics["t"].partitions[2].leader == metadata.controller_id
    missing = kafka.producer().list_topics("missing").topics["missing"]
    assert missing.error == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert kafka.producer().cluster_id() == metadata.cluster_id
    assert TopicPartition("t", 1) in [TopicPartition("t", number) for number in range(3)]


def test_a_batch_that_does_not_fit_is_queued_up_to_where_it_is_full(config):
    producer = Producer({**config, "queue.buffering.max.messages": 300, "linger.ms": 100_000})
    messages = [{"value": str(number)} for number in range(1000)]
    assert producer.produce_batch("t", messages) == 300
    assert all("_error" not in message for message in messages[:300])
    assert all(message["_error"] == KafkaError._QUEUE_FULL for message in messages[300:])
    assert producer.flush(10) == 0
