"""A killed program loses no accepted edit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.errors import ProjectError
from aidd_studio.gaps.gap import Gap
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.journal import Journal, discard, leftovers, recover
from aidd_studio.restoration.session import Session
from aidd_studio.restoration.splice import on_grid

CRASHING = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_journal import edited_session
from aidd_studio.restoration.journal import Journal
journal = Journal(edited_session(), Path({root!r}))
journal.save()
print("saved", flush=True)
time.sleep(60)
"""


def edited_session() -> Session:
    rng = np.random.default_rng(0)
    session = Session(Clip(rng.uniform(-0.5, 0.5, (1, 4000)).astype(np.float32), 8000))
    (id,) = session.add_gaps([Gap(1000, 1100)])
    patch = Patch(990, (0,), on_grid(rng.normal(0, 0.1, (1, 120))))
    candidate = Candidate(Gap(1000, 1100), patch, "sparse", 1, 0.0)
    session.offer(id, candidate)
    session.accept(id, candidate.digest)
    return session


def test_after_kill_9_everything_accepted_is_offered_again(tmp_path: Path) -> None:
    code = CRASHING.format(tests=str(Path(__file__).parent), root=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "saved\n"
    assert leftovers(tmp_path) == [], "the journal of a living program is its own"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (left,) = leftovers(tmp_path)
    assert left.accepted == 1
    expected = edited_session()
    found = recover(left.folder).session(expected.clip)
    np.testing.assert_array_equal(found.restored().samples, expected.restored().samples)
    discard(left.folder)
    assert leftovers(tmp_path) == []


def test_a_finished_session_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = Journal(edited_session(), tmp_path)
    journal.save()
    journal.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_journal_is_refused_in_a_sentence(tmp_path: Path) -> None:
    journal = Journal(edited_session(), tmp_path)
    journal.save()
    next((journal.folder / "fills").iterdir()).write_bytes(b"fLaC and then nothing")
    with pytest.raises(ProjectError, match="damaged"):
        recover(journal.folder)
    journal.discard()


def test_the_clock_jumping_back_does_not_hide_a_journal(tmp_path: Path) -> None:
    journal = Journal(edited_session(), tmp_path)
    journal.save()
    journal._lock.release()
    long_ago = time.time() - 10**9
    os.utime(journal.folder / "project.json", (long_ago, long_ago))
    assert len(leftovers(tmp_path)) == 1
