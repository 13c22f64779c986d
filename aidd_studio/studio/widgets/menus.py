"""Menus, tool bars and buttons made from the records of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QToolButton, QWidget

from aidd_studio.studio.widgets.actions import Actions, plain

Groups = Sequence[Sequence[str]]
"""Ids of actions, with a line between one group and the next."""


def fill_menu_bar(bar: QMenuBar, actions: Actions, titles: Sequence[str]) -> dict[str, QMenu]:
    """Put every action into its menu; the menus by title, in the order of the titles."""
    menus = {title: bar.addMenu(title) for title in titles}
    for record in actions.records:
        if record.separator:
            menus[record.menu].addSeparator()
        menus[record.menu].addAction(actions[record.id])
    return menus


def tool_bar(title: str, actions: Actions, groups: Groups) -> QToolBar:
    """A tool bar that stays in its place."""
    bar = QToolBar(title)
    bar.setObjectName(title.lower())
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    for group in groups:
        if bar.actions():
            bar.addSeparator()
        for id in group:
            bar.addWidget(action_button(actions, id))
    return bar


def action_button(actions: Actions, id: str, size: int = 20) -> QToolButton:
    """A button for an action; the keyboard reaches it by Tab, a click does not steal the focus."""
    action, record = actions[id], actions.record(id)
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(size, size))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if record.tool_text:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    if record.tint == "on_accent":
        button.setObjectName("filled")

    def name() -> None:
        button.setAccessibleName(plain(action.text()))

    action.changed.connect(name)
    name()
    return button


def pop_up_menu(parent: QWidget, actions: Actions, groups: Groups, at: QPoint) -> None:
    """Show a menu of some actions at a place on the screen."""
    menu = QMenu(parent)
    for group in groups:
        if menu.actions():
            menu.addSeparator()
        for id in group:
            menu.addAction(actions[id])
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(at)
