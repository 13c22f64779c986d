"""Tiles show the right frequency at the right place and level."""

from __future__ import annotations

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip
from aidd_studio.audio.spectrogram import CEILING, FLOOR, tile_levels

RATE = 48_000


def decibels(levels: np.ndarray) -> np.ndarray:
    return FLOOR + levels.astype(float) * (CEILING - FLOOR) / 255


def tone(frequency: float, seconds: float = 4.0, level: float = 1.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize("hop", [64, 512, 1000, 4096])
@pytest.mark.parametrize(("level", "expected"), [(1.0, 0.0), (0.1, -20.0), (0.001, -60.0)])
def test_a_tone_has_its_level_in_its_bin(hop: int, level: float, expected: float) -> None:
    clip = Clip(np.stack([tone(3000, level=level)] * 2), RATE)
    shown = decibels(tile_levels(clip, 48_000, hop, columns=16))
    assert shown.shape == (1025, 16)
    assert (shown.argmax(axis=0) == round(3000 * 2048 / RATE)).all()
    assert np.abs(shown.max(axis=0) - expected).max() < 0.4


@pytest.mark.parametrize(("hop", "fft_size"), [(32, 256), (512, 1024), (8192, 2048)])
def test_a_click_is_in_the_column_where_it_is(hop: int, fft_size: int) -> None:
    samples = np.zeros((1, 64 * hop), np.float32)
    frame = 40 * hop + hop // 2
    samples[0, frame] = 1.0
    shown = tile_levels(Clip(samples, RATE), 0, hop, fft_size=fft_size)
    assert shown.shape[1] == 64
    loudest = shown.sum(axis=0).argmax()
    assert loudest == 40
    reach = fft_size // 2 // hop + 1
    assert not shown[:, : 40 - reach].any()
    assert not shown[:, 41 + reach :].any()


def test_tiles_meet_without_a_seam() -> None:
    clip = Clip(np.random.default_rng(0).standard_normal((2, 100_000), np.float32) * np.float32(0.1), RATE)
    whole = tile_levels(clip, 0, 256, columns=128)
    halves = [tile_levels(clip, 0, 256, columns=64), tile_levels(clip, 64 * 256, 256, columns=64)]
    assert np.array_equal(whole, np.concatenate(halves, axis=1))


def test_the_end_of_the_recording_ends_the_tile() -> None:
    clip = Clip(tone(1000, 0.1)[None], RATE)
    assert tile_levels(clip, 0, 512).shape[1] == -(-4800 // 512)
    assert tile_levels(clip, 4800, 512).shape[1] == 0
    assert tile_levels(Clip(np.ones((1, 1), np.float32), RATE), 0, 512).shape == (1025, 1)


def test_what_is_no_number_is_silence() -> None:
    samples = np.full((1, 20_000), np.nan, np.float32)
    assert not tile_levels(Clip(samples, RATE), 0, 512).any()
