"""Filling: gaps become jobs, and what the jobs bring becomes candidates."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject

from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.settings import CONFIDENT
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.restore import FILLED, FillRequest
from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.commands.autosave import Autosave
from aidd_studio.studio.model.document import Document, FillProgress, best
from aidd_studio.studio.model.jobs import REPORT_EVERY, JobProgress
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.panels.fill_settings import RUN_ON_DEVICES, FillChoice


@dataclass(frozen=True)
class _Share:
    """How far some of the gaps of a job are."""

    ids: tuple[int, ...]
    progress: FillProgress


class Filling(QObject):
    """Makes candidates for the gaps of a document, in a process of its own."""

    def __init__(
        self,
        workspace: Workspace,
        document: Document,
        chosen: Callable[[], FillChoice],
        autosave: Autosave,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = document
        self._chosen = chosen
        self._autosave = autosave

    def fill(self) -> None:
        """Fill the selected gaps with what the settings say; among several, those that are certain enough.

        An uncertain one is filled when it is selected by itself.
        """
        document = self._document
        entries = [entry for entry in document.selected_entries() if entry.id not in document.filling]
        if len(entries) > 1:
            entries = [entry for entry in entries if entry.gap.confidence >= CONFIDENT]
        if entries:
            self._fill(entries, self._chosen())

    def more(self) -> None:
        """Further candidates for the current gap, from another seed; what is most likely is there already."""
        current = self._document.current
        if current is None or current.id in self._document.filling:
            return
        choice = self._chosen()
        drawn = {"likeliest_first": False} if choice.engine in RUN_ON_DEVICES else {}
        seed = choice.seed + len(current.candidates)
        self._fill([current], replace(choice, seed=seed, settings={**choice.settings, **drawn}))

    def accept_best(self) -> None:
        """Accept the best candidate of every gap that has some and none accepted yet."""
        document = self._document
        if any(entry.state == "candidates" for entry in document.entries):
            self._autosave.accept(
                lambda: {entry.id: best(entry).digest for entry in document.entries if entry.state == "candidates"}
            )
        else:
            self._workspace.notify("No gap is waiting for a choice.", "info")

    def _fill(self, entries: Sequence[Entry], choice: FillChoice) -> None:
        document, process = self._document, self._workspace.fill_process
        ids = [entry.id for entry in entries]
        by_gap = {entry.gap: entry.id for entry in entries}
        clip = document.clip_for_filling(ids)
        before = {entry.id: len(entry.candidates) for entry in entries}
        failures: list[tuple[int, str]] = []  # how many gaps, and why

        def on_failed(gaps: Sequence[Damage], why: str) -> None:
            failures.append((len(gaps), why))

        def work(progress: JobProgress) -> Iterator[Candidate]:
            request = FillRequest(choice.candidates, choice.seed, choice.crossfade, choice.policy)
            on_gaps = _shares_to(progress, by_gap)
            return process.fill_gaps(
                clip, list(by_gap), choice.engine, choice.settings, request, progress, on_gaps, on_failed
            )

        def on_item(item: Candidate | _Share) -> None:
            if isinstance(item, _Share):
                self._show_share(item)
            elif item.gap in by_gap:
                document.offer(by_gap[item.gap], item)

        def on_done(_result: Any) -> None:
            entry = document.entry(ids[0])
            if failures:
                count, why = sum(number for number, _ in failures), failures[0][1]
                several = f"{count} of {len(ids)} gaps could not be filled. {why}"
                self._workspace.report_error(why if len(ids) == 1 else several)
            elif len(ids) == 1 and entry is not None and len(entry.candidates) == before[entry.id]:
                self._workspace.notify("No new candidate: this engine always gives the same fill.", "info")

        document.set_filling(ids, FillProgress())
        self._workspace.work.submit(
            "Filling the gap" if len(ids) == 1 else f"Filling {len(ids)} gaps",
            work,
            on_item=on_item,
            on_done=on_done,
            on_failed=self._workspace.report_error,
            on_end=lambda: document.set_filling(ids, None),
            owner=document,
        )

    def _show_share(self, share: _Share) -> None:
        """Each gap shows its own share; one that is done need not wait for the others."""
        is_done = share.progress.stage == FILLED
        ids = [id for id in share.ids if id in self._document.filling]
        self._document.set_filling(ids, None if is_done else share.progress)


def _shares_to(progress: JobProgress, by_gap: dict[Damage, int]) -> Callable[[Sequence[Damage], float, str], None]:
    """What the fill calls with gaps, fraction and stage: passed on to the window, not too often."""
    last = 0.0

    def on_gaps(gaps: Sequence[Damage], fraction: float, stage: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_EVERY or stage == FILLED:
            last = now
            ids = tuple(by_gap[gap] for gap in gaps if gap in by_gap)
            progress.give(_Share(ids, FillProgress(fraction, stage)))

    return on_gaps
