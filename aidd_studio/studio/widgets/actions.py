"""Actions: one record for each thing that a person can ask for, and the QActions made from such records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from aidd_studio.studio.widgets.icons import icon

Target = TypeVar("Target")


class Look(NamedTuple):
    """What an action is called just now, and its icon."""

    text: str
    icon: str = ""


def _always(_target: object) -> bool:
    return True


@dataclass(frozen=True)
class Action(Generic[Target]):
    """One thing that a person can ask of a target. Without a target it is disabled.

    It has either `run` or, when it can be on or off, `switch`.
    """

    id: str
    menu: str
    text: str
    icon: str = ""
    keys: tuple[str, ...] = ()
    tip: str = ""
    run: Callable[[Target], object] | None = None
    switch: Callable[[Target, bool], object] | None = None
    is_on: Callable[[Target], bool] | None = None  # asked of a switch whose state others change too
    when: Callable[[Target], bool] = _always
    look: Callable[[Target], Look] | None = None  # for names that change
    tool_text: str = ""  # beside the icon in the tool bar
    tint: str = "text"  # of the icon; "on_accent" makes a filled button
    separator: bool = False  # a line before it in the menu

    @property
    def title(self) -> str:
        """The text without mnemonics."""
        return plain(self.text)

    @property
    def key_text(self) -> str:
        """The first shortcut as the platform writes it."""
        if not self.keys:
            return ""
        return QKeySequence(self.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)


def plain(text: str) -> str:
    """A menu's text without mnemonics and dots."""
    return text.replace("&", "").rstrip("…")


class Actions(QObject):
    """The QActions of one window. Each kind of record acts on the target that is bound to it at the time."""

    def __init__(self, window: QWidget, records: Sequence[Action[Any]]) -> None:
        super().__init__(window)
        self.records = records
        self._targets: dict[type[Action[Any]], Any] = {}
        self._is_refreshing = False
        self._by_id = {record.id: self._made(record, window) for record in records}

    def __getitem__(self, id: str) -> QAction:
        return self._by_id[id]

    def record(self, id: str) -> Action[Any]:
        """The record that an action was made from."""
        return next(record for record in self.records if record.id == id)

    def bind(self, kind: type[Action[Target]], target: Target) -> None:
        """Let all actions of a kind act on a target."""
        self._targets[kind] = target
        self.refresh()

    def release(self, kind: type[Action[Any]]) -> None:
        """Disable all actions of a kind: what they acted on is gone."""
        self._targets.pop(kind, None)
        self.refresh()

    def refresh(self) -> None:
        """Enable, name and check what makes sense now."""
        self._is_refreshing = True
        for record in self.records:
            self._refresh(record, self._by_id[record.id], self._targets.get(type(record)))
        self._is_refreshing = False

    def retint(self) -> None:
        """Draw the icons again after a change of theme."""
        for record in self.records:
            if record.icon:
                self._by_id[record.id].setIcon(icon(record.icon, record.tint))
        self.refresh()

    def _refresh(self, record: Action[Any], action: QAction, target: Any) -> None:
        if target is None:
            action.setEnabled(False)
            if record.look is not None:
                self._show_look(record, action, Look(record.text, record.icon))
            return
        action.setEnabled(record.when(target))
        if record.is_on is not None:
            action.setChecked(record.is_on(target))
        if record.look is not None:
            self._show_look(record, action, record.look(target))

    def _show_look(self, record: Action[Any], action: QAction, look: Look) -> None:
        if action.text() == look.text and not self._has_other_icon(action, look):
            return
        action.setText(look.text)
        if record.tool_text:
            action.setIconText(plain(look.text))
        if look.icon:
            action.setIcon(icon(look.icon, record.tint))
            action.setProperty("look", look.icon)

    def _has_other_icon(self, action: QAction, look: Look) -> bool:
        return bool(look.icon) and action.property("look") != look.icon

    def _made(self, record: Action[Any], window: QWidget) -> QAction:
        action = QAction(record.text, window)
        action.setObjectName(record.id)
        if record.icon:
            action.setIcon(icon(record.icon, record.tint))
        if record.tool_text:
            action.setIconText(record.tool_text)
        action.setShortcuts([QKeySequence(keys) for keys in record.keys])
        action.setCheckable(record.switch is not None)
        tip = record.tip or record.title
        action.setToolTip(f"{tip}  ({record.key_text})" if record.keys else tip)
        action.setStatusTip(tip)
        action.setEnabled(False)
        if record.switch is not None:
            action.toggled.connect(lambda on: self._switch(record, on))
        else:
            action.triggered.connect(lambda _checked=False: self._run(record))
        window.addAction(action)
        return action

    def _run(self, record: Action[Any]) -> None:
        target = self._targets.get(type(record))
        if target is not None and record.run is not None:
            record.run(target)

    def _switch(self, record: Action[Any], on: bool) -> None:
        target = self._targets.get(type(record))
        if target is not None and record.switch is not None and not self._is_refreshing:
            record.switch(target, on)
