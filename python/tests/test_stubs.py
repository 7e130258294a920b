"""Type stubs and annotations, held against the module that was built."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(*arguments, cwd):
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, timeout=300, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def test_stubs_agree_with_the_module(tmp_path):
    pytest.importorskip("mypy")
    allowed = str(HERE / "stubtest_allowlist.txt")
    config = str(HERE.parent / "pyproject.toml")
    run("mypy.stubtest", "tidelog", "--allowlist", allowed, "--mypy-config-file", config, cwd=tmp_path)


def test_users_code_is_checked(tmp_path):
    pytest.importorskip("mypy")
    program = """
import tidelog
from tidelog.admin import AdminClient, NewTopic

producer = tidelog.Producer({"bootstrap.servers": "tidelog::memory:"})
producer.produce("t", b"v", headers={"a": "b"}, on_delivery=lambda error, message: print(message.offset()))
consumer = tidelog.Consumer({"group.id": "g"})
for message in consumer:
    value = message.value()
    reveal: bytes = value if value is not None else b""
AdminClient({}).create_topics([NewTopic("t", 1)])
"""
    (tmp_path / "good.py").write_text(program)
    run("mypy", "--strict", "good.py", cwd=tmp_path)
    (tmp_path / "bad.py").write_text(program + "producer.produce(5)\n")
    with pytest.raises(AssertionError, match="arg-type"):
        run("mypy", "--strict", "bad.py", cwd=tmp_path)
