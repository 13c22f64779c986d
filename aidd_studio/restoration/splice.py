"""Splicing: placing a fill in its gap so that its edges are inaudible."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Patch, Samples
from aidd_studio.audio.signal import best_lag, level_gain, rise
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Fill, Window
from aidd_studio.errors import DamageError

CROSSFADE = 0.006
"""Seconds of cross-fade outside the gap, on each side (the AIDD paper's value)."""

LEVEL_ZONE = 0.020
"""Seconds outside the gap over which levels and phases are compared."""

LARGEST_GAIN = 2.0
"""A level step of more than 6 dB is the fill's own doing, not a matter of gain."""

LARGEST_LAG = 0.0015
"""Seconds by which a fill may be shifted to meet the phase of its surroundings."""

BITS = 23
"""Patches lie on the grid of 24-bit samples (sign and 23 bits), so that a FLAC keeps them exactly."""


def splice(window: Window, fill: Fill, gap: Damage, crossfade: float = CROSSFADE) -> Patch:
    """The patch that places a fill in one gap of its window.

    Inside the gap the fill's samples are taken, matched in level and phase to the surroundings where the fill also
    renders those. Outside, up to `crossfade` seconds of good samples are faded over, and only as far as the fill
    differs from them. Raises DamageError when the fill is not finite.
    """
    rows = list(gap.channel_indices(window.channels))
    start, end = window.local(gap)
    known = window.samples[rows]
    fresh = _aligned(known, fill.samples[rows], start, end, window)
    if not np.all(np.isfinite(fresh[:, start:end])):
        raise DamageError(f"The engine {fill.engine} gave no usable sound for the gap; try another engine.")
    reach = round(crossfade * window.rate)
    good = ~window.missing[rows]
    left = _reach(known, fresh, good, start, -1, reach)
    right = _reach(known, fresh, good, end, +1, reach)
    mixed = fresh[:, start - left : end + right].astype(np.float64)
    if left:
        fade = rise(left)
        mixed[:, :left] = (1 - fade) * known[:, start - left : start] + fade * mixed[:, :left]
    if right:
        fade = rise(right)[::-1]
        mixed[:, -right:] = (1 - fade) * known[:, end : end + right] + fade * mixed[:, -right:]
    return Patch(gap.start - left, tuple(rows), on_grid(mixed))


def on_grid(samples: NDArray[np.float64]) -> Samples:
    """Samples rounded so that 24 bits hold them exactly, relative to `grid_exponent`."""
    step = 2.0 ** (grid_exponent(samples) - BITS)
    rounded: Samples = (np.round(samples / step) * step).astype(np.float32)
    return rounded if grid_exponent(rounded) == grid_exponent(samples) else on_grid(rounded.astype(np.float64))


def grid_exponent(samples: NDArray[np.floating]) -> int:
    """The power of two that brings samples below full scale; 0 for ordinary ones."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return 0 if peak < 1.0 else math.floor(math.log2(peak)) + 1


def _reach(known: Samples, fresh: Samples, good: NDArray[np.bool_], edge: int, side: int, most: int) -> int:
    """How many good frames beside an edge the fill renders differently, at most `most`."""
    zone = slice(max(0, edge - most), edge) if side < 0 else slice(edge, edge + most)
    usable: NDArray[np.bool_] = np.asarray(good[:, zone].all(axis=0))
    differs: NDArray[np.bool_] = np.asarray((known[:, zone] != fresh[:, zone]).any(axis=0))
    if side < 0:
        usable, differs = usable[::-1], differs[::-1]
    room = int(np.argmin(usable)) if not usable.all() else len(usable)
    return room if differs[:room].any() else 0


def _aligned(known: Samples, fresh: Samples, start: int, end: int, window: Window) -> Samples:
    """The fill shifted and scaled so that it meets the surroundings, where it renders them differently."""
    zone = round(LEVEL_ZONE * window.rate)
    missing: NDArray[np.bool_] = np.asarray(window.missing.any(axis=0))
    sides = [slice(max(0, start - zone), start), slice(end, min(window.frames, end + zone))]
    sides = [side for side in sides if side.stop - side.start > zone // 2 and not np.any(missing[side])]
    sides = [side for side in sides if not np.array_equal(known[:, side], fresh[:, side])]
    if not sides:
        return fresh
    fresh = _shifted(known, fresh, sides, round(LARGEST_LAG * window.rate))
    gains = [level_gain(known[:, side], fresh[:, side], LARGEST_GAIN) for side in sides]
    left = gains[0]
    right = gains[-1]
    ramp = np.ones(window.frames)
    ramp[:start], ramp[end:] = left, right
    ramp[start:end] = np.geomspace(left, right, end - start)
    return (fresh * ramp).astype(np.float32)


def _shifted(known: Samples, fresh: Samples, sides: list[slice], most: int) -> Samples:
    """The fill moved by the lag at which it correlates best with the known sound beside the gap."""
    if _match(known, fresh, sides, 0) > 0.98:
        return fresh
    lags = (0, *range(-most, most + 1))
    best = best_lag(lambda lag: _match(known, fresh, sides, lag), lags, margin=1e-9)
    return np.roll(fresh, best, axis=1) if best else fresh


def _match(known: Samples, fresh: Samples, sides: list[slice], lag: int) -> float:
    """Normalised correlation of the surroundings with the fill moved by `lag` frames."""
    product = power = reference = 0.0
    for side in sides:
        moved = slice(max(0, side.start - lag), side.stop - lag)
        there = fresh[:, moved]
        here = known[:, side][:, : there.shape[1]]
        there = there[:, : here.shape[1]]
        product += float(np.vdot(here, there))
        power += float(np.vdot(there, there))
        reference += float(np.vdot(here, here))
    return product / np.sqrt(power * reference) if power > 0 and reference > 0 else 0.0
