"""A killed program loses no accepted edit."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.damage.damage import Damage
from aidd_studio.errors import DamageError, ProjectError
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.history import Entry
from aidd_studio.restoration.session.journal import EditJournal, discard, leftovers, recover
from aidd_studio.restoration.session.session import Session
from aidd_studio.restoration.splice import on_grid

CRASHING = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.restoration.test_journal import edited_session
from aidd_studio.restoration.session.history import Entry
from aidd_studio.restoration.session.journal import EditJournal
session = edited_session()
journal = EditJournal(session.clip, Path({root!r}))
journal.save(session.history)
print("saved", flush=True)
sys.stdin.read()
"""


def edited_session() -> Session:
    rng = np.random.default_rng(0)
    session = Session(Clip(rng.uniform(-0.5, 0.5, (1, 4000)).astype(np.float32), 8000))
    (id,) = session.add_gaps([Damage(1000, 1100)])
    patch = Patch(990, (0,), on_grid(rng.normal(0, 0.1, (1, 120))))
    candidate = Candidate(Damage(1000, 1100), patch, "sparse", 1, 0.0)
    session.offer(id, candidate)
    session.accept(id, candidate.digest)
    return session


def test_after_kill_9_everything_accepted_is_offered_again(tmp_path: Path) -> None:
    code = CRASHING.format(tests=str(Path(__file__).parents[2]), root=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None and process.stdout.readline() == "saved\n"
    assert leftovers(tmp_path) == [], "the journal of a living program is its own"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    (left,) = leftovers(tmp_path)
    assert left.accepted == 1
    expected = edited_session()
    found = recover(left.folder).session(expected.clip)
    np.testing.assert_array_equal(found.restored().samples, expected.restored().samples)
    discard(left.folder)
    assert leftovers(tmp_path) == []


def test_a_finished_session_leaves_nothing_behind(tmp_path: Path) -> None:
    session = edited_session()
    journal = EditJournal(session.clip, tmp_path)
    journal.save(session.history)
    journal.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_journal_is_refused_in_a_sentence(tmp_path: Path) -> None:
    session = edited_session()
    journal = EditJournal(session.clip, tmp_path)
    journal.save(session.history)
    next((journal.folder / "fills").iterdir()).write_bytes(b"fLaC and then nothing")
    with pytest.raises(ProjectError, match="damaged"):
        recover(journal.folder)
    journal.discard()


def test_the_clock_jumping_back_does_not_hide_a_journal(tmp_path: Path) -> None:
    session = edited_session()
    journal = EditJournal(session.clip, tmp_path)
    journal.save(session.history)
    journal.close()
    long_ago = time.time() - 10**9
    os.utime(journal.folder / "journal.jsonl", (long_ago, long_ago))
    assert len(leftovers(tmp_path)) == 1


def a_candidate(gap: Damage, seed: int) -> Candidate:
    samples = on_grid(np.random.default_rng(seed).normal(0, 0.1, (1, gap.frames + 20)))
    return Candidate(gap, Patch(gap.start - 10, (0,), samples), "sparse", seed, 0.0)


def with_gaps(count: int) -> Session:
    session = Session(Clip(np.zeros((1, 40 * count + 100), np.float32), 8000))
    session.add_gaps([Damage(50 + 40 * number, 60 + 40 * number) for number in range(count)])
    return session


def told(session: Session) -> list[object]:
    """Everything about a history that must come back."""
    return [(step.name, [said(entry) for entry in step.state.entries]) for step in session.steps] + [session.position]


def said(entry: Entry) -> tuple[object, ...]:
    return entry.id, entry.gap, [candidate.digest for candidate in entry.candidates], entry.accepted, entry.starred


class Hand:
    """Does whatever comes to its mind to a session."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.session = with_gaps(6)

    def act(self) -> None:
        session, chance = self.session, self.chance
        entries = session.state.entries
        entry = chance.choice(entries) if entries else None
        candidate = chance.choice(entry.candidates) if entry is not None and entry.candidates else None
        deeds: list[Callable[[], object]] = [session.undo, session.redo]
        deeds.append(lambda: session.go_to(chance.randrange(len(session.steps))))
        deeds.append(
            lambda: session.add_gaps([Damage(50 + 40 * chance.randrange(6), 61)]) if chance.random() < 0.1 else 0
        )
        if entry is not None:
            deeds += [lambda: session.offer(entry.id, a_candidate(entry.gap, chance.randrange(9)))] * 4
            deeds.append(lambda: session.move_gap(entry.id, entry.gap.start, entry.gap.start + chance.randint(8, 12)))
            deeds.append(lambda: session.remove_gaps([entry.id]) if chance.random() < 0.3 else None)
            deeds.append(lambda: session.withdraw(entry.id))
        if entry is not None and candidate is not None:
            deeds += [lambda: session.accept(entry.id, candidate.digest)] * 3
            deeds.append(lambda: session.reject(entry.id, candidate.digest))
            deeds.append(lambda: session.star(entry.id, candidate.digest))
        with suppress(DamageError):
            chance.choice(deeds)()


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_done_the_journal_leads_to_the_same_history(tmp_path: Path, seed: int) -> None:
    hand = Hand(seed)
    journal = EditJournal(hand.session.clip, tmp_path)
    for _ in range(30):
        for _ in range(hand.chance.randrange(6)):
            hand.act()
        journal.save(hand.session.copy().history)
        assert told(recover(journal.folder).session(hand.session.clip)) == told(hand.session)
    journal.discard()


def test_a_line_that_a_crash_cut_off_loses_only_what_was_not_reported_as_safe(tmp_path: Path) -> None:
    session = edited_session()
    journal = EditJournal(session.clip, tmp_path)
    journal.save(session.history)
    path = journal.folder / "journal.jsonl"
    safe = path.read_bytes()
    (entry,) = session.state.entries
    session.star(entry.id, entry.candidates[0].digest)
    journal.save(session.history)
    whole = path.read_bytes()
    assert whole.startswith(safe), "it only grows"
    journal.close()
    for end in range(len(safe), len(whole) + 1):
        path.write_bytes(whole[:end])
        found = recover(journal.folder).session(session.clip)
        assert found.state.entries[0].accepted == entry.accepted
        assert [left.accepted for left in leftovers(tmp_path)] == [1]
    assert found.state.entries[0].starred == {entry.candidates[0].digest}


def test_what_is_written_does_not_grow_with_the_number_of_gaps(tmp_path: Path) -> None:
    grown = []
    for count in (10, 400):
        session = with_gaps(count)
        journal = EditJournal(session.clip, tmp_path)
        journal.save(session.history)
        path = journal.folder / "journal.jsonl"
        before = path.stat().st_size
        entry = session.state.entries[0]
        candidate = a_candidate(entry.gap, 1)
        session.offer(entry.id, candidate)
        session.accept(entry.id, candidate.digest)
        journal.save(session.history)
        grown.append(path.stat().st_size - before)
        journal.save(session.history)
        assert path.stat().st_size == before + grown[-1], "nothing has happened"
        journal.discard()
    assert grown[0] == grown[1]


def test_candidates_that_no_step_has_any_more_are_let_go() -> None:
    session = with_gaps(3)
    entry = session.state.entries[0]
    session.move_gap(entry.id, entry.gap.start, entry.gap.end + 2)
    candidate = a_candidate(session.state.entries[0].gap, 1)
    session.offer(entry.id, candidate)
    there = weakref.ref(candidate)
    session.undo()
    del candidate
    gc.collect()
    assert there() is not None, "it comes back with the step"
    session.star(session.state.entries[1].id, "0" * 24)
    gc.collect()
    assert there() is None
