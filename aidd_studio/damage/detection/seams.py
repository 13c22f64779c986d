"""Seams at the start of a copied buffer: does the sound break there, or continue as its past predicts?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples

ORDER = 16
"""Order of the linear predictors: enough to predict a tone or a chord one sample ahead."""

WINDOW = 0.030
"""Seconds of sound that a predictor is fitted to, before and after a border."""

ONSET = 0.010
"""Seconds compared to tell the beginning of a new sound."""

LOADING = 1e-9
"""Share of the power that is added to the normal equations, so that silence and pure tones can be solved."""

SHARP = 3.8
"""Prediction error at a seam, relative to the usual one, from which the sound is broken."""

ABOVE_PEAK = 1.2
"""How far a seam exceeds the greatest error of the sound before."""

UNBROKEN = 5.0
"""The same where the buffer was recorded: more is the beginning of a new sound, which its own repeat explains."""

DETERMINED = 0.001
"""Share of unpredictable power below which the sound is a tone, which repeats naturally."""

STRUCK = 10.0
"""dB of an onset from which a sound was struck there, and may be struck again the same way."""

FOREIGN = 32.0
"""dB by which one side's predictor may do worse on the other side; two notes or noise and a tone differ by more."""


@dataclass(frozen=True)
class Joint:
    """How two neighbouring stretches join.

    jump: the greatest prediction error of the first two samples, relative to the usual error before.
    difference: dB by which either side's predictor does worse on the other side than on its own.
    surprise: the share of the power before that its predictor does not predict.
    peak: the greatest error before, relative to the usual one there; high where a waveform jumps each period.
    onset: dB by which the first 10 ms behind are louder than the last 10 before.
    noise: the usual prediction error before, as an amplitude.
    """

    jump: float
    difference: float
    surprise: float
    peak: float
    onset: float
    noise: float

    @property
    def broken(self) -> bool:
        """True when the sound breaks here more than anywhere before."""
        return self.jump > max(SHARP, ABOVE_PEAK * self.peak)


def joint(signal: Samples, at: int, rate: int, end: int) -> Joint | None:
    """How the stretch that begins at `at` and lasts until `end` at most continues what comes before, in [n].

    None where there is too little sound before, or silence.
    """
    window = max(4 * ORDER, round(WINDOW * rate))
    before = signal[max(0, at - window) : at].astype(np.float64)
    behind = signal[at : min(end, at + window)].astype(np.float64)
    if len(before) < 3 * ORDER or not np.any(before[-ORDER:] != before[-1]):
        return None
    past = _predictor(before)
    errors = _errors(before, past)
    own = _power(errors)
    jump = np.abs(_errors(np.concatenate([before[-ORDER:], behind[:2]]), past)).max() / np.sqrt(own)
    difference = 0.0
    if len(behind) >= 3 * ORDER:
        future = _predictor(behind)
        worse = (_power(_errors(behind, past)) / own, _power(_errors(before, future)) / _power(_errors(behind, future)))
        difference = float(10 * np.log10(max(worse)))
    peak = float(np.abs(errors).max() / np.sqrt(own))
    edge = max(ORDER, round(ONSET * rate))
    onset = float(10 * np.log10(_power(behind[:edge]) / _power(before[-edge:])))
    return Joint(float(jump), difference, own / _power(before), peak, onset, float(np.sqrt(own)))


def _predictor(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """The coefficients that predict each sample from the 16 before it with the least squared error."""
    rows = np.lib.stride_tricks.sliding_window_view(sound, ORDER + 1)
    past, now = rows[:, :-1], rows[:, -1]
    normal = past.T @ past
    normal[np.diag_indices(ORDER)] += LOADING * np.trace(normal) + 1e-18
    return np.asarray(np.linalg.solve(normal, past.T @ now))


def _errors(sound: NDArray[np.float64], predictor: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.lib.stride_tricks.sliding_window_view(sound, ORDER + 1)
    return np.asarray(rows[:, -1] - rows[:, :-1] @ predictor)


def _power(errors: NDArray[np.float64]) -> float:
    return float(np.mean(errors**2)) + 1e-14
