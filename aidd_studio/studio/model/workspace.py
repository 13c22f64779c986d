"""The workspace: what is open, what is worked on and what a person has chosen, without a window around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Signal

from aidd_studio.errors import AiddError
from aidd_studio.restoration.fill_process import FillProcess
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.jobs import JobQueue
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.widgets.banner import Tone

Buttons = Mapping[str, Callable[[], object]]


@dataclass(frozen=True, eq=False)
class Notice:
    """A message for the person, with the answers there are to it. A question waits for one of them."""

    text: str
    tone: Tone = "info"
    buttons: Buttons = field(default_factory=dict)
    is_question: bool = False


class Workspace(QObject):
    """Owns the preferences, the open documents and the queues of jobs. The window shows what it notifies of."""

    document_changed = Signal()  # another document is current, or none
    notified = Signal(object)  # Notice
    withdrawn = Signal(object)  # a Notice that is of no use any more
    job_changed = Signal()
    preference_changed = Signal(str)  # its name

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.preferences = preferences
        self.documents: tuple[Document, ...] = ()
        self.current: Document | None = None
        self.work = JobQueue("work", self)  # reading, detecting, filling, exporting: one after the other
        self.drawing = JobQueue("drawing", self)  # peaks, tiles, thumbnails
        self.journal = JobQueue("journal", self)  # where no picture stands in the way
        self.fill_process = FillProcess()
        self.work.changed.connect(self.job_changed)

    # Documents

    def open(self, document: Document) -> None:
        """Add a document and make it the current one."""
        document.setParent(self)
        self.documents = (*self.documents, document)
        self._make_current(document)

    def close(self, document: Document) -> None:
        """Let go of a document; if it was the current one, the last one that was opened takes its place."""
        self.documents = tuple(other for other in self.documents if other is not document)
        if document is self.current:
            self._make_current(self.documents[-1] if self.documents else None)
        document.close()

    def _make_current(self, document: Document | None) -> None:
        self.current = document
        self.document_changed.emit()

    # Notices

    def notify(self, text: str, tone: Tone = "info", buttons: Buttons | None = None) -> None:
        """Show the person a message."""
        self.notified.emit(Notice(text, tone, buttons or {}))

    def report_error(self, why: str) -> None:
        """Show the person what went wrong."""
        self.notify(why, "error")

    def ask(self, text: str, buttons: Buttons) -> Notice:
        """Ask what the person's own command needs to know."""
        question = Notice(text, "warning", buttons, is_question=True)
        self.notified.emit(question)
        return question

    def withdraw(self, notice: Notice) -> None:
        """Take back a notice that is of no use any more."""
        self.withdrawn.emit(notice)

    def attempt(self, action: Callable[[], object]) -> bool:
        """Do something that the core may refuse; its reason is shown."""
        try:
            action()
        except AiddError as error:
            self.report_error(str(error))
            return False
        return True

    # Preferences

    def prefer(self, name: str, value: Any) -> None:
        """Change a preference; it takes effect at once."""
        setattr(self.preferences, name, value)
        self.preference_changed.emit(name)

    # Work

    @property
    def is_idle(self) -> bool:
        """True when nothing is being worked on, drawn or written."""
        return not (self.work.jobs or self.drawing.jobs or self.journal.jobs)

    def cancel(self) -> None:
        """Stop what is being worked on; what waits behind it goes on."""
        for job in self.work.jobs[:1]:
            job.cancel()

    def cancel_all(self) -> None:
        """Stop all work and drawing."""
        self.work.cancel_all()
        self.drawing.cancel_all()

    def shut_down(self) -> None:
        """End all threads and processes; journals are brought to their end, other work is given up."""
        self.work.close()
        self.fill_process.close()
        self.drawing.close()
        self.journal.finish()
