"""What all dialogs have in common: a calm frame, a headline, buttons at the lower right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from aidd_studio.studio import theme


class Dialog(QDialog):
    """A window beside the main window; it does not block it."""

    def __init__(self, title: str, parent: QWidget | None = None, width: int = 480) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(False)
        self.setMinimumWidth(width)
        self.body = QVBoxLayout()
        self.body.setSpacing(12)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        self.buttons.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.setSpacing(20)
        headline = QLabel(title)
        headline.setFont(theme.interface_font(4, QFont.Weight.DemiBold))
        outer.addWidget(headline)
        outer.addLayout(self.body, 1)
        outer.addLayout(self.buttons)

    def fit(self) -> None:
        """Be as large as the content: the height of lines that wrap is guessed wrongly otherwise."""
        layout = self.layout()
        if layout is None:
            return
        for child in self.findChildren(QWidget):
            child.ensurePolished()  # their fonts and paddings come from the style sheet
        layout.activate()
        wanted = layout.totalSizeHint()
        width = max(self.width(), wanted.width())
        self.resize(width, layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else wanted.height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.fit()

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
