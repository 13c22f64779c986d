"""What a mono model lacks: the band above its own, and the stereo image.

Both are modelled on the surroundings. In each band of a short-time spectrum, a channel is the common signal (the mean
of the channels) times 1 plus a share, plus a residual; shares and the residuals' covariance are measured on both sides
of the gap and interpolated across it. The shares apply to the model's sound. For the residuals, and for the common
signal above the model's band, linear prediction is kept, and noise restores the level that it loses.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal, edge_weight, hann
from aidd_studio.audio.stft import ShortTime, Spectrum

WINDOW = 0.023
"""Seconds of the short-time window."""

CONTEXT = 0.25
"""Seconds beside the gap that are measured."""

BANDS_PER_OCTAVE = 4
LOWEST_BAND = 150.0
TRANSITION = 0.95
"""The model's band is used up to this share of its Nyquist frequency; resampling filters roll off above."""

FADE = 0.005
"""Seconds at each end of the gap over which the correction of linear prediction fades in."""

SMOOTHING = 5
"""Frames over which levels are smoothed."""

SMOOTHER = hann(SMOOTHING + 2, symmetry="symmetric")[1:-1] / hann(SMOOTHING + 2, symmetry="symmetric").sum()
"""The weights of these frames: float64 [SMOOTHING]."""

FLOOR = 1e-20
"""Power that counts as silence."""

FOLLOWING = (0.25, 4.0)
"""Largest ratio of powers by which the level may follow the model away from its surroundings."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The measurements on one side of a gap, per band.

    share: how much of the common signal each channel has beyond 1, complex [bands, m]. root: matrices [bands, m, m]
    whose products with their adjoints are the residuals' covariances. residuals, power: [bands], the total power of the
    residuals, and that of the common signal.
    """

    share: Spectrum
    root: Spectrum
    residuals: Signal
    power: Signal


