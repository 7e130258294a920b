"""The README's Python runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_runs(number, tmp_path):
    program = tmp_path / "test_example.py"
    program.write_text(BLOCKS[number])
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tidelog.testing"]\n')
    how = ["-m", "pytest", "-q", str(program)] if "def test_" in BLOCKS[number] else [str(program)]
    done = subprocess.run([sys.executable, *how], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def test_there_are_examples():
    assert len(BLOCKS) >= 3
