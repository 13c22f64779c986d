"""Batch commands: files are added, searched, restored and tried again, without a window around them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from aidd_studio.errors import AiddError
from aidd_studio.restoration.batch.items import SUFFIXES, real_path
from aidd_studio.studio.batch.run import BatchRun, FileSearch, Found
from aidd_studio.studio.batch.settings import BatchSettingsForm
from aidd_studio.studio.batch.table import BatchRow, BatchTable, BatchTableView
from aidd_studio.studio.widgets.banner import Tone
from aidd_studio.text import plural

FILES_FILTER = f"Recordings ({' '.join(f'*{suffix}' for suffix in sorted(SUFFIXES))});;All files (*)"


class BatchCommands(QObject):
    """Acts on the table, the settings and the run of a batch."""

    changed = Signal()
    notified = Signal(str, str)  # text and tone
    began = Signal()
    edit = Signal(Path)  # open a file in the editor

    def __init__(
        self,
        table: BatchTable,
        view: BatchTableView,
        settings: BatchSettingsForm,
        run: BatchRun,
        close: Callable[[], object],
        dialog_parent: QWidget,
    ) -> None:
        super().__init__(dialog_parent)
        self.table = table
        self.run = run
        self.close = close
        self._view = view
        self._settings = settings
        self._dialog_parent = dialog_parent
        self._search = FileSearch(self)
        self._known: set[Path] = set()

    def stop(self) -> None:
        """End all threads."""
        self._search.close()
        self.run.close()

    # The files

    @property
    def is_adding(self) -> bool:
        """True while recordings are looked for."""
        return self._search.is_searching

    def add(self, paths: list[Path]) -> None:
        """Add recordings and folders."""
        folder = self._settings.output.text().strip()
        self._search.search(
            paths,
            Path(folder) if folder else None,
            recursive=self._settings.recursive.isChecked(),
            on_found=lambda found: self._found(paths, found),
            on_failed=self._report_error,
        )
        self.changed.emit()

    def _found(self, paths: list[Path], found: list[Found]) -> None:
        new = [item for item in found if item.file not in self._known]
        self._known.update(item.file for item in new)
        self.table.add([BatchRow(item.recording, item.size) for item in new])
        if new:
            self._settings.propose_output(paths[0])
        elif not found:
            self._notify("There is no recording in " + ", ".join(path.name for path in paths) + ".")
        else:
            self._notify("All of these are in the list already.")
        self.changed.emit()

    def add_files(self) -> None:
        """Ask for files to add."""
        names, _ = QFileDialog.getOpenFileNames(self._dialog_parent, "Add files", "", FILES_FILTER)
        if names:
            self.add([Path(name) for name in names])

    def add_folder(self) -> None:
        """Ask for a folder to add."""
        name = QFileDialog.getExistingDirectory(self._dialog_parent, "Add a folder")
        if name:
            self.add([Path(name)])

    def remove(self) -> None:
        """Take the selected files off the list."""
        rows = self.selected
        self._known -= {real_path(row.path) for row in rows}
        self.table.remove(rows)
        self.changed.emit()

    @property
    def selected(self) -> list[BatchRow]:
        """The selected files."""
        return self._view.selected()

    def edit_source(self) -> None:
        """Open the selected file in the editor."""
        for row in self.selected[:1]:
            self.edit.emit(row.path)

    def edit_result(self) -> None:
        """Open the result of the selected file in the editor."""
        for row in self.selected[:1]:
            if row.outcome is not None and row.state == "restored":
                self.edit.emit(Path(row.outcome.target))

    # Working

    def find_gaps(self) -> None:
        """Look for dropouts in all files."""
        self._attempt(lambda: self.run.find_gaps(self.table.rows, self._settings.chosen()))

    def restore(self) -> None:
        """Restore all files; those that are finished stay as they are."""
        self._attempt(lambda: self.run.restore(self.table.rows, self._settings.chosen()))

    def retry_failed(self) -> None:
        """Try the failed files once more, with the settings of now."""
        failed = [row for row in self.table.rows if row.state == "failed"]
        self._attempt(lambda: self.run.restore(failed, self._settings.chosen()))

    def _attempt(self, begin: Callable[[], None]) -> None:
        self._settings.keep()
        try:
            begin()
        except AiddError as error:
            self._report_error(str(error))
        else:
            self.began.emit()

    def report_gaps(self) -> None:
        """Say how many gaps were found."""
        gaps = sum(len(row.gaps or ()) for row in self.table.rows)
        files = sum(bool(row.gaps) for row in self.table.rows)
        self._notify(f"{plural(gaps, 'gap')} in {plural(files, 'file')}. Run fills them.", "done")

    def write_report(self) -> None:
        """Write the report of what was restored."""
        self.run.write_report(self.table.rows, self._settings.chosen())

    @property
    def output(self) -> Path:
        """The folder of the results."""
        return self._settings.chosen().output

    def open_report(self) -> None:
        """Show the report in the browser."""
        if self.run.report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.run.report)))

    def _report_error(self, why: str) -> None:
        self._notify(why, "error")

    def _notify(self, text: str, tone: Tone = "info") -> None:
        self.notified.emit(text, tone)
