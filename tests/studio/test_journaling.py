"""What the window calls accepted is on disk already, however fast the hand is and whatever the disk does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aidd_studio.restoration.session.journal import recover
from aidd_studio.studio.commands.autosave import journal_folder
from aidd_studio.studio.window.main_window import MainWindow


@pytest.fixture
def filled(opened: MainWindow, idle: Callable[[], None]) -> MainWindow:
    """The window with candidates for both gaps."""
    for action in ("detect", "select_all", "fill"):
        opened.actions_by_id[action].trigger()
        idle()
    return opened


def on_disk() -> list[bool]:
    """For every gap of the newest journal, whether a fill is accepted."""
    (folder,) = journal_folder().glob("*/")
    project = recover(folder)
    return [entry.accepted is not None for entry in project.steps[project.position].state.entries]


def test_whenever_the_window_says_accepted_the_journal_has_it(filled: MainWindow, idle: Callable[[], None]) -> None:
    window, document = filled, filled.document
    seen = []

    def look() -> None:
        shown = [entry.state == "accepted" for entry in document.entries]
        if any(shown):
            seen.append((shown, on_disk()))

    document.changed.connect(look)
    document.select((document.entries[0].id,))
    window.actions_by_id["accept"].trigger()
    assert [entry.state for entry in document.entries] == ["candidates", "candidates"], "not yet on disk"
    idle()
    window.actions_by_id["accept"].trigger()
    idle()
    assert [shown for shown, _ in seen] == [[True, False], [True, True]]
    assert [kept for _, kept in seen] == [[True, False], [True, True]]


def test_taking_a_fill_back_is_written_without_delay(filled: MainWindow, idle: Callable[[], None]) -> None:
    window, document = filled, filled.document
    document.select((document.entries[0].id,))
    window.actions_by_id["accept"].trigger()
    idle()
    window.actions_by_id["undo"].trigger()
    assert window.workspace.journal.jobs
    idle()
    assert on_disk() == [False, False]
    window.actions_by_id["redo"].trigger()
    idle()
    assert on_disk() == [True, False]
    document.select((document.entries[0].id,))
    window.actions_by_id["revert"].trigger()
    idle()
    assert on_disk() == [False, False]


def test_accepting_twice_before_the_disk_answers_accepts_two_gaps(filled: MainWindow, idle: Callable[[], None]) -> None:
    window, document = filled, filled.document
    document.select((document.entries[0].id,))
    window.actions_by_id["accept"].trigger()
    window.actions_by_id["accept"].trigger()
    idle()
    assert [entry.state for entry in document.entries] == ["accepted", "accepted"]
    assert on_disk() == [True, True]
    assert document.undo_stack.count() == 3


def test_edits_while_the_disk_is_slow_are_in_the_journal_in_the_end(
    filled: MainWindow, idle: Callable[[], None]
) -> None:
    window, document = filled, filled.document
    first, second = document.entries
    document.select((first.id,))
    window.actions_by_id["accept"].trigger()
    document.session.remove_gaps([second.id])
    window.actions_by_id["undo"].trigger()
    document.session.star(second.id, second.candidates[0].digest)
    idle()
    window.commands.autosave.write()
    idle()
    assert [entry.state for entry in document.entries] == ["accepted", "candidates"]
    (folder,) = journal_folder().glob("*/")
    kept = recover(folder).session(document.clip)
    assert [step.name for step in kept.steps] == [step.name for step in document.session.steps]
    np.testing.assert_array_equal(kept.restored().samples, document.session.restored().samples)
    assert kept.state.entries[1].starred == document.entries[1].starred != frozenset()


def test_a_gap_that_goes_before_its_fill_is_written_is_not_accepted(
    filled: MainWindow, idle: Callable[[], None]
) -> None:
    window, document = filled, filled.document
    document.select((document.entries[0].id,))
    window.actions_by_id["accept"].trigger()
    document.session.remove_gaps([document.entries[0].id])
    idle()
    assert "no longer in the list" in window.banner.message
    window.commands.autosave.write()
    idle()
    assert on_disk() == [False]


def test_where_the_journal_cannot_be_written_the_work_goes_on_and_it_is_reported(
    filled: MainWindow, idle: Callable[[], None]
) -> None:
    window, document = filled, filled.document
    window.commands.autosave.write()
    idle()
    (folder,) = journal_folder().glob("*/")
    shutil.rmtree(folder)
    document.select((document.entries[0].id,))
    window.actions_by_id["accept"].trigger()
    idle()
    assert document.entries[0].state == "accepted"
    assert "journal" in window.banner.message
    assert "save the project" in window.banner.message


def test_closing_while_a_fill_is_being_accepted_asks(
    filled: MainWindow, idle: Callable[[], None], tmp_path: Path
) -> None:
    window, document = filled, filled.document
    document.project = tmp_path / "take.aidd"
    document.mark_saved()
    document.select((document.entries[0].id,))
    window.actions_by_id["accept"].trigger()
    window.actions_by_id["close"].trigger()
    assert window.document is document
    assert "not saved" in window.banner.message
    idle()
    window.actions_by_id["undo"].trigger()
    window.actions_by_id["close"].trigger()
    assert window.document is None
    idle()
    assert list(journal_folder().glob("*/")) == []
