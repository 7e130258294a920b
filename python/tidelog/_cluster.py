"""Clients of a Kafka cluster, which confluent-kafka makes: the native half calls this for ``bootstrap.servers=host:port``."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from ._cimpl import KafkaError, KafkaException


def client(kind: type, args: Tuple[Any, ...], kwargs: Optional[Dict[str, Any]]) -> Any:
    """client(kind, args, kwargs): a client of the class that has ``kind``'s name in confluent-kafka.

    :raises KafkaException: when confluent-kafka is not installed, and for subclasses of tidelog's clients
    """
    try:
        import confluent_kafka
        import confluent_kafka.admin
    except ImportError as error:
        text = "`bootstrap.servers` names a Kafka cluster, which confluent-kafka serves: pip install tidelog[cluster]"
        raise KafkaException(KafkaError(KafkaError._NOT_IMPLEMENTED, text)) from error
    if kind.__module__.split(".")[0] != "tidelog":
        text = f"{kind.__qualname__} derives from tidelog's client: for a Kafka cluster derive from confluent_kafka's"
        raise KafkaException(KafkaError(KafkaError._NOT_IMPLEMENTED, text))
    name = kind.__name__
    module = confluent_kafka if hasattr(confluent_kafka, name) else confluent_kafka.admin
    return getattr(module, name)(*args, **(kwargs or {}))
