"""The undo stack and the session's history: whatever is done to either, they say the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.damage.damage import Damage
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.history import Entry
from aidd_studio.restoration.session.session import Session
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.window.main_window import MainWindow

RATE = 8000
PLACES = 8


class Story(RuleBasedStateMachine):
    """A hand that edits, undoes, jumps and saves at random, beside the plainest model of what should be."""

    @initialize()
    def begin(self) -> None:
        self.document = Document(Session(Clip(np.zeros((1, RATE), np.float32), RATE)), Path("take.wav"))
        self.document.project = Path("take.aidd")
        self.session = self.document.session
        self.told = 0
        self.document.changed.connect(self._count)
        self.states = [self._seen()]  # what every step looked like when it was made
        self.at = 0
        self.saved: int | None = 0  # the step that is on disk
        self.seed = 0

    def _count(self) -> None:
        self.told += 1

    def _seen(self) -> list[tuple[int, int, str | None, frozenset[str]]]:
        return [(entry.id, entry.gap.start, entry.accepted, entry.starred) for entry in self.document.entries]

    def _edited(self, before: int) -> None:
        """After an edit that may have changed nothing."""
        if len(self.session.steps) == before and self.session.position == self.at:
            return
        del self.states[self.at + 1 :]
        if self.saved is not None and self.saved > self.at:
            self.saved = None
        self.states.append(self._seen())
        self.at += 1

    def _entry(self, number: int) -> Entry | None:
        entries = self.document.entries
        return entries[number % len(entries)] if entries else None

    @rule(place=st.integers(0, PLACES - 1))
    def add(self, place: int) -> None:
        before = len(self.session.steps)
        added = self.session.add_gaps([Damage(100 + 500 * place, 180 + 500 * place)])
        if added:
            self._edited(-1)
        else:
            assert len(self.session.steps) == before

    @rule(number=st.integers(0, 9))
    def remove(self, number: int) -> None:
        entry = self._entry(number)
        if entry is not None:
            self.session.remove_gaps([entry.id])
            self._edited(-1)

    @rule(number=st.integers(0, 9))
    def offer(self, number: int) -> None:
        entry = self._entry(number)
        if entry is None:
            return
        self.seed += 1
        sound = np.full((1, entry.gap.frames), self.seed / 1000, np.float32)
        assert self.document.offer(entry.id, Candidate(entry.gap, Patch(entry.gap.start, (0,), sound), "x", 0, 0.0))
        self.saved = None

    @rule(number=st.integers(0, 9), which=st.integers(0, 3))
    def accept(self, number: int, which: int) -> None:
        entry = self._entry(number)
        if entry is not None and entry.candidates:
            digest = entry.candidates[which % len(entry.candidates)].digest
            is_new = entry.accepted != digest
            self.session.accept(entry.id, digest)
            if is_new:
                self._edited(-1)

    @rule()
    def accept_all(self) -> None:
        ready = [entry for entry in self.document.entries if entry.candidates]
        chosen = {entry.id: entry.candidates[-1].digest for entry in ready}
        is_new = any(entry.accepted != chosen[entry.id] for entry in ready)
        self.session.accept_all(chosen)
        if is_new:
            self._edited(-1)

    @rule(number=st.integers(0, 9))
    def star_then_withdraw(self, number: int) -> None:
        entry = self._entry(number)
        if entry is not None and entry.candidates:
            self.session.star(entry.id, entry.candidates[0].digest)
            self._edited(-1)
            if entry.accepted is not None:
                self.session.withdraw(entry.id)
                self._edited(-1)

    @rule()
    def undo(self) -> None:
        self.document.undo_stack.undo()
        self.at = max(0, self.at - 1)

    @rule()
    def redo(self) -> None:
        self.document.undo_stack.redo()
        self.at = min(len(self.states) - 1, self.at + 1)

    @rule(share=st.floats(0, 1))
    def jump(self, share: float) -> None:
        self.at, before = round(share * (len(self.states) - 1)), self.at
        told = self.told
        self.document.undo_stack.setIndex(self.at)
        assert self.told - told == (self.at != before), "a jump is told once, however far it goes"

    @rule(share=st.floats(0, 1))
    def travel_behind_the_stack(self, share: float) -> None:
        """The session itself goes elsewhere, as scripts and the API have it."""
        self.at = round(share * (len(self.states) - 1))
        self.session.go_to(self.at)

    @rule()
    def save(self) -> None:
        self.document.mark_saved()
        self.saved = self.at

    @rule(place=st.integers(0, PLACES - 1))
    def edit_while_saving(self, place: int) -> None:
        moment, at = self.document.moment, self.at
        self.add(place)
        self.document.mark_saved(moment)
        self.saved = at

    @precondition(lambda self: self.at > 0)
    @rule()
    def reopen(self) -> None:
        """Another document on the same history, as a project file gives it."""
        other = Session(self.session.clip)
        other.resume(self.session.steps, self.session.position)
        self.document.close()
        self.document = Document(other, Path("take.wav"))
        self.document.project = Path("take.aidd")
        self.document.mark_saved()
        self.document.changed.connect(self._count)
        self.session, self.saved = other, self.at

    @rule(keep=st.floats(0, 1))
    def take_over_a_shorter_history(self, keep: float) -> None:
        steps = self.session.steps[: 1 + round(keep * (len(self.states) - 1))]
        if len(steps) < len(self.states):
            self.saved = None
        self.session.resume(steps, len(steps) - 1)
        del self.states[len(steps) :]
        self.at = len(steps) - 1

    @invariant()
    def they_say_the_same(self) -> None:
        if not hasattr(self, "document"):
            return
        stack = self.document.undo_stack
        assert stack.index() == self.session.position == self.at
        assert stack.count() == len(self.session.steps) - 1 == len(self.states) - 1
        names = [step.name for step in self.session.steps[1:]]
        assert [stack.text(number).split("  ·  ")[0] for number in range(stack.count())] == names
        assert stack.undoText() == (names[self.at - 1] if self.at else "")
        assert stack.redoText() == (names[self.at] if self.at < len(names) else "")
        assert stack.canUndo() == self.session.can_undo
        assert stack.canRedo() == self.session.can_redo
        assert self._seen() == self.states[self.at]
        assert self.document.is_modified == (self.saved != self.at)

    def teardown(self) -> None:
        if hasattr(self, "document"):
            self.document.close()


Story.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.usefixtures("qapp")
class TestStory(Story.TestCase):  # type: ignore[misc, valid-type]
    pass


def test_the_list_of_steps_names_where_each_was_and_jumps(opened: MainWindow, idle: Callable[[], None]) -> None:
    window, document = opened, opened.document
    window.actions_by_id["detect"].trigger()
    idle()
    document.session.remove_gaps([document.entries[0].id])
    steps = window.history.list.model()
    told = [steps.index(row, 0).data() for row in range(steps.rowCount())]
    assert told == ["Open", "Detect 2 dropouts", "Remove gap  ·  0:00:00.500"]
    assert window.actions_by_id["undo"].text() == "&Undo Remove gap"
    window.history.list.setCurrentIndex(steps.index(0, 0))
    assert document.entries == ()
    assert window.actions_by_id["undo"].text() == "&Undo"
    assert window.actions_by_id["redo"].text() == "&Redo Detect 2 dropouts"
    assert not window.actions_by_id["undo"].isEnabled()
    window.history.list.setCurrentIndex(steps.index(2, 0))
    assert len(document.entries) == 1


def test_accepting_the_best_of_all_gaps_is_one_step(opened: MainWindow, idle: Callable[[], None]) -> None:
    window, document = opened, opened.document
    for action in ("detect", "select_all", "fill", "accept_best"):
        window.actions_by_id[action].trigger()
        idle()
    assert document.undo_stack.undoText() == "Accept 2 fills"
    window.actions_by_id["undo"].trigger()
    assert [entry.state for entry in document.entries] == ["candidates", "candidates"]


def test_the_title_marks_what_is_not_saved(opened: MainWindow, idle: Callable[[], None], tmp_path: Path) -> None:
    window, document = opened, opened.document
    assert not window.isWindowModified()
    window.actions_by_id["add_gap"].trigger()
    assert window.isWindowModified()
    window.commands.project.save_to(tmp_path / "take.aidd")
    window.axis.set_cursor(20000)
    window.actions_by_id["add_gap"].trigger()  # while it is being saved
    idle()
    assert len(document.entries) == 2
    assert window.isWindowModified()
    window.actions_by_id["undo"].trigger()
    assert not window.isWindowModified(), "that is what was saved"
    window.actions_by_id["undo"].trigger()
    assert window.isWindowModified()
