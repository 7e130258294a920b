"""Standing in for confluent-kafka's native half, so that what is built on that package runs on an engine in this process."""

import sys

from . import _cimpl


def install_as_confluent_kafka() -> None:
    """install_as_confluent_kafka(): from now on an installed confluent-kafka, and whatever is built on it, runs on tidelog.

    To be called before anything imports ``confluent_kafka``.

    :raises RuntimeError: when it has been imported already
    """
    if sys.modules.get("confluent_kafka.cimpl") is _cimpl:
        return
    if "confluent_kafka" in sys.modules:
        raise RuntimeError("confluent_kafka has been imported already: call install_as_confluent_kafka() first")
    sys.modules["confluent_kafka.cimpl"] = _cimpl
    _cimpl._stand_in()
    import confluent_kafka

    confluent_kafka.cimpl = _cimpl
