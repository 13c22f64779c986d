"""Spectrogram tiles: made in the background where they are looked at, kept in memory and on disk."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aidd_studio.audio.clip import Clip, Patch, Samples
from aidd_studio.audio.spectrogram import TILE_COLUMNS, tile_levels
from aidd_studio.audio.tile_cache import TileCache
from aidd_studio.progress import Progress
from aidd_studio.studio.model.jobs import JobQueue
from aidd_studio.studio.timeline.tile_pictures import Developed, Tile, TilePictures

FINEST_HOP = 16
SHORTEST_FFT = 256
KEPT_TILES = 400


@dataclass(frozen=True)
class TileKey:
    """What decides how a tile looks. `patches` are those that reach into it."""

    fft: int
    hop: int
    index: int
    patches: tuple[Patch, ...]
    channel: int | None = None  # None: the mean power of all


@dataclass(frozen=True)
class _OneChannel:
    """One channel of a recording, to be made tiles of."""

    clip: Clip
    channel: int

    @property
    def frames(self) -> int:
        return self.clip.frames

    def read(self, start: int, end: int) -> Samples:
        """Frames `start` to `end`: [1, n]."""
        return self.clip.read(start, end)[self.channel : self.channel + 1]


class SpectrogramTiles:
    """The tiles of one recording; `arrived` is called when there are new ones."""

    def __init__(self, queue: JobQueue, arrived: Callable[[], None]) -> None:
        self.fft = 2048
        self.is_lacking = False  # some tile that was wanted last was not there yet
        self.pictures: TilePictures | None = None  # made with the tiles, on the same thread
        self._queue = queue
        self._arrived = arrived
        self._kept = TileCache(None, 0)
        self._tiles: OrderedDict[TileKey, Tile] = OrderedDict()
        self._asked: set[TileKey] = set()
        self._wanted: set[TileKey] = set()
        self._not_kept: set[TileKey] = set()  # looked for on disk in vain

    def open(self, clip: Clip | None, cache_bytes: int) -> None:
        """Forget all tiles; those of another recording are wanted now."""
        self._tiles.clear()
        self._asked.clear()
        self._not_kept.clear()
        self.want_nothing()
        self._kept = TileCache(clip.source if clip is not None else None, cache_bytes)

    def want_nothing(self) -> None:
        """What was asked for and is not begun yet need not be made."""
        self._wanted.clear()

    def between(
        self, clip: Clip, known: int, start: float, end: float, scale: float, channels: Sequence[int | None] = (None,)
    ) -> tuple[tuple[Tile, ...], ...]:
        """What there is from frame `start` to `end` for each channel (None: all in one), coarser tiles first.

        Better ones are asked for. known: frames of the clip whose samples have arrived. scale: frames per pixel.
        """
        self.is_lacking = False
        wanted: list[TileKey] = []
        found = tuple(self._of_channel(clip, known, start, end, scale, channel, wanted) for channel in channels)
        self._wanted = set(wanted)
        return found

    def _of_channel(
        self,
        clip: Clip,
        known: int,
        start: float,
        end: float,
        scale: float,
        channel: int | None,
        wanted: list[TileKey],
    ) -> tuple[Tile, ...]:
        """The tiles of one channel; those that are missing are added to `wanted`."""
        hop = max(FINEST_HOP, 2 ** round(math.log2(max(1.0, scale))))
        fft = self._fft_at(scale)
        span = hop * TILE_COLUMNS
        first, last = int(start // span), int(min(end, clip.frames - 1) // span)
        exact: list[Tile] = []
        for index in range(first, last + 1):
            touching = _touching(clip, index * span - fft, (index + 1) * span + fft)
            key = TileKey(fft, hop, index, touching, channel)
            tile = self._tiles.get(key)
            is_known = known >= min(clip.frames, (index + 1) * span + fft)
            if tile is not None:
                self._tiles.move_to_end(key)
                exact.append(tile)
                continue
            self.is_lacking = True
            if is_known or (key not in self._not_kept and not touching):
                wanted.append(key)
                self._ask(clip, key, is_known)
        if len(exact) > last - first:
            return tuple(exact)
        return needed([*self._stand_ins(start, end, hop, channel), *exact], start, end)

    def _fft_at(self, scale: float) -> int:
        """Near by, shorter spectra: what happens within a gap of milliseconds matters more than fine pitch."""
        return int(min(self.fft, max(SHORTEST_FFT, 2 ** round(math.log2(max(1.0, scale * 160))))))

    def _stand_ins(self, start: float, end: float, hop: int, channel: int | None) -> list[Tile]:
        """Tiles of other levels or versions: coarse ones first, those nearest to the level last."""
        found = [
            (abs(math.log2(key.hop / hop)), tile)
            for key, tile in self._tiles.items()
            if key.channel == channel and tile.end > start and tile.start < end and key.hop >= hop / 8
        ]
        found.sort(key=lambda item: -item[0])
        return [tile for _, tile in found]

    def _ask(self, clip: Clip, key: TileKey, is_known: bool) -> None:
        if key in self._asked:
            return
        self._asked.add(key)
        kept, pictures = self._kept, self.pictures

        def work(progress: Progress) -> tuple[Tile, Developed | None] | None:
            progress.check()
            if key not in self._wanted:
                return None  # the person has looked elsewhere meanwhile
            is_kept = key.channel is None and not key.patches
            levels = kept.load(key.fft, key.hop, key.index) if is_kept else None
            start = key.index * key.hop * TILE_COLUMNS
            if levels is None:
                self._not_kept.add(key)
                if not is_known:
                    return None
                sound = clip if key.channel is None else _OneChannel(clip, key.channel)
                levels = tile_levels(sound, start, key.hop, TILE_COLUMNS, key.fft)
                if is_kept:
                    kept.keep(key.fft, key.hop, key.index, levels)
            tile = Tile(key, start, start + levels.shape[1] * key.hop, levels)
            return tile, pictures.develop(tile) if pictures is not None else None

        def done(made: tuple[Tile, Developed | None] | None) -> None:
            if kept is not self._kept:
                return  # of a recording that was open before
            self._asked.discard(key)
            if made is None:
                if key in self._wanted:  # its samples have come meanwhile, or it is looked at again
                    self._arrived()
                return
            tile, developed = made
            if pictures is not None:
                pictures.keep(tile, developed)
            self._tiles[key] = tile
            while len(self._tiles) > KEPT_TILES:
                self._tiles.popitem(last=False)
            self._arrived()

        def failed(_why: str) -> None:
            self._asked.discard(key)  # asked for again with the next picture, as after a lack of memory

        self._queue.submit("Tile", work, on_done=done, on_failed=failed, visible=False)


def needed(tiles: Sequence[Tile], start: float, end: float) -> tuple[Tile, ...]:
    """Those of the tiles that are seen between two frames when each is drawn over the ones before it."""
    bare = [(start, end)]
    seen: list[Tile] = []
    for tile in reversed(tiles):
        left = [part for stretch in bare for part in _outside(stretch, tile)]
        if left != bare:
            seen.append(tile)
            bare = left
        if not bare:
            break
    return tuple(reversed(seen))


def uncovered(tiles: Sequence[Tile], start: float, end: float) -> list[tuple[float, float]]:
    """The stretches between two frames that none of the tiles covers."""
    bare = [(start, end)]
    for tile in tiles:
        bare = [part for stretch in bare for part in _outside(stretch, tile)]
    return bare


def _outside(stretch: tuple[float, float], tile: Tile) -> list[tuple[float, float]]:
    """What a tile leaves bare of a stretch."""
    begin, end = stretch
    if tile.end <= begin or tile.start >= end:
        return [stretch]
    parts = ((begin, tile.start), (tile.end, end))
    return [(first, last) for first, last in parts if last > first]


def _touching(clip: Clip, start: int, end: int) -> tuple[Patch, ...]:
    return tuple(patch for patch in clip.patches if patch.end > start and patch.start < end)
