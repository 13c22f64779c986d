"""kill -9 of the whole window: what was accepted is offered by the next one and comes back sample for sample."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "killed_window.py"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_accepted_fills_survive_the_killing_of_the_program(damaged: Path, tmp_path: Path) -> None:
    surroundings = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(SCRIPT.parents[2])}

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(SCRIPT), *arguments]
        return subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True)

    with start("work", str(damaged)) as first:
        assert first.stdout is not None
        restored = first.stdout.readline().strip()
        assert len(restored) == 64
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait(60) == -signal.SIGKILL
    with start("recover") as second:
        told, _ = second.communicate(timeout=300)
    assert second.returncode == 0
    message, recovered = told.splitlines()
    assert "take.wav with 2 accepted fills" in message
    assert recovered == restored
    with start("recover") as third:
        third.communicate(timeout=300)
    assert third.returncode != 0, "what was recovered and left in order is not offered again"
