"""Tiles come back from disk for the same content and settings only."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from aidd_studio import paths
from aidd_studio.audio.clip import Clip
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.tile_cache import TileCache

LEVELS = np.random.default_rng(1).integers(0, 256, (257, 256)).astype(np.uint8)
ROOM = 1 << 24


def recording(path: Path, seed: int = 0) -> Clip:
    soundfile.write(path, 0.1 * np.random.default_rng(seed).standard_normal((9600, 1)), 48000)
    return read(path)


def test_a_tile_is_there_when_the_same_recording_is_opened_again(tmp_path: Path) -> None:
    clip = recording(tmp_path / "a.wav")
    TileCache(clip.source, ROOM).keep(512, 1024, 3, LEVELS)
    again = TileCache(read(tmp_path / "a.wav").source, ROOM)
    kept = again.load(512, 1024, 3)
    assert kept is not None
    assert np.array_equal(kept, LEVELS)
    assert again.load(1024, 1024, 3) is None
    assert again.load(512, 2048, 3) is None
    assert again.load(512, 1024, 4) is None
    assert TileCache(recording(tmp_path / "b.wav", 1).source, ROOM).load(512, 1024, 3) is None


def test_a_file_that_changed_since_it_was_read_keeps_nothing(tmp_path: Path) -> None:
    clip = recording(tmp_path / "a.wav")
    recording(tmp_path / "a.wav", 1)
    os.utime(tmp_path / "a.wav", ns=(1, 1))
    TileCache(clip.source, ROOM).keep(512, 1024, 3, LEVELS)
    (tmp_path / "b.wav").touch()
    TileCache(clip.source, ROOM).keep(512, 1024, 4, LEVELS)
    assert not list(paths.user_cache().rglob("tile-*"))
    assert TileCache(None, ROOM).load(512, 1024, 3) is None


def test_the_cache_stays_as_small_as_the_person_says(tmp_path: Path) -> None:
    cache = TileCache(recording(tmp_path / "a.wav").source, 5 * LEVELS.nbytes)
    for index in range(12):
        cache.keep(512, 1024, index, LEVELS)
    kept = list(paths.user_cache().rglob("tile-*"))
    assert 3 <= len(kept) <= 5
    assert cache.load(512, 1024, 11) is not None


def test_a_damaged_or_foreign_tile_is_made_again(tmp_path: Path) -> None:
    cache = TileCache(recording(tmp_path / "a.wav").source, ROOM)
    cache.keep(512, 1024, 0, LEVELS)
    (file,) = paths.user_cache().rglob("tile-*")
    np.savez(file, levels=LEVELS[:100])
    assert cache.load(512, 1024, 0) is None
