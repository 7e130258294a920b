"""The same calls to confluent-kafka with its mock broker and to tidelog: results, exceptions and texts agree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# What differs, and why.
DIFFERENT = {
    "produce('t', 'v', partition=99)": "known at once: there is no metadata to wait for",
    "subscribe([5])": "a number names no topic",
    "describe_configs(['x'])": "the text names the package's own class",
}


def run(package, cwd):
    program = Path(__file__).parent / "differential.py"
    done = subprocess.run([sys.executable, str(program), package], capture_output=True, text=True, timeout=120, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_both_answer_the_same(tmp_path):
    confluent_kafka = pytest.importorskip("confluent_kafka")
    if not confluent_kafka.version().startswith("2.16."):
        pytest.skip("held against confluent-kafka 2.16")
    ours, theirs = run("tidelog", tmp_path), run("confluent_kafka", tmp_path)
    assert [what for what, _ in ours] == [what for what, _ in theirs] and len(ours) > 250
    different = [
        (what, "ours", mine, "theirs", other)
        for (what, mine), (_, other) in zip(ours, theirs)
        if mine != other and what not in DIFFERENT
    ]
    assert different == []
