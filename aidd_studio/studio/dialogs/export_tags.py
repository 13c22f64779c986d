"""Export tags: title, artist and the like of the file to write, folded away until they are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from aidd_studio.audio.files.tag_changes import text_of, with_texts

NAMES = {
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

COLUMNS = 2
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
        for place, (name, label) in enumerate(NAMES.items()):
            line = QLineEdit(text_of(tags, name))
            line.setAccessibleName(label)
            line.setCursorPosition(0)
            self.fields[name] = line
            row, column = divmod(place, COLUMNS)
            is_last = place == len(NAMES) - 1
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
