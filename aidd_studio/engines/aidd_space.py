"""What a mono model does not make: the band above its own, and how the channels differ.

Both are drawn from the surroundings. In bands of a short-time spectrum, each channel is a multiple of the common
signal (the mean of the channels) and a rest; the multiples and the rests' covariance are measured on both sides of
the gap and carried across it. In the common signal's upper band, and in the rests, the sound is noise of the measured
level that follows the model's own rises and falls; at the gap's ends it fades over from linear prediction.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.engines.aidd_mixing import edge_weight, faded
from aidd_studio.engines.burg import Signal

Spectrum = NDArray[np.complex128]

WINDOW = 0.023
"""Seconds of the short-time window."""

CONTEXT = 0.25
"""Seconds beside the gap that are measured."""

BANDS_PER_OCTAVE = 4
LOWEST_BAND = 150.0
TRANSITION = 0.95
"""The model's band is used up to this share of half its rate; resampling filters fall off above."""

FOLLOWING = (0.25, 4.0)
"""How far the level (as power) may leave that of the surroundings to follow the model."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What is measured on one side of a gap, in each band.

    share: how much of the common signal each channel has beyond 1, complex [bands, m]; covariance of the rest
    [bands, m, m]; power of the common signal [bands].
    """

    share: Spectrum
    covariance: Spectrum
    power: Signal


def complete(
    channels: Signal,
    common: Signal,
    start: int,
    end: int,
    rate: int,
    model_rate: int,
    edge: int,
    rng: np.random.Generator,
) -> Signal:
    """Channels of a gap from the common signal that a model made: float64 [m, frames].

    channels: float64 [m, frames], known outside the gap `start` to `end` and extrapolated inside. common: float64
    [frames], the mean of the channels outside and the model's sound inside, nothing of it above half of
    `model_rate`. Outside the gap the result is `channels`.
    """
    made: Signal = channels + (common - channels.mean(axis=0))
    size = 2 * round(WINDOW * rate / 2)
    reach = round(CONTEXT * rate) + 2 * size
    first, last = max(0, start - reach), min(channels.shape[1], end + reach)
    inside = slice(start, end)
    if channels.shape[0] == 1 and rate <= model_rate:
        return made
    spectrum = _Transform(size, last - first)
    limit = int(np.searchsorted(np.arange(spectrum.bins) * rate / size, TRANSITION * model_rate / 2))
    bands = band_edges(spectrum.bins, rate, limit)
    known = np.stack([spectrum.of(row[first:last]) for row in channels])  # [m, frames, bins]
    sides = _measured(known, bands, spectrum.frames_outside(start - first, end - first))
    if not sides:
        return made
    model = spectrum.of(common[first:last])
    progress = spectrum.progress(start - first, end - first)
    noise = spectrum.noise(2 * len(channels) + 1, rng)
    synthetic = _synthesised(model, sides, bands, limit, progress, noise)
    predicted = known.copy()
    predicted[:, :, :limit] -= known.mean(axis=0)[:, :limit]
    target = np.stack([spectrum.back(part) for part in synthetic])
    present = np.stack([spectrum.back(part) for part in predicted])
    weight = edge_weight(end - start, edge)
    part = slice(start - first, end - first)
    # What linear prediction says of the rest and the upper band gives way to what was drawn.
    made[:, inside] -= present[:, part]
    for row, old, new in zip(made, present, target, strict=True):
        row[inside] += faded(old[part], new[part], weight, edge)
    return made


def band_edges(bins: int, rate: int, limit: int) -> list[tuple[int, int]]:
    """Bands as half-open bin ranges: one up to LOWEST_BAND, then BANDS_PER_OCTAVE; none reaches across `limit`."""
    step = rate / 2 / (bins - 1)
    edges = [0]
    frequency = LOWEST_BAND
    while edges[-1] < bins:
        edges.append(min(bins, max(edges[-1] + 1, round(frequency / step))))
        frequency *= 2 ** (1 / BANDS_PER_OCTAVE)
    return list(itertools.pairwise(sorted({*edges, limit})))


