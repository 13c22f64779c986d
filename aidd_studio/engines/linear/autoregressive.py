"""Linear prediction of a window's gaps: extrapolated from both sides, then interpolated by Janssen's method.

Janssen, Veldhuis & Vries, "Adaptive interpolation of discrete-time signals that can be modeled as autoregressive
processes" (IEEE TASSP 34, 1986), gap by gap with Burg's method as in Mokrý & Rajmic, arXiv 2403.04433.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import Signal, correlation
from aidd_studio.engines.engine import Window
from aidd_studio.engines.linear.burg import common_burg
from aidd_studio.engines.linear.companion import predict_from_intact
from aidd_studio.engines.linear.extrapolation import (
    HEADROOM,
    cross_fade,
    extrapolate,
    extrapolate_back,
    predict,
    scaled_order,
)
from aidd_studio.engines.windows import Stretch, known_after, known_before, stretches
from aidd_studio.progress import Progress

ITERATIONS = 1
"""Rounds of model estimation and interpolation: from an extrapolated first guess, more rounds gain nothing."""

NOISE = 1e-4
"""White noise that the model sees, relative to the sound's level (−80 dB). Without it, a band without any sound, as
lossy coding leaves it, makes the equations too ill-conditioned to be solved."""


@dataclass(frozen=True)
class Prediction:
    """order: of the model. context: frames on each side. longest: gaps of more frames are extrapolated only.

    iterations: rounds of Janssen's interpolation.
    """

    order: int
    context: int
    longest: float
    iterations: int

    @staticmethod
    def at_rate(rate: int, order: int, context: float, longest: float, iterations: int) -> Prediction:
        """From an order at 44.1 kHz, and seconds."""
        return Prediction(scaled_order(rate, order), max(64, round(context * rate)), longest * rate, iterations)


def fill_window(window: Window, prediction: Prediction, progress: Progress) -> tuple[Samples, float]:
    """The window with all that is missing predicted: float32 [channels, frames].

    And how well the predictions from both sides agree, -1 to 1.
    """
    filled, confidence = _extrapolate(window, prediction, progress.part(0.0, 0.4))
    holes = stretches(window.missing)
    for index, hole in enumerate(holes):
        progress.report(0.4 + 0.6 * index / len(holes), "interpolating")
        _interpolate(window, filled, hole, prediction, progress)
    return np.where(window.missing, filled, window.samples).astype(np.float32), confidence


def _extrapolate(window: Window, prediction: Prediction, progress: Progress) -> tuple[Signal, float]:
    """All gaps extrapolated from left to right, and how well both sides' predictions agree."""
    filled = window.samples.astype(np.float64)
    context = prediction.context
    holes = stretches(window.missing)
    agreements = []
    for index, hole in enumerate(holes):
        progress.report(index / len(holes), "extrapolating")
        rows, end = list(hole.channels), min(known_after(window.missing, hole), hole.end + context)
        known = predict_from_intact(filled, window.missing, hole, context, window.rate)
        first = max(0, hole.start - context)
        rest = filled[rows, first : first + known.shape[1]] - known
        before, after = rest[:, : hole.start - first], rest[:, hole.end - first : end - first]
        forward = extrapolate(before, hole.frames, prediction.order, progress)
        backward = extrapolate_back(after, hole.frames, prediction.order, progress)
        fill = cross_fade(forward, backward, before.shape[1], after.shape[1])
        filled[rows, hole.start : hole.end] = fill + known[:, hole.start - first : hole.end - first]
        agreements.append(correlation(forward, backward))
    return filled, float(np.mean(agreements)) if agreements else 0.0


def _interpolate(window: Window, filled: Signal, hole: Stretch, prediction: Prediction, progress: Progress) -> None:
    """Replace the extrapolation in one gap by Janssen's interpolation, where that is possible and sound."""
    context = prediction.context
    one_sided = hole.start == known_before(window.missing, hole) or hole.end == known_after(window.missing, hole)
    if one_sided or hole.frames > prediction.longest or prediction.iterations < 1:
        return
    first, last = max(0, hole.start - context), min(window.frames, hole.end + context)
    known = predict_from_intact(filled, window.missing, hole, context, window.rate)
    rows = list(hole.channels)
    region = filled[rows, first:last] - known
    order = min(prediction.order, (last - first) // 3)
    inside = slice(hole.start - first, hole.end - first)
    fill = janssen(region, inside.start, inside.stop, order, prediction.iterations, progress) + known[:, inside]
    if _is_sound(fill, filled[rows, first:last], inside):
        filled[rows, hole.start : hole.end] = fill


def _is_sound(fill: Signal, region: Signal, inside: slice) -> bool:
    """Whether an interpolation stays near the level of its surroundings in every row."""
    known: NDArray[np.bool_] = np.ones(region.shape[1], dtype=np.bool_)
    known[inside] = False
    limits = HEADROOM * np.max(np.abs(region[:, known]), axis=1, initial=0.0)
    return bool(np.all(np.isfinite(fill)) and np.all(np.max(np.abs(fill), axis=1, initial=0.0) <= limits))


def janssen(
    signal: NDArray[Any],
    start: int,
    end: int,
    order: int,
    iterations: int = ITERATIONS,
    progress: Progress | None = None,
) -> Signal:
    """The frames `start` to `end` of every row, interpolated with a model that all rows share: float64 [rows, n].

    signal: [rows, frames], the gap with its context, and a first guess inside the gap. Each iteration estimates a
    model over context and gap, then solves for the gap's samples that leave the smallest prediction error.
    """
    filled = np.array(signal, dtype=np.float64)
    noise = np.random.default_rng(0).standard_normal(filled.shape[1]) * NOISE * float(np.std(filled))
    for _ in range(iterations):
        if progress is not None:
            progress.check()
        model = common_burg(filled + noise, order)
        filled[:, start:end] = interpolate(filled, start, end, model)
    return filled[:, start:end]


def interpolate(signal: Signal, start: int, end: int, model: Signal) -> Signal:
    """The samples of a gap with the smallest energy of prediction errors under a model: float64 [rows, n].

    signal: [rows, frames]; model: [order + 1]. The normal equations are Toeplitz in the autocorrelation of the
    coefficients (Janssen et al., Eq. 12) and are solved by Levinson's recursion. Where the context is shorter than
    the order, the model itself continues it.
    """
    order, frames = len(model) - 1, end - start
    correlation = np.correlate(model, model, mode="full")
    column = np.zeros(frames)
    reach = min(frames, order + 1)
    column[:reach] = correlation[order : order + reach]
    if column[0] <= 1.0 + 1e-12:
        return np.zeros((signal.shape[0], frames))
    surroundings = [_surroundings(row, start, end, model) for row in signal]
    wanted = -np.stack([np.convolve(row, correlation, mode="valid") for row in surroundings])
    solved: Signal = np.asarray(solve_toeplitz(column, wanted.T)).T  # type: ignore[no-untyped-call]
    return solved


def _surroundings(row: Signal, start: int, end: int, model: Signal) -> Signal:
    """A row from `order` frames before the gap to `order` frames after it, 0 inside: float64 [n + 2·order]."""
    order = len(model) - 1
    found = np.zeros(end - start + 2 * order)
    before = row[max(0, start - order) : start]
    after = row[end : end + order]
    found[order - len(before) : order] = before
    found[order + end - start : order + end - start + len(after)] = after
    if len(before) < order:
        found[: order - len(before)] = predict(row[::-1], model, order - len(before))[::-1]
    if len(after) < order:
        found[len(found) - (order - len(after)) :] = predict(row, model, order - len(after))
    return found
