"""Janssen's interpolation: the gap that an autoregressive model finds least surprising.

Janssen, Veldhuis & Vries, "Adaptive interpolation of discrete-time signals that can be modeled as autoregressive
processes" (IEEE TASSP 34, 1986), gap by gap with Burg's method as in Mokrý & Rajmic, arXiv 2403.04433.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal
from aidd_studio.engines.linear.burg import common_burg
from aidd_studio.engines.linear.extrapolation import predict
from aidd_studio.progress import Progress

ITERATIONS = 1
"""Rounds of model estimation and interpolation: from an extrapolated first guess, more rounds gain nothing."""

NOISE = 1e-4
"""White noise that the model sees, relative to the sound's level (−80 dB). Without it, a band without any sound, as
lossy coding leaves it, makes the equations too ill-conditioned to be solved."""


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
    from scipy.linalg import solve_toeplitz

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
