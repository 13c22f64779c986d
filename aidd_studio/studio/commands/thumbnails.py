"""Thumbnails: the small spectrograms of candidates, drawn in the background."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from aidd_studio.progress import Progress
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.panels.candidate_list import CandidateList
from aidd_studio.studio.panels.candidate_row import picture_from
from aidd_studio.studio.timeline.frequency_axis import FrequencyAxis
from aidd_studio.studio.timeline.tile_pictures import colour_table

WIDTH, HEIGHT = 96, 44
AROUND = 0.08
"""Seconds on each side of a gap that are shown at least."""


class Thumbnails(QObject):
    """Draws what the list of candidates asks for."""

    def __init__(self, workspace: Workspace, document: Document, candidates: CandidateList, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = document
        self._candidates = candidates

    def draw(self) -> None:
        """Draw the pictures that are still missing."""
        for candidate in self._document.candidates():
            if not self._candidates.has_picture(candidate.digest):
                self._draw(candidate)

    def _draw(self, candidate: Candidate) -> None:
        document, candidates, gap = self._document, self._candidates, candidate.gap
        around = max(gap.frames // 2, round(AROUND * document.rate))
        start, end = max(0, gap.start - around), min(document.clip.frames, gap.end + around)
        clip = document.clip.with_patches(*document.patches_with(candidate))
        edges = ((gap.start - start) / (end - start), (gap.end - start) / (end - start))
        table = colour_table(self._workspace.preferences.colour_map)

        def work(progress: Progress) -> Any:
            from aidd_studio.audio.spectrogram import tile_levels

            progress.check()
            hop = max(1, (end - start) // (2 * WIDTH))
            grid = tile_levels(clip, start, hop, 2 * WIDTH, 512)
            return FrequencyAxis("mel", clip.rate).rows(grid, 2 * HEIGHT)[::-1]

        self._workspace.drawing.submit(
            "Thumbnail",
            work,
            on_done=lambda rows: candidates.set_picture(candidate.digest, picture_from(rows, table), edges),
            visible=False,
            owner=document,
        )
