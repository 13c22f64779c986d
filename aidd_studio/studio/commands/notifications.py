"""Notifications: what happens in the window is announced to screen readers without moving the focus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.workspace import Notice, Workspace
from aidd_studio.studio.panels.candidate_words import spoken
from aidd_studio.studio.widgets.banner import Banner


class Announcer(QObject):
    """Shows the workspace's notices in the banner; announces them and what is being worked on."""

    announced = Signal(str)

    def __init__(self, workspace: Workspace, banner: Banner, widget: QWidget) -> None:
        super().__init__(widget)
        self._workspace = workspace
        self._banner = banner
        self._widget = widget
        self._notice: Notice | None = None  # what the banner shows or has shown last
        self._job: int | None = None
        workspace.job_changed.connect(self._job_changed)
        workspace.notified.connect(self._show)
        workspace.withdrawn.connect(self._withdraw)
        banner.shown.connect(self.announce)

    def announce(self, text: str) -> None:
        """Announce something, after what is being said."""
        if not text:
            return
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._widget, text))
        self.announced.emit(text)

    def _show(self, notice: Notice) -> None:
        self._notice = notice
        if notice.is_question:
            self._banner.ask(notice.text, notice.buttons)
        else:
            self._banner.show_message(notice.text, notice.tone, notice.buttons)

    def _withdraw(self, notice: Notice) -> None:
        if notice is self._notice:
            self._banner.hide()

    def _job_changed(self) -> None:
        job = next((job for job in self._workspace.work.jobs if job.visible), None)
        number = job.id if job is not None else None
        if number != self._job and job is not None:
            self.announce(f"{job.title}.")
        self._job = number


class Notifications(QObject):
    """Announces which gap of a document is current, which candidates have come and what was accepted."""

    def __init__(
        self,
        document: Document,
        announcer: Announcer,
        sentence: Callable[[Entry], str],
        is_blind: Callable[[], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._announcer = announcer
        self._sentence = sentence
        self._is_blind = is_blind
        self._current: int | None = None
        self._candidates: tuple[str, ...] = ()
        self._accepted = len(document.session.state.chosen)
        document.changed.connect(self._changed)
        document.selection_changed.connect(self._selection_changed)

    def _selection_changed(self) -> None:
        document, current = self._document, self._document.current
        before, self._current = self._current, current.id if current is not None else None
        if current is None or current.id == before:
            return
        self._candidates = tuple(candidate.digest for candidate in current.candidates)
        number = document.entries.index(current) + 1
        several = f" {len(document.selected)} gaps are selected." if len(document.selected) > 1 else ""
        self._announcer.announce(f"Gap {number} of {len(document.entries)}. {self._sentence(current)}.{several}")

    def _changed(self) -> None:
        self._announce_accepted()
        current = self._document.current
        if current is None or current.id != self._current:
            return
        known, self._candidates = self._candidates, tuple(candidate.digest for candidate in current.candidates)
        for index, candidate in enumerate(self._document.candidates(current)):
            if candidate.digest not in known and not self._is_blind():
                self._announcer.announce(f"Candidate {index + 1} is ready: {spoken(candidate)}.")

    def _announce_accepted(self) -> None:
        before, self._accepted = self._accepted, len(self._document.session.state.chosen)
        more = self._accepted - before
        if more > 0:
            self._announcer.announce("Accepted." if more == 1 else f"{more} fills accepted.")
        elif more < 0:
            self._announcer.announce("Reverted." if more == -1 else f"{-more} fills reverted.")
