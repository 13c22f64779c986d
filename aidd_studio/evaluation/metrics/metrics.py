"""How far a restored recording is from the original: spectra, waveforms and joins.

Every function takes float samples [channels, frames] of the original and the restored recording, the gap as half-open
frames (start, end) where it looks only there, and returns the mean over channels as a float.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from aidd_studio.audio.signal import Signal, hann, mel_bank

Span = tuple[int, int]
Logarithm = Literal["natural", "common"]

LSD_WINDOW = 2048
LSD_HOP = 512
POWER_FLOOR = 1e-8
"""Added to the power before the logarithm, so that digital silence is finite (TRAINING.md's value)."""

MEL_WINDOW = 1024
MEL_HOP = 256
MEL_BANDS = 80
MEL_FLOOR = 1e-5

CLICK_CONTEXT = 0.010
"""Seconds on each side of a join whose roughness is the yardstick for the join's own."""

CLICK_REACH = 2
"""Frames on each side of a join that count as the join itself; a step shows in the two nearest second differences."""


def log_spectral_distance(original: ArrayLike, restored: ArrayLike, logarithm: Logarithm = "natural") -> float:
    """Log-spectral distance of the whole recording: mean over frames of the RMS over bins of the log-power difference.

    Hann window 2048, hop 512, zeros only to fill the last frame. `natural` is ln(|X|² + 1e-8) for samples with full
    scale 1 and an unnormalised transform (the variant of TRAINING.md). `common` is log10 of the same, the form that
    papers print (Gray & Markel 1976 use 10·log10). With one floor both are one measure: the natural one is
    ln 10 = 2.303 times the common one.
    """
    a, b = _pair(original, restored)
    log_a = np.log(_power(a, LSD_WINDOW, LSD_HOP) + POWER_FLOOR)
    log_b = np.log(_power(b, LSD_WINDOW, LSD_HOP) + POWER_FLOOR)
    distance = float(np.mean(np.sqrt(np.mean(np.square(log_a - log_b), axis=-1))))
    return distance if logarithm == "natural" else distance / math.log(10.0)


def snr(original: ArrayLike, restored: ArrayLike, gap: Span | None = None) -> float:
    """Signal-to-noise ratio in dB: the original's energy over that of the difference; infinite when they are equal.

    In the audio inpainting literature the same number is called SDR (Adler et al. 2012).
    """
    a, b = _pair(original, restored, gap)
    values = [_ratio_db(float(np.vdot(x, x)), float(np.vdot(x - y, x - y))) for x, y in zip(a, b, strict=True)]
    return float(np.mean(values))


def mel_distance(original: ArrayLike, restored: ArrayLike, rate: int, gap: Span | None = None) -> float:
    """Mean absolute difference of natural-log mel magnitudes, over the frames centred in the gap.

    80 bands up to half the rate, window 1024, frames evenly placed at most 256 apart, magnitude floor 1e-5.
    """
    a, b = _magnitudes(original, restored, gap)
    bank = mel_bank(rate, MEL_WINDOW, MEL_BANDS)
    difference = np.log(np.maximum(a @ bank, MEL_FLOOR)) - np.log(np.maximum(b @ bank, MEL_FLOOR))
    return float(np.mean(np.abs(difference)))


def spectral_convergence(original: ArrayLike, restored: ArrayLike, gap: Span | None = None) -> float:
    """Frobenius norm of the magnitude difference over that of the original's magnitudes, in the frames of the gap."""
    a, b = _magnitudes(original, restored, gap)
    norm = np.linalg.norm(a, axis=(1, 2))
    difference = np.linalg.norm(a - b, axis=(1, 2))
    silent = norm == 0
    if silent.any():
        return math.inf if bool(np.any(difference[silent] > 0)) else 0.0
    return float(np.mean(difference / norm))


def level_difference(original: ArrayLike, restored: ArrayLike, gap: Span) -> float:
    """How much louder the restored recording is in the middle half of a gap, in dB; within ±60."""
    start, end = gap
    quarter = (end - start) // 4
    a, b = _pair(original, restored, (start + quarter, end - quarter))
    found = [
        0.0 if not x.any() and not y.any() else _ratio_db(float(y @ y), float(x @ x)) for x, y in zip(a, b, strict=True)
    ]
    return float(np.mean(np.clip(found, -60.0, 60.0)))


def boundary_click(restored: ArrayLike, gap: Span, rate: int) -> float:
    """Roughness of the worse of a gap's two joins, in dB over its surroundings; about 0 where nothing can be heard.

    The mean squared second difference of the two frames on each side of the join, over the mean squared second
    difference within 10 ms on both sides. Needs no original. Negative infinity when all is digital silence.
    """
    x = _signal(restored)
    curvature = np.zeros_like(x)
    curvature[:, 1:-1] = np.square(np.diff(x, n=2, axis=1))
    context = max(4 * CLICK_REACH, round(CLICK_CONTEXT * rate))
    joins = [edge for edge in gap if 0 < edge < x.shape[1]]
    worst = [max((_roughness(row, edge, context) for edge in joins), default=-math.inf) for row in curvature]
    return float(np.max(worst))


def _roughness(curvature: Signal, edge: int, context: int) -> float:
    near = slice(max(0, edge - CLICK_REACH), edge + CLICK_REACH)
    left = curvature[max(0, edge - context) : near.start]
    right = curvature[near.stop : edge + context]
    join = float(np.mean(curvature[near]))
    if join == 0:
        return -math.inf
    around = np.concatenate([left, right])
    return _ratio_db(join, float(np.mean(around)) if around.size else 0.0)


def power_spectrogram(samples: ArrayLike, window: int = LSD_WINDOW, hop: int = LSD_HOP) -> Signal:
    """Squared magnitudes of a Hann-windowed STFT: [channels, frames, window // 2 + 1]."""
    return _power(_signal(samples), window, hop)


def _magnitudes(original: ArrayLike, restored: ArrayLike, gap: Span | None) -> tuple[Signal, Signal]:
    """Magnitudes of both in frames evenly centred in the gap: two of [channels, frames, bins]."""
    a, b = _pair(original, restored)
    start, end = gap if gap is not None else (0, a.shape[1])
    return _centred(a, start, end), _centred(b, start, end)


def _centred(x: Signal, start: int, end: int) -> Signal:
    count = max(1, -(-(end - start) // MEL_HOP))
    centres = np.floor(start + (np.arange(count) + 0.5) * (end - start) / count).astype(int)
    half = MEL_WINDOW // 2
    padded = np.pad(x, ((0, 0), (half, half)))
    frames = padded[:, centres[:, None] + np.arange(MEL_WINDOW)]
    magnitudes: Signal = np.abs(np.fft.rfft(frames * hann(MEL_WINDOW, symmetry="periodic"), axis=-1))
    return magnitudes


def _power(x: Signal, window: int, hop: int) -> Signal:
    frames = max(1, 1 + -(-(x.shape[1] - window) // hop))
    padded = np.pad(x, ((0, 0), (0, max(0, (frames - 1) * hop + window - x.shape[1]))))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::hop]
    spectrum = np.fft.rfft(pieces * hann(window, symmetry="periodic"), axis=-1)
    power: Signal = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def _pair(original: ArrayLike, restored: ArrayLike, gap: Span | None = None) -> tuple[Signal, Signal]:
    a, b = _signal(original), _signal(restored)
    if a.shape != b.shape:
        raise ValueError(f"both recordings must have one shape, not {a.shape} and {b.shape}")
    if gap is None:
        return a, b
    start, end = gap
    if not 0 <= start < end <= a.shape[1]:
        raise ValueError(f"the gap {start} to {end} is not inside {a.shape[1]} frames")
    return a[:, start:end], b[:, start:end]


def _signal(samples: ArrayLike) -> Signal:
    x = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError("samples must be [channels, frames] with at least one frame")
    return x


def _ratio_db(signal: float, noise: float) -> float:
    if noise == 0.0:
        return math.inf
    return 10.0 * math.log10(signal / noise) if signal > 0.0 else -math.inf
