"""Frames of sound and their redundant spectra: the tight Gabor frame that sparse inpainting works in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from aidd_studio.audio.signal import Signal
from aidd_studio.audio.stft import Spectrum

REDUNDANCY = 2
"""Bins of the spectrum per sample of a frame, as in the SPAIN papers."""

OVERLAP = 4
"""Frames that cover each sample."""


class Transform(Protocol):
    """A tight frame with unit bounds: synthesis undoes analysis and is its adjoint."""

    def analysis(self, frames: Signal) -> Spectrum:
        """Real frames [F, n] to complex coefficients [F, bins]."""
        ...

    def synthesis(self, spectra: Spectrum) -> Signal:
        """Complex coefficients [F, bins] to real frames [F, n]."""
        ...


@dataclass(frozen=True)
class RedundantFourier:
    """The half spectrum of a frame padded to twice its length, scaled so that energies are kept."""

    frames: int  # samples in a frame, even

    @property
    def size(self) -> int:
        return REDUNDANCY * self.frames

    def analysis(self, frames: Signal) -> Spectrum:
        spectra: Spectrum = np.asarray(rfft(frames, self.size, axis=-1, norm="ortho"))
        spectra[..., 1:-1] *= np.sqrt(2.0)
        return spectra

    def synthesis(self, spectra: Spectrum) -> Signal:
        halved = spectra / np.sqrt(2.0)
        halved[..., 0], halved[..., -1] = spectra[..., 0], spectra[..., -1]
        return np.asarray(irfft(halved, self.size, axis=-1, norm="ortho"))[..., : self.frames]


def frame_starts(missing: NDArray[np.bool_], frames: int) -> list[int]:
    """Where the frames begin that touch a missing sample of a row; they may reach beyond the row."""
    hop = frames // OVERLAP
    first = -(OVERLAP - 1) * hop
    counts = np.concatenate(([0], np.cumsum(missing)))
    size = len(missing)
    return [
        start
        for start in range(first, size, hop)
        if counts[min(size, start + frames)] > counts[min(size, max(0, start))]
    ]


def cut(row: NDArray[np.generic], starts: list[int], frames: int) -> NDArray[np.generic]:
    """Frames of a row, with zeros (False) beyond its ends: [len(starts), frames]."""
    padded = np.pad(row, (frames, frames))
    return np.stack([padded[start + frames : start + 2 * frames] for start in starts])


def overlap_add(estimates: Signal, starts: list[int], window: Signal, size: int) -> Signal:
    """Windowed frames put together again by least squares: float64 [size], 0 where no frame lies."""
    frames = len(window)
    total, weight = np.zeros(size + 2 * frames), np.zeros(size + 2 * frames)
    for start, estimate in zip(starts, estimates, strict=True):
        total[start + frames : start + 2 * frames] += window * estimate
        weight[start + frames : start + 2 * frames] += window**2
    joined: Signal = (total / np.maximum(weight, 1e-9))[frames : frames + size]
    return joined