def _measured(
    known: Spectrum, bands: list[tuple[int, int]], sides: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> list[Surroundings]:
    return [_measure(known[:, side], bands) for side in sides if np.count_nonzero(side) >= 3]


def _measure(known: Spectrum, bands: list[tuple[int, int]]) -> Surroundings:
    """known: [m, frames, bins] of one side."""
    common = known.mean(axis=0)
    rest = known - common
    shares, covariances, powers = [], [], []
    for low, high in bands:
        reference = common[:, low:high].ravel()
        others = rest[:, :, low:high].reshape(len(rest), -1)
        power = float(np.mean(np.abs(reference) ** 2))
        share = (others @ reference.conj()) / (power * len(reference)) if power > 1e-20 else np.zeros(len(rest))
        left = others - share[:, None] * reference
        shares.append(share)
        covariances.append(left @ left.conj().T / len(reference))
        powers.append(power)
    return Surroundings(np.array(shares, complex), np.array(covariances, complex), np.array(powers))


def _synthesised(
    model: Spectrum,
    sides: list[Surroundings],
    bands: list[tuple[int, int]],
    limit: int,
    progress: Signal,
    noise: Spectrum,
) -> Spectrum:
    """The rests of all channels, and the common signal above `limit`, drawn: complex [m, frames, bins].

    noise: complex [2 * m + 1, frames, bins] of power 1.
    """
    left, right = sides[0], sides[-1]
    channels = left.share.shape[1]
    drawn = np.zeros((channels, *model.shape), complex)
    follow = np.ones(len(progress))
    for number, (low, high) in enumerate(bands):
        power = _carried(left.power[number], right.power[number], progress)
        reference = model[:, low:high]
        if low < limit:
            level = _smoothed(np.mean(np.abs(reference) ** 2, axis=1))
            follow = np.clip(level / np.maximum(power, 1e-20), *FOLLOWING)
        else:
            reference = noise[-1, :, low:high] * np.sqrt(power * follow)[:, None]
        share = left.share[number] + progress[:, None] * (right.share[number] - left.share[number])
        for weight, side, own in ((1 - progress, left, noise[:channels]), (progress, right, noise[channels:-1])):
            rest = np.einsum("ij,jfb->ifb", _root(side.covariance[number]), own[:, :, low:high])
            drawn[:, :, low:high] += rest * np.sqrt(weight * follow)[None, :, None]
        drawn[:, :, low:high] += share.T[:, :, None] * reference
        if low >= limit:
            drawn[:, :, low:high] += reference
    return drawn


def _carried(left: float, right: float, progress: Signal) -> Signal:
    """A power that goes evenly in decibels from one side to the other: [frames]."""
    floor = 1e-20
    carried: Signal = np.exp((1 - progress) * np.log(left + floor) + progress * np.log(right + floor))
    return carried


def _root(covariance: Spectrum) -> Spectrum:
    """A matrix whose product with its adjoint is the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    root: Spectrum = vectors * np.sqrt(np.maximum(values, 0))
    return root


def _smoothed(level: Signal) -> Signal:
    kernel = np.hanning(7)[1:-1]
    padded = np.pad(level, 2, mode="edge")
    smooth: Signal = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return smooth


class _Transform:
    """A short-time Fourier transform of signals of one length, and its inverse."""

    def __init__(self, size: int, length: int) -> None:
        self.size, self.hop, self.length = size, size // 4, length
        self.window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size))
        self.count = -(-(length + size) // self.hop)
        self.bins = size // 2 + 1
        self._starts = np.arange(self.count) * self.hop
        padded = self._starts[-1] + size
        self._weight = np.zeros(padded)
        for at in self._starts:
            self._weight[at : at + size] += self.window**2

    def of(self, signal: Signal) -> Spectrum:
        """[length] to complex [frames, bins]."""
        padded = np.zeros(len(self._weight))
        padded[self.size : self.size + self.length] = signal
        pieces = np.lib.stride_tricks.sliding_window_view(padded, self.size)[self._starts]
        return np.fft.rfft(pieces * self.window, axis=-1)

    def back(self, spectrum: Spectrum) -> Signal:
        """Complex [frames, bins] to [length]."""
        pieces = np.fft.irfft(spectrum, self.size, axis=-1) * self.window
        added = np.zeros(len(self._weight))
        for at, piece in zip(self._starts, pieces, strict=True):
            added[at : at + self.size] += piece
        wave: Signal = (added / np.maximum(self._weight, 1e-9))[self.size : self.size + self.length]
        return wave

    def noise(self, count: int, rng: np.random.Generator) -> Spectrum:
        """Spectra of white noise, of power 1 in every bin: complex [count, frames, bins]."""
        scale = np.sqrt(np.sum(self.window**2))
        white: Spectrum = np.stack([self.of(rng.standard_normal(self.length)) for _ in range(count)]) / scale
        return white

    def frames_outside(self, start: int, end: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Frames that lie wholly before `start`, and wholly after `end`, inside the signal."""
        first, last = self._starts - self.size, self._starts
        return (first >= 0) & (last <= start), (first >= end) & (last <= self.length)

    def progress(self, start: int, end: int) -> Signal:
        """How far each frame's centre is on the way through the gap, 0 before and 1 after it."""
        centres = self._starts - self.size / 2
        return np.clip((centres - start) / max(1, end - start), 0.0, 1.0)
