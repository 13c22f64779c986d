"""Blind comparison: the candidates shuffled, nameless and equally loud, so that only the ear decides.

X is one of them, drawn anew after every guess: who cannot tell which has no reason to prefer one (an ABX test).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from aidd_studio.studio.model.versions import FIRST_CANDIDATE
from aidd_studio.studio.panels.candidate_list import LETTERS
from aidd_studio.studio.panels.candidate_words import engine_title

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


class BlindComparison(QObject):
    """Stands between the rows of the candidate list and the candidates, and shuffles while it is on."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._random = random.Random()
        self._x = -1  # the candidate behind X
        self._is_x = False  # what is heard, or was last, is called X
        self._guesses = self._right = 0

    @property
    def is_on(self) -> bool:
        return self._window.candidate_list.blind is not None

    def set_on(self, on: bool) -> None:
        """Begin or end the comparison; at its end the names come back."""
        on = self._shuffle(on)
        action = self._window.actions_by_id["blind"]
        if action.isChecked() != on:
            action.blockSignals(True)
            action.setChecked(on)
            action.blockSignals(False)
        if on:
            self._window.say(
                "Blind comparison: names, pictures and scores are hidden, and all are equally loud. "
                "Listen with 1 to 9 and X; accepting shows what you chose.",
                "info",
            )

    def keep_up(self) -> None:
        """Shuffle again when candidates have come or gone, or another gap's are shown."""
        shuffled, document = self._window.candidate_list.blind, self._window.document
        if shuffled is not None and document is not None and len(shuffled) != len(document.candidates()):
            self.set_on(True)

    def _shuffle(self, on: bool) -> bool:
        window = self._window
        count = len(window.document.candidates()) if window.document else 0
        on = on and count > 0
        window.candidate_list.blind = self._random.sample(range(count), count) if on else None
        self._x, self._is_x = self._random.randrange(count) if on else -1, False
        self._guesses = self._right = 0
        window.candidate_list.guess_bar.set_letters(LETTERS[:count] if on and count > 1 else "")
        window.playback.matched = on
        window.playback.refresh()
        window.candidate_list.refresh()
        window.display.show_version()
        return on

    def name_of(self, index: int) -> str:
        """What the candidate that sounds is called."""
        shuffled = self._window.candidate_list.blind
        if self._is_x:
            return "X"
        if shuffled and index in shuffled:
            return f"Candidate {LETTERS[shuffled.index(index)]}"
        return f"Candidate {index + 1}"

    def show_sounding(self, version: int, *, playing: bool) -> None:
        """Mark what sounds in the list: a candidate's row, or X."""
        if version != FIRST_CANDIDATE + self._x:
            self._is_x = False
        candidates = self._window.candidate_list
        candidates.guess_bar.set_sounding(self._is_x and playing)
        candidates.set_sounding(version - FIRST_CANDIDATE if playing and not self._is_x else -1)

    def choose(self, row: int) -> None:
        """Make the candidate in a row the current one; while playing it is heard at once."""
        document, index = self._window.document, self._index(row)
        if document is None or not 0 <= index < len(document.candidates()):
            return
        self._is_x = False
        document.choose(index)
        if self._window.playback.is_playing:
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
        self._is_x = False
        document.choose(index)
        playback.audition(index)

    def play_x(self) -> None:
        """Hear X in context; stop it while it sounds. Begins a comparison when there is none."""
        if not self.is_on:
            self.set_on(True)
        document, playback = self._window.document, self._window.playback
        if document is None or len(document.candidates()) < 2:
            self._window.say("There is nothing to compare yet: X needs two candidates or more.", "info")
        elif playback.is_playing and self._is_x:
            playback.stop()
        else:
            self._is_x = True
            playback.audition(self._x)

    def guess(self, row: int) -> None:
        """Say which row X is; the answer is told, and another X drawn."""
        shuffled = self._window.candidate_list.blind
        if not shuffled or row >= len(shuffled):
            return
        is_right = shuffled[row] == self._x
        self._guesses += 1
        self._right += is_right
        verdict = "Right" if is_right else "Wrong"
        letter = LETTERS[shuffled.index(self._x)]
        bar = self._window.candidate_list.guess_bar
        bar.words.setText(f"{verdict}, X was {letter}. {self._right} of {self._guesses} right. Another X is ready.")
        if self._is_x:
            self._is_x = False
            self._window.playback.stop()
            self._window.playback.follow()
        self._x = self._random.choice(shuffled)
        self._window.display.show_version()

    def accept(self, row: int) -> None:
        """Accept the candidate in a row; a blind comparison ends with it."""
        document = self._window.document
        if document is not None and document.choose(self._index(row)):
            self.accept_current()

    def accept_current(self) -> None:
        """Accept the current candidate; a blind comparison ends with it and tells what was chosen."""
        window, was_on = self._window, self.is_on
        chosen = window.document.candidate if window.document else None
        if was_on:
            self.set_on(False)

        def tell() -> None:
            if was_on and chosen is not None:
                window.say(f"You chose {engine_title(chosen.engine)}, seed {chosen.seed}.", "done")

        window.editing.accept(tell)

    def star(self, row: int) -> None:
        """Star the candidate in a row."""
        document, index = self._window.document, self._index(row)
        if document is not None and document.current is not None and 0 <= index < len(document.candidates()):
            document.session.star(document.current.id, document.candidates()[index].digest)

    def _index(self, row: int) -> int:
        shuffled = self._window.candidate_list.blind
        return shuffled[row] if shuffled and row < len(shuffled) else row
