"""The export dialog: what, where, in which format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.audio.files.tag_changes import text_of, with_texts
from aidd_studio.restoration.batch.items import PATTERN, result_name
from aidd_studio.restoration.session.export import ExportChoice, What, proposed_folder
from aidd_studio.studio.dialogs.dialog import Dialog, note
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.preferences import settings_file
from aidd_studio.studio.widgets.fields import choice, form

FORMATS = (
    ("As the source", ""),
    ("WAV", ".wav"),
    ("FLAC", ".flac"),
    ("AIFF", ".aiff"),
    ("Ogg Vorbis", ".ogg"),
    ("Opus", ".opus"),
    ("MP3", ".mp3"),
)

SUBTYPES = (
    ("As the source", None),
    ("16 bit", "PCM_16"),
    ("24 bit", "PCM_24"),
    ("32 bit", "PCM_32"),
    ("32 bit float", "FLOAT"),
)


TAG_NAMES = {
    "title": "Title",
    "artist": "Artist",
    "album": "Album",
    "composer": "Composer",
    "date": "Date",
    "genre": "Genre",
    "tracknumber": "Track",
    "copyright": "Copyright",
    "comment": "Comment",
}

TAG_COLUMNS = 2
"""Fields beside each other, so that the dialog fits on a small screen; the last one has a row of its own."""


class ExportTags(QWidget):
    """One line for each tag; those of the source are there already."""

    folded = Signal()  # or unfolded

    def __init__(self, tags: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tags = tags
        self.fold = QToolButton()
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setToolTip("Change title, artist and the like; pictures and all other tags are kept")
        self.fields: dict[str, QLineEdit] = {}
        self._page = QWidget()
        grid = QGridLayout(self._page)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for place, (name, label) in enumerate(TAG_NAMES.items()):
            line = QLineEdit(text_of(tags, name))
            line.setAccessibleName(label)
            line.setCursorPosition(0)
            self.fields[name] = line
            row, column = divmod(place, TAG_COLUMNS)
            is_last = place == len(TAG_NAMES) - 1
            grid.addWidget(QLabel(label), row, 2 * column)
            grid.addWidget(line, row, 2 * column + 1, 1, 3 if is_last else 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addWidget(self.fold)
        whole.addWidget(self._page)
        self.fold.toggled.connect(self._unfold)
        self._unfold(False)

    def chosen(self) -> Mapping[str, Any]:
        """All tags of the file to write."""
        return with_texts(self._tags, {name: line.text() for name, line in self.fields.items()})

    def _unfold(self, on: bool) -> None:
        self._page.setVisible(on)
        self.fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        count = sum(bool(line.text().strip()) for line in self.fields.values())
        kept = "none in the source" if count == 0 else f"{count} from the source"
        self.fold.setText("Title, artist and more" if on else f"As they are ({kept})")
        self.folded.emit()


class ExportDialog(Dialog):
    """Proposes a name beside the source, which itself is never written to."""

    chosen = Signal(object)  # ExportChoice

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__("Export", parent, 640)
        self._document = document
        entries = document.selected_entries()
        self._span = (entries[0].gap.start, max(e.gap.end for e in entries)) if entries else None
        kept = settings_file()
        self.pattern = QLineEdit(str(kept.value("export/pattern") or PATTERN))
        self.pattern.setAccessibleName("Pattern of the name")
        self.pattern.setToolTip("{stem} is the source's name, {suffix} the ending of the format")
        self.format = choice("Format", FORMATS)
        self.subtype = choice("Sample format", SUBTYPES)
        self.dither = QCheckBox("Dither")
        self.dither.setToolTip("Adds noise of one step where samples are rounded, so that rounding does not distort")
        self.dither.setChecked(kept.value("export/dither", "true") != "false")
        self.tags = ExportTags(document.clip.source.tags if document.clip.source else {})
        self.report = QCheckBox("Write a report with every gap, what filled it, and pictures")
        self.overwrite = QCheckBox("Replace files of the same name")
        self.why = QLabel()
        self.why.setObjectName("hint")
        self.why.setWordWrap(True)
        self._lay_out()
        self.add_button("Cancel", self.reject)
        self.export_button = self.add_button("Export", self.accept, main=True)
        self.path.textEdited.connect(self._name_written)
        self.path.textChanged.connect(self._check)
        self.pattern.textChanged.connect(self._propose)
        self.format.currentIndexChanged.connect(self._propose)
        self.subtype.currentIndexChanged.connect(self._check)
        self.overwrite.toggled.connect(self._check)
        self._what.idToggled.connect(self._check)
        self.accepted.connect(self._finish)
        self.tags.folded.connect(self.fit)
        self._propose()
        self.path.setFocus()  # Return exports

    def choice(self) -> ExportChoice:
        """What was chosen."""
        whats: tuple[What, ...] = ("whole", "selection", "candidates")
        what = whats[self._what.checkedId()]
        return ExportChoice(
            self._target(),
            what,
            self._selection() if what == "selection" else None,
            self.subtype.currentData(),
            self.dither.isChecked(),
            self.tags.chosen(),
            self.report.isChecked() and what == "whole",
            self.overwrite.isChecked(),
        )

    def _lay_out(self) -> None:
        samples = QHBoxLayout()
        samples.setSpacing(16)
        samples.addWidget(self.subtype, 1)
        samples.addWidget(self.dither)
        rows = form()
        rows.setHorizontalSpacing(24)
        rows.setVerticalSpacing(12)
        rows.addRow("What", self._what_choice())
        rows.addRow("File", self._path_row())
        rows.addRow("Pattern", self.pattern)
        rows.addRow("Format", self.format)
        rows.addRow("Samples", samples)
        rows.addRow("Tags", self.tags)
        rows.addRow("Report", self.report)
        rows.addRow("", self.overwrite)
        self.body.addLayout(rows)
        self.body.addWidget(note(self._summary()))
        self.body.addWidget(self.why)

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
        source = self._document.path
        self.path = QLineEdit(str(proposed_folder(source) / result_name(source)))
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
            self._name_written()

    def _target(self) -> Path:
        return Path(self.path.text().strip()).expanduser()

    def _propose(self) -> None:
        """Name the file after the pattern and the format, in the folder that was chosen."""
        from aidd_studio.errors import UsageError

        try:
            name = result_name(self._document.path, self.pattern.text().strip(), self.format.currentData() or None)
        except UsageError as error:
            self._refuse(str(error))
            return
        self.path.setText(str(self._target().parent / name))
        self._check()

    def _name_written(self) -> None:
        """A name that was written by hand decides the format."""
        suffix = self._target().suffix.lower()
        known = 0 if suffix == self._document.path.suffix.lower() else max(0, self.format.findData(suffix))
        self.format.blockSignals(True)
        self.format.setCurrentIndex(known)
        self.format.blockSignals(False)

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
        left = "" if rest == 0 else f"; the other {rest} {'stays' if rest == 1 else 'stay'} unchanged"
        return f"{accepted} of {len(entries)} gaps filled{left}. Everything else is kept bit for bit."

    def _check(self) -> None:
        """Say at once what would fail later."""
        from aidd_studio.audio.files.formats import choose_target
        from aidd_studio.audio.files.subtypes import bits_of
        from aidd_studio.audio.files.writing import check_target
        from aidd_studio.errors import AiddError

        path = self._target()
        try:
            target = choose_target(path, self._document.clip.source, None, self.subtype.currentData())
            self.dither.setEnabled(bits_of(target.subtype) is not None)
            if self._what.checkedId() != 2:
                check_target(path, self._document.path, overwrite=self.overwrite.isChecked())
        except AiddError as error:
            self._refuse(str(error))
            return
        self._refuse("")

    def _refuse(self, why: str) -> None:
        self.why.setText(why)
        self.export_button.setEnabled(not why)

    def _finish(self) -> None:
        """Remember what suits the next recording too, and go."""
        store = settings_file()
        store.setValue("export/pattern", self.pattern.text().strip())
        store.setValue("export/dither", "true" if self.dither.isChecked() else "false")
        store.sync()
        self.chosen.emit(self.choice())
