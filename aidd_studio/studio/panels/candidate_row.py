"""A candidate's card: its number key, thumbnail, what it is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.panels.candidate_words import details, engine_title, facts, score_text
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.icons import icon
from aidd_studio.studio.widgets.painting import painting

SMALL, LARGE = QSize(84, 44), QSize(136, 68)


class Thumbnail(QWidget):
    """A small spectrogram of the gap and its surroundings, the gap's edges marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(SMALL)
        self._image: QImage | None = None
        self._edges = (0.0, 0.0)

    def show_picture(self, image: QImage, edges: tuple[float, float]) -> None:
        """A picture, and where the gap lies in it (0 to 1)."""
        self._image, self._edges = image, edges
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            box = QRectF(self.rect())
            rounded = QPainterPath()
            rounded.addRoundedRect(box, 4, 4)
            painter.setClipPath(rounded)
            painter.fillRect(box, theme.colour("canvas"))
            if self._image is None:
                painter.setPen(theme.colour("dim"))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "…")
                return
            painter.drawImage(box, self._image)
            painter.setPen(theme.colour("accent"))
            for edge in self._edges:
                x = box.width() * edge
                painter.drawLine(int(x), 0, int(x), 5)
                painter.drawLine(int(x), self.height() - 6, int(x), self.height())


class QualityBar(QWidget):
    """How a candidate's score compares with those of the others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(4)
        self._share: float | None = None

    def set_share(self, share: float | None) -> None:
        """Fill the bar to a share of its width; None hides it."""
        self._share = share
        self.setVisible(share is not None)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._share is None:
            return
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            for tint, share in (("border", 1.0), ("accent", self._share)):
                painter.setBrush(theme.colour(tint))
                painter.drawRoundedRect(QRectF(0, 0, (self.width() - 4) * share, self.height()), 2, 2)


class CandidateRow(QFrame):
    """One candidate: its number key, thumbnail, engine, quality and score, a star, a play and an accept button."""

    clicked = Signal(int)
    play = Signal(int)
    star = Signal(int)
    accept = Signal(int)

    def __init__(self, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.index = index
        self.setObjectName("card")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._key = QLabel(str(index + 1))
        self._key.setObjectName("key")
        self._key.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._key.setFixedSize(24, 22)
        self.thumbnail = Thumbnail()
        self._title = QLabel()
        self._title.setObjectName("title")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._quality = QualityBar()
        self.detail = QLabel()
        self.detail.setObjectName("dim")
        self.detail.setFont(theme.number_font(-1))
        self.detail.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._play = self._button("play", "Hear it in context", lambda: self.play.emit(self.index))
        self._star = self._button("star", "Star  (S)", lambda: self.star.emit(self.index))
        self._accept = self._button("accept", "Accept  (Ctrl+Return)", lambda: self.accept.emit(self.index))
        buttons = QHBoxLayout()
        buttons.setSpacing(0)
        buttons.addWidget(self._title, 1)
        for button in (self._play, self._star, self._accept):
            buttons.addWidget(button)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(buttons)
        words.addWidget(self._quality)
        words.addSpacing(3)
        words.addWidget(self.detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 6, 8)
        row.setSpacing(8)
        row.addWidget(self._key)
        row.addWidget(self.thumbnail)
        row.addLayout(words, 1)

    def set_roomy(self, on: bool) -> None:
        """Show a large thumbnail where there is room for it."""
        self.thumbnail.setFixedSize(LARGE if on else SMALL)

    def show_candidate(
        self,
        candidate: Candidate,
        entry: Entry,
        *,
        current: bool,
        sounding: bool,
        name: str | None,
        compared: Sequence[str] = (),
        quality: float | None = None,
    ) -> None:
        """Fill the card in; with `name` set it shows nothing else (blind comparison).

        `compared` are the settings in which the candidates differ. quality: 0 to 1, or None without a bar.
        """
        self.setProperty("current", current)
        self.style().unpolish(self)
        self.style().polish(self)
        accepted = candidate.digest == entry.accepted
        starred = candidate.digest in entry.starred and name is None
        title = name or engine_title(candidate.engine)
        self._title.setText(title.split(" (")[0])
        self.detail.setVisible(name is None)
        self._quality.set_share(quality if name is None else None)
        self.detail.setText("" if name else facts(candidate, compared, accepted=accepted))
        self.thumbnail.setVisible(name is None)
        self._play.setIcon(icon("pause" if sounding else "play", "accent" if sounding else "text"))
        self._star.setIcon(icon("star-filled" if starred else "star", "open_gap" if starred else "dim"))
        self._accept.setIcon(icon("accept", "accepted" if accepted else "dim"))
        self.setToolTip("" if name else details(candidate))
        state = ", accepted" if accepted and name is None else ""
        stars = ", starred" if starred else ""
        chosen = ", current" if current else ""
        score = "" if name else f", score {score_text(candidate.score)}"
        what = name or f"Candidate {self.index + 1}: {title}"
        self.setAccessibleName(f"{what}{score}{chosen}{state}{stars}")
        self.setAccessibleDescription(f"Press {self.index + 1} to play it" if self.index < 9 else "")
        spoken = name or f"candidate {self.index + 1}"
        self._play.setAccessibleName(f"{'Stop' if sounding else 'Hear'} {spoken} in context")
        self._star.setAccessibleName(f"Remove the star from {spoken}" if starred else f"Star {spoken}")
        self._accept.setAccessibleName(f"Accept {spoken}")

    def _button(self, name: str, tip: str, action: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, "dim"))
        button.setIconSize(QSize(18, 18))
        button.setFixedSize(22, 24)
        button.setStyleSheet("padding: 0")
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(action)
        return button

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self.index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.play.emit(self.index)


def picture_from(levels: np.ndarray, table: np.ndarray) -> QImage:
    """A QImage from uint8 levels [rows, columns], lowest frequency first, and a table of colours uint8 [256, 3]."""
    rgb = np.ascontiguousarray(table[levels[::-1]])
    height, width = levels.shape
    return QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
