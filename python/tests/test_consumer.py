import threading
import time

import pytest

from tidelog import OFFSET_BEGINNING, OFFSET_END, OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message, TopicPartition


def values(messages):
    return [message.value() for message in messages]


def test_poll_hands_out_messages_in_order(kafka):
    kafka.produce("t", "a", "b", "c", key="k")
    consumer = kafka.consumer("t")
    found = [consumer.poll(10) for _ in range(3)]
    assert values(found) == [b"a", b"b", b"c"]
    assert [message.offset() for message in found] == [0, 1, 2]
    assert found[0].topic() == "t" and found[0].partition() == 0 and found[0].key() == b"k"
    assert found[0].timestamp()[0] == 1 and abs(found[0].timestamp()[1] / 1000 - time.time()) < 60
    assert found[0].headers() is None and found[0].latency() is None and found[0].leader_epoch() == 0
    assert consumer.poll(0) is None


def test_consume_waits_for_all_or_the_timeout(kafka):
    kafka.produce("t", *"abcde")
    consumer = kafka.consumer("t")
    assert values(consumer.consume(3, 10)) == [b"a", b"b", b"c"]
    start = time.monotonic()
    assert values(consumer.consume(3, 0.3)) == [b"d", b"e"]
    assert 0.25 < time.monotonic() - start < 5
    assert consumer.consume(0, 0) == []
    for number in (-1, 1_000_001):
        with pytest.raises(ValueError, match=r"num_messages must be between 0 and 1000000 \(1M\)"):
            consumer.consume(number, 0)


def test_a_consumer_can_be_iterated_until_it_is_closed(kafka):
    kafka.produce("t", *"abc")
    found = []
    consumer = kafka.consumer("t")
    for message in consumer:
        found.append(message.value())
        if len(found) == 3:
            consumer.close()
    assert found == [b"a", b"b", b"c"]


def test_the_end_of_a_partition_is_an_event(kafka):
    kafka.produce("t", "a")
    consumer = kafka.consumer("t", **{"enable.partition.eof": True})
    assert consumer.poll(10).value() == b"a"
    event = consumer.poll(10)
    assert event.error() == KafkaError._PARTITION_EOF
    assert (event.topic(), event.partition(), event.offset(), event.key()) == ("t", 0, 1, None)
    assert event.timestamp() == (0, -1)
    assert event.value() == b"Fetch from broker 1 reached end of partition at offset 1 (HighwaterMark 1)"


def test_group_id_is_needed():
    for config in [{}, {"group.id": None}, {"group.id": ""}]:
        with pytest.raises(ValueError, match="Failed to create consumer: group.id must be set"):
            Consumer(config)


def test_commits_are_where_the_next_one_goes_on(kafka):
    kafka.produce("t", *"abcdef")
    first = kafka.consumer("t", group="g", **{"enable.auto.commit": False})
    messages = first.consume(3, 10)
    [committed] = first.commit(messages[1], asynchronous=False)
    assert (committed.offset, committed.error) == (2, None)
    assert first.committed([TopicPartition("t", 0)])[0].offset == 2
    assert first.position([TopicPartition("t", 0)])[0].offset == 3
    first.commit(offsets=[TopicPartition("t", 0, 4, "why")], **{"async": False})
    found = first.committed([TopicPartition("t", 0), TopicPartition("t", 7)])
    assert (found[0].offset, found[0].metadata, found[1].offset) == (4, "why", OFFSET_INVALID)
    first.close()
    assert kafka.consumer("t", group="g").poll(10).value() == b"e"


def test_who_went_back_commits_how_far_he_got(kafka):
    kafka.produce("t", *"abcdefgh")
    first = kafka.consumer("t", group="g")
    first.consume(6, 10)
    first.commit(asynchronous=False)
    first.seek(TopicPartition("t", 0, 1))
    assert first.poll(10).value() == b"b"
    first.close()
    assert kafka.consumer("t", group="g").poll(10).value() == b"c"


