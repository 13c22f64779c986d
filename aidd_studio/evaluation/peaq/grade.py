"""Grade a restored recording against its original."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from aidd_studio.errors import UsageError
from aidd_studio.evaluation.peaq.bands import FRAME, HOP, RATE, Array
from aidd_studio.evaluation.peaq.ear import FULL_SCALE, excitation, spectra
from aidd_studio.evaluation.peaq.network import difference_grade, distortion_index
from aidd_studio.evaluation.peaq.patterns import Patterns, patterns
from aidd_studio.evaluation.peaq.precursors import Precursors, precursors
from aidd_studio.evaluation.peaq.variables import OutputVariables, output_variables

START_SUM = 200.0
"""The recording begins and ends where five samples in a row sum to more than this, in 16-bit units."""


@dataclass(frozen=True)
class PeaqGrade:
    """The objective difference grade and what it is made of."""

    odg: float  # 0 imperceptible … −4 very annoying; up to 0.22 where nothing differs
    distortion_index: float
    variables: OutputVariables


def grade(original: ArrayLike, restored: ArrayLike, rate: int) -> PeaqGrade:
    """PEAQ basic of [channels, frames] (one or two channels) at 92 dB SPL for full scale.

    Any sample rate: other rates than 48 kHz are resampled. Raises UsageError for more than two channels or less than
    0.1 s of sound.
    """
    a, b = _at_48k(original, rate), _at_48k(restored, rate)
    if a.shape != b.shape:
        raise ValueError(f"both recordings must have one shape, not {a.shape} and {b.shape}")
    if a.shape[0] > 2:
        raise UsageError("PEAQ grades mono and stereo; pick the channels to compare.")
    if a.shape[1] < RATE // 10:
        raise UsageError("PEAQ needs at least 0.1 s of sound.")
    first, last = _extent(a)
    length = last * HOP + FRAME
    a, b = _fitted(a, length), _fitted(b, length)
    pairs = [spectra(x, y) for x, y in zip(a, b, strict=True)]
    excited = [excitation(pair) for pair in pairs]
    shapes = [patterns(one) for one in excited]
    measured = [precursors(*parts) for parts in zip(pairs, excited, shapes, strict=True)]
    variables = output_variables([_from(one, first) for one in measured], [_from(one, first) for one in shapes], first)
    index = distortion_index(variables)
    return PeaqGrade(difference_grade(index), index, variables)


def _at_48k(samples: ArrayLike, rate: int) -> Array:
    """Samples [channels, frames] at 48 kHz in 16-bit units."""
    x = np.atleast_2d(np.asarray(samples))
    if rate != RATE:
        from aidd_studio.audio.resampling import resample

        x = resample(x.astype(np.float32), rate, RATE)
    return np.asarray(x, dtype=np.float64) * FULL_SCALE


def _extent(original: Array) -> tuple[int, int]:
    """First and last frame that count: those that hold sound of the original; the last may reach over its end."""
    frames = max(1, 1 + -(-(original.shape[1] - FRAME) // HOP))
    sums = np.lib.stride_tricks.sliding_window_view(np.abs(original), 5, axis=1).sum(axis=2).max(axis=0)
    loud = np.flatnonzero(sums >= START_SUM)
    if not loud.size:
        return 0, frames - 1
    first = max(0, -(-(int(loud[0]) + 5 - FRAME) // HOP))
    return first, min(frames - 1, int(loud[-1]) // HOP)


def _fitted(samples: Array, length: int) -> Array:
    """Cut or zero-padded to a length."""
    cut = samples[:, :length]
    return np.pad(cut, ((0, 0), (0, length - cut.shape[1])))


Measured = TypeVar("Measured", Patterns, Precursors)


def _from(measured: Measured, first: int) -> Measured:
    """The same measurements without the first frames."""
    return replace(measured, **{field.name: getattr(measured, field.name)[first:] for field in fields(measured)})
