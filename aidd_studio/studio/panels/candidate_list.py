"""The candidate list: the fills of the current gap, one card each, to play, compare and choose."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.model.document import Document, FillProgress
from aidd_studio.studio.model.time_format import format_length
from aidd_studio.studio.panels.candidate_row import CandidateRow
from aidd_studio.studio.panels.candidate_words import differing_settings, quality_shares
from aidd_studio.studio.panels.guess_bar import GuessBar
from aidd_studio.studio.widgets.icons import icon
from aidd_studio.studio.widgets.progress_bar import ProgressBar

ROOMY = 430
"""Pixels of width from which the thumbnails are large."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 3


ENDED = frozenset({"filled", "interpolated", "similar passage", "sparse"})
"""What engines report of a candidate that is there, while another one is still to come."""


class CandidateList(QWidget):
    """The cards of the current gap, with what can be done when there are none yet."""

    chosen = Signal(int)
    play = Signal(int)
    star = Signal(int)
    accept = Signal(int)
    fill = Signal()
    settings = Signal()
    more = Signal()
    thumbnails_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._rows: list[CandidateRow] = []
        self._shown: tuple[str, ...] = ()
        self._in_view: tuple[str, int] | None = None
        self._pictures: dict[str, tuple[QImage, tuple[float, float]]] = {}
        self.blind: list[int] | None = None  # in a blind comparison, the candidate behind each row
        self.sounding = -1
        self._headline = QLabel()
        self._headline.setObjectName("dim")
        self._progress = ProgressBar("Progress of the fill")
        self.hint = QLabel()
        self.hint.setObjectName("hint")
        self.hint.setWordWrap(True)
        self._fill = QPushButton("Fill")
        self._fill.setObjectName("filled")
        self._fill.setToolTip("Fill the selected gaps  (Return)")
        self._fill.clicked.connect(self.fill)
        self._more = QPushButton("More")
        self._more.setToolTip("Make further candidates  (Shift+Return)")
        self._more.clicked.connect(self.more)
        self._settings = QToolButton()
        self._settings.setToolTip("Fill settings  (Ctrl+Shift+F)")
        self._settings.setAccessibleName("Fill settings")
        self._settings.setIconSize(QSize(18, 18))
        self._settings.clicked.connect(self.settings)
        for button in (self._fill, self._more, self._settings):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self._headline, 1)
        head.addWidget(self._settings)
        head.addWidget(self._more)
        head.addWidget(self._fill)
        self.guess_bar = GuessBar()
        self.guess_bar.hide()
        self._cards = QVBoxLayout()
        self._cards.setContentsMargins(0, 0, 4, 0)
        self._cards.setSpacing(8)
        self._cards.addStretch(1)
        inner = QWidget()
        inner.setLayout(self._cards)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setAccessibleName("Candidates")
        self._scroll = scroll
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._progress)
        column.addWidget(self.hint)
        column.addWidget(self.guess_bar)
        column.addWidget(scroll, 1000)
        column.addStretch(1)
        self.retint()
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(360, 320)

    def set_document(self, document: Document | None) -> None:
        """Show another document's candidates."""
        self._document = document
        self._pictures.clear()
        self.blind = None
        self.guess_bar.set_letters("")
        if document is not None:
            for signal in (document.changed, document.candidate_changed, document.filling_changed):
                signal.connect(self.refresh)
        self.refresh()

    def retint(self) -> None:
        """Draw the icons again after a change of theme."""
        self._settings.setIcon(icon("settings", "dim"))
        self._shown = ("retint",)
        self.guess_bar.set_sounding(False)

    def has_picture(self, digest: str) -> bool:
        return digest in self._pictures

    def set_picture(self, digest: str, image: QImage, edges: tuple[float, float]) -> None:
        """The thumbnail of a candidate is ready."""
        self._pictures[digest] = (image, edges)
        self.refresh()

    def set_sounding(self, index: int) -> None:
        """Candidate `index` is what sounds now; -1 for none."""
        index = max(-1, index)
        if index != self.sounding:
            self.sounding = index
            self.refresh()

    def refresh(self) -> None:
        """Show the current gap as it is now."""
        document = self._document
        entry = document.current if document else None
        candidates = document.candidates(entry) if document and entry else ()
        self._set_head(document, entry, len(candidates))
        digests = tuple(candidate.digest for candidate in candidates)
        if len(digests) != len(self._rows):
            self._make_rows(len(digests))
        if digests != self._shown:
            self._shown = digests
            self.thumbnails_wanted.emit()
        if document is None or entry is None:
            return
        blind = self.blind if self.blind and len(self.blind) == len(candidates) else None
        compared = differing_settings(candidates)
        shares = quality_shares([candidate.score for candidate in candidates])
        for row in self._rows:
            index = blind[row.index] if blind else row.index
            candidate = candidates[index]
            row.show_candidate(
                candidate,
                entry,
                current=index == document.candidate_index,
                sounding=index == self.sounding,
                name=f"Candidate {LETTERS[row.index]}" if blind else None,
                compared=compared,
                quality=shares[index],
            )
            if candidate.digest in self._pictures:
                row.thumbnail.show_picture(*self._pictures[candidate.digest])
            if index == document.candidate_index:
                self._keep_in_view(row, candidate.digest)

    def _keep_in_view(self, row: CandidateRow, digest: str) -> None:
        """Scroll to the current candidate when it has become another one or has moved."""
        if (digest, row.index) != self._in_view:
            self._in_view = (digest, row.index)
            QTimer.singleShot(0, row, lambda: self._scroll.ensureWidgetVisible(row, 0, 8))  # when it has its place

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for row in self._rows:
            row.set_roomy(self.width() >= ROOMY)

    def _set_head(self, document: Document | None, entry: Entry | None, count: int) -> None:
        selected = len(document.selected) if document else 0
        filling = document.filling.get(entry.id) if document and entry else None
        self._fill.setVisible(entry is not None and (count == 0 or selected > 1))
        self._fill.setText(f"Fill {selected} gaps" if selected > 1 else "Fill")
        self._fill.setEnabled(filling is None)
        self._more.setVisible(count > 0 and selected <= 1)
        self._more.setEnabled(filling is None)
        self._settings.setVisible(entry is not None)
        self._progress.setVisible(filling is not None)
        self._progress.setRange(0, 1000)
        self._progress.setValue(round(1000 * filling.fraction) if filling else 0)
        self._scroll.setVisible(count > 0)
        if entry is None or document is None:
            self._headline.setText("")
            self.hint.setText("Select a gap to fill it and hear the candidates.")
        else:
            number = [other.id for other in document.entries].index(entry.id) + 1
            self._headline.setText(f"Gap {number} · {format_length(entry.gap.frames, document.rate)}")
            self.hint.setText(_doing(filling) if filling is not None else "Press Return to fill the gap.")
        self.hint.setVisible(count == 0)

    def _make_rows(self, count: int) -> None:
        while len(self._rows) > count:
            row = self._rows.pop()
            self._cards.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self._rows) < count:
            row = CandidateRow(len(self._rows))
            row.set_roomy(self.width() >= ROOMY)
            row.clicked.connect(self.chosen)
            row.play.connect(self.play)
            row.star.connect(self.star)
            row.accept.connect(self.accept)
            self._cards.insertWidget(len(self._rows), row)
            self._rows.append(row)


def _doing(filling: FillProgress) -> str:
    """What is being done for a gap, as a sentence."""
    if filling.stage == "waiting":
        return "Waiting for the gaps before it…"
    if filling.stage in ENDED:
        return "Making the next candidate…"
    return f"{filling.stage.capitalize()}…" if filling.stage else "Filling…"
