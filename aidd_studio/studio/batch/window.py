"""The batch window: many recordings, one table, no person needed in between."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.studio.batch.actions import ACTIONS, CONTEXT_MENU, MENUS, TOOL_BAR, BatchAction
from aidd_studio.studio.batch.commands import BatchCommands
from aidd_studio.studio.batch.gaps import BatchGaps
from aidd_studio.studio.batch.run import BatchRun
from aidd_studio.studio.batch.settings import BatchSettingsForm
from aidd_studio.studio.batch.table import BatchRow, BatchTable, BatchTableView
from aidd_studio.studio.batch.totals import BatchTotals, summary
from aidd_studio.studio.dialogs.dialog import FRAME
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.actions import Actions
from aidd_studio.studio.widgets.banner import Banner
from aidd_studio.studio.widgets.icons import app_icon, pixmap
from aidd_studio.studio.widgets.menus import fill_menu_bar, pop_up_menu, tool_bar
from aidd_studio.text import plural

SIDE = 320
"""Pixels that settings and gaps are wide."""

HINT = (
    "or add them with the buttons above.\nNothing is written before you press Run, and never into the files themselves."
)


class BatchWindow(QMainWindow):
    """Lives beside the main window and works on when it is closed, if the person wants that."""

    edit = Signal(Path)  # open a file in the editor
    ended_unseen = Signal(str)  # what came of a run while the window was closed

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self.table = BatchTable(self)
        self.run = BatchRun(self)
        self._leaving = False
        self.actions_by_id = Actions(self, ACTIONS)
        self.settings = BatchSettingsForm(preferences)
        self.gaps = BatchGaps()
        self.view = BatchTableView(self.table)
        self.totals = BatchTotals(self.run, SIDE)
        self.commands = BatchCommands(self.table, self.view, self.settings, self.run, self.close, self)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._show_totals)
        self._build()
        self._connect()
        self.actions_by_id.bind(BatchAction, self.commands)
        self._update()
        self.view.setFocus()

    # Building

    def _build(self) -> None:
        self.setWindowTitle("Batch – AIDD Studio")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.resize(QSize(1120, 720).boundedTo(self.screen().availableSize() - FRAME))
        fill_menu_bar(self.menuBar(), self.actions_by_id, MENUS)
        self.addToolBar(tool_bar("Batch", self.actions_by_id, TOOL_BAR))
        self._empty, self._pages = _EmptyPage(), QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.view)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        left = QWidget()
        self.banner = Banner()
        left_column = QVBoxLayout(left)
        left_column.setContentsMargins(0, 0, 0, 0)
        left_column.addWidget(self.banner)
        left_column.addWidget(self._pages, 1)
        row = QHBoxLayout()
        row.setContentsMargins(16, 12, 16, 12)
        row.setSpacing(16)
        row.addWidget(left, 1)
        row.addWidget(self._side())
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row, 1)
        column.addWidget(self.totals)
        self.setCentralWidget(centre)

    def _side(self) -> QScrollArea:
        """Settings above gaps; scrolled on screens that are lower than both."""
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        column.addWidget(self.settings)
        column.addWidget(self.gaps, 1)
        side = QScrollArea()
        side.setWidget(inner)
        side.setWidgetResizable(True)
        side.setFrameShape(QFrame.Shape.NoFrame)
        side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        side.setFixedWidth(SIDE + 8)
        return side

    def _connect(self) -> None:
        commands = self.commands
        commands.changed.connect(self._update)
        commands.notified.connect(self.banner.show_message)
        commands.began.connect(self.banner.hide)
        commands.edit.connect(self.edit)
        self.run.row_changed.connect(self._row_changed)
        self.run.changed.connect(self._update)
        self.run.failed.connect(lambda why: self.banner.show_message(why, "error"))
        self.run.looked.connect(commands.report_gaps)
        self.run.restored.connect(self._restored)
        self.view.doubleClicked.connect(self._double_clicked)
        self.view.customContextMenuRequested.connect(self._show_context_menu)
        self.view.selectionModel().selectionChanged.connect(self._selection_changed)
        self.table.modelReset.connect(self._selection_changed)

    def _show_context_menu(self, at: QPoint) -> None:
        pop_up_menu(self, self.actions_by_id, CONTEXT_MENU, self.view.viewport().mapToGlobal(at))

    # Files

    def add(self, paths: list[Path]) -> None:
        """Add recordings and folders."""
        self.commands.add(paths)

    @property
    def is_adding(self) -> bool:
        """True while recordings are looked for."""
        return self.commands.is_adding

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.add(paths)

    def _double_clicked(self, index: QModelIndex) -> None:
        row = self.view.row_at(index)
        if row is not None:
            self.edit.emit(row.path)

    def _selection_changed(self) -> None:
        rows = self.view.selected()
        self.gaps.show_row(rows[0] if len(rows) == 1 else None)
        self._update()

    def _row_changed(self, row: BatchRow) -> None:
        self.table.changed(row)
        if self.view.selected() == [row] and not row.is_in_work:
            self.gaps.show_row(row)
        self._show_totals()

    # What is shown

    def _restored(self, whole: bool) -> None:
        self.commands.write_report()
        if self._leaving:
            return
        text, is_well = summary(self.table.rows, self.commands.output, whole=whole)
        self.banner.show_message(text, "done" if is_well else "warning")
        if not self.isVisible():
            self.ended_unseen.emit(f"Batch: {text}")

    def _update(self) -> None:
        self.actions_by_id.refresh()
        self.settings.set_open(not self.run.is_working)
        self._pages.setCurrentIndex(1 if self.table.rows else 0)
        if self.run.is_working:
            self._clock.start()
        else:
            self._clock.stop()
        self._show_totals()

    def _show_totals(self) -> None:
        self.totals.show_rows(self.table.rows)

    def retint(self) -> None:
        """Draw again after a change of theme."""
        self.actions_by_id.retint()
        self.settings.retint()
        self._empty.retint()
        self.table.all_changed()
        self._update()

    # Coming and going

    def shut(self) -> None:
        """Stop all work and close for good."""
        self._leaving = True
        self.settings.keep()
        self._clock.stop()
        self.commands.stop()
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._leaving or not self.run.is_working:
            event.accept()
            return
        event.ignore()
        left = sum(row.is_in_work or row.state == "waiting" for row in self.table.rows)
        self.banner.show_message(
            f"{plural(left, 'file')} {'is' if left == 1 else 'are'} not finished yet.",
            "warning",
            {"Continue in the background": self.hide, "Stop and close": self._stop_and_close},
        )

    def _stop_and_close(self) -> None:
        self.run.cancel()
        self.hide()


class _EmptyPage(QFrame):
    """A place to drop files and folders on: says where recordings come from before there are any."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._picture = QLabel()
        words = QLabel("Drop recordings or folders here")
        words.setFont(theme.interface_font(3))
        hint = QLabel(HINT)
        hint.setObjectName("hint")
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(1)
        for label in (self._picture, words, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addStretch(1)
        self.retint()

    def retint(self) -> None:
        """Draw again after a change of theme."""
        self._picture.setPixmap(pixmap("batch", 48, "faint", self.devicePixelRatioF()))
