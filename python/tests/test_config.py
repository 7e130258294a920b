"""Settings, and what is wrong with them: texts are librdkafka's, held against it by test_differential.py."""

import pytest

from tidelog import Consumer, KafkaError, KafkaException, Producer


@pytest.mark.parametrize(
    "settings, text",
    [
        ({"foo.bar": 1}, 'No such configuration property: "foo.bar"'),
        ({"linger.ms": "x"}, 'Invalid value for configuration property "queue.buffering.max.ms"'),
        ({"compression.type": "foo"}, 'Invalid value "foo" for configuration property "compression.codec"'),
        ({"enable.idempotence": "x"}, 'Expected bool value for "enable.idempotence": true or false'),
        ({"dr_cb": "x"}, 'Property "dr_cb" must be set through dedicated .._set_..() function'),
        (
            {"acks": 1, "enable.idempotence": True},
            "Failed to create producer: `acks` must be set to `all` when `enable.idempotence` is true",
        ),
        ({"on_delivery": 5}, "on_delivery requires a callable object"),
        ({"default.topic.config": {"foo": 1}}, 'No such configuration property: "foo"'),
    ],
)
def test_what_is_wrong_is_said_in_librdkafka_s_words(settings, text):
    with pytest.raises(KafkaException) as raised:
        Producer(settings)
    assert raised.value.args[0].code() == KafkaError._INVALID_ARG
    assert raised.value.args[0].str() == text


def test_callbacks_must_be_callable():
    for name in ("error_cb", "stats_cb", "oauth_cb"):
        with pytest.raises(TypeError, match=f"expected {name} property as a callable function"):
            Producer({name: None})
    with pytest.raises(ValueError):
        Producer({"throttle_cb": 5})
    with pytest.raises(TypeError, match="delivery.report.only.error"):
        Producer({"delivery.report.only.error": 1})


def test_settings_are_a_dictionary_or_keywords():
    for arguments in [(5,), ([],), ({}, {})]:
        with pytest.raises(TypeError):
            Producer(*arguments)
    settings = {"client.id": "a"}
    Producer(settings, **{"client.id": None, "linger.ms": 5})
    Producer(**{"client.id": "x"})
    assert settings == {"client.id": "a"}


def test_log_lines_go_to_the_logger():
    lines = []

    class Logger:
        def log(self, level, text, *arguments):
            lines.append((level, text % arguments))

    producer = Producer({"group.id": "x", "debug": "all", "logger": Logger()})
    while producer.poll(0):
        pass
    assert any(level == 10 and line.startswith("INIT [rdkafka#producer-") for level, line in lines)
    expected = "Configuration property group.id is a consumer property and will be ignored by this producer instance"
    assert any(level == 30 and line.startswith("CONFWARN") and line.endswith(expected) for level, line in lines)


def test_a_token_is_asked_for_once():
    asked = []
    settings = {"security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.config": "c"}
    Producer({**settings, "oauth_cb": lambda text: asked.append(text) or ("token", 2e9)})
    assert asked == ["c"]
    with pytest.raises(KafkaException) as raised:
        Consumer({**settings, "group.id": "g", "oauth_cb": lambda text: 1 / 0})
    assert raised.value.args[0].code() == KafkaError.SASL_AUTHENTICATION_FAILED


def test_a_cluster_is_served_by_confluent_kafka():
    confluent_kafka = pytest.importorskip("confluent_kafka")
    from confluent_kafka.admin import AdminClient as TheirAdmin

    from tidelog.admin import AdminClient

    cluster = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
    assert type(Producer(cluster)) is confluent_kafka.Producer
    assert type(Consumer({**cluster, "group.id": "g"})) is confluent_kafka.Consumer
    assert type(AdminClient(cluster)) is TheirAdmin

    class Own(Producer):
        pass

    with pytest.raises(KafkaException) as raised:
        Own(cluster)
    assert "derive from confluent_kafka's" in raised.value.args[0].str()


def test_without_confluent_kafka_a_cluster_is_refused_clearly(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(KafkaException) as raised:
        Producer({"bootstrap.servers": "localhost:9092"})
    assert "pip install tidelog[cluster]" in raised.value.args[0].str()


def test_one_engine_for_one_directory(on_disk, tmp_path):
    producer = Producer(on_disk)
    producer.produce("t", "v")
    producer.flush()
    with Consumer({**on_disk, "group.id": "g", "auto.offset.reset": "earliest"}) as consumer:
        consumer.subscribe(["t"])
        assert consumer.poll(10).value() == b"v"
    producer.close()
    # It is there after all have closed it.
    with Consumer({**on_disk, "group.id": "g", "auto.offset.reset": "earliest"}) as consumer:
        assert consumer.list_topics().topics["t"].error is None


def test_a_directory_that_cannot_be_opened(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KafkaException) as raised:
        Producer({"bootstrap.servers": f"tidelog:{tmp_path}/file"})
    assert raised.value.args[0].code() == KafkaError._CRIT_SYS_RESOURCE
    assert str(tmp_path / "file") in raised.value.args[0].str()
