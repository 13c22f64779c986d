"""Burg's method: autoregressive models that are stable by construction.

A model of order p predicts x[t] ≈ −Σ a[i]·x[t−i], i = 1…p, with a[0] = 1. It is estimated as a lattice of reflection
coefficients, none of which can exceed 1, so that a prediction never explodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

SILENCE = 1e-24
"""Share of the signal's energy below which a residual is rounding noise: nothing is left to predict."""

LARGEST_REFLECTION = 1.0 - 1e-10
"""Keeps rounding from putting a pole on the unit circle."""


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
    """Reflection coefficients that several rows share: float64 [order]. signals: [rows, frames]."""
    signals = np.asarray(signals, dtype=np.float64)
    found = np.zeros(order)
    frames = signals.shape[-1]
    scale = float(np.max(np.abs(signals), initial=0.0))
    if scale == 0.0 or frames < 2:
        return found
    forward, backward = signals / scale, signals / scale
    first, second = np.empty_like(forward), np.empty_like(forward)
    floor = SILENCE * float(np.vdot(forward, forward))
    for step in range(min(order, frames - 1)):
        forward, backward = forward[:, 1:], backward[:, :-1]
        energy = _product(forward, forward) + _product(backward, backward)
        if energy <= floor:
            break
        reflection = -2.0 * _product(forward, backward) / energy
        reflection = min(LARGEST_REFLECTION, max(-LARGEST_REFLECTION, reflection))
        found[step] = reflection
        first, second = first[:, 1:], second[:, 1:]
        np.multiply(backward, reflection, out=first)
        np.multiply(forward, reflection, out=second)
        np.add(forward, first, out=forward)
        np.add(backward, second, out=backward)
    return found


def coefficients(reflections: NDArray[Any]) -> Signal:
    """Prediction coefficients from reflection coefficients (Levinson's step-up): [..., p] to [..., p + 1]."""
    reflections = np.asarray(reflections, dtype=np.float64)
    order = reflections.shape[-1]
    found = np.zeros((*reflections.shape[:-1], order + 1))
    found[..., 0] = 1.0
    for step in range(order):
        known = found[..., : step + 2]
        known += reflections[..., step, None] * known[..., ::-1].copy()
    return found


def residual(signal: NDArray[Any], model: NDArray[Any]) -> Signal:
    """Prediction errors of a row where its whole past is known: float64 [frames − order]. model: [order + 1]."""
    from scipy.signal import oaconvolve  # type: ignore[attr-defined]

    errors: Signal = oaconvolve(np.asarray(signal, dtype=np.float64), model, mode="valid")
    return errors


def _product(a: Signal, b: Signal) -> float:
    if a.shape[0] == 1:
        return float(np.dot(a[0], b[0]))
    return sum(float(np.dot(a[row], b[row])) for row in range(a.shape[0]))