def complete(
    channels: Signal,
    common: Signal,
    start: int,
    end: int,
    rate: int,
    model_rate: int,
    rng: np.random.Generator,
) -> Signal:
    """Channels of a gap from the common signal that a model made: float64 [m, frames].

    channels: float64 [m, frames], known outside the gap `start` to `end` and extrapolated inside. common: float64
    [frames], the mean of the channels outside and the model's sound inside; above half of `model_rate` it is the
    extrapolation's. Outside the gap the result is `channels`.
    """
    result: Signal = channels + (common - channels.mean(axis=0))
    if channels.shape[0] == 1 and rate <= model_rate:
        return result
    size, reach = _window_size(rate), context_frames(rate)
    first, last = max(0, start - reach), min(channels.shape[1], end + reach)
    transform = ShortTime(np.sqrt(hann(size, symmetry="periodic")), last - first)
    limit = int(np.searchsorted(np.arange(transform.bins) * rate / size, TRANSITION * model_rate / 2))
    bands = band_edges(transform.bins, rate, limit)
    old = np.stack([transform.of(row[first:last]) for row in channels])  # [m, frames, bins]
    sides = _measure_sides(old, bands, transform.pieces_outside(start - first, end - first))
    if not sides:
        return result
    pieces = transform.pieces_near(start - first, end - first, SMOOTHING // 2)
    progress = transform.progress(start - first, end - first)[pieces]
    noise = transform.noise(2 * len(channels) + 1, rng, pieces)
    change = _change(old[:, pieces], transform.of(common[first:last], pieces), sides, bands, limit, progress, noise)
    fade = edge_weight(end - start, max(1, min(round(FADE * rate), (end - start) // 4)))
    for row, spectrum in zip(result, change, strict=True):
        row[start:end] += fade * transform.back(spectrum, pieces)[start - first : end - first]
    return result


def context_frames(rate: int) -> int:
    """How many frames beside a gap are taken into account."""
    return round(CONTEXT * rate) + 2 * _window_size(rate)


def _window_size(rate: int) -> int:
    return 2 * round(WINDOW * rate / 2)


def band_edges(bins: int, rate: int, limit: int) -> list[tuple[int, int]]:
    """Bands as half-open bin ranges: one up to LOWEST_BAND, then BANDS_PER_OCTAVE; none reaches across `limit`."""
    step = rate / 2 / (bins - 1)
    edges = [0]
    frequency = LOWEST_BAND
    while edges[-1] < bins:
        edges.append(min(bins, max(edges[-1] + 1, round(frequency / step))))
        frequency *= 2 ** (1 / BANDS_PER_OCTAVE)
    return list(itertools.pairwise(sorted({*edges, limit})))


def _measure_sides(
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
        share = (others @ reference.conj()) / (power * len(reference)) if power > FLOOR else np.zeros(len(rest))
        left = others - share[:, None] * reference
        shares.append(share)
        covariances.append(left @ left.conj().T / len(reference))
        powers.append(power)
    covariance = np.array(covariances, complex)
    residuals = np.trace(covariance, axis1=1, axis2=2).real
    return Surroundings(np.array(shares, complex), _roots(covariance), residuals, np.array(powers))


def _change(
    old: Spectrum,
    model: Spectrum,
    sides: list[Surroundings],
    bands: list[tuple[int, int]],
    limit: int,
    progress: Signal,
    noise: Spectrum,
) -> Spectrum:
    """The correction to the extrapolated channels beyond the model's common signal: complex [m, frames, bins].

    old: [m, frames, bins], the channels extrapolated. model: [frames, bins]. noise: [2 * m + 1, frames, bins].
    """
    left, right = sides[0], sides[-1]
    channels = len(old)
    predicted = old.mean(axis=0)
    change = np.zeros_like(old)
    follow = np.ones(len(progress))
    for number, (low, high) in enumerate(bands):
        band = (..., slice(low, high))
        power = _interpolate(left.power[number], right.power[number], progress)
        before, after = predicted[band], model[band]
        if high <= limit:
            # Where the residuals are louder than the common signal, its rises and falls say little about theirs.
            residuals = _interpolate(left.residuals[number], right.residuals[number], progress)
            follow = np.clip((_level(after[None]) + residuals) / (power + residuals + FLOOR), *FOLLOWING)
        else:
            after = _fill_up(before[None], power * follow, noise[-1:][band] * np.sqrt(power * follow)[:, None])[0]
            change[band] += after - before
        share = left.share[number] + progress[:, None] * (right.share[number] - left.share[number])
        shared = share.T[:, :, None]
        rest = old[band] - before - shared * before
        drawn = np.zeros_like(rest)
        wanted = np.zeros(len(progress))
        for weight, side, own in ((1 - progress, left, noise[:channels]), (progress, right, noise[channels:-1])):
            drawn += np.einsum("ij,jfb->ifb", side.root[number], own[band]) * np.sqrt(weight * follow)[:, None]
            wanted += weight * follow * side.residuals[number]
        change[band] += shared * (after - before) + _fill_up(rest, wanted, drawn) - rest
    return change


def _fill_up(predicted: Spectrum, wanted: Signal, noise: Spectrum) -> Spectrum:
    """Linear prediction, no louder than wanted, plus noise for the level that it lacks.

    predicted, noise: [m, frames, bins]; wanted: [frames], the power of all m together, which is the noise's.
    """
    present = _level(predicted)
    gain = np.minimum(1.0, np.sqrt(wanted / np.maximum(present, FLOOR)))
    lacking = np.clip(1.0 - gain**2 * present / np.maximum(wanted, FLOOR), 0.0, 1.0)
    result: Spectrum = predicted * gain[:, None] + noise * np.sqrt(lacking)[:, None]
    return result


def _level(band: Spectrum) -> Signal:
    """The power of m signals [m, frames, bins] together, mean of the bins, smoothed along time: [frames]."""
    power = band.real**2 + band.imag**2
    level = power.mean(axis=2).sum(axis=0)
    beside = SMOOTHING // 2
    padded = np.concatenate((np.full(beside, level[0]), level, np.full(beside, level[-1])))
    smooth: Signal = np.convolve(padded, SMOOTHER, mode="valid")
    return smooth


def _interpolate(left: float, right: float, progress: Signal) -> Signal:
    """A power that changes evenly in decibels from one side to the other: [frames]."""
    interpolated: Signal = np.exp((1 - progress) * np.log(left + FLOOR) + progress * np.log(right + FLOOR))
    return interpolated


def _roots(covariances: Spectrum) -> Spectrum:
    """Matrices [..., m, m] whose products with their adjoints are the covariances."""
    values, vectors = np.linalg.eigh(covariances)
    roots: Spectrum = vectors * np.sqrt(np.maximum(values, 0))[..., None, :]
    return roots
