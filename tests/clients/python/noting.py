"""What clients that write down what they are promised share."""

import os
import sys
import threading

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

# The server is killed now and then: clients are to find the next one soon. A consumer whose question for the partitions' leader was
# lost asks again with the refresh only.
QUICK = {
    "reconnect.backoff.ms": 5,
    "reconnect.backoff.max.ms": 20,
    "topic.metadata.refresh.interval.ms": 500,
    "log_level": 0,
}

AWAY = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE)


def input_ended():
    """An event that is set once this process's input has ended."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    return ended


def create_target(bootstrap, partitions):
    """Makes topic b, unless somebody else has."""
    admin = AdminClient({"bootstrap.servers": bootstrap} | QUICK)
    while True:
        try:
            return admin.create_topics([NewTopic("b", partitions, 1)], request_timeout=5)["b"].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return None


class Notes:
    """Lines in a file, each there as soon as the call returns, whoever is killed then."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def add(self, what, message):
        """Notes a message: where it is, and which one of which producer."""
        producer, number = (int.from_bytes(message.value()[at : at + 8], "big") for at in (0, 8))
        os.write(self.file, f"{what} {message.partition()} {message.offset()} {producer} {number}\n".encode())


class Seen:
    """Notes what a consumer is given, which has to follow what came before it in its partition."""

    def __init__(self, notes):
        self.notes, self.following = Notes(notes), {}

    def add(self, message):
        """False for what is no message; only a server that is away is expected."""
        if message.error():
            assert message.error().code() in AWAY, message.error()
            return False
        offset = message.offset()
        expected = self.following.setdefault(message.partition(), offset)
        assert offset == expected, f"partition {message.partition()}: {offset} behind {expected - 1}"
        self.following[message.partition()] = offset + 1
        self.notes.add("seen", message)
        return True
