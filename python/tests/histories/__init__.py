"""Random histories of a client's calls: what they are (``consuming``, ``producing``, ``subscribing``, ``transacting``) and
what came of each, as values that are the same whichever package was called. ``test_histories.py`` holds tidelog against
confluent-kafka with them."""

# How long nothing comes before nothing is there, and how long what has to come may take.
QUIET, PATIENCE = 0.3, 10


def raised(error):
    """What an exception says, without what may differ: the interpreter's own texts."""
    what = error.args[0] if error.args else error
    if hasattr(what, "retriable"):
        return ["raised", what.name(), what.str(), what.retriable(), what.fatal(), what.txn_requires_abort()]
    if isinstance(error, (TypeError, ValueError, OverflowError)):
        return ["raised", "bad argument"]
    return ["raised", type(error).__name__, str(error)]


def log(package, config, topic, partitions, shown):
    """What there is to read of a topic, by partition, each message as ``shown`` has it."""
    own = {"group.id": "log", "enable.partition.eof": True, "enable.auto.commit": False}
    consumer = package.Consumer({**own, **config})
    consumer.assign([package.TopicPartition(topic, number, 0) for number in range(partitions)])
    found, ended = {}, set()
    # What was acknowledged with acks=1 is to be read a moment later.
    while (message := consumer.poll(PATIENCE if len(ended) < partitions else QUIET)) is not None:
        if message.error():
            assert message.error().name() == "_PARTITION_EOF", message.error()
            ended.add(message.partition())
        else:
            found.setdefault(message.partition(), []).append(shown(message))
    assert len(ended) == partitions
    consumer.close()
    return found


def time(milliseconds):
    """A time as a history gave it, or that the clock gave it."""
    return milliseconds if milliseconds < 10**11 else "now"
