"""Pictures: what waveform, overview and spectrogram are drawn from, for the version of the recording that plays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from aidd_studio.audio.clip import Clip, Patch, Samples
from aidd_studio.audio.peaks import Peaks
from aidd_studio.audio.spectrogram import CEILING, FLOOR
from aidd_studio.files.cache import DEFAULT_LIMIT
from aidd_studio.progress import Progress
from aidd_studio.studio.model.document import Document, Incoming
from aidd_studio.studio.model.jobs import JobQueue
from aidd_studio.studio.model.versions import FIRST_CANDIDATE, ORIGINAL
from aidd_studio.studio.timeline.spectrogram_tiles import SpectrogramTiles
from aidd_studio.studio.timeline.tile_pictures import Tile, TilePictures

READ_BELOW = 512
"""Frames per pixel below which extremes are taken from the samples themselves."""


class Pictures(QObject):
    """A waveform and spectrogram source. Tiles are made in the background, the wanted ones first."""

    changed = Signal()
    peaks_complete = Signal()

    def __init__(self, queue: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._document: Document | None = None
        self._clip: Clip | None = None
        self._peaks: Peaks | None = None
        self._peaks_were_complete = False
        self._incoming: Incoming | None = None
        self._tiles = SpectrogramTiles(queue, self._tiles_arrived)
        self._shown = 1
        self.cache_bytes = DEFAULT_LIMIT
        self.version = 0  # of the waveform
        self.tile_version = 0
        self.floor_db, self.ceiling_db = FLOOR, CEILING
        self._soon = QTimer(self)  # many small arrivals make one new picture
        self._soon.setSingleShot(True)
        self._soon.setInterval(30)
        self._soon.timeout.connect(self.changed)

    def close(self) -> None:
        """No more pictures are wanted."""
        self._soon.stop()
        self._tiles.want_nothing()

    # The recording

    @property
    def channels(self) -> int:
        return self._clip.channels if self._clip else 1

    @property
    def rate(self) -> int:
        return self._clip.rate if self._clip else 44100

    @property
    def is_complete(self) -> bool:
        """True when all samples are there."""
        return self._clip is not None and self._arrived >= self._clip.frames

    @property
    def _arrived(self) -> int:
        """Frames whose samples are there."""
        if self._incoming is not None:
            return self._incoming.frames
        return self._clip.frames if self._clip else 0

    def set_document(self, document: Document | None, incoming: Incoming | None = None) -> None:
        """Draw another document; `incoming` says how much of it has arrived while it is still being read."""
        self._document = document
        self._tiles.open(document.clip if document else None, self.cache_bytes)
        self._clip = document.clip if document else None
        self._incoming = incoming
        self._peaks = incoming.peaks if incoming else None
        self._peaks_were_complete = False
        self._shown = 1
        if document is not None:
            document.changed.connect(self._document_changed)
            if incoming is None:
                self._make_peaks(document.clip)
        self._bump()

    def grew(self) -> None:
        """More samples or peaks have arrived: every picture that lacks some is drawn again, and asks for its tiles."""
        if self._peaks is not None and self._peaks.is_complete and not self._peaks_were_complete:
            self._peaks_were_complete = True
            self.peaks_complete.emit()
        self.version += 1
        if self._tiles.is_lacking:
            self.tile_version += 1
        self._soon_again()

    def _make_peaks(self, clip: Clip) -> None:
        peaks = Peaks(clip.channels, clip.frames)
        self._peaks = peaks

        def work(progress: Progress) -> Any:
            for end in peaks.build(clip.base):
                progress.check()
                yield end

        self._queue.submit("Peaks", work, on_item=lambda _end: self.grew(), visible=False)

    # What is shown

    def show_version(self, version: int) -> None:
        """Draw the original (0), the restored recording (1) or a candidate (2 and on)."""
        self._shown = version
        self._bump()

    def set_fft_size(self, size: int) -> None:
        """How many frames a spectrum is made of."""
        if size != self._tiles.fft:
            self._tiles.fft = size
            self._bump()

    def _document_changed(self) -> None:
        clip = self._heard()
        if clip is None or self._clip is None or clip.patches != self._clip.patches:
            self._bump()  # else a candidate has come, or a gap: no sample sounds or looks different

    def _heard(self) -> Clip | None:
        """The recording in the version that is shown."""
        document = self._document
        if document is None or self._shown == ORIGINAL:
            return document.clip if document is not None else None
        candidates = document.candidates()
        index = self._shown - FIRST_CANDIDATE
        chosen = candidates[index] if 0 <= index < len(candidates) else None
        return document.clip.with_patches(*document.patches_with(chosen))

    def _bump(self) -> None:
        clip = self._heard()
        before = self._clip.patches if self._clip else ()
        self._clip = clip
        self.version += 1
        self.tile_version += 1
        if clip is None or clip.patches != before or self._soon.isActive():
            self.changed.emit()
        else:
            self._soon_again()

    def _soon_again(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _tiles_arrived(self) -> None:
        """The spectrogram looks better; the waveform need not be drawn again for it."""
        self.tile_version += 1
        self._soon_again()

    # Waveform

    def samples(self, start: int, end: int) -> Samples:
        """The samples that are shown: [channels, end - start]."""
        if self._clip is None:
            return np.zeros((1, 0), np.float32)
        return self._clip.read(start, end)

    def drawable_until(self, scale: float) -> int:
        """The frame up to which the waveform is known at `scale` frames per pixel."""
        if self._clip is None or self._peaks is None:
            return 0
        return self._arrived if scale < READ_BELOW else self._peaks.known

    def extremes(self, first: int, count: int, scale: float) -> tuple[Samples, Samples]:
        """Lowest and highest sample of columns of `scale` frames: two [channels, count]; NaN where unknown."""
        clip, peaks = self._clip, self._peaks
        if clip is None or peaks is None:
            empty = np.zeros((1, 0), np.float32)
            return empty, empty
        edges = np.round(np.arange(first, first + count + 1) * scale).astype(np.int64)
        edges = np.clip(edges, 0, clip.frames)
        whole = int(np.searchsorted(edges, clip.frames, side="left"))
        edges = edges[: max(1, min(count, whole)) + 1]
        if scale < READ_BELOW:
            low, high = _extremes_of(clip.read(int(edges[0]), int(edges[-1])), edges - edges[0])
            low[:, edges[1:] > self._arrived] = high[:, edges[1:] > self._arrived] = np.nan
            return low, high
        low, high = peaks.of_columns(edges)
        for patch in clip.patches:
            if patch.end > edges[0] and patch.start < edges[-1]:
                _overlay(low, high, edges, clip, patch)
        return low, high

    # Spectrogram

    @property
    def is_lacking(self) -> bool:
        """True when some of the tiles that were asked for last are still to come."""
        return self._tiles.is_lacking

    def tiles(self, start: float, end: float, scale: float) -> Sequence[Tile]:
        """What there is of a stretch, coarser tiles first; better ones are asked for."""
        if self._clip is None or self._peaks is None:
            return ()
        (shared,) = self._tiles.between(self._clip, self._arrived, start, end, scale)
        return shared

    def channel_tiles(self, start: float, end: float, scale: float) -> Sequence[Sequence[Tile]]:
        """The same for each channel by itself."""
        if self._clip is None or self._peaks is None:
            return ()
        return self._tiles.between(self._clip, self._arrived, start, end, scale, range(self._clip.channels))

    def develop_with(self, pictures: TilePictures) -> None:
        """Where the pictures of new tiles are wanted."""
        self._tiles.pictures = pictures


def _extremes_of(samples: Samples, edges: np.ndarray) -> tuple[Samples, Samples]:
    if samples.shape[1] == 0:
        return np.zeros((samples.shape[0], 0), np.float32), np.zeros((samples.shape[0], 0), np.float32)
    starts = np.minimum(edges[:-1], samples.shape[1] - 1)
    return np.minimum.reduceat(samples, starts, axis=1), np.maximum.reduceat(samples, starts, axis=1)


def _overlay(low: Samples, high: Samples, edges: np.ndarray, clip: Clip, patch: Patch) -> None:
    """Renew the columns that a patch touches; far out its own extremes are near enough."""
    first = max(0, int(np.searchsorted(edges, patch.start, side="right")) - 1)
    last = min(low.shape[1], int(np.searchsorted(edges, patch.end, side="left")))
    if last <= first:
        return
    if edges[last] - edges[first] < 1 << 18:
        part = clip.read(int(edges[first]), int(edges[last]))
        low[:, first:last], high[:, first:last] = _extremes_of(part, edges[first : last + 1] - edges[first])
        return
    rows = list(patch.channels)
    low[rows, first:last] = np.minimum(low[rows, first:last], patch.samples.min(axis=1, keepdims=True))
    high[rows, first:last] = np.maximum(high[rows, first:last], patch.samples.max(axis=1, keepdims=True))
