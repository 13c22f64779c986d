"""The banner: a slim line above the pictures that says what happened, where other programs would open a dialog."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Literal

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.icons import icon, pixmap
from aidd_studio.studio.widgets.one_line import one_line
from aidd_studio.studio.widgets.painting import painting

Tone = Literal["info", "done", "warning", "error"]

_LOOK = {
    "info": ("info", "accent"),
    "done": ("accept", "accepted"),
    "warning": ("warning", "warning"),
    "error": ("error", "danger"),
}

LEAVING = ("info", "done")
"""Tones of messages that leave by themselves; the others stay until they are closed."""

SHORTEST, PER_CHARACTER = 4000, 60
"""Milliseconds that a message stays at least, and for every character: time to notice it and to read it."""


class Banner(QFrame):
    """One message at a time, with at most a few buttons."""

    shown = Signal(str)  # what it says, and the answers there are

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._tone: Tone = "info"
        self._choices: list[QPushButton] = []
        self._before: QWidget | None = None  # where the keyboard was before a question
        self._picture = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._close = QToolButton()
        self._close.setToolTip("Close this message")
        self._close.setAccessibleName("Close this message")
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self._picture)
        row.addWidget(self._text, 1)
        row.addLayout(self._buttons)
        row.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def message(self) -> str:
        """What it says now; empty while hidden."""
        return self._text.text() if not self.isHidden() else ""

    def show_message(
        self, text: str, tone: Tone = "info", buttons: Mapping[str, Callable[[], object]] | None = None
    ) -> None:
        """Show a message; a message with buttons stays until it is answered or closed."""
        self._tone, text = tone, one_line(text)
        name, tint = _LOOK[tone]
        self._picture.setPixmap(pixmap(name, 18, tint, self.devicePixelRatioF()))
        self._text.setText(text)
        self.setAccessibleName(f"{tone}: {text}")
        self._close.setIcon(icon("close", "dim"))
        for old in self._choices:
            self._buttons.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._choices.clear()
        for label, action in (buttons or {}).items():
            button = QPushButton(label)
            self._choices.append(button)
            button.clicked.connect(lambda _checked=False, action=action: self._answer(action))
            self._buttons.addWidget(button)
            button.show()  # at once, as the line is laid out with it
        for first, second in itertools.pairwise((*self._choices, self._close)):
            self.setTabOrder(first, second)
        self._timer.stop()
        if tone in LEAVING and not buttons:
            self._timer.start(SHORTEST + PER_CHARACTER * len(text))
        self.show()
        self.update()
        choices = ", ".join(buttons or {})
        self.shown.emit(f"{text} {choices}".rstrip())

    def ask(self, text: str, buttons: Mapping[str, Callable[[], object]]) -> None:
        """Ask what the person's own command needs to know; the keyboard is at the first answer until it is given."""
        self.show_message(text, "warning", buttons)
        if not self.isAncestorOf(self.window().focusWidget() or self):
            self._before = self.window().focusWidget()
        self._choices[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        before, self._before = self._before, None
        if before is not None and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _answer(self, action: Callable[[], object]) -> None:
        self.hide()
        action()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(_LOOK[self._tone][1]))
            painter.drawRoundedRect(QRectF(0, 0, 4, self.height()), 2, 2)
