"""Finding: dropouts in the whole recording or under the pointer, and the edges to snap to."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.progress import Progress
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.text import plural

AROUND_POINTER = 5.0
"""Seconds on each side of the pointer that are searched for a dropout at a double-click."""


class Finding(QObject):
    """Looks for dropouts in a document in the background and puts them into its list."""

    def __init__(self, workspace: Workspace, document: Document, axis: TimeAxis, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = document
        self._axis = axis
        self._edges: list[int] = []  # of the dropouts that were detected

    def detect(self) -> None:
        """Find the dropouts in the whole recording."""
        clip = self._document.clip

        def work(progress: Progress) -> list[Damage]:
            from aidd_studio.damage.detection.dropouts import detect

            return detect(clip, progress)

        self._submit("Detecting dropouts", work, self._detected)

    def _detected(self, found: list[Damage]) -> None:
        document = self._document
        self._edges = sorted({edge for gap in found for edge in (gap.start, gap.end)})
        ids = document.session.add_gaps(found, f"Detect {plural(len(found), 'dropout')}")
        if not found:
            self._workspace.notify("No dropout was found. Drag over the picture to mark one.", "info")
        elif not ids:
            self._workspace.notify("All dropouts that were found are in the list already.", "info")
        else:
            noun = "dropout" if len(ids) == 1 else "dropouts"
            self._workspace.notify(f"{len(ids)} {noun} found.", "done")
            document.select(ids[:1])
            entry = document.current
            if entry is not None:
                self._axis.set_cursor(entry.gap.start)

    def find_at(self, frame: int) -> None:
        """Select the dropout under the pointer, marking it if it is not in the list yet."""
        document = self._document
        known = next((entry for entry in document.entries if entry.gap.start <= frame < entry.gap.end), None)
        if known is not None:
            document.select((known.id,))
            self._axis.show_range(known.gap.start, known.gap.end, margin=2.0)
            return
        reach = round(AROUND_POINTER * document.rate)
        first = max(0, frame - reach)
        clip = Clip(document.clip.read(first, frame + reach), document.rate)

        def work(progress: Progress) -> list[Damage]:
            from aidd_studio.damage.detection.dropouts import detect

            return [gap.moved(gap.start + first, gap.end + first) for gap in detect(clip, progress)]

        self._submit("Looking for the dropout", work, lambda found: self._found_at(frame, found))

    def _found_at(self, frame: int, found: list[Damage]) -> None:
        slack = round(0.01 * self._document.rate)
        under = [gap for gap in found if gap.start - slack <= frame < gap.end + slack]
        if not under:
            self._workspace.notify("There is no dropout under the pointer; drag over the damage to mark it.", "info")
            return
        self._edges = sorted({*self._edges, under[0].start, under[0].end})
        self._document.select(self._document.session.add_gaps(under[:1]))

    def snapped(self, frame: int, reach: int) -> int:
        """The nearest edge of a detected dropout or of a gap within `reach` frames, else the frame itself."""
        gaps = [edge for entry in self._document.entries for edge in (entry.gap.start, entry.gap.end)]
        near = [edge for edge in (*self._edges, *gaps) if abs(edge - frame) <= reach]
        return min(near, key=lambda edge: abs(edge - frame)) if near else frame

    def _submit(
        self, title: str, work: Callable[[Progress], list[Damage]], on_done: Callable[[list[Damage]], None]
    ) -> None:
        self._workspace.work.submit(
            title, work, on_done=on_done, on_failed=self._workspace.report_error, owner=self._document
        )
