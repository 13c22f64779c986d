"""The batch window's menus and tool bar, and the menu under the pointer."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QWidget

from aidd_studio.studio.batch.actions import BATCH_ACTIONS, BATCH_MENUS
from aidd_studio.studio.listening.transport import action_button
from aidd_studio.studio.widgets.actions import Actions

WITH_WORDS = {
    "add_files": "Add files",
    "add_folder": "Add folder",
    "find_gaps": "Find gaps",
    "run": "Run",
    "hold": "Pause",
    "cancel": "Cancel",
    "retry": "Retry failed",
    "report": "Report",
}

TOOLS = (
    ("add_files", "add_folder", "remove"),
    ("find_gaps", "run", "hold", "cancel", "retry"),
    ("report",),
)

UNDER_THE_POINTER = (("edit", "edit_result"), ("remove",))


def build_batch_menus(window: QMainWindow, actions: Actions) -> None:
    """Every action in its menu."""
    menus = {title: window.menuBar().addMenu(title) for title in BATCH_MENUS}
    for spec in BATCH_ACTIONS:
        if spec.separator:
            menus[spec.menu].addSeparator()
        menus[spec.menu].addAction(actions[spec.id])


def batch_tool_bar(actions: Actions) -> QToolBar:
    """The steps of a batch from left to right."""
    bar = QToolBar("Batch")
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
            if id == "run":
                button.setObjectName("filled")
            bar.addWidget(button)
    return bar


def show_row_menu(parent: QWidget, actions: Actions, at: QPoint) -> None:
    """What can be done with the selected files."""
    menu = QMenu(parent)
    for group in UNDER_THE_POINTER:
        if menu.actions():
            menu.addSeparator()
        for id in group:
            menu.addAction(actions[id])
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(at)