def test_times_of_partitions_that_are_not_there_are_refused(kafka):
    kafka.produce("t", "a", timestamp=1000)
    consumer = kafka.consumer(group="g")
    with pytest.raises(KafkaException, match="_INVALID_ARG"):
        consumer.offsets_for_times([])
    with pytest.raises(KafkaException, match="_UNKNOWN_PARTITION"):
        consumer.offsets_for_times([TopicPartition("t", 5, 0)])
    missing, found = consumer.offsets_for_times([TopicPartition("t", 5, 0), TopicPartition("t", 0, 0)])
    assert (missing.error.name(), found.offset, found.error) == ("_UNKNOWN_PARTITION", 0, None)
    assert [one.error for one in consumer.committed([TopicPartition("t", 5), TopicPartition("none", 0)])] == [None] * 2


def test_close_commits_what_was_handed_out(kafka):
    kafka.produce("t", *"abc")
    with kafka.consumer("t", group="g") as consumer:
        consumer.consume(2, 10)
    assert kafka.consumer("t", group="g").poll(10).value() == b"c"


def test_commits_that_nobody_waits_for_are_told(kafka):
    told = []
    kafka.produce("t", "a")
    settings = {"on_commit": lambda error, partitions: told.append((error, partitions)), "enable.auto.commit": False}
    consumer = kafka.consumer("t", **settings)
    assert consumer.commit(consumer.poll(10)) is None
    deadline = time.monotonic() + 10
    while not told and time.monotonic() < deadline:
        consumer.poll(0.1)
    [(error, [partition])] = told
    assert error is None and partition.offset == 1


def test_what_cannot_be_committed(kafka):
    consumer = kafka.consumer("t", **{"enable.auto.commit": False})
    with pytest.raises(KafkaException) as raised:
        consumer.commit(asynchronous=False)
    assert raised.value.args[0].code() == KafkaError._NO_OFFSET
    with pytest.raises(ValueError, match="message and offsets are mutually exclusive"):
        consumer.commit(message=Message(), offsets=[])
    with pytest.raises(KafkaException) as raised:
        consumer.commit(Message(error=KafkaError(3)))
    assert raised.value.args[0].code() == KafkaError._INVALID_ARG
    with pytest.raises(TypeError):
        consumer.commit(offsets=["t"])
    with pytest.raises(TypeError):
        consumer.commit(foo=1)
    with pytest.raises(ValueError):
        consumer.store_offsets()


def test_stored_offsets_are_committed(kafka):
    kafka.produce("t", *"abc")
    settings = {"enable.auto.commit": False, "enable.auto.offset.store": False}
    consumer = kafka.consumer("t", group="g", **settings)
    messages = consumer.consume(3, 10)
    consumer.store_offsets(messages[0])
    assert [one.offset for one in consumer.commit(asynchronous=False)] == [1]


def test_assign_and_seek(kafka):
    kafka.produce("t", *"abc")
    consumer = kafka.consumer()
    consumer.assign([TopicPartition("t", 0, 1)])
    assert consumer.assignment() == [TopicPartition("t", 0)]
    assert consumer.poll(10).value() == b"b"
    consumer.seek(TopicPartition("t", 0, 0))
    assert consumer.poll(10).value() == b"a"
    consumer.assign([TopicPartition("t", 0, OFFSET_END)])
    kafka.produce("t", "d")
    consumer.assign([TopicPartition("t", 0, OFFSET_BEGINNING)])
    assert consumer.poll(10).value() == b"a"
    consumer.unassign()
    assert consumer.assignment() == [] and consumer.poll(0) is None
    with pytest.raises(KafkaException) as raised:
        consumer.seek(TopicPartition("t", 0, 5))
    assert raised.value.args[0].str() == "Failed to seek to offset 5: Local: Erroneous state"


