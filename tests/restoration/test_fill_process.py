"""Filling in a process of its own: the same fills, and whatever happens to it, a sentence is said and work goes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.registry import create_engine
from aidd_studio.errors import Cancelled, DamageError, UsageError, WorkerDied
from aidd_studio.progress import Progress
from aidd_studio.restoration.fill_process import FillProcess
from aidd_studio.restoration.restore import FillRequest, fill_gaps
from tests.waiting import until

RATE = 16000
GAPS = [Damage(8000, 8160), Damage(30000, 30320), Damage(50000, 50200, (1,))]
LONG = [Damage(20000, 30000)]
ENDLESS = {"rounds": 1000}
"""With these settings the engine `sparse` goes on for minutes, looking at its watch all the while."""


@pytest.fixture(scope="module")
def clip() -> Clip:
    axis = np.arange(4 * RATE) / RATE
    noise = np.random.default_rng(3).normal(0, 0.01, (2, 4 * RATE))
    return Clip((0.3 * np.sin(2 * np.pi * 330 * axis) + noise).astype(np.float32), RATE)


@pytest.fixture
def process() -> Iterator[FillProcess]:
    made = FillProcess()
    yield made
    made.close()
    assert multiprocessing.active_children() == []


def plain(process: FillProcess, clip: Clip) -> list[str]:
    made = process.fill_gaps(clip, GAPS, "autoregressive", {"order": 64}, FillRequest(seed=5), Progress())
    return [candidate.digest for candidate in made]


def test_fills_are_the_same_as_in_the_own_process_to_the_bit(process: FillProcess, clip: Clip) -> None:
    here = fill_gaps(clip, GAPS, create_engine("autoregressive", {"order": 64}), seed=5)
    there = process.fill_gaps(clip, GAPS, "autoregressive", {"order": 64}, FillRequest(seed=5), Progress())
    for own, other in zip(here, there, strict=True):
        assert own.digest == other.digest
        assert own.provenance() | {"seconds": 0} == other.provenance() | {"seconds": 0}


def test_progress_comes_through_for_all_and_for_each_gap(process: FillProcess, clip: Clip) -> None:
    whole: list[float] = []
    done: list[Damage] = []
    progress = Progress(lambda fraction, _stage: whole.append(fraction))

    def on_gaps(gaps: Sequence[Damage], fraction: float, _stage: str) -> None:
        if fraction == 1.0:
            done.extend(gaps)

    made = list(process.fill_gaps(clip, GAPS, "sparse", {}, FillRequest(), progress, on_gaps))
    assert len(made) == 3
    assert set(done) == set(GAPS)
    assert whole == sorted(whole)
    assert any(0 < fraction < 1 for fraction in whole)


def test_cancelling_is_heard_at_once_and_the_next_fill_works(process: FillProcess, clip: Clip) -> None:
    progress = Progress()
    with pytest.raises(Cancelled):
        for _ in process.fill_gaps(
            clip, LONG, "sparse", ENDLESS, FillRequest(), progress, lambda *_: progress.cancel()
        ):
            raise AssertionError("nothing was finished")
    running = multiprocessing.active_children()
    assert len(plain(process, clip)) == 3
    assert multiprocessing.active_children() == running, "the models that it has loaded are kept"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_process_that_was_killed_is_reported_in_a_sentence_and_replaced(process: FillProcess, clip: Clip) -> None:
    def kill(*_: object) -> None:
        for child in multiprocessing.active_children():
            os.kill(child.pid or 0, signal.SIGKILL)

    with pytest.raises(WorkerDied, match="lack of memory; close other programs"):
        list(process.fill_gaps(clip, LONG, "sparse", ENDLESS, FillRequest(), Progress(), kill))
    assert len(plain(process, clip)) == 3
    kill()
    until(lambda: not multiprocessing.active_children())
    assert len(plain(process, clip)) == 3, "killed between two fills, it is replaced unnoticed"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts no file descriptors")
def test_a_process_that_cannot_be_started_is_reported_in_a_sentence(process: FillProcess, clip: Clip) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    held = []
    try:
        with suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(3):  # enough for the pipe, not for the process
            os.close(held.pop())
        for _ in range(2):
            with pytest.raises(WorkerDied, match=r"could not be started .*close other programs or files"):
                plain(process, clip)
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert len(plain(process, clip)) == 3


def test_what_an_engine_refuses_comes_through_as_itself(process: FillProcess, clip: Clip) -> None:
    with pytest.raises(UsageError, match="has no setting"):
        list(process.fill_gaps(clip, GAPS, "autoregressive", {"nonsense": 1}, FillRequest(), Progress()))
    with pytest.raises(UsageError, match="There is no engine"):
        list(process.fill_gaps(clip, GAPS, "nonsense", {}, FillRequest(), Progress()))
    assert len(plain(process, clip)) == 3


def test_a_gap_that_cannot_be_filled_does_not_keep_others_from_it(process: FillProcess, clip: Clip) -> None:
    gaps = [Damage(2000, 3600), Damage(31000, 63000)]
    told: list[tuple[object, str]] = []

    def on_failed(failed: object, why: str) -> None:
        told.append((failed, why))

    with pytest.raises(DamageError, match="too short"):
        list(process.fill_gaps(clip, gaps[1:], "similar", {}, FillRequest(), Progress()))
    for together in (gaps, gaps[::-1]):
        made = process.fill_gaps(clip, together, "similar", {}, FillRequest(), Progress(), None, on_failed)
        assert [candidate.gap for candidate in made] == gaps[:1]
    assert [failed for failed, _ in told] == [(gaps[1],)] * 2
    assert all("try another engine" in why for _, why in told)


PARENT = """
import multiprocessing, sys
import numpy as np
from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.restoration.fill_process import FillProcess
from aidd_studio.restoration.restore import FillRequest
from aidd_studio.progress import Progress

def tell(*_):
    print(multiprocessing.active_children()[0].pid, flush=True)

if __name__ == "__main__":
    clip = Clip(np.random.default_rng(0).normal(0, 0.1, (1, 64000)).astype(np.float32), 16000)
    gaps = [Damage(20000, 30000)]
    list(FillProcess().fill_gaps(clip, gaps, "sparse", {"rounds": 1000}, FillRequest(), Progress(), tell))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
@pytest.mark.parametrize("way", ["SIGKILL", "SIGTERM"])
def test_no_process_is_left_behind_when_the_program_is_killed(tmp_path: Path, way: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.send_signal(getattr(signal, way))
        parent.wait(60)
    until(lambda: not is_alive(child))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")
