"""Filling: finding dropouts, making candidates, and the small pictures of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.progress import Progress
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.fill_process import FillProcess
from aidd_studio.restoration.restore import FILLED, FillRequest
from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.model.document import Document, FillProgress, best
from aidd_studio.studio.model.jobs import REPORT_EVERY
from aidd_studio.studio.panels.candidate_row import picture_from
from aidd_studio.studio.panels.fill_settings import RUN_ON_DEVICES, FillChoice
from aidd_studio.studio.timeline.frequency_axis import FrequencyAxis
from aidd_studio.studio.timeline.tile_pictures import colour_table

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow

AROUND_POINTER = 5.0
"""Seconds on each side of the pointer that are searched for a dropout at a double-click."""

THUMBNAIL_PIXELS = (96, 44)


class Filling(QObject):
    """Turns keys into jobs, and what the jobs bring into candidates."""

    _gaps_progressed = Signal(object, object, object)  # from the worker's thread: document, ids, FillProgress

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._gaps_progressed.connect(self._show_progress)
        self._edges: list[int] = []  # of the dropouts that were detected
        self._process = FillProcess()

    def close(self) -> None:
        """End the process that fills; the jobs have ended already."""
        self._process.close()

    # Finding

    def detect(self) -> None:
        """Find the dropouts in the whole recording."""
        document = self._window.document
        if document is None:
            return

        def work(progress: Progress) -> list[Damage]:
            from aidd_studio.damage.detection.dropouts import detect

            return detect(document.clip, progress)

        self._submit("Detecting dropouts", work, lambda found: self._detected(document, found))

    def _detected(self, document: Document, found: list[Damage]) -> None:
        window = self._window
        if window.document is not document:
            return
        self._edges = sorted({edge for gap in found for edge in (gap.start, gap.end)})
        ids = document.session.add_gaps(found, f"Detect {len(found)} dropout{'' if len(found) == 1 else 's'}")
        if not found:
            window.say("No dropout was found. Drag over the picture to mark one by hand.", "info")
        elif not ids:
            window.say("All dropouts that were found are in the list already.", "info")
        else:
            noun = "dropout" if len(ids) == 1 else "dropouts"
            window.say(f"{len(ids)} {noun} found.", "done")
            document.select(ids[:1])
            entry = document.current
            if entry is not None:
                window.axis.set_cursor(entry.gap.start)

    def find_at(self, frame: int) -> None:
        """Select the dropout under the pointer, marking it if it is not in the list yet."""
        window, document = self._window, self._window.document
        if document is None:
            return
        known = next((entry for entry in document.entries if entry.gap.start <= frame < entry.gap.end), None)
        if known is not None:
            document.select((known.id,))
            window.axis.show_range(known.gap.start, known.gap.end, margin=2.0)
            return
        reach = round(AROUND_POINTER * document.rate)
        first = max(0, frame - reach)
        clip = Clip(document.clip.read(first, frame + reach), document.rate)

        def work(progress: Progress) -> list[Damage]:
            from aidd_studio.damage.detection.dropouts import detect

            return [gap.moved(gap.start + first, gap.end + first) for gap in detect(clip, progress)]

        self._submit("Looking for the dropout", work, lambda found: self._found_at(document, frame, found))

    def _found_at(self, document: Document, frame: int, found: list[Damage]) -> None:
        if self._window.document is not document:
            return
        slack = round(0.01 * document.rate)
        under = [gap for gap in found if gap.start - slack <= frame < gap.end + slack]
        if not under:
            self._window.say("There is no dropout under the pointer; drag over the damage to mark it.", "info")
            return
        self._edges = sorted({*self._edges, under[0].start, under[0].end})
        document.select(document.session.add_gaps(under[:1]))

    def snapped(self, frame: int, reach: int) -> int:
        """The nearest edge of a detected dropout or of a gap within `reach` frames, else the frame itself."""
        document = self._window.document
        if document is None:
            return frame
        gaps = [edge for entry in document.entries for edge in (entry.gap.start, entry.gap.end)]
        near = [edge for edge in (*self._edges, *gaps) if abs(edge - frame) <= reach]
        return min(near, key=lambda edge: abs(edge - frame)) if near else frame

    # Filling

    def fill(self) -> None:
        """Fill the selected gaps with what the settings say."""
        document = self._window.document
        if document is None:
            return
        entries = [entry for entry in document.selected_entries() if entry.id not in document.filling]
        if entries:
            self._fill(document, entries, self._window.fill_settings.chosen())

    def more(self) -> None:
        """Further candidates for the current gap, from another seed; what is likeliest is there already."""
        document = self._window.document
        if document is None or document.current is None or document.current.id in document.filling:
            return
        choice = self._window.fill_settings.chosen()
        seeds = len(document.current.candidates)
        drawn = {"likeliest_first": False} if choice.engine in RUN_ON_DEVICES else {}
        further = replace(choice, seed=choice.seed + seeds, settings={**choice.settings, **drawn})
        self._fill(document, [document.current], further)

    def accept_best(self) -> None:
        """Accept the best candidate of every gap that has some and none accepted yet."""
        document = self._window.document
        if document is None:
            return
        if any(entry.state == "candidates" for entry in document.entries):
            self._window.journaling.accept(
                lambda: {entry.id: best(entry).digest for entry in document.entries if entry.state == "candidates"}
            )
        else:
            self._window.say("No gap is waiting for a choice.", "info")

    def _fill(self, document: Document, entries: Sequence[Entry], choice: FillChoice) -> None:
        window = self._window
        ids = [entry.id for entry in entries]
        by_gap = {entry.gap: entry.id for entry in entries}
        clip = document.clip_for_filling(ids)
        before = {entry.id: len(entry.candidates) for entry in entries}

        last = 0.0

        def on_gaps(gaps: Sequence[Damage], fraction: float, stage: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= REPORT_EVERY or stage == FILLED:
                last = now
                touched = [by_gap[gap] for gap in gaps if gap in by_gap]
                self._gaps_progressed.emit(document, touched, FillProgress(fraction, stage))

        failures: list[tuple[int, str]] = []  # how many gaps, and why

        def on_failed(gaps: Sequence[Damage], why: str) -> None:
            failures.append((len(gaps), why))

        def work(progress: Progress) -> Iterator[Candidate]:
            order = FillRequest(choice.candidates, choice.seed, choice.crossfade)
            return self._process.fill_gaps(
                clip, list(by_gap), choice.engine, choice.settings, order, progress, on_gaps, on_failed
            )

        def on_item(candidate: Candidate) -> None:
            id = by_gap.get(candidate.gap)
            if window.document is document and id is not None:
                document.offer(id, candidate)

        def on_done(_result: Any) -> None:
            entry = document.entry(ids[0])
            if failures:
                count, why = sum(number for number, _ in failures), failures[0][1]
                window.say(why if len(ids) == 1 else f"{count} of {len(ids)} gaps could not be filled. {why}", "error")
            elif len(ids) == 1 and entry is not None and len(entry.candidates) == before[entry.id]:
                window.say("No new candidate: this engine always gives the same fill.", "info")

        def on_end() -> None:
            document.set_filling(ids, None)

        title = "Filling the gap" if len(ids) == 1 else f"Filling {len(ids)} gaps"
        document.set_filling(ids, FillProgress())
        window.work.submit(
            title,
            work,
            on_item=on_item,
            on_done=on_done,
            on_failed=lambda why: window.say(why, "error"),
            on_end=on_end,
        )

    def _show_progress(self, document: Document, ids: Sequence[int], progress: FillProgress) -> None:
        """Each gap shows its own share; one that is done need not wait for the others."""
        is_done = progress.stage == FILLED
        document.set_filling([id for id in ids if id in document.filling], None if is_done else progress)

    def _submit(self, title: str, work: Any, on_done: Any) -> None:
        window = self._window
        window.work.submit(title, work, on_done=on_done, on_failed=lambda why: window.say(why, "error"))

    # Thumbnails

    def draw_thumbnails(self) -> None:
        """Draw the small pictures that are still missing."""
        window, document = self._window, self._window.document
        if document is None:
            return
        for candidate in document.candidates():
            if not window.candidate_list.has_picture(candidate.digest):
                self._draw_thumbnail(document, candidate)

    def _draw_thumbnail(self, document: Document, candidate: Candidate) -> None:
        window = self._window
        gap = candidate.gap
        around = max(gap.frames // 2, round(0.08 * document.rate))
        start, end = max(0, gap.start - around), min(document.clip.frames, gap.end + around)
        clip = document.clip.with_patches(*document.patches_with(candidate))
        edges = ((gap.start - start) / (end - start), (gap.end - start) / (end - start))
        table = colour_table(window.preferences.colour_map)

        def work(progress: Progress) -> Any:
            from aidd_studio.audio.spectrogram import tile_levels

            progress.check()
            width, height = THUMBNAIL_PIXELS
            hop = max(1, (end - start) // (2 * width))
            grid = tile_levels(clip, start, hop, 2 * width, 512)
            return FrequencyAxis("mel", clip.rate).rows(grid, 2 * height)[::-1]

        window.drawing.submit(
            "Thumbnail",
            work,
            on_done=lambda rows: window.candidate_list.set_picture(candidate.digest, picture_from(rows, table), edges),
            visible=False,
        )
