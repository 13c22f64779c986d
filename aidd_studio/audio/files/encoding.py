"""Encoding float32 samples: rounding, dither, limiting, and bit-exact copies of unchanged samples."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples, Source
from aidd_studio.audio.files.formats import Target
from aidd_studio.audio.files.native import as_float32
from aidd_studio.audio.files.subtypes import LOGARITHMIC, UNBOUNDED, bits_of


class Encoder:
    """Encodes the blocks of one file, and counts what it changes."""

    def __init__(self, target: Target, source: Source | None, *, dither: bool = True) -> None:
        self._dithers = dither
        self._subtype = target.subtype
        self._bits = bits_of(target.subtype)
        self._keeps_grid = source is None or _has_grid_within(source.subtype, self._bits)
        self._peak = 0.0
        self.over_full_scale = 0
        self.not_finite = 0
        self.dithered = 0

    def encode(self, samples: Samples, native: NDArray[Any] | None) -> NDArray[Any]:
        """float32 [channels, n] as soundfile takes it: [n, channels] of int32 (full scale), float32 or float64.

        native: the source's own samples of the same frames (int32 or float64), taken where nothing changed.
        """
        finite = np.isfinite(samples)
        if finite.all():
            clean = samples
        else:
            clean = np.where(finite, samples, np.float32(0.0))
        self._peak = max(self._peak, float(np.max(clean, initial=0.0)), -float(np.min(clean, initial=0.0)))
        if self._bits is not None:
            self.not_finite += int(samples.size - np.count_nonzero(finite))
            block = self._integers(clean, self._bits)
            return _unchanged_from(native, samples, block)
        if self._subtype == "DOUBLE":
            return _unchanged_from(native, samples, samples.astype(np.float64))
        if self._subtype == "FLOAT":
            return np.ascontiguousarray(samples.T)
        self.not_finite += int(samples.size - np.count_nonzero(finite))
        return np.ascontiguousarray(self._bounded(clean).T)

    @property
    def peak_dbfs(self) -> float | None:
        """The highest sample so far; None for silence."""
        return round(20 * math.log10(self._peak), 2) if self._peak > 0 else None

    def notes(self) -> tuple[str, ...]:
        """Remarks about the samples for the user."""
        notes = []
        if self.not_finite:
            notes.append(f"{self.not_finite} samples were not numbers and became silence.")
        if self._peak > 1.0 and self._subtype in UNBOUNDED:
            notes.append(f"Peaks reach {self.peak_dbfs:+.2f} dBFS; players will clip them.")
        return tuple(notes)

    def _integers(self, samples: Samples, bits: int) -> NDArray[np.int32]:
        """Full-scale int32 on the grid of `bits` bits: [channels, n]."""
        scale = 2.0 ** (bits - 1)
        scaled = samples.astype(np.float64) * scale
        whole = np.rint(scaled)
        # Samples on the grid need no rounding, so no dither. After a conversion from a finer grid only digital
        # silence is left alone: dithering it would bury where the silence was.
        rounded = scaled != whole if self._keeps_grid else samples != 0
        if self._dithers and self._subtype not in LOGARITHMIC and rounded.any():
            whole[rounded] = np.rint(scaled[rounded] + _triangular(samples, int(np.count_nonzero(rounded))))
            self.dithered += int(np.count_nonzero(rounded))
        self.over_full_scale += int(np.count_nonzero(np.abs(samples) > 1.0))
        np.clip(whole, -scale, scale - 1, out=whole)
        return (whole.astype(np.int64) << (32 - bits)).astype(np.int32)

    def _bounded(self, samples: Samples) -> Samples:
        if self._subtype in UNBOUNDED:
            return samples
        self.over_full_scale += int(np.count_nonzero(np.abs(samples) > 1.0))
        return np.clip(samples, -1.0, 1.0)


def _has_grid_within(subtype: str, bits: int | None) -> bool:
    """True when every sample of such a source lies on the target's grid."""
    had = bits_of(subtype)
    return had is not None and bits is not None and had <= bits


def _unchanged_from(native: NDArray[Any] | None, samples: Samples, block: NDArray[Any]) -> NDArray[Any]:
    """[n, channels]: the native samples where their float32 is what the clip holds, else the block's."""
    if native is None:
        return np.ascontiguousarray(block.T)
    bits, native_bits = samples.view(np.int32), np.ascontiguousarray(as_float32(native)).view(np.int32)
    same = bits == native_bits
    if block.dtype == np.float64 and native.dtype == np.int32:
        native = native * 2.0**-31
    return np.ascontiguousarray(np.where(same, native, block).T)


def _triangular(samples: Samples, count: int) -> NDArray[np.float64]:
    """Triangular noise of ±1 step: what makes the rounding error independent of the sound.

    The seed is the block's own content, so that writing twice gives the same file.
    (Lipshitz, Wannamaker & Vanderkooy, "Quantization and dither: a theoretical survey", JAES 40(5), 1992.)
    """
    generator = np.random.default_rng(zlib.crc32(np.ascontiguousarray(samples).tobytes()))
    return generator.random(count) - generator.random(count)
