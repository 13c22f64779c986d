"""Keys, clock and menus: Space plays, arrows nudge, the clock takes a time, undo shows what it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from aidd_studio.damage.damage import Damage
from aidd_studio.studio.commands.open_file import demo_recording
from aidd_studio.studio.dialogs.about_dialog import AboutDialog
from aidd_studio.studio.dialogs.dialog import Dialog
from aidd_studio.studio.dialogs.export_dialog import ExportDialog
from aidd_studio.studio.dialogs.models_dialog import ModelsDialog
from aidd_studio.studio.model.preferences import recent_files
from aidd_studio.studio.model.time_format import TimeFormat
from aidd_studio.studio.widgets.actions import plain
from aidd_studio.studio.window.app import FocusKeys
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.conftest import FakeClock


@pytest.fixture
def active(qtbot: QtBot, qapp: QApplication, opened: MainWindow, idle: Callable[[], None]) -> Iterator[MainWindow]:
    """The window with both gaps filled, as the program has it: keys go where the focus is."""
    keys = FocusKeys(opened)
    qapp.installEventFilter(keys)
    for action in ("detect", "select_all", "fill"):
        opened.actions_by_id[action].trigger()
        idle()
    opened.activateWindow()
    qtbot.waitUntil(opened.isActiveWindow)
    yield opened
    qapp.removeEventFilter(keys)


def card_button(window: MainWindow, name: str) -> QToolButton:
    return next(
        button
        for button in window.candidate_list.findChildren(QToolButton)
        if button.accessibleName().startswith(name) and button.isVisible()
    )


@pytest.mark.parametrize("name", ["Accept", "Star", "Hear"])
def test_space_plays_whatever_button_has_the_focus(qtbot: QtBot, active: MainWindow, name: str) -> None:
    active.document.select((active.document.entries[0].id,))
    button = card_button(active, name)
    button.setFocus(Qt.FocusReason.TabFocusReason)
    before = active.document.session.position
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert active.commands.playback.is_playing and active.commands.playback.is_passing
    assert active.document.session.position == before
    qtbot.keyClick(button, Qt.Key.Key_Space)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_return_presses_the_button_that_has_the_focus(
    qtbot: QtBot, active: MainWindow, idle: Callable[[], None], key: Qt.Key
) -> None:
    active.document.select((active.document.entries[0].id,))
    button = card_button(active, "Accept")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(button, key)
    idle()
    assert active.document.entries[0].state == "accepted"


@pytest.mark.parametrize(
    ("key", "modifier", "moves_gap", "direction"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, False, +1),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, False, -1),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, True, +1),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier, True, -1),
    ],
)
def test_arrows_nudge_the_cursor_and_with_shift_the_gap(
    qtbot: QtBot, active: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier, moves_gap: bool, direction: int
) -> None:
    document = active.document
    document.select((document.entries[0].id,))
    active.axis.set_cursor(8000)
    start, cursor = document.current.gap.start, active.axis.cursor
    qtbot.keyClick(active.editor.waveform, key, modifier)
    moved_gap, moved_cursor = document.current.gap.start - start, active.axis.cursor - cursor
    assert (moved_gap * direction > 0, moved_cursor * direction > 0) == (moves_gap, not moves_gap)


def test_arrows_belong_to_a_slider_that_has_the_focus(qtbot: QtBot, active: MainWindow) -> None:
    slider = active.editor.blend
    slider.setFocus()
    cursor, value = active.axis.cursor, slider.value()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert (active.axis.cursor, slider.value() > value) == (cursor, True)


@pytest.mark.parametrize(
    ("format", "written", "frame"),
    [
        ("clock", "0:00:01.250", 20000),
        ("clock", "1.5", 24000),
        ("seconds", "0.7500 s", 12000),
        ("samples", "20 320", 20320),
        ("clock", "59:00", 32000),
    ],
)
def test_a_time_written_into_the_clock_is_where_the_cursor_goes(
    qtbot: QtBot, active: MainWindow, format: TimeFormat, written: str, frame: int
) -> None:
    active.axis.set_format(format)
    clock = active.transport.time
    qtbot.mouseClick(clock, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(clock, written)
    assert active.document.entries[0].state == "candidates", "letters and digits are no commands there"
    qtbot.keyClick(clock, Qt.Key.Key_Return)
    assert active.axis.cursor == frame
    assert active.axis.text(frame) == clock.text()


@pytest.mark.parametrize("written", ["nonsense", "-1", "1:99"])
def test_what_is_no_time_leaves_the_cursor_and_is_reported(qtbot: QtBot, active: MainWindow, written: str) -> None:
    cursor = active.axis.cursor
    clock = active.transport.time
    qtbot.mouseClick(clock, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(clock, written)
    qtbot.keyClick(clock, Qt.Key.Key_Return)
    assert active.axis.cursor == cursor
    assert "time" in active.banner.message.lower()
    assert active.document.entries[0].state == "candidates"


def test_accepting_stops_what_is_auditioned(active: MainWindow, idle: Callable[[], None], clock: FakeClock) -> None:
    document = active.document
    document.select((document.entries[0].id,))
    active.actions_by_id["audition_1"].trigger()
    assert active.commands.playback.is_playing
    active.actions_by_id["accept"].trigger()
    idle()
    assert document.current is document.entries[1]
    assert not active.commands.playback.is_playing or not active.commands.playback.is_passing
    clock.now += 1.0
    assert not active.commands.playback.is_playing


@pytest.mark.parametrize("looping", [False, True])
def test_going_to_another_gap_does_not_play_on_to_the_end(active: MainWindow, clock: FakeClock, looping: bool) -> None:
    document = active.document
    document.select((document.entries[0].id,))
    active.actions_by_id["loop"].setChecked(looping)
    active.actions_by_id["audition_1"].trigger()
    active.actions_by_id["next_gap"].trigger()
    assert not active.commands.playback.is_passing
    active.actions_by_id["loop"].setChecked(False)
    active.commands.playback.stop()


@pytest.mark.parametrize("edit", ["add", "remove", "move", "accept"])
def test_undo_and_redo_scroll_to_what_they_change(active: MainWindow, idle: Callable[[], None], edit: str) -> None:
    document, axis = active.document, active.axis
    entry = document.entries[1]
    document.select((entry.id,))
    if edit == "add":
        document.session.add_gaps([Damage(28000, 28100)])
    elif edit == "remove":
        document.session.remove_gaps([entry.id])
    elif edit == "move":
        document.session.move_gap(entry.id, 20010, 20330)
    else:
        active.actions_by_id["accept"].trigger()
        idle()
    where = 28000 if edit == "add" else 20000
    for way in ("undo", "redo"):
        axis.show_range(0, 4000)
        active.actions_by_id[way].trigger()
        assert axis.start <= where <= axis.end, way


def context_menu(active: MainWindow) -> QMenu:
    table = active.gap_list.table
    table.customContextMenuRequested.emit(QPoint(20, 20))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def test_the_gap_list_has_a_menu_that_reverts_an_accepted_fill(active: MainWindow, idle: Callable[[], None]) -> None:
    document = active.document
    document.select((document.entries[0].id,))
    active.actions_by_id["accept"].trigger()
    idle()
    document.select((document.entries[0].id,))
    menu = context_menu(active)
    revert = next(action for action in menu.actions() if plain(action.text()) == "Revert fill")
    assert revert.isEnabled()
    revert.trigger()
    menu.close()
    assert document.entries[0].state == "candidates"


def test_return_exports_as_soon_as_the_dialog_is_there(
    qtbot: QtBot, active: MainWindow, idle: Callable[[], None], damaged: Path
) -> None:
    active.actions_by_id["export"].trigger()
    (dialog,) = active.findChildren(ExportDialog)
    qtbot.waitUntil(dialog.isActiveWindow)
    assert dialog.focusWidget() is not None
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
    idle()
    assert damaged.with_name("take_restored.wav").is_file()


def test_paths_are_absolute_however_the_recording_was_named(
    qtbot: QtBot, window: MainWindow, damaged: Path, idle: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(damaged.parent)
    window.open_path(Path(damaged.name))
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    idle()
    assert window.document.path == damaged
    window.actions_by_id["export"].trigger()
    (dialog,) = window.findChildren(ExportDialog)
    assert dialog.choice().path.is_absolute()
    dialog.reject()


def test_the_demo_is_saved_where_a_person_may_write(
    qtbot: QtBot, window: MainWindow, idle: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(_parent: object, _title: str, place: str, *_: object) -> tuple[str, str]:
        asked.append(place)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    window.actions_by_id["open_demo"].trigger()
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    window.actions_by_id["save"].trigger()
    demo = demo_recording()
    assert demo is not None
    assert asked and not asked[0].startswith(str(demo.parent))
    window.actions_by_id["cancel"].trigger()
    idle()


def test_a_project_keeps_its_history_and_gives_the_window_its_name(
    qtbot: QtBot, active: MainWindow, idle: Callable[[], None], tmp_path: Path
) -> None:
    active.actions_by_id["accept_best"].trigger()
    idle()
    steps = [active.document.undo_stack.text(n) for n in range(active.document.undo_stack.count())]
    project = tmp_path / "side one.aidd"
    active.commands.project.save_to(project)
    idle()
    assert active.windowTitle().startswith("side one.aidd")
    assert recent_files()[0] == project
    active.actions_by_id["close"].trigger()
    active.open_path(project)
    qtbot.waitUntil(lambda: active.document is not None, timeout=60_000)
    idle()
    stack = active.document.undo_stack
    assert [stack.text(n) for n in range(stack.count())] == steps != []
    assert active.windowTitle().startswith("side one.aidd")
    active.actions_by_id["undo"].trigger()
    assert [entry.state for entry in active.document.entries] == ["candidates", "candidates"]


@pytest.mark.parametrize(
    ("action", "kind"), [("models", ModelsDialog), ("export", ExportDialog), ("about", AboutDialog)]
)
def test_dialogs_leave_room_on_a_screen_of_800_lines(
    opened: MainWindow,
    idle: Callable[[], None],
    action: str,
    kind: type[Dialog],
) -> None:
    opened.actions_by_id[action].trigger()
    (dialog,) = opened.findChildren(kind)
    inner = dialog.body.totalSizeHint().height()
    assert inner < 620, "headline, buttons and the desktop's own bars need the rest"
    dialog.close()
    idle()
