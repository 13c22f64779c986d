"""Menus: the menu bar with the recent files, the tool bar, and the menu under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QMenu, QToolBar, QWidget

from aidd_studio.studio.listening.transport import action_button
from aidd_studio.studio.model import preferences as kept
from aidd_studio.studio.widgets.actions import Actions
from aidd_studio.studio.widgets.one_line import one_line
from aidd_studio.studio.window.action_list import ACTIONS, MENUS

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow

WITH_WORDS = {"open": "Open", "detect": "Detect", "fill": "Fill", "accept": "Accept", "export": "Export"}

TOOLS = (
    ("open", "save"),
    ("undo", "redo"),
    ("detect", "add_gap", "delete_gap", "snap"),
    ("previous_gap", "next_gap"),
    ("fill", "accept"),
    ("zoom_in", "zoom_out", "zoom_gap", "zoom_all"),
    ("export",),
)

UNDER_THE_POINTER = (
    ("fill", "accept", "loop"),
    ("add_gap", "delete_gap"),
    ("zoom_gap", "zoom_all"),
)


def build_menu_bar(window: MainWindow) -> None:
    """Every action in its menu."""
    menus = {title: window.menuBar().addMenu(title) for title in MENUS}
    for spec in ACTIONS:
        if spec.separator:
            menus[spec.menu].addSeparator()
        menus[spec.menu].addAction(window.actions_by_id[spec.id])
    recent = QMenu("Open &recent", window)
    recent.aboutToShow.connect(lambda: _list_recent(recent, window))
    menus["&File"].insertMenu(window.actions_by_id["open_demo"], recent)


def tool_bar(actions: Actions) -> QToolBar:
    """The tools that most people need."""
    bar = QToolBar("Tools")
    bar.setObjectName("tools")
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    for group in TOOLS:
        if bar.actions():
            bar.addSeparator()
        for id in group:
            button = action_button(actions, id)
            if id in WITH_WORDS:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
                actions[id].setIconText(WITH_WORDS[id])
            bar.addWidget(button)
    return bar


def bottom_bar(transport: QWidget) -> QToolBar:
    """The bar that holds the transport in its place."""
    bar = QToolBar("Transport")
    bar.setObjectName("transport")
    bar.setMovable(False)
    bar.setFloatable(False)
    bar.toggleViewAction().setEnabled(False)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    bar.setStyleSheet("QToolBar { padding: 0; border: none; }")
    bar.addWidget(transport)
    return bar


def show_menu_under_pointer(window: MainWindow, at: QPoint) -> None:
    """What can be done with the gap under the pointer."""
    menu = QMenu(window)
    for group in UNDER_THE_POINTER:
        if menu.actions():
            menu.addSeparator()
        for id in group:
            menu.addAction(window.actions_by_id[id])
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(at)


def _list_recent(menu: QMenu, window: MainWindow) -> None:
    menu.clear()
    for path in kept.recent_files():
        action = menu.addAction(one_line(path.name).replace("&", "&&"))
        action.setToolTip(str(path))
        action.triggered.connect(lambda _checked=False, path=path: window.open_path(path))
    if menu.isEmpty():
        menu.addAction("Nothing yet").setEnabled(False)
