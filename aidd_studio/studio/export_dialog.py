"""The export dialog: what, where, in which format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
)

from aidd_studio.studio.dialog import Dialog, note
from aidd_studio.studio.document import Document
from aidd_studio.studio.export_files import ExportChoice, What, proposed_name
from aidd_studio.studio.preferences import settings_file

if TYPE_CHECKING:
    from aidd_studio.studio.main_window import MainWindow

PATTERN = "{stem}_restored{suffix}"

SUBTYPES = (
    ("As the source", None),
    ("16 bit", "PCM_16"),
    ("24 bit", "PCM_24"),
    ("32 bit", "PCM_32"),
    ("32 bit float", "FLOAT"),
)


class ExportDialog(Dialog):
    """Proposes a name beside the source, which itself is never written to."""

    def __init__(self, window: MainWindow, document: Document) -> None:
        super().__init__("Export", window, 560)
        self._document = document
        entries = document.selected_entries()
        self._span = (entries[0].gap.start, max(e.gap.end for e in entries)) if entries else None
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(12)
        form.addRow("What", self._what_choice())
        form.addRow("File", self._path_row())
        self.subtype = QComboBox()
        self.subtype.setAccessibleName("Sample format")
        for text, value in SUBTYPES:
            self.subtype.addItem(text, value)
        form.addRow("Samples", self.subtype)
        self.report = QCheckBox("Write a report with every gap, what filled it, and pictures")
        form.addRow("Report", self.report)
        self.overwrite = QCheckBox("Replace files of the same name")
        form.addRow("", self.overwrite)
        self.body.addLayout(form)
        self.body.addWidget(note(self._summary()))
        self._why = QLabel()
        self._why.setObjectName("hint")
        self._why.setWordWrap(True)
        self.body.addWidget(self._why)
        self.add_button("Cancel", self.reject)
        self._export = self.add_button("Export", self.accept, main=True)
        self.path.textChanged.connect(self._check)
        self.overwrite.toggled.connect(self._check)
        self._what.idToggled.connect(self._check)
        self._check()

    def choice(self) -> ExportChoice:
        """What was chosen."""
        whats: tuple[What, ...] = ("whole", "selection", "candidates")
        what = whats[self._what.checkedId()]
        return ExportChoice(
            Path(self.path.text()).expanduser(),
            what,
            self._selection() if what == "selection" else None,
            self.subtype.currentData(),
            self.report.isChecked() and what == "whole",
            self.overwrite.isChecked(),
        )

    def _what_choice(self) -> QVBoxLayout:
        self._what = QButtonGroup(self)
        column = QVBoxLayout()
        column.setSpacing(4)
        current = self._document.current
        options = (
            ("The whole recording", True),
            ("The selected gaps with one second around them", self._span is not None),
            ("Every candidate of the current gap, as separate files", bool(current and current.candidates)),
        )
        for index, (text, possible) in enumerate(options):
            button = QRadioButton(text)
            button.setEnabled(possible)
            button.setChecked(index == 0)
            self._what.addButton(button, index)
            column.addWidget(button)
        return column

    def _path_row(self) -> QHBoxLayout:
        pattern = str(settings_file().value("export/pattern") or PATTERN)
        self.path = QLineEdit(str(proposed_name(self._document.path, pattern)))
        self.path.setAccessibleName("File to write")
        self.path.setMinimumWidth(320)
        choose = QPushButton("Choose…")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.path, 1)
        row.addWidget(choose)
        return row

    def _choose(self) -> None:
        suffixes = "Recordings (*.wav *.flac *.aiff *.ogg *.opus *.mp3 *.w64 *.rf64 *.caf)"
        options = QFileDialog.Option.DontConfirmOverwrite
        name, _ = QFileDialog.getSaveFileName(self, "Export", self.path.text(), suffixes, options=options)
        if name:
            self.path.setText(name)

    def _selection(self) -> tuple[int, int] | None:
        if self._span is None:
            return None
        around = self._document.rate
        return max(0, self._span[0] - around), min(self._document.clip.frames, self._span[1] + around)

    def _summary(self) -> str:
        entries = self._document.entries
        accepted = sum(entry.accepted is not None for entry in entries)
        if not entries:
            return "There are no gaps: the file will sound like the source."
        rest = len(entries) - accepted
        left = "" if rest == 0 else f" {rest} {'is' if rest == 1 else 'are'} not and stay as they are."
        return f"{accepted} of {len(entries)} gaps are filled.{left} Everything else is kept bit for bit."

    def _check(self) -> None:
        """Say at once what would fail later."""
        from aidd_studio.audio.writing import check_target
        from aidd_studio.errors import AiddError

        why = ""
        path = Path(self.path.text()).expanduser()
        try:
            if self._what.checkedId() != 2:
                check_target(path, self._document.path, overwrite=self.overwrite.isChecked())
        except AiddError as error:
            why = str(error)
        self._why.setText(why)
        self._export.setEnabled(not why and bool(self.path.text().strip()))
