"""The guess bar: X of a blind comparison, one of the candidates, and the letters to guess which."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from aidd_studio.studio.widgets.icons import icon

IN_A_LINE = 6
"""Letters side by side; more begin another line."""


class GuessBar(QFrame):
    """X with a play button, a button for each letter, and what has been guessed so far."""

    play = Signal()
    guessed = Signal(int)  # the row

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._key = QLabel("X")
        self._key.setObjectName("key")
        self._key.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._key.setFixedSize(24, 22)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self._play = QToolButton()
        self._play.setIconSize(QSize(18, 18))
        self._play.setFixedSize(24, 24)
        self._play.setStyleSheet("padding: 0")
        self._play.setToolTip("Hear X in context  (X)")
        self._play.setAccessibleName("Hear X in context")
        self._play.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._play.clicked.connect(self.play)
        self._letters = QGridLayout()
        self._letters.setSpacing(4)
        head = QGridLayout()
        head.setHorizontalSpacing(8)
        head.addWidget(self._key, 0, 0)
        head.addWidget(self.words, 0, 1)
        head.addWidget(self._play, 0, 2)
        head.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(self._letters)
        self.buttons: list[QPushButton] = []
        self.set_sounding(False)

    def set_letters(self, letters: str) -> None:
        """Offer these letters; none hides the bar."""
        for button in self.buttons:
            self._letters.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = [self._letter(row, letter) for row, letter in enumerate(letters)]
        self.words.setText("X is one of these. Which?")
        self.setVisible(bool(letters))

    def set_sounding(self, sounding: bool) -> None:
        """X is what sounds now, or not."""
        self._play.setIcon(icon("pause" if sounding else "play", "accent" if sounding else "text"))

    def _letter(self, row: int, letter: str) -> QPushButton:
        button = QPushButton(letter)
        button.setMinimumWidth(32)
        button.setAutoDefault(False)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(f"X is candidate {letter}")
        button.setAccessibleName(f"X is candidate {letter}")
        button.clicked.connect(lambda: self.guessed.emit(row))
        self._letters.addWidget(button, row // IN_A_LINE, row % IN_A_LINE)
        return button
