"""Spectrograms as tiles of levels: dB in one byte, any hop, made from any stretch of a recording."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import hann

FLOOR, CEILING = -120.0, 0.0
"""dB that the levels 0 and 255 stand for; a sine at full scale has 0 dB."""

TILE_COLUMNS = 256
FFT_SIZE = 2048

MOST_LOOKS = 8
"""Most spectra per column: when zoomed out, a column is the loudest of evenly spaced ones."""

FRAMES_AT_ONCE = 1 << 20
SPECTRA_AT_ONCE = 512

Levels = NDArray[np.uint8]
"""uint8 [bins, columns], lowest frequency first; bins = FFT size / 2 + 1."""


class Readable(Protocol):
    """A source of samples for tiles, such as a Clip."""

    @property
    def frames(self) -> int: ...

    def read(self, start: int, end: int) -> Samples:
        """Frames `start` to `end`, clamped: [channels, n]."""
        ...


def tile_levels(
    recording: Readable, start: int, hop: int, columns: int = TILE_COLUMNS, fft_size: int = FFT_SIZE
) -> Levels:
    """Levels of `columns` columns of `hop` frames from frame `start` on: uint8 [fft_size / 2 + 1, columns].

    Each column shows the spectrum around its middle (Hann window); where the hop is longer than half the window it
    shows the loudest of up to eight spectra spread over it. The powers of the channels are averaged. Columns that
    begin behind the end of the recording are left out. Silence surrounds the recording.
    """
    columns = max(0, min(columns, -(-(recording.frames - start) // hop)))
    looks = max(1, min(MOST_LOOKS, 2 * hop // fft_size))
    result = np.zeros((fft_size // 2 + 1, columns), dtype=np.uint8)
    at_once = max(1, FRAMES_AT_ONCE // hop)
    for first in range(0, columns, at_once):
        last = min(columns, first + at_once)
        centres = start + ((np.arange(first * looks, last * looks) + 0.5) * hop / looks).astype(np.int64)
        result[:, first:last] = _columns(recording, centres, looks, fft_size)
    return result


def to_levels(power: NDArray[np.float32]) -> Levels:
    """Power (1 for a sine at full scale) as bytes between FLOOR and CEILING."""
    decibels = 10.0 * np.log10(np.maximum(power, np.float32(10 ** (FLOOR / 10))))
    scaled = (decibels - FLOOR) * (255.0 / (CEILING - FLOOR))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _columns(recording: Readable, centres: NDArray[np.int64], looks: int, fft_size: int) -> Levels:
    begin = int(centres[0]) - fft_size // 2
    end = int(centres[-1]) - fft_size // 2 + fft_size
    samples = _padded(recording, begin, end)
    windows = np.lib.stride_tricks.sliding_window_view(samples, fft_size, axis=1)
    places = centres - fft_size // 2 - begin
    parts = []
    at_once = max(looks, SPECTRA_AT_ONCE // looks * looks)
    for first in range(0, len(places), at_once):
        power = _power(windows[:, places[first : first + at_once]])
        parts.append(power.reshape(-1, looks, power.shape[1]).max(axis=1))
    return np.ascontiguousarray(to_levels(np.concatenate(parts)).T)


def _padded(recording: Readable, begin: int, end: int) -> Samples:
    """Frames `begin` to `end` with silence where there is no recording or no number."""
    inside = recording.read(max(0, begin), min(recording.frames, end))
    if not np.isfinite(inside).all():
        inside = np.nan_to_num(inside, nan=0.0, posinf=0.0, neginf=0.0)
    if begin >= 0 and end <= recording.frames:
        return inside
    padded = np.zeros((inside.shape[0], end - begin), dtype=np.float32)
    place = max(0, begin) - begin
    padded[:, place : place + inside.shape[1]] = inside
    return padded


def _power(windows: Samples) -> NDArray[np.float32]:
    """Mean power over channels of windows [channels, n, fft size]: float32 [n, bins]."""
    import scipy.fft

    spectra = scipy.fft.rfft(windows * _window(windows.shape[2]), axis=2, overwrite_x=True)
    power: NDArray[np.float32] = np.square(spectra.real) + np.square(spectra.imag)
    mean: NDArray[np.float32] = power.mean(axis=0)
    return mean


@lru_cache(maxsize=8)
def _window(size: int) -> NDArray[np.float32]:
    """A periodic Hann window, scaled so that a sine at full scale has the power 1."""
    window = hann(size, symmetry="periodic")
    scaled: NDArray[np.float32] = (window * (2 / window.sum())).astype(np.float32)
    return scaled
