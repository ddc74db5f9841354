"""Ctrl+C in a command ends in one line and leaves the files as they were."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers import stopping

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("code", [0, 1, None])
def test_a_command_that_is_not_stopped_ends_with_its_code(code):
    with pytest.raises(SystemExit) as ended:
        stopping.run(lambda: code, "unused")
    assert ended.value.code == (code or 0)


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["helpers.publish.notebooks"], "No notebook is half written"),
        (["helpers.publish.site", "--to"], "The previous site is as it was."),
    ],
)
def test_a_stop_says_one_line_and_changes_nothing(tmp_path, words, left):
    target = [str(tmp_path / "site")] if words[-1] == "--to" else []
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "notebooks").glob("*.ipynb")}
    command = subprocess.Popen(
        [sys.executable, "-m", *words, *target], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(3)  # inside the work: either takes longer
    assert command.poll() is None
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=30)
    assert command.returncode == stopping.INTERRUPTED
    assert "Traceback" not in said
    assert said.strip().splitlines()[-1].startswith(f"Stopped. {left}")
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "notebooks").glob("*.ipynb")} == before
    assert not list(tmp_path.iterdir())
