"""What of a spectrogram was seen once is on disk, and is shown from there when the recording is opened again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from aidd_studio import paths
from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.damage.damage import Damage
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.studio.model.jobs import JobQueue
from aidd_studio.studio.timeline.spectrogram_tiles import SpectrogramTiles
from aidd_studio.studio.window.main_window import MainWindow

RATE = 16000


@pytest.fixture
def minute(tmp_path: Path) -> Path:
    path = tmp_path / "minute.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(1).standard_normal(60 * RATE), RATE, subtype="PCM_16")
    return path


@pytest.fixture
def seen(qtbot: QtBot, window: MainWindow, idle: Callable[[], None], minute: Path) -> MainWindow:
    window.open_path(minute)
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    idle()
    qtbot.waitUntil(lambda: len(kept()) == len(shown(window)) > 0, timeout=60_000)
    idle()
    return window


def kept() -> list[Path]:
    return sorted(paths.user_cache().rglob("tile-*.npz"))


def shown(window: MainWindow) -> list[int]:
    """The highest level of every tile that is shown."""
    axis = window.axis
    return [int(tile.levels.max()) for tile in window.pictures.tiles(axis.start, axis.end, axis.scale)]


def test_tiles_come_from_disk_when_a_recording_is_opened_again(
    qtbot: QtBot, seen: MainWindow, idle: Callable[[], None], minute: Path
) -> None:
    for file in kept():
        with np.load(file) as arrays:
            levels = arrays["levels"]
        np.savez(file, levels=np.full_like(levels, 7))
    seen.actions_by_id["close"].trigger()
    seen.open_path(minute)
    qtbot.waitUntil(lambda: seen.document is not None, timeout=60_000)
    qtbot.waitUntil(lambda: set(shown(seen)) == {7}, timeout=60_000)
    idle()


def test_tiles_with_fills_in_them_are_made_afresh_and_not_kept(
    qtbot: QtBot, seen: MainWindow, idle: Callable[[], None]
) -> None:
    before = {file: file.stat().st_mtime_ns for file in kept()}
    document = seen.document
    loud = np.full((1, 2 * RATE), 0.9, np.float32) * np.sin(np.arange(2 * RATE) * 0.3, dtype=np.float32)
    quiet = max(shown(seen))
    gap = Damage(RATE, 3 * RATE)
    (id,) = document.session.add_gaps([gap])
    document.select((id,))
    document.offer(id, Candidate(gap, Patch(RATE, (0,), loud), "autoregressive", 0, 0.0))
    qtbot.waitUntil(lambda: max(shown(seen)) > quiet, timeout=60_000)
    idle()
    assert {file: file.stat().st_mtime_ns for file in kept()} == before


def test_a_tile_whose_samples_come_while_it_is_looked_for_on_disk_is_asked_for_again(qtbot: QtBot) -> None:
    """Else the spectrogram of a recording opened for the first time stays black until something moves."""
    clip = Clip(0.1 * np.random.default_rng(1).standard_normal((1, 2 * RATE)).astype(np.float32), RATE)
    queue, arrived = JobQueue("tiles"), list[bool]()
    tiles = SpectrogramTiles(queue, lambda: arrived.append(True))
    tiles.open(clip, 0)

    def look(known: int) -> int:
        (found,) = tiles.between(clip, known, 0, clip.frames, 64)
        return len(found)

    assert look(0) == 0
    assert look(clip.frames) == 0, "the search on the disk goes on"
    qtbot.waitUntil(lambda: bool(arrived), timeout=60_000)
    qtbot.waitUntil(lambda: look(clip.frames) > 0, timeout=60_000)
    queue.close()
