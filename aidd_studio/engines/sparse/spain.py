"""A-SPAIN: the sparsest spectra that agree with what is known of each frame.

Mokrý, Záviška, Rajmic & Veselý, "Introducing SPAIN (SParse Audio INpainter)", EUSIPCO 2019, Algorithm 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal
from aidd_studio.audio.stft import Spectrum
from aidd_studio.engines.sparse.frames import Transform
from aidd_studio.progress import Progress

TOLERANCE = 0.01
"""A frame is done when the sparse spectrum differs from the frame's own by this share of the frame's energy norm."""


GROWTH = 0.08
"""The allowed support grows by this share, and by one coefficient at least: tonal frames need small steps at first."""


def spain(frames: Signal, known: NDArray[np.bool_], transform: Transform, rounds: int, progress: Progress) -> Signal:
    """Frames with their missing samples estimated: float64 [F, n].

    frames: windowed sound [F, n], 0 where missing. known: bool [F, n]. rounds: iterations before the allowed support
    grows (the papers' r). ADMM with hard thresholding; all frames are iterated together until each has converged.
    """
    found = np.where(known, frames, 0.0)
    norms = np.sqrt(np.sum(found**2, axis=1))
    active = np.flatnonzero(norms > 0)
    spectra = transform.analysis(found)
    dual = np.zeros_like(spectra)
    supports = _supports(frames.shape[1] // 2, rounds)
    for step, support in enumerate(supports):
        if len(active) == 0:
            break
        progress.report(step / len(supports), "finding the sparsest spectrum")
        sparse = hard_threshold(spectra[active] + dual[active], support)
        estimate = transform.synthesis(sparse - dual[active])
        found[active] = np.where(known[active], frames[active], estimate)
        spectra[active] = transform.analysis(found[active])
        difference = spectra[active] - sparse
        dual[active] += difference
        distance = np.sqrt(np.sum(np.abs(difference) ** 2, axis=1))
        active = active[distance > TOLERANCE * norms[active]]
    return found


def _supports(most: int, rounds: int) -> list[int]:
    """The allowed support of each iteration."""
    found, support = [], 1
    while support < most:
        found += [support] * rounds
        support += max(1, int(support * GROWTH))
    return found


def hard_threshold(spectra: Spectrum, support: int) -> Spectrum:
    """All but the `support` largest coefficients of each row set to 0."""
    if support >= spectra.shape[1]:
        return spectra
    powers = spectra.real**2 + spectra.imag**2
    limits = np.partition(powers, spectra.shape[1] - support, axis=1)[:, spectra.shape[1] - support]
    return np.where(powers >= limits[:, None], spectra, 0.0)
