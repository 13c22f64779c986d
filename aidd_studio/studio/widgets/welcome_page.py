"""The welcome page: open something, and three lines that teach how the work goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.icons import app_icon, icon, pixmap
from aidd_studio.studio.widgets.one_line import one_line

LESSON = (
    ("gap", "Select", "Drag over a dropout, or press {D} to find them all."),
    ("fill", "Fill", "Press {Return} for several plausible fills."),
    ("compare", "Listen and accept", "{1} to {9} play them in context, {Ctrl+Return} accepts."),
)


class WelcomePage(QWidget):
    """What is seen before a recording is open."""

    open = Signal()
    open_demo = Signal()
    open_recent = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAccessibleName("Welcome")
        self._view = QScrollArea()  # for windows that are smaller than the page
        self._view.setWidgetResizable(True)
        self._view.setFrameShape(QFrame.Shape.NoFrame)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._recent: list[Path] = []
        self._demo = False
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 24)
        outer.addWidget(self._view)
        self.rebuild([], demo=False)

    def rebuild(self, recent: Sequence[Path], *, demo: bool) -> None:
        """Show these recent files; offer the demo recording where it is installed."""
        self._recent, self._demo = list(recent)[:5], demo
        self._view.setWidget(self._content())  # the view deletes what it showed before

    def retint(self) -> None:
        """Draw again after a change of theme."""
        self.rebuild(self._recent, demo=self._demo)

    def _content(self) -> QWidget:
        page = QWidget()
        page.setMaximumWidth(720)
        column = QVBoxLayout(page)
        column.setSpacing(0)
        column.addStretch(2)
        column.addLayout(self._headline())
        column.addSpacing(32)
        column.addLayout(self._buttons())
        column.addSpacing(40)
        column.addLayout(self._lesson())
        if self._recent:
            column.addSpacing(32)
            column.addLayout(self._recent_files())
        column.addStretch(3)
        shell = QWidget()
        row = QHBoxLayout(shell)
        row.addStretch(1)
        row.addWidget(page, 4)
        row.addStretch(1)
        return shell

    def _headline(self) -> QHBoxLayout:
        logo = QLabel()
        logo.setPixmap(app_icon().pixmap(QSize(64, 64), self.devicePixelRatioF()))
        title = QLabel("AIDD Studio")
        title.setFont(theme.interface_font(12, QFont.Weight.DemiBold))
        line = QLabel("Fill the holes in recordings. Drop a file here to begin.")
        line.setObjectName("dim")
        line.setFont(theme.interface_font(1.5))
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(title)
        words.addWidget(line)
        row = QHBoxLayout()
        row.setSpacing(20)
        row.addWidget(logo)
        row.addLayout(words, 1)
        return row

    def _buttons(self) -> QHBoxLayout:
        choose = QPushButton("Open recording…")
        choose.setObjectName("filled")
        choose.setMinimumHeight(30)
        choose.setToolTip("Open a recording or a project  (Ctrl+O)")
        choose.clicked.connect(self.open)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(choose)
        if self._demo:
            demo = QPushButton("Try the demo recording")
            demo.setMinimumHeight(30)
            demo.setToolTip("A short piece with five kinds of damage in it")
            demo.clicked.connect(self.open_demo)
            row.addWidget(demo)
        row.addStretch(1)
        return row

    def _lesson(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(16)
        for row, (name, title, text) in enumerate(LESSON):
            picture = QLabel()
            picture.setPixmap(pixmap(name, 24, "accent", self.devicePixelRatioF()))
            head = QLabel(title)
            head.setFont(theme.interface_font(1, QFont.Weight.DemiBold))
            grid.addWidget(picture, row, 0, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(head, row, 1, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(_with_keys(text), row, 2, Qt.AlignmentFlag.AlignVCenter)
        grid.setColumnMinimumWidth(1, 140)
        grid.setColumnStretch(2, 1)
        return grid

    def _recent_files(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(2)
        head = QLabel("Recent")
        head.setObjectName("faint")
        column.addWidget(head)
        for path in self._recent:
            button = QPushButton(
                icon("waveform" if path.suffix != ".aidd" else "folder", "dim"),
                f"  {one_line(path.name)}".replace("&", "&&"),
            )
            button.setObjectName("quiet")
            button.setToolTip(str(path))
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _checked=False, path=path: self.open_recent.emit(path))
            column.addWidget(button)
        return column


def _with_keys(text: str) -> QWidget:
    """A line of text in which {names of keys} look like keys."""
    line = QFrame()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    for index, part in enumerate(text.replace("}", "{").split("{")):
        if not part.strip():
            continue
        label = QLabel(part.strip())
        label.setObjectName("key" if index % 2 else "dim")
        row.addWidget(label)
    row.addStretch(1)
    return line
