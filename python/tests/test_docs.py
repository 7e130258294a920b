"""Everything public says what it does; the constants are mentioned."""

import inspect

import pytest

import tidelog
import tidelog.admin
import tidelog.aio
import tidelog.error
import tidelog.serialization
import tidelog.testing

MODULES = [tidelog, tidelog.admin, tidelog.aio, tidelog.error, tidelog.serialization, tidelog.testing]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_everything_public_is_documented(module):
    names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
    silent = []
    for name in names:
        thing = getattr(module, name)
        if not (inspect.isclass(thing) or inspect.isroutine(thing)) or not thing.__module__.startswith("tidelog"):
            continue
        if ":" not in (inspect.getdoc(thing) or ""):
            silent.append(name)
        for method, value in vars(thing).items() if inspect.isclass(thing) else []:
            if not method.startswith("_") and inspect.isroutine(value) and ":" not in (inspect.getdoc(value) or ""):
                silent.append(f"{name}.{method}")
    assert silent == []


def test_constants_are_mentioned():
    for name in tidelog.__all__:
        if name.isupper():
            assert name in tidelog.__doc__
