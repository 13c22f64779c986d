"""What all dialogs have in common: a calm frame, a headline, buttons at the lower right."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QShowEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from aidd_studio.studio.widgets import theme

FRAME = QSize(16, 48)
"""Pixels that a desktop's borders and title take around a window."""


class Dialog(QDialog):
    """A window beside the main window; it does not block it."""

    def __init__(self, title: str, parent: QWidget | None = None, width: int = 480) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(False)
        self._width = width
        inner = QWidget()
        self.body = QVBoxLayout(inner)
        self.body.setSpacing(12)
        self.body.setContentsMargins(0, 0, 0, 0)
        self._view = QScrollArea()  # for screens that are smaller than the content
        self._view.setWidget(inner)
        self._view.setWidgetResizable(True)
        self._view.setFrameShape(QFrame.Shape.NoFrame)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setObjectName("plain")
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        self.buttons.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.setSpacing(20)
        headline = QLabel(title)
        headline.setFont(theme.interface_font(4, QFont.Weight.DemiBold))
        outer.addWidget(headline)
        outer.addWidget(self._view, 1)
        outer.addLayout(self.buttons)

    def fit(self) -> None:
        """Be as large as the content, where the screen has room for that; what has none is scrolled."""
        layout, inner = self.layout(), self._view.widget()
        if layout is None or inner is None:
            return
        for child in self.findChildren(QWidget):
            child.ensurePolished()  # their fonts and paddings come from the style sheet
        self.body.activate()
        layout.activate()
        around = layout.totalMinimumSize() - self._view.minimumSizeHint()
        width = max(self._width, self.width(), self.body.totalSizeHint().width() + around.width())
        room = self.screen().availableSize() - FRAME
        width = min(width, room.width())
        inside = width - around.width()
        wraps = self.body.hasHeightForWidth()  # the height of lines that wrap is guessed wrongly otherwise
        height = self.body.totalHeightForWidth(inside) if wraps else self.body.totalSizeHint().height()
        self.setMinimumWidth(min(self._width, room.width()))
        self.resize(width, min(height + around.height(), room.height()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.fit()
        if not event.spontaneous():
            self._centre()

    def _centre(self) -> None:
        """Over the window that it belongs to, and on the screen as a whole."""
        parent, room = self.parentWidget(), self.screen().availableGeometry()
        frame = QRect(QPoint(), self.size() + FRAME)
        frame.moveCenter(parent.window().geometry().center() if parent is not None else room.center())
        left = max(room.left(), min(frame.left(), room.right() - frame.width()))
        top = max(room.top(), min(frame.top(), room.bottom() - frame.height()))
        self.move(left, top)

    def add_button(self, text: str, action: object, *, main: bool = False) -> QPushButton:
        """A button at the lower right; the main one answers to Return."""
        button = QPushButton(text)
        button.clicked.connect(action)
        button.setAutoDefault(main)
        button.setDefault(main)
        if main:
            button.setObjectName("filled")
        self.buttons.addWidget(button)
        return button


def show_dialog(dialog: QWidget) -> None:
    """Show a dialog that goes away for good when it is closed."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()


def section(text: str) -> QLabel:
    """A small headline over a group of controls."""
    label = QLabel(text)
    label.setObjectName("dim")
    label.setFont(theme.interface_font(-0.5, QFont.Weight.DemiBold))
    label.setContentsMargins(0, 8, 0, 0)
    return label


def note(text: str) -> QLabel:
    """A line that explains."""
    label = QLabel(text)
    label.setObjectName("dim")
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