def test_pause_and_resume(kafka):
    kafka.produce("t", *"ab")
    consumer = kafka.consumer("t")
    assert consumer.poll(10).value() == b"a"
    consumer.pause(consumer.assignment())
    assert consumer.poll(0.1) is None
    consumer.resume(consumer.assignment() + [TopicPartition("unknown", 5)])
    assert consumer.poll(10).value() == b"b"


def test_watermarks_and_times(kafka):
    for time_ms in (1000, 2000, 3000):
        kafka.produce("t", "v", timestamp=time_ms)
    consumer = kafka.consumer()
    assert consumer.get_watermark_offsets(TopicPartition("t", 0), timeout=5) == (0, 3)
    assert consumer.get_watermark_offsets(TopicPartition("t", 0), cached=True) == (OFFSET_INVALID, OFFSET_INVALID)
    with pytest.raises(KafkaException) as raised:
        consumer.get_watermark_offsets(TopicPartition("t", 9), timeout=1)
    assert raised.value.args[0].code() == KafkaError._UNKNOWN_PARTITION
    asked = [TopicPartition("t", 0, 1500), TopicPartition("t", 0, 9999)]
    assert [found.offset for found in consumer.offsets_for_times(asked)] == [1, OFFSET_END]


def test_a_group_shares_partitions_and_callbacks_are_told(kafka):
    kafka.create_topic("t", partitions=4)
    told, consumers = [], [kafka.consumer(group="g") for _ in range(2)]
    for index, consumer in enumerate(consumers):
        consumer.subscribe(
            ["t"],
            on_assign=lambda c, p, index=index: told.append(("assign", index, c is consumers[index], len(p))),
            on_revoke=lambda c, p, index=index: told.append(("revoke", index, c is consumers[index], len(p))),
        )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        [consumer.poll(0.05) for consumer in consumers]
        if [len(consumer.assignment()) for consumer in consumers] == [2, 2]:
            break
    assert ("assign", 0, True, 2) in told and ("assign", 1, True, 2) in told
    assert consumers[0].memberid() != consumers[1].memberid()
    assert consumers[0].consumer_group_metadata().startswith(b"CGMDv2:")
    consumers[0].close()
    assert told[-1] == ("revoke", 0, True, 2)


def test_a_callback_may_assign_itself_and_what_it_raises_comes_out_of_poll(kafka):
    kafka.produce("t", *"abc")

    def assign(consumer, partitions):
        for partition in partitions:
            partition.offset = 2
        consumer.assign(partitions)
        raise LookupError("of the callback")

    consumer = kafka.consumer()
    consumer.subscribe(["t"], on_assign=assign)
    with pytest.raises(LookupError, match="of the callback"):
        consumer.poll(10)
    assert consumer.poll(10).value() == b"c"


def test_what_can_be_subscribed_to(kafka):
    consumer = kafka.consumer()
    for topics in ("t", ("t",), [5], None):
        with pytest.raises(TypeError, match="expected list of topic unicode strings"):
            consumer.subscribe(topics)
    with pytest.raises(TypeError, match="on_assign expects a callable"):
        consumer.subscribe(["t"], on_assign=None)
    with pytest.raises(KafkaException):
        consumer.subscribe([])
    kafka.produce("pattern-1", "a")
    consumer.subscribe(["^pattern-.*"])
    assert consumer.poll(10).value() == b"a"


def test_a_topic_that_does_not_exist_is_an_event(kafka):
    event = kafka.consumer("missing").poll(10)
    assert event.error() == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert event.value() == b"Subscribed topic not available: missing: Broker: Unknown topic or partition"


