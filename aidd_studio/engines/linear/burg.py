"""Burg's method: autoregressive models that are stable by construction.

A model of order p predicts x[t] ≈ −Σ a[i]·x[t−i], i = 1…p, with a[0] = 1. It is estimated as a lattice of reflection
coefficients, none of which can exceed 1, so that a prediction never explodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy, dcopy, ddot  # type: ignore[attr-defined]

from aidd_studio.audio.signal import Signal

SILENCE = 1e-24
"""Share of the signal's energy below which a residual is rounding noise: nothing is left to predict."""

LARGEST_REFLECTION = 1.0 - 1e-10
"""Keeps rounding from putting a pole on the unit circle."""

RENEWAL = 32
"""Steps after which the residuals' energy is recomputed."""

LARGEST_FALL = 0.01
"""It is also recomputed once it has fallen to this share, where rounding errors weigh more."""


def burg(signal: NDArray[Any], order: int) -> Signal:
    """Prediction coefficients of each row: float64 [..., order + 1], the first of them 1.

    signal: [..., frames]; silence gives the model that predicts silence. The order is limited to frames − 1, and
    coefficients beyond it are 0. Burg 1975; the lattice as in Marple, Digital Spectral Analysis, ch. 8.
    """
    return coefficients(reflections(signal, order))


def common_burg(signals: NDArray[Any], order: int) -> Signal:
    """One model for several signals, for instance the channels of a recording: float64 [order + 1].

    signals: [rows, frames]. The rows' prediction errors are minimised together, so that loud rows count more.
    """
    return coefficients(common_reflections(signals, order))


def reflections(signal: NDArray[Any], order: int) -> Signal:
    """Reflection coefficients of each row: float64 [..., order], all within ±1. signal: [..., frames]."""
    signal = np.asarray(signal, dtype=np.float64)
    rows = signal.reshape(-1, signal.shape[-1])
    found = np.stack([common_reflections(row[None, :], order) for row in rows])
    return found.reshape(*signal.shape[:-1], order)


def common_reflections(signals: NDArray[Any], order: int) -> Signal:
    """Reflection coefficients that several rows share: float64 [order]. signals: [rows, frames].

    Each step is BLAS over both residuals in place, and their energy is carried from step to step (Andersen 1978),
    recomputed before rounding errors show.
    """
    signals = np.asarray(signals, dtype=np.float64)
    found = np.zeros(order)
    frames = signals.shape[-1]
    scale = float(np.max(np.abs(signals), initial=0.0))
    if scale == 0.0 or frames < 2:
        return found
    rows = [(row / scale, row / scale) for row in signals]  # forward and backward residuals
    before = np.empty(frames)  # of the step at hand, a backward residual
    floor = SILENCE * sum(ddot(forward, forward) for forward, _ in rows)
    energy, exact = 0.0, np.inf
    for step in range(min(order, frames - 1)):
        left, first = frames - step - 1, step + 1
        if step % RENEWAL == 0 or energy < LARGEST_FALL * exact:
            energy = exact = sum(ddot(f, f, left, first, 1, first) + ddot(b, b, left) for f, b in rows)
        if energy <= floor:
            break
        product = 0.0
        for forward, backward in rows:
            product += ddot(forward, backward, left, first)
        reflection = min(LARGEST_REFLECTION, max(-LARGEST_REFLECTION, -2.0 * product / energy))
        found[step] = reflection
        energy *= 1.0 - reflection * reflection
        for forward, backward in rows:
            dcopy(backward, before, left)
            daxpy(forward, backward, left, reflection, first)
            daxpy(before, forward, left, reflection, 0, 1, first)
            energy -= forward.item(first) ** 2 + backward.item(left - 1) ** 2
    return found


def coefficients(reflections: NDArray[Any]) -> Signal:
    """Prediction coefficients from reflection coefficients (Levinson's step-up): [..., p] to [..., p + 1]."""
    reflections = np.asarray(reflections, dtype=np.float64)
    order = reflections.shape[-1]
    found = np.zeros((*reflections.shape[:-1], order + 1))
    found[..., 0] = 1.0
    known = np.empty(order + 1)
    for model, row in zip(found.reshape(-1, order + 1), reflections.reshape(-1, order), strict=True):
        for step, reflection in enumerate(row.tolist()):
            size = step + 2
            dcopy(model, known, size)
            daxpy(known, model, size, reflection, 0, -1)  # adds the model so far, backwards
    return found
