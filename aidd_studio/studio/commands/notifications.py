"""Announcing: a screen reader hears what happens in the window while the focus stays where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.versions import ORIGINAL
from aidd_studio.studio.panels.candidate_words import spoken
from aidd_studio.studio.widgets.one_line import one_line

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


class Announcing(QObject):
    """Says which gap is current, which candidates have come, what was accepted, what is heard and what goes on."""

    said = Signal(str)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._document: Document | None = None
        self._current: int | None = None
        self._candidates: tuple[str, ...] = ()
        self._accepted = 0
        self._job: int | None = None
        self._version = window.playback.version
        window.banner.said.connect(self.say)
        window.playback.version_changed.connect(self._version_changed)
        window.work.changed.connect(self._work_changed)

    def set_document(self, document: Document | None) -> None:
        """Follow another document."""
        self._document = document
        self._current, self._candidates, self._accepted = None, (), 0
        if document is not None:
            self._accepted = len(document.session.state.chosen)
            document.changed.connect(self._changed)
            document.selection_changed.connect(self._selection_changed)
            self.say(f"{one_line(document.path.name)} is open, {self._window.axis.text(document.clip.frames)} long.")

    def say(self, text: str) -> None:
        """Say something, after what is being said."""
        if not text:
            return
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._window, text))
        self.said.emit(text)

    def _selection_changed(self) -> None:
        document = self._document
        current = document.current if document is not None else None
        if document is None or current is None or current.id == self._current:
            self._current = current.id if current is not None else None
            return
        self._current = current.id
        self._candidates = tuple(candidate.digest for candidate in current.candidates)
        number = document.entries.index(current) + 1
        several = f" {len(document.selected)} gaps are selected." if len(document.selected) > 1 else ""
        self.say(f"Gap {number} of {len(document.entries)}. {self._window.gap_list.sentence(current)}.{several}")

    def _changed(self) -> None:
        document = self._document
        if document is None:
            return
        accepted, before = len(document.session.state.chosen), self._accepted
        self._accepted = accepted
        if accepted > before:
            self.say("Accepted." if accepted == before + 1 else f"{accepted - before} fills accepted.")
        elif accepted < before:
            self.say("Taken back." if accepted == before - 1 else f"{before - accepted} fills taken back.")
        current = document.current
        if current is None or current.id != self._current:
            return
        known, self._candidates = self._candidates, tuple(candidate.digest for candidate in current.candidates)
        for index, candidate in enumerate(current.candidates):
            if candidate.digest not in known and not self._window.blind.is_on:
                self.say(f"Candidate {index + 1} is there: {spoken(candidate)}.")

    def _version_changed(self) -> None:
        """While it sounds, or when it is about the original; what follows from going to another gap says itself."""
        playback = self._window.playback
        before, self._version = self._version, playback.version
        if playback.version != before and (playback.is_playing or ORIGINAL in (before, playback.version)):
            self.say(self._window.transport.switch.heard)

    def _work_changed(self) -> None:
        job = next((job for job in self._window.work.jobs if job.visible), None)
        number = job.id if job is not None else None
        if number != self._job and job is not None:
            self.say(f"{job.title}.")
        self._job = number
