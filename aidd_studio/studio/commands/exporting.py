"""Exporting: the restored recording, candidates, reports and labels into files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from aidd_studio.damage.damage import Damage
from aidd_studio.progress import Progress
from aidd_studio.studio.dialogs.dialog import show_dialog
from aidd_studio.studio.model.document import Document, gaps_of
from aidd_studio.studio.model.workspace import Workspace

if TYPE_CHECKING:
    from aidd_studio.restoration.session.export import ExportChoice

LABELS_FILTER = "Labels (*.txt *.csv *.json);;All files (*)"


class Exporting(QObject):
    """Writes files in the background; the source is never written to."""

    def __init__(self, workspace: Workspace, document: Document, dialog_parent: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = document
        self._dialog_parent = dialog_parent

    def export(self) -> None:
        """Ask what to export and how."""
        from aidd_studio.studio.dialogs.export_dialog import ExportDialog

        dialog = ExportDialog(self._document, self._dialog_parent)
        dialog.chosen.connect(self.export_as)
        show_dialog(dialog)

    def export_as(self, choice: ExportChoice) -> None:
        """Write what was chosen."""
        session, source = self._document.session, self._document.clip
        restored = session.restored()
        entries = self._document.entries
        current = self._document.current

        def work(progress: Progress) -> list[Path]:
            from aidd_studio.restoration.session.export import write_export

            return write_export(choice, source, restored, entries, current, progress)

        self._submit(f"Exporting {choice.path.name}", work, self._exported)

    def _exported(self, paths: list[Path]) -> None:
        first = paths[0]
        more = "" if len(paths) == 1 else f" and {len(paths) - 1} more"
        self._workspace.notify(
            f"Exported {first.name}{more} to {first.parent}.",
            "done",
            {"Show folder": lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(first.parent)))},
        )

    # Labels

    def import_labels(self) -> None:
        """Ask for a label file and add its gaps."""
        folder = str(self._document.path.parent)
        name, _ = QFileDialog.getOpenFileName(self._dialog_parent, "Import labels", folder, LABELS_FILTER)
        if name:
            self.import_labels_from(Path(name))

    def import_labels_from(self, path: Path) -> None:
        """Add the gaps of a label file."""
        rate = self._document.rate
        notes: list[str] = []

        def read(_progress: Progress) -> list[Damage]:
            from aidd_studio.damage.labels import read_labels

            return read_labels(path, rate, notes.append)

        def add(found: list[Damage]) -> None:
            ids = self._document.session.add_gaps(found, f"Import {len(found)} gaps")
            added = f"{len(ids)} of {len(found)} gaps were added from {path.name}."
            self._workspace.notify(" ".join([added, *notes]), "info" if notes else "done")

        def added(found: list[Damage]) -> None:
            self._workspace.attempt(lambda: add(found))

        self._submit("Reading labels", read, added)

    def export_labels(self) -> None:
        """Ask for a name and write the gaps as labels."""
        from aidd_studio.restoration.session.export import proposed_folder

        source = self._document.path
        proposal = proposed_folder(source) / source.with_suffix(".txt").name
        name, _ = QFileDialog.getSaveFileName(self._dialog_parent, "Export labels", str(proposal), LABELS_FILTER)
        if name:
            self.export_labels_to(Path(name), overwrite=True)  # the dialog asked

    def export_labels_to(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the gaps as labels."""
        gaps, rate = gaps_of(self._document.entries), self._document.rate

        def write(progress: Progress) -> None:
            from aidd_studio.damage.labels import write_labels

            progress.check()
            write_labels(path, gaps, rate, overwrite=overwrite)

        def written(_result: object) -> None:
            self._workspace.notify(f"The gaps were written to {path.name}.", "done")

        self._submit(f"Writing {path.name}", write, written)

    def _submit(self, title: str, work: Callable[[Progress], object], on_done: Callable[[Any], None]) -> None:
        self._workspace.work.submit(
            title, work, on_done=on_done, on_failed=self._workspace.report_error, owner=self._document
        )