@pytest.mark.parametrize(
    "method, arguments",
    [
        ("poll", []),
        ("consume", []),
        ("consume_arrow", []),
        ("subscribe", [["t"]]),
        ("unsubscribe", []),
        ("assign", [[]]),
        ("unassign", []),
        ("incremental_assign", [[]]),
        ("incremental_unassign", [[]]),
        ("assignment", []),
        ("commit", []),
        ("store_offsets", []),
        ("committed", [[]]),
        ("position", [[]]),
        ("pause", [[]]),
        ("resume", [[]]),
        ("seek", [TopicPartition("t", 0, 0)]),
        ("get_watermark_offsets", [TopicPartition("t", 0)]),
        ("offsets_for_times", [[]]),
        ("memberid", []),
        ("consumer_group_metadata", []),
    ],
)
def test_a_closed_consumer_says_so(config, method, arguments):
    consumer = Consumer({**config, "group.id": "g"})
    consumer.close()
    consumer.close()
    with pytest.raises(RuntimeError, match="Consumer closed"):
        getattr(consumer, method)(*arguments)


def test_lists_are_lists_of_topic_partitions(kafka):
    class Other(TopicPartition):
        pass

    consumer = kafka.consumer()
    for call in (consumer.assign, consumer.pause, consumer.committed, consumer.position):
        with pytest.raises(TypeError, match="requires list of TopicPartition"):
            call((TopicPartition("t"),))
        with pytest.raises(TypeError, match="expected cimpl.TopicPartition"):
            call([Other("t")])


def test_several_threads_may_poll(kafka):
    kafka.produce("t", *(str(number) for number in range(2000)))
    consumer, found = kafka.consumer("t"), []

    def work():
        while True:
            message = consumer.poll(0.5)
            if message is None:
                return
            found.append(int(message.value()))

    threads = [threading.Thread(target=work) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(found) == list(range(2000))


def test_polling_lets_other_threads_run(kafka):
    kafka.create_topic("t")
    consumer, ticks = kafka.consumer("t"), []
    thread = threading.Thread(target=lambda: [ticks.append(time.sleep(0.01)) for _ in range(20)])
    thread.start()
    consumer.poll(0.6)
    assert len(ticks) == 20
    thread.join()


def test_a_static_member_is_fenced_by_its_successor(kafka):
    kafka.produce("t", "a")
    settings = {"group.instance.id": "i"}
    first = kafka.consumer("t", group="g", **settings)
    assert first.poll(10).value() == b"a"
    second = kafka.consumer("t", group="g", **settings)
    deadline, message = time.monotonic() + 30, None
    while message is None and time.monotonic() < deadline:
        second.poll(0.1)
        message = first.poll(0.1)
    # As confluent-kafka tells it: once, in place of a message.
    reason = "Broker: Static consumer fenced by other consumer with same group.instance.id"
    text = f"Fatal error: {reason}: Fatal consumer error: {reason}"
    assert repr(message.error()) == f'KafkaError{{code=_FATAL,val=-150,str="{text}"}}' and not message.error().fatal()
    assert (message.topic(), message.partition(), message.offset(), message.value()) == (None, 0, None, text.encode())
    assert first.poll(0.1) is None and first.consume(1, 0.1) == [] and first.assignment() == []
    first.assign([TopicPartition("t", 0, 0)])
    first.incremental_assign([TopicPartition("t", 0, 0)])
    assert first.poll(0.1) is None and first.assignment() == []
    for call, what in (
        (lambda: first.commit(asynchronous=False), "Commit failed"),
        (lambda: first.subscribe(["t"]), "Failed to set subscription"),
        (first.unsubscribe, "Failed to remove subscription"),
    ):
        with pytest.raises(KafkaException) as raised:
            call()
        assert raised.value.args[0] == KafkaError._FATAL
        assert raised.value.args[0].str() == f"{what}: Local: Fatal error"


def test_events_keep_their_place_between_messages(kafka):
    kafka.produce("t", "a", "b")
    consumer = kafka.consumer(**{"enable.partition.eof": True})
    consumer.assign([TopicPartition("t", 0, 0)])
    found = consumer.consume(3, 10)
    assert [message.value() for message in found[:2]] == [b"a", b"b"] and found[2].error() == KafkaError._PARTITION_EOF
    kafka.produce("t", "c")
    again = consumer.consume(2, 10)
    assert again[0].value() == b"c" and again[1].error() == KafkaError._PARTITION_EOF
