"""Exporting: the restored recording, candidates, reports and labels into files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from aidd_studio.damage.damage import Damage
from aidd_studio.progress import Progress
from aidd_studio.studio.dialogs.dialog import show_dialog
from aidd_studio.studio.model.document import gaps_of

if TYPE_CHECKING:
    from aidd_studio.restoration.session.export import ExportChoice
    from aidd_studio.studio.window.main_window import MainWindow

LABELS_FILTER = "Labels (*.txt *.csv *.json);;All files (*)"


class Exporting(QObject):
    """Writes files in the background; the source is never written to."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def export(self) -> None:
        """Ask what to export and how."""
        window = self._window
        if window.document is None:
            return
        from aidd_studio.studio.dialogs.export_dialog import ExportDialog

        dialog = ExportDialog(window, window.document)
        dialog.accepted.connect(lambda: self.export_as(dialog.choice()))
        show_dialog(dialog)

    def export_as(self, choice: ExportChoice) -> None:
        """Write what was chosen."""
        window, document = self._window, self._window.document
        if document is None:
            return
        session, source = document.session, document.clip
        restored = session.restored()
        entries = document.entries
        current = document.current

        def work(progress: Progress) -> list[Path]:
            from aidd_studio.restoration.session.export import write_export

            return write_export(choice, source, restored, entries, current, progress)

        def done(paths: list[Path]) -> None:
            first = paths[0]
            more = "" if len(paths) == 1 else f" and {len(paths) - 1} more"
            window.say(
                f"Exported {first.name}{more} to {first.parent}.",
                "done",
                {"Show folder": lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(first.parent)))},
            )

        window.work.submit(
            f"Exporting {choice.path.name}", work, on_done=done, on_failed=lambda why: window.say(why, "error")
        )

    # Labels

    def import_labels(self) -> None:
        """Ask for a label file and add its gaps."""
        window = self._window
        if window.document is None:
            return
        name, _ = QFileDialog.getOpenFileName(window, "Import labels", window.opening.folder(), LABELS_FILTER)
        if name:
            self.import_labels_from(Path(name))

    def import_labels_from(self, path: Path) -> None:
        """Add the gaps of a label file."""
        window, document = self._window, self._window.document
        if document is None:
            return

        rate = document.rate

        def read(_watch: Progress) -> list[Damage]:
            from aidd_studio.damage.labels import read_labels

            return read_labels(path, rate)

        def add(found: list[Damage]) -> None:
            if window.document is not document:
                return
            ids = document.session.add_gaps(found, f"Import {len(found)} gaps")
            window.say(f"{len(ids)} of {len(found)} gaps were added from {path.name}.", "done")

        def added(found: list[Damage]) -> None:
            window.attempt(lambda: add(found))

        window.work.submit(
            "Reading labels",
            read,
            on_done=added,
            on_failed=lambda why: window.say(why, "error"),
        )

    def export_labels(self) -> None:
        """Ask for a name and write the gaps as labels."""
        window, document = self._window, self._window.document
        if document is None:
            return
        proposal = document.path.with_suffix(".txt")
        name, _ = QFileDialog.getSaveFileName(window, "Export labels", str(proposal), LABELS_FILTER)
        if name:
            self.export_labels_to(Path(name), overwrite=True)  # the dialog asked

    def export_labels_to(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the gaps as labels."""
        window, document = self._window, self._window.document
        if document is None:
            return

        gaps, rate = gaps_of(document.entries), document.rate

        def write(progress: Progress) -> None:
            from aidd_studio.damage.labels import write_labels

            progress.check()
            write_labels(path, gaps, rate, overwrite=overwrite)

        window.work.submit(
            f"Writing {path.name}",
            write,
            on_done=lambda _result: window.say(f"The gaps were written to {path.name}.", "done"),
            on_failed=lambda why: window.say(why, "error"),
        )
