"""Editing: what a person does to gaps and candidates, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from aidd_studio.damage.damage import Damage
from aidd_studio.restoration.session.history import Entry

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow

NEW_GAP = 0.020
"""Seconds that a gap marked at the cursor is long."""


class Editing(QObject):
    """Carries out edits on the window's document and shows what they touched."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    # Gaps

    def click(self, frame: int, entry: Entry | None) -> None:
        """Put the cursor there and select the gap under it."""
        self._window.axis.set_cursor(frame)
        if self._window.document is not None:
            self._window.document.select(() if entry is None else (entry.id,))

    def extend_selection(self, entry: Entry) -> None:
        """Add a gap to the selection, or take it out."""
        document = self._window.document
        if document is not None:
            kept_ids = tuple(id for id in document.selected if id != entry.id)
            document.select(kept_ids if entry.id in document.selected else (*kept_ids, entry.id))

    def select(self, ids: list[int]) -> None:
        """Select gaps; a single one is scrolled into view."""
        document = self._window.document
        if document is None:
            return
        document.select(ids)
        if document.current is not None and len(ids) == 1:
            self.show(document.current)

    def mark(self, start: int, end: int) -> None:
        """Make a gap of the stretch that was marked."""
        if self._window.document is not None and self._window.attempt(lambda: self._add_gap(start, end)):
            self._window.update_situation()

    def _add_gap(self, start: int, end: int) -> None:
        document = self._window.document
        assert document is not None
        ids = document.session.add_gaps([Damage(start, end)])
        if ids:
            document.select(ids)
        else:
            self._window.say("There is a gap already; drag its edges, or remove it first.", "warning")

    def add_at_cursor(self) -> None:
        """Mark a short gap at the cursor."""
        document = self._window.document
        if document is None or document.clip.frames == 0:
            return
        length = max(1, min(round(NEW_GAP * document.rate), document.clip.frames - 1))
        start = min(self._window.axis.cursor, document.clip.frames - length)
        self._window.attempt(lambda: self._add_gap(start, start + length))

    def move_edge(self, id: int, start: int, end: int) -> None:
        """Give a gap the borders it was dragged to."""
        document = self._window.document
        if document is not None:
            self._window.attempt(lambda: document.session.move_gap(id, start, end))

    def delete(self) -> None:
        """Remove the selected gaps."""
        if self._window.document is not None and self._window.document.selected:
            self._window.document.session.remove_gaps(self._window.document.selected)

    def step(self, step: int) -> None:
        """Go to the next (+1) or previous (-1) gap."""
        document = self._window.document
        entry = document.neighbour(step, self._window.axis.cursor) if document else None
        if entry is not None and document is not None:
            document.select((entry.id,))
            self.show(entry)

    def show(self, entry: Entry) -> None:
        """Put the cursor on a gap and scroll it into view."""
        self._window.axis.set_cursor(entry.gap.start)
        self._window.axis.reveal(entry.gap.start, entry.gap.end)

    def zoom(self) -> None:
        """Fill the width with the selected gaps."""
        document = self._window.document
        if document is not None and document.selected:
            entries = document.selected_entries()
            self._window.axis.show_range(entries[0].gap.start, max(entry.gap.end for entry in entries), margin=2.0)

    def set_snap(self, on: bool) -> None:
        """Have edges and marks snap to dropouts, or not."""
        self._window.preferences.snap = on
        self._window.editor.set_snap(self._window.filling.snapped if on else None)

    # Candidates

    def accept(self, then: Callable[[], object] | None = None) -> None:
        """Accept the current candidate and go to the next gap that wants one; `then` is called after that."""

        def go_on() -> None:
            self._go_on()
            if then is not None:
                then()

        self._window.journaling.accept(self._current_choice, go_on)

    def _current_choice(self) -> dict[int, str]:
        document = self._window.document
        candidate = document.candidate if document else None
        if document is None or document.current is None or candidate is None:
            return {}
        return {document.current.id: candidate.digest}

    def _go_on(self) -> None:
        """Go to the next gap that wants a choice."""
        document = self._window.document
        if document is None:
            return
        following = document.neighbour(+1, self._window.axis.cursor, unfinished=True)
        if following is not None:
            document.select((following.id,))
            self.show(following)
        else:
            self._window.say(
                "Every gap is filled. Export the restored recording when you like what you hear.",
                "done",
                {"Export…": self._window.exporting.export},
            )

    def reject(self) -> None:
        """Drop the current candidate."""
        document = self._window.document
        candidate = document.candidate if document else None
        if document is not None and document.current is not None and candidate is not None:
            document.session.reject(document.current.id, candidate.digest)

    def withdraw(self) -> None:
        """Take the accepted fill back but keep the candidates."""
        if self._window.document is not None and self._window.document.current is not None:
            self._window.document.session.withdraw(self._window.document.current.id)

    def star(self) -> None:
        """Put a star on the current candidate, or take it away."""
        document = self._window.document
        candidate = document.candidate if document else None
        if document is not None and document.current is not None and candidate is not None:
            document.session.star(document.current.id, candidate.digest)

    # The way back

    def undo(self) -> None:
        """Take the last step back."""
        if self._window.document is not None:
            self._window.document.undo_stack.undo()

    def redo(self) -> None:
        """Do it again."""
        if self._window.document is not None:
            self._window.document.undo_stack.redo()
