"""Dictionary learning for A-SPAIN-L: rotating the Gabor frame so that the surroundings become sparser in it.

After Tauböck, Rajbamshi & Balazs, "Dictionary Learning for Sparse Audio Inpainting", IEEE JSTSP 2020: a unitary
matrix that mixes neighbouring bins only keeps the frame tight, and is chosen for the smallest l1 norm of the reliable
frames' coefficients. Here it is block diagonal over bands of bins, and found by alternating soft thresholding with the
orthogonal Procrustes problem in place of their convex programs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal
from aidd_studio.audio.stft import Spectrum
from aidd_studio.engines.sparse.frames import RedundantFourier
from aidd_studio.progress import Progress

BAND = 8
"""Neighbouring bins that are mixed with each other."""

ROUNDS = 12


@dataclass(frozen=True, eq=False)
class LearnedFourier:
    """The redundant Fourier frame followed by a unitary matrix per band of bins."""

    fourier: RedundantFourier
    bands: NDArray[np.complex128]  # [bands, BAND, BAND], each unitary

    def analysis(self, frames: Signal) -> Spectrum:
        return _turned(self.fourier.analysis(frames), self.bands)

    def synthesis(self, spectra: Spectrum) -> Signal:
        return self.fourier.synthesis(_turned(spectra, self.bands.conj().swapaxes(1, 2)))


def learn(frames: Signal, progress: Progress) -> LearnedFourier:
    """The frame in which given intact frames are sparsest. frames: windowed sound [F, n]."""
    fourier = RedundantFourier(frames.shape[1])
    spectra = fourier.analysis(frames)
    count = spectra.shape[1] // BAND
    banded = spectra[:, : count * BAND].reshape(len(frames), count, BAND).transpose(1, 2, 0)
    scale = np.sqrt(np.mean(np.abs(banded) ** 2, axis=(1, 2), keepdims=True))
    banded = banded / np.maximum(scale, np.finfo(np.float64).tiny)
    bands = np.broadcast_to(np.eye(BAND, dtype=np.complex128), (count, BAND, BAND)).copy()
    for step in range(ROUNDS):
        progress.report(step / ROUNDS, "learning a basis")
        turned = bands @ banded
        sparse = _soft_threshold(turned, 0.5)
        left, _, right = np.linalg.svd(sparse @ banded.conj().swapaxes(1, 2))
        bands = left @ right
    return LearnedFourier(fourier, bands)


def _soft_threshold(values: Spectrum, limit: float) -> Spectrum:
    sizes = np.abs(values)
    return np.asarray(values * np.maximum(0.0, 1.0 - limit / np.maximum(sizes, np.finfo(np.float64).tiny)))


def _turned(spectra: Spectrum, bands: NDArray[np.complex128]) -> Spectrum:
    count = len(bands)
    turned = spectra.copy()
    banded = spectra[:, : count * BAND].reshape(len(spectra), count, BAND).transpose(1, 2, 0)
    turned[:, : count * BAND] = (bands @ banded).transpose(2, 0, 1).reshape(len(spectra), count * BAND)
    return turned
