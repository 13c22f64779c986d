"""What a screen reader finds: names for everything that can be reached, and words for what happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QDialog, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.hands import other_window

Role, Text = QAccessible.Role, QAccessible.Text

TO_BE_NAMED = {
    Role.Button, Role.CheckBox, Role.RadioButton, Role.ComboBox, Role.SpinBox, Role.Slider, Role.EditableText,
    Role.Table, Role.List, Role.Tree, Role.MenuItem, Role.PageTab, Role.Link, Role.ProgressBar, Role.ColumnHeader,
    Role.Cell, Role.ListItem, Role.ButtonMenu, Role.ButtonDropDown, Role.Dialog, Role.Window,
}  # fmt: skip


def nodes(interface: QAccessibleInterface, path: str = "") -> Iterator[tuple[str, QAccessibleInterface]]:
    """Everything that is shown below a node, with the way to it."""
    for index in range(interface.childCount()):
        child = interface.child(index)
        if child is None or not child.isValid() or child.state().invisible:
            continue
        here = f"{path} / {child.role().name} {child.text(Text.Name)[:40]!r}"
        yield here, child
        yield from nodes(child, here)


def nameless(widget: QWidget) -> list[str]:
    """What can be reached or operated and has no name."""
    root = QAccessible.queryAccessibleInterface(widget)
    return [
        path
        for path, node in nodes(root)
        if (node.state().focusable or node.role() in TO_BE_NAMED)
        and not (node.text(Text.Name) or node.text(Text.Description)).strip()
        and not _is_inside(node)
    ]


def _is_inside(node: QAccessibleInterface) -> bool:
    """Parts that Qt makes itself and no reader stops at."""
    made = node.object()
    return isinstance(made, QTabBar) or (made is not None and made.objectName().startswith("qt_"))


def unspoken_roles(widget: QWidget) -> list[str]:
    """What the focus can reach and readers pass over, as it is a plain widget to them; what only scrolls is none."""
    root = QAccessible.queryAccessibleInterface(widget)
    return [
        path
        for path, node in nodes(root)
        if node.state().focusable and node.role() == Role.Client and not isinstance(node.object(), QAbstractScrollArea)
    ]


@pytest.fixture
def filled(opened: MainWindow, idle: Callable[[], None]) -> MainWindow:
    for action in ("detect", "fill"):
        opened.actions_by_id[action].trigger()
        idle()
    return opened


def test_everything_in_the_window_has_a_name(filled: MainWindow) -> None:
    for id in ("fill_settings", "history"):
        filled.actions_by_id[id].trigger()
    assert nameless(filled) == []
    assert unspoken_roles(filled) == []


def test_everything_on_the_welcome_page_has_a_name(window: MainWindow) -> None:
    assert nameless(window) == []


@pytest.mark.parametrize("action", ["preferences", "models", "shortcuts", "about", "export", "batch"])
def test_everything_in_the_other_windows_has_a_name(
    filled: MainWindow, qapp: QApplication, qtbot: QtBot, action: str, idle: Callable[[], None]
) -> None:
    shown = other_window(filled, qapp, qtbot, action)
    assert nameless(shown) == []
    assert unspoken_roles(shown) == []
    if isinstance(shown, QDialog):
        shown.reject()
    else:
        shown.close()
    idle()


def test_a_row_of_the_gap_list_is_announced_once_and_its_columns_have_names(filled: MainWindow) -> None:
    table = QAccessible.queryAccessibleInterface(filled.gap_list.table)
    names = [node.text(Text.Name) for _, node in nodes(table)]
    assert "State" in names
    sentences = [name for name in names if "at 0:00:00.500" in name]
    assert len(sentences) == 1
    assert sentences[0].endswith(", 1 candidate")


def test_what_happens_is_said(opened: MainWindow, idle: Callable[[], None]) -> None:
    window = opened
    said: list[str] = []
    window.announcer.announced.connect(said.append)
    window.actions_by_id["detect"].trigger()
    idle()
    assert "2 dropouts found." in said
    assert any(text.startswith("Gap 1 of 2. Open: ") for text in said)
    said.clear()
    window.actions_by_id["fill"].trigger()
    idle()
    assert said[0] == "Filling the gap."
    assert any(text.startswith("Candidate 1 is ready: ") for text in said)
    said.clear()
    window.actions_by_id["accept"].trigger()
    idle()
    assert said[0] == "Accepted."
    assert said[1].startswith("Gap 2 of 2. ")
    said.clear()
    window.actions_by_id["undo"].trigger()
    assert "Reverted." in said


def test_buttons_are_named_by_what_they_do_now(opened: MainWindow) -> None:
    root = QAccessible.queryAccessibleInterface(opened)
    names = [node.text(Text.Name) for _, node in nodes(root) if node.role() == Role.Button]
    assert {"Open", "Play", "Undo", "Zoom in"} <= set(names)
    opened.actions_by_id["play"].trigger()
    names = [node.text(Text.Name) for _, node in nodes(root) if node.role() == Role.Button]
    assert "Stop" in names
    opened.actions_by_id["play"].trigger()


def test_times_are_read_as_they_are(opened: MainWindow) -> None:
    opened.axis.set_cursor(8000)
    time = QAccessible.queryAccessibleInterface(opened.transport.time)
    assert (time.text(Text.Name), time.text(Text.Value)) == ("Position", "0:00:00.500")
