"""The clock: where the sound is, and a field to write another time into."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from aidd_studio.studio.widgets import theme

GO = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
ENDING = (*GO, Qt.Key.Key_Escape)

MARGINS = 20
"""Pixels that the frame takes at both sides together."""

HINT = "Click to write a time, Return to go there"


class Clock(QLineEdit):
    """Shows a time. A click selects it; Return jumps to what was written instead, Escape leaves it as it was."""

    jump = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("0:00:00.000", parent)
        self._shown = self.text()
        self._was_clicked = False  # just now, which gave it the focus
        self.setObjectName("clock")
        self.setFrame(False)
        self.setFont(theme.number_font(7, QFont.Weight.Medium))
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName("Position")
        self.setToolTip(HINT)
        self._fit()

    def show_time(self, text: str) -> None:
        """Show a time, unless another one is being written."""
        self._shown = text
        if not self.hasFocus():
            self.setText(text)
            self._fit()

    def event(self, event: QEvent) -> bool:
        """Keep the keys that end the writing from the window's actions."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in ENDING:
            event.accept()
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._was_clicked = event.reason() == Qt.FocusReason.MouseFocusReason

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The first click selects all, so that what is written replaces it."""
        super().mouseReleaseEvent(event)
        if self._was_clicked:
            self.selectAll()
            self._was_clicked = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in GO:
            written = self.text()
            self._leave()
            self.jump.emit(written)
        elif event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.deselect()
        self.setText(self._shown)

    def _leave(self) -> None:
        self.clearFocus()
        self.setText(self._shown)

    def _fit(self) -> None:
        wanted = self.fontMetrics().horizontalAdvance(self.text()) + MARGINS
        if wanted > self.minimumWidth():
            self.setFixedWidth(wanted)
