"""Editing: what a person does to gaps and candidates, and the way back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from aidd_studio.damage.damage import Damage
from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.commands.autosave import Autosave
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.timeline.time_axis import TimeAxis

NEW_GAP = 0.020
"""Seconds that a gap marked at the cursor is long."""


class Editing(QObject):
    """Carries out edits on a document and shows what they touched."""

    def __init__(
        self,
        workspace: Workspace,
        document: Document,
        axis: TimeAxis,
        autosave: Autosave,
        export: Callable[[], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = document
        self._axis = axis
        self._autosave = autosave
        self._export = export
        document.travelled.connect(self._show_touched)

    # Gaps

    def click(self, frame: int, entry: Entry | None) -> None:
        """Put the cursor there and select the gap under it."""
        self._axis.set_cursor(frame)
        self._document.select(() if entry is None else (entry.id,))

    def extend_selection(self, entry: Entry) -> None:
        """Add a gap to the selection, or take it out."""
        selected = self._document.selected
        others = tuple(id for id in selected if id != entry.id)
        self._document.select(others if entry.id in selected else (*others, entry.id))

    def select(self, ids: list[int]) -> None:
        """Select gaps; a single one is scrolled into view."""
        self._document.select(ids)
        if self._document.current is not None and len(ids) == 1:
            self.show(self._document.current)

    def mark(self, start: int, end: int, channels: tuple[int, ...] | None = None) -> None:
        """Make a gap of the stretch that was marked, in some channels or in all."""
        self._workspace.attempt(lambda: self._add_gap(start, end, channels))

    def _add_gap(self, start: int, end: int, channels: tuple[int, ...] | None = None) -> None:
        ids = self._document.session.add_gaps([Damage(start, end, channels)])
        if ids:
            self._document.select(ids)
        else:
            self._workspace.notify("There is a gap already; drag its edges, or remove it first.", "warning")

    def add_at_cursor(self) -> None:
        """Mark a short gap at the cursor."""
        frames = self._document.clip.frames
        length = max(1, min(round(NEW_GAP * self._document.rate), frames - 1))
        start = min(self._axis.cursor, frames - length)
        self._workspace.attempt(lambda: self._add_gap(start, start + length))

    def move_edge(self, id: int, start: int, end: int) -> None:
        """Give a gap the borders it was dragged to."""
        self._workspace.attempt(lambda: self._document.session.move_gap(id, start, end))

    def delete(self) -> None:
        """Remove the selected gaps."""
        if self._document.selected:
            self._document.session.remove_gaps(self._document.selected)

    def step(self, step: int) -> None:
        """Go to the next (+1) or previous (-1) gap."""
        entry = self._document.neighbour(step, self._axis.cursor)
        if entry is not None:
            self._document.select((entry.id,))
            self.show(entry)

    def show(self, entry: Entry) -> None:
        """Put the cursor on a gap and scroll it into view."""
        self._axis.set_cursor(entry.gap.start)
        self._axis.reveal(entry.gap.start, entry.gap.end)

    def zoom(self) -> None:
        """Fill the width with the selected gaps."""
        entries = self._document.selected_entries()
        if entries:
            self._axis.show_range(entries[0].gap.start, max(entry.gap.end for entry in entries), margin=2.0)

    # The cursor

    def go_to(self, frame: int) -> None:
        """Put the cursor there and scroll it into view."""
        self._axis.set_cursor(frame)
        self._axis.reveal(max(0, frame - 1), frame)

    def nudge(self, pixels: int) -> None:
        """Move the cursor by pixels, at least by a sample."""
        step = max(1, round(abs(pixels) * self._axis.scale))
        self.go_to(min(self._document.clip.frames, max(0, self._axis.cursor + (step if pixels > 0 else -step))))

    def nudge_gap(self, pixels: int) -> None:
        """Move the current gap by pixels, at least by a sample."""
        current = self._document.current
        if current is None:
            return
        step = max(1, round(abs(pixels) * self._axis.scale)) * (1 if pixels > 0 else -1)
        self.move_edge(current.id, current.gap.start + step, current.gap.end + step)

    # Candidates

    def accept(self, then: Callable[[], object] | None = None) -> None:
        """Accept the current candidate and go to the next gap that needs one; `then` is called after that."""

        def go_on() -> None:
            self._go_on()
            if then is not None:
                then()

        self._autosave.accept(self._current_choice, go_on)

    def _current_choice(self) -> dict[int, str]:
        current, candidate = self._document.current, self._document.candidate
        return {current.id: candidate.digest} if current is not None and candidate is not None else {}

    def _go_on(self) -> None:
        """Go to the next gap that needs a fill."""
        following = self._document.neighbour(+1, self._axis.cursor, unfinished=True)
        if following is not None:
            self._document.select((following.id,))
            self.show(following)
        else:
            self._workspace.notify(
                "Every gap is filled. Export the restored recording when you like what you hear.",
                "done",
                {"Export…": self._export},
            )

    def reject(self) -> None:
        """Drop the current candidate."""
        for id, digest in self._current_choice().items():
            self._document.session.reject(id, digest)

    def revert(self) -> None:
        """Open the gap again; its candidates stay."""
        if self._document.current is not None:
            self._document.session.withdraw(self._document.current.id)

    def star(self) -> None:
        """Put a star on the current candidate, or remove it."""
        for id, digest in self._current_choice().items():
            self._document.session.star(id, digest)

    # The way back

    def undo(self) -> None:
        """Undo the last step."""
        self._document.undo_stack.undo()

    def redo(self) -> None:
        """Redo what was undone."""
        self._document.undo_stack.redo()

    def _show_touched(self, touched: list[Damage]) -> None:
        """Scroll to what undoing or redoing has changed."""
        if touched:
            self._axis.reveal(touched[0].start, touched[0].end)
