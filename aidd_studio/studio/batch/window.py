"""The batch window: many recordings, one table, no person needed in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QStackedWidget, QWidget

from aidd_studio.errors import AiddError
from aidd_studio.restoration.batch.items import SUFFIXES, real_path
from aidd_studio.studio.batch.actions import BATCH_ACTIONS, situation_of
from aidd_studio.studio.batch.adding import BatchAdding, Found
from aidd_studio.studio.batch.batch_empty_page import BatchEmptyPage
from aidd_studio.studio.batch.batch_layout import SIDE, laid_out
from aidd_studio.studio.batch.batch_menus import batch_tool_bar, build_batch_menus, show_row_menu
from aidd_studio.studio.batch.gaps import BatchGaps
from aidd_studio.studio.batch.run import BatchRun
from aidd_studio.studio.batch.settings import BatchSettingsForm
from aidd_studio.studio.batch.table import BatchRow, BatchTable, BatchTableView
from aidd_studio.studio.batch.totals import BatchTotals, count, summary
from aidd_studio.studio.dialogs.dialog import FRAME
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.widgets.actions import Actions
from aidd_studio.studio.widgets.banner import Banner
from aidd_studio.studio.widgets.icons import app_icon, icon

FILES_FILTER = f"Recordings ({' '.join(f'*{suffix}' for suffix in sorted(SUFFIXES))});;All files (*)"


class BatchWindow(QMainWindow):
    """Lives beside the main window and works on when it is closed, if the person wants that."""

    edit = Signal(Path)  # open a file in the editor
    ended_unseen = Signal(str)  # what came of a run while the window was closed

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self.table = BatchTable(self)
        self.run = BatchRun(self)
        self._adding = BatchAdding(self)
        self._known: set[Path] = set()
        self._leaving = False
        self.actions_by_id = Actions(self, self._handlers(), BATCH_ACTIONS)
        self.settings = BatchSettingsForm(preferences)
        self.gaps = BatchGaps()
        self.view = BatchTableView(self.table)
        self.totals = BatchTotals(self.run, SIDE)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._show_totals)
        self._build()
        self._connect()
        self._update()
        self.view.setFocus()

    # Building

    def _build(self) -> None:
        self.setWindowTitle("Batch – AIDD Studio")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.resize(QSize(1120, 720).boundedTo(self.screen().availableSize() - FRAME))
        build_batch_menus(self, self.actions_by_id)
        self.addToolBar(batch_tool_bar(self.actions_by_id))
        self._empty, self._pages = BatchEmptyPage(), QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.view)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        left = QWidget()
        self.banner = Banner(left)
        centre = laid_out(left, self._pages, self.settings, self.gaps, self.totals)
        self.setCentralWidget(centre)

    def _connect(self) -> None:
        self.run.row_changed.connect(self._row_changed)
        self.run.changed.connect(self._update)
        self.run.failed.connect(lambda why: self.banner.say(why, "error"))
        self.run.looked.connect(self._looked)
        self.run.restored.connect(self._restored)
        self.view.doubleClicked.connect(self._double_clicked)
        self.view.customContextMenuRequested.connect(
            lambda at: show_row_menu(self, self.actions_by_id, self.view.viewport().mapToGlobal(at))
        )
        self.view.selectionModel().selectionChanged.connect(self._selection_changed)
        self.table.modelReset.connect(self._selection_changed)

    def _handlers(self) -> dict[str, Callable[..., None]]:
        return {
            "add_files": self._add_files,
            "add_folder": self._add_folder,
            "edit": self._edit,
            "edit_result": self._edit_result,
            "remove": self._remove,
            "close": self._close,
            "find_gaps": self.find_gaps,
            "run": self.restore,
            "hold": lambda on: self.run.hold(on),
            "cancel": lambda: self.run.cancel(),
            "retry": self.retry_failed,
            "report": self._open_report,
        }

    # Adding and removing

    def add(self, paths: list[Path]) -> None:
        """Add recordings and folders."""
        folder = self.settings.output.text().strip()
        self._adding.look(
            paths,
            Path(folder) if folder else None,
            recursive=self.settings.recursive.isChecked(),
            on_found=lambda found: self._found(paths, found),
            on_failed=lambda why: self.banner.say(why, "error"),
        )
        self._update()

    def _found(self, paths: list[Path], found: list[Found]) -> None:
        new = [item for item in found if item.file not in self._known]
        self._known.update(item.file for item in new)
        self.table.add([BatchRow(item.recording, item.size) for item in new])
        if new:
            self.settings.propose_output(paths[0])
        elif not found:
            self.banner.say("There is no recording in " + ", ".join(path.name for path in paths) + ".", "info")
        else:
            self.banner.say("All of these are in the list already.", "info")
        self._update()

    @property
    def is_adding(self) -> bool:
        return self._adding.is_at_it

    def _add_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Add files", "", FILES_FILTER)
        if names:
            self.add([Path(name) for name in names])

    def _add_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Add a folder")
        if name:
            self.add([Path(name)])

    def _remove(self) -> None:
        rows = self.view.selected()
        self._known -= {real_path(row.path) for row in rows}
        self.table.remove(rows)
        self._update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.add(paths)

    # Working

    def find_gaps(self) -> None:
        """Look for dropouts in all files."""
        self._attempt(lambda: self.run.find_gaps(self.table.rows, self.settings.chosen()))

    def restore(self) -> None:
        """Restore all files; those that are finished stay as they are."""
        self._attempt(lambda: self.run.restore(self.table.rows, self.settings.chosen()))

    def retry_failed(self) -> None:
        """Try the failed files once more, with the settings of now."""
        failed = [row for row in self.table.rows if row.state == "failed"]
        self._attempt(lambda: self.run.restore(failed, self.settings.chosen()))

    def _attempt(self, begin: Callable[[], None]) -> None:
        self.settings.keep()
        try:
            begin()
        except AiddError as error:
            self.banner.say(str(error), "error")
        else:
            self.banner.hide()

    def _looked(self) -> None:
        gaps = sum(len(row.gaps or ()) for row in self.table.rows)
        files = sum(bool(row.gaps) for row in self.table.rows)
        self.banner.say(f"{count(gaps, 'gap')} in {count(files, 'file')}. Run fills them.", "done")

    def _restored(self, whole: bool) -> None:
        choice = self.settings.chosen()
        self.run.write_report(self.table.rows, choice)
        if self._leaving:
            return
        text, is_well = summary(self.table.rows, choice.output, whole=whole)
        self.banner.say(text, "done" if is_well else "warning")
        if not self.isVisible():
            self.ended_unseen.emit(f"Batch: {text}")

    def _open_report(self) -> None:
        if self.run.report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.run.report)))

    # The rows

    def _double_clicked(self, index: QModelIndex) -> None:
        row = self.view.row_at(index)
        if row is not None:
            self.edit.emit(row.path)

    def _edit(self) -> None:
        for row in self.view.selected()[:1]:
            self.edit.emit(row.path)

    def _edit_result(self) -> None:
        for row in self.view.selected()[:1]:
            if row.outcome is not None and row.state == "restored":
                self.edit.emit(Path(row.outcome.target))

    def _selection_changed(self) -> None:
        rows = self.view.selected()
        self.gaps.show_row(rows[0] if len(rows) == 1 else None)
        self._update()

    def _row_changed(self, row: BatchRow) -> None:
        self.table.changed(row)
        selected = self.view.selected()
        if selected == [row] and not row.is_in_work:
            self.gaps.show_row(row)
        self._show_totals()

    # The situation

    def _update(self) -> None:
        rows, selected, run = self.table.rows, self.view.selected(), self.run
        self.actions_by_id.refresh(
            situation_of(rows, selected, is_working=run.is_working, has_report=run.report is not None)
        )
        hold = self.actions_by_id["hold"]
        hold.setChecked(run.is_held)
        hold.setText("&Resume" if run.is_held else "&Pause")
        hold.setIconText("Resume" if run.is_held else "Pause")
        hold.setIcon(icon("play" if run.is_held else "pause"))
        self.actions_by_id["run"].setIcon(icon("play", "on_accent"))
        self.settings.set_open(not run.is_working)
        self._pages.setCurrentIndex(1 if rows else 0)
        if run.is_working:
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
        self._adding.close()
        self.run.close()
        self.close()

    def _close(self) -> None:
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._leaving or not self.run.is_working:
            event.accept()
            return
        event.ignore()
        left = sum(row.is_in_work or row.state == "waiting" for row in self.table.rows)
        self.banner.say(
            f"{count(left, 'file')} {'is' if left == 1 else 'are'} not finished yet.",
            "warning",
            {"Work on in the background": self.hide, "Stop and close": self._stop_and_close},
        )

    def _stop_and_close(self) -> None:
        self.run.cancel()
        self.hide()
