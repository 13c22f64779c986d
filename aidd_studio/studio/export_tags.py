"""Export tags: title, artist and the like of the file to write, folded away until they are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QToolButton, QVBoxLayout, QWidget

from aidd_studio.audio.tag_changes import text_of, with_texts
from aidd_studio.studio.fields import form

NAMES = {
    "title": "Title",
    "artist": "Artist",
    "album": "Album",
    "composer": "Composer",
    "date": "Date",
    "genre": "Genre",
    "tracknumber": "Track",
    "comment": "Comment",
    "copyright": "Copyright",
}


class ExportTags(QWidget):
    """One line for each tag; those of the source are there already."""

    def __init__(self, tags: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tags = tags
        self.fold = QToolButton()
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setToolTip("Change title, artist and the like; pictures and all other tags are kept")
        self.fields: dict[str, QLineEdit] = {}
        self._page = QWidget()
        rows = form()
        rows.setContentsMargins(0, 4, 0, 0)
        for name, label in NAMES.items():
            line = QLineEdit(text_of(tags, name))
            line.setAccessibleName(label)
            line.setCursorPosition(0)
            self.fields[name] = line
            rows.addRow(label, line)
        self._page.setLayout(rows)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.fold)
        column.addWidget(self._page)
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
        window = self.window()
        if window is not self and window.isVisible():
            window.adjustSize()
