"""Random histories of a client's calls: what they are (``consuming``, ``producing``, ``transacting``) and what came of each,
as values that are the same whichever package was called. ``test_histories.py`` holds tidelog against confluent-kafka with
them."""


def raised(error):
    """What an exception says, without what may differ: the interpreter's own texts."""
    what = error.args[0] if error.args else error
    if hasattr(what, "retriable"):
        return ["raised", what.name(), what.str(), what.retriable(), what.fatal(), what.txn_requires_abort()]
    if isinstance(error, (TypeError, ValueError, OverflowError)):
        return ["raised", "bad argument"]
    return ["raised", type(error).__name__, str(error)]


def time(milliseconds):
    """A time as a history gave it, or that the clock gave it."""
    return milliseconds if milliseconds < 10**11 else "now"
