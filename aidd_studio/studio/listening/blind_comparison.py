"""Blind comparison: the candidates shuffled, nameless and equally loud, so that only the ear decides.

X is one of them, drawn again after every guess: without a reliable guess there is no reason to prefer one (ABX test).
"""

from __future__ import annotations

import random
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from aidd_studio.studio.listening.playback_control import PlaybackControl
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.versions import FIRST_CANDIDATE
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.panels.candidate_list import LETTERS, CandidateList
from aidd_studio.studio.panels.candidate_words import engine_title

Accept = Callable[[Callable[[], object] | None], object]
"""Accepts the current candidate of the document; what it is given is called after that."""


class BlindComparison(QObject):
    """Stands between the rows of the candidate list and a document's candidates, and shuffles while it is on."""

    changed = Signal()

    def __init__(
        self,
        workspace: Workspace,
        document: Document,
        candidates: CandidateList,
        playback: PlaybackControl,
        accept: Accept,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = document
        self._candidates = candidates
        self._playback = playback
        self._accept = accept
        self._random = random.Random()
        self._x = -1  # the candidate behind X
        self._is_x = False  # what is heard, or was last, is called X
        self._guesses = self._right = 0

    @property
    def is_on(self) -> bool:
        return self._candidates.blind is not None

    @property
    def hidden(self) -> int:
        """The candidate behind X; -1 without a comparison."""
        return self._x

    def set_on(self, on: bool) -> None:
        """Begin or end the comparison; at its end the names come back."""
        if self._shuffle(on):
            self._workspace.notify(
                "Blind comparison: names, pictures and scores are hidden, and all are equally loud. "
                "Listen with 1 to 9 and X; accepting shows what you chose.",
                "info",
            )

    def keep_up(self) -> None:
        """Shuffle again when candidates have come or gone, or another gap's are shown."""
        shuffled = self._candidates.blind
        if shuffled is not None and len(shuffled) != len(self._document.candidates()):
            self.set_on(True)

    def _shuffle(self, on: bool) -> bool:
        candidates = self._candidates
        count = len(self._document.candidates())
        on = on and count > 0
        candidates.blind = self._random.sample(range(count), count) if on else None
        self._x, self._is_x = self._random.randrange(count) if on else -1, False
        self._guesses = self._right = 0
        candidates.guess_bar.set_letters(LETTERS[:count] if on and count > 1 else "")
        self._playback.matched = on
        self._playback.refresh()
        candidates.refresh()
        self.changed.emit()
        return on

    def name_of(self, index: int) -> str:
        """What the candidate that sounds is called."""
        shuffled = self._candidates.blind
        if self._is_x:
            return "X"
        if shuffled and index in shuffled:
            return f"Candidate {LETTERS[shuffled.index(index)]}"
        return f"Candidate {index + 1}"

    def show_sounding(self, version: int, *, playing: bool) -> None:
        """Mark what sounds in the list: a candidate's row, or X."""
        if version != FIRST_CANDIDATE + self._x:
            self._is_x = False
        self._candidates.guess_bar.set_sounding(self._is_x and playing)
        self._candidates.set_sounding(version - FIRST_CANDIDATE if playing and not self._is_x else -1)

    def choose(self, row: int) -> None:
        """Make the candidate in a row the current one; while playing it is heard at once."""
        index = self._index(row)
        if not self._is_there(index):
            return
        self._is_x = False
        self._document.choose(index)
        if self._playback.is_playing:
            self._playback.audition(index)

    def play(self, row: int) -> None:
        """Hear the candidate in a row in context; the one that sounds is stopped."""
        index = self._index(row)
        if not self._is_there(index):
            return
        if self._playback.is_playing and self._candidates.sounding == index:
            self._playback.stop()
            return
        self._is_x = False
        self._document.choose(index)
        self._playback.audition(index)

    def play_x(self) -> None:
        """Hear X in context; stop it while it sounds. Begins a comparison when there is none."""
        if not self.is_on:
            self.set_on(True)
        if len(self._document.candidates()) < 2:
            self._workspace.notify("There is nothing to compare yet: X needs two candidates or more.", "info")
        elif self._playback.is_playing and self._is_x:
            self._playback.stop()
        else:
            self._is_x = True
            self._playback.audition(self._x)

    def guess(self, row: int) -> None:
        """Say which row X is; the bar shows the answer, and another X is drawn."""
        shuffled = self._candidates.blind
        if not shuffled or row >= len(shuffled):
            return
        is_right = shuffled[row] == self._x
        self._guesses += 1
        self._right += is_right
        verdict = "Right" if is_right else "Wrong"
        letter = LETTERS[shuffled.index(self._x)]
        words = self._candidates.guess_bar.words
        words.setText(f"{verdict}, X was {letter}. {self._right} of {self._guesses} right. Another X is ready.")
        if self._is_x:
            self._is_x = False
            self._playback.stop()
            self._playback.follow()
        self._x = self._random.choice(shuffled)
        self.changed.emit()

    def accept(self, row: int) -> None:
        """Accept the candidate in a row; a blind comparison ends with it."""
        if self._document.choose(self._index(row)):
            self.accept_current()

    def accept_current(self) -> None:
        """Accept the current candidate; a blind comparison ends with it and shows what was chosen."""
        was_on, chosen = self.is_on, self._document.candidate
        if was_on:
            self.set_on(False)
        self._playback.stop_audition()

        def show_choice() -> None:
            if was_on and chosen is not None:
                self._workspace.notify(f"You chose {engine_title(chosen.engine)}, seed {chosen.seed}.", "done")

        self._accept(show_choice)

    def star(self, row: int) -> None:
        """Star the candidate in a row."""
        index, current = self._index(row), self._document.current
        if current is not None and self._is_there(index):
            self._document.session.star(current.id, current.candidates[index].digest)

    def _is_there(self, index: int) -> bool:
        return 0 <= index < len(self._document.candidates())

    def _index(self, row: int) -> int:
        shuffled = self._candidates.blind
        return shuffled[row] if shuffled and row < len(shuffled) else row
