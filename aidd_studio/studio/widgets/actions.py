"""Actions: what a person can ask for in a window, with icon, shortcut and when it makes sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from aidd_studio.studio.widgets.icons import icon

When = Callable[[Any], bool]
"""Asked with the situation of the window that the action belongs to."""


def _always(_: object) -> bool:
    return True


@dataclass(frozen=True)
class ActionSpec:
    """One thing a person can ask for."""

    id: str
    menu: str
    text: str
    icon: str = ""
    shortcuts: tuple[str, ...] = ()
    tip: str = ""
    when: When = _always
    checkable: bool = False
    separator: bool = False  # a line before it in the menu


def shortcut_text(spec: ActionSpec) -> str:
    """The first shortcut as the platform writes it."""
    if not spec.shortcuts:
        return ""
    return QKeySequence(spec.shortcuts[0]).toString(QKeySequence.SequenceFormat.NativeText)


class Actions(QObject):
    """The QActions of one window."""

    def __init__(
        self,
        window: QWidget,
        handlers: Mapping[str, Callable[..., object]],
        specs: Sequence[ActionSpec],
    ) -> None:
        super().__init__(window)
        self._specs = specs
        self._by_id: dict[str, QAction] = {}
        for spec in specs:
            self._by_id[spec.id] = self._made(spec, window, handlers[spec.id])

    def __getitem__(self, id: str) -> QAction:
        return self._by_id[id]

    def refresh(self, now: object) -> None:
        """Enable what makes sense in the situation of now."""
        for spec in self._specs:
            self._by_id[spec.id].setEnabled(spec.when(now))

    def retint(self) -> None:
        """Draw the icons again after a change of theme."""
        for spec in self._specs:
            if spec.icon:
                self._by_id[spec.id].setIcon(icon(spec.icon))

    def _made(self, spec: ActionSpec, window: QWidget, handler: Callable[..., object]) -> QAction:
        action = QAction(spec.text, window)
        action.setObjectName(spec.id)
        if spec.icon:
            action.setIcon(icon(spec.icon))
        action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
        action.setCheckable(spec.checkable)
        plain = spec.tip or spec.text.replace("&", "").rstrip("…")
        keys = shortcut_text(spec)
        action.setToolTip(f"{plain}  ({keys})" if keys else plain)
        action.setStatusTip(plain)
        if spec.checkable:
            action.toggled.connect(handler)
        else:
            action.triggered.connect(lambda _checked=False: handler())
        window.addAction(action)
        return action
