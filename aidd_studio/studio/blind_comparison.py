"""Blind comparison: the candidates shuffled, nameless and equally loud, so that only the ear decides."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from aidd_studio.studio.candidate_list import LETTERS

if TYPE_CHECKING:
    from aidd_studio.studio.main_window import MainWindow


class BlindComparison(QObject):
    """Stands between the rows of the candidate list and the candidates, and shuffles while it is on."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._random = random.Random()

    @property
    def is_on(self) -> bool:
        return self._window.candidate_list.blind is not None

    def set_on(self, on: bool) -> None:
        """Begin or end the comparison; at its end the names come back."""
        window = self._window
        document = window.document
        count = len(document.candidates()) if document else 0
        on = on and count > 0
        window.candidate_list.blind = self._random.sample(range(count), count) if on else None
        window.playback.matched = on
        window.playback.refresh()
        window.candidate_list.refresh()
        window._version_changed()
        action = window.actions_by_id["blind"]
        if action.isChecked() != on:
            action.blockSignals(True)
            action.setChecked(on)
            action.blockSignals(False)
        if on:
            window.say(
                "Blind comparison: names, pictures and scores are hidden, and all are equally loud. "
                "Listen with 1 to 9; accepting shows what you chose.",
                "info",
            )

    def name_of(self, index: int) -> str:
        """What the candidate that sounds is called."""
        shuffled = self._window.candidate_list.blind
        if shuffled and index in shuffled:
            return f"Candidate {LETTERS[shuffled.index(index)]}"
        return f"Candidate {index + 1}"

    def choose(self, row: int) -> None:
        """Make the candidate in a row the current one; while playing it is heard at once."""
        document, index = self._window.document, self._index(row)
        if document is not None and document.choose(index) and self._window.playback.is_playing:
            self._window.playback.audition(index)

    def play(self, row: int) -> None:
        """Hear the candidate in a row in context; the one that sounds is stopped."""
        document, index = self._window.document, self._index(row)
        playback = self._window.playback
        if document is None or not 0 <= index < len(document.candidates()):
            return
        if playback.is_playing and self._window.candidate_list.sounding == index:
            playback.stop()
            return
        document.choose(index)
        playback.audition(index)

    def accept(self, row: int) -> None:
        """Accept the candidate in a row; a blind comparison ends with it."""
        document = self._window.document
        if document is not None and document.choose(self._index(row)):
            self._window.editing.accept()

    def star(self, row: int) -> None:
        """Star the candidate in a row."""
        document, index = self._window.document, self._index(row)
        if document is not None and document.current is not None and 0 <= index < len(document.candidates()):
            document.session.star(document.current.id, document.candidates()[index].digest)

    def _index(self, row: int) -> int:
        shuffled = self._window.candidate_list.blind
        return shuffled[row] if shuffled and row < len(shuffled) else row
