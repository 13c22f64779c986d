"""One record says everything about an action, in the main window and in the batch window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import ModuleType

import pytest

from aidd_studio.studio.batch import actions as batch
from aidd_studio.studio.widgets.actions import plain
from aidd_studio.studio.window import action_list as main
from aidd_studio.studio.window.main_window import MainWindow

WINDOWS = [main, batch]


@pytest.mark.parametrize("actions", WINDOWS)
def test_every_record_either_runs_or_switches(actions: ModuleType) -> None:
    assert [record.id for record in actions.ACTIONS if (record.run is None) == (record.switch is None)] == []


@pytest.mark.parametrize("actions", WINDOWS)
def test_no_key_belongs_to_two_actions_of_a_window(actions: ModuleType) -> None:
    keys = Counter(key for record in actions.ACTIONS for key in record.keys)
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("actions", WINDOWS)
def test_no_id_is_used_twice_and_bars_and_menus_name_only_what_there_is(actions: ModuleType) -> None:
    ids = [record.id for record in actions.ACTIONS]
    assert len(ids) == len(set(ids))
    named = {id for group in (*actions.TOOL_BAR, *actions.CONTEXT_MENU) for id in group}
    assert named <= set(ids)
    assert {record.menu for record in actions.ACTIONS} == set(actions.MENUS)


@pytest.mark.parametrize("actions", WINDOWS)
def test_no_letter_opens_two_entries_of_a_menu(actions: ModuleType) -> None:
    letters = Counter(
        (record.menu, record.text[record.text.index("&") + 1].lower())
        for record in actions.ACTIONS
        if "&" in record.text
    )
    assert [place for place, count in letters.items() if count > 1] == []


def test_without_a_document_only_what_needs_none_is_possible(window: MainWindow) -> None:
    possible = {record.id for record in main.ACTIONS if window.actions_by_id[record.id].isEnabled()}
    assert {"open", "open_demo", "quit", "preferences", "batch", "models", "shortcuts", "about"} <= possible
    assert possible.isdisjoint({"save", "export", "detect", "fill", "accept", "play", "undo", "close", "cancel"})


def test_undo_is_named_by_what_it_would_undo(opened: MainWindow, idle: Callable[[], None]) -> None:
    action = opened.actions_by_id["undo"]
    assert (plain(action.text()), action.isEnabled()) == ("Undo", False)
    opened.actions_by_id["detect"].trigger()
    idle()
    assert (plain(action.text()), action.isEnabled()) == ("Undo Detect 2 dropouts", True)
    opened.actions_by_id["close"].trigger()
    opened.document.mark_saved()
    opened.actions_by_id["close"].trigger()
    assert (plain(action.text()), action.isEnabled()) == ("Undo", False)
