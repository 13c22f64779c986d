"""What a 24 kHz mono model leaves to others: the octave above 12 kHz, and the stereo image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.files.reading import read
from aidd_studio.audio.signal import hann
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Window
from aidd_studio.engines.linear.extrapolation import two_sided
from aidd_studio.progress import Progress

SIZE, HOP = 2048, 512
BANDS = 8
FLOOR = 1e-5
SPLIT = 12_000.0  # Hz, the top of the model's band
ORDER, SIDE = 1024, 11_025
CONTEXT = 2.0  # seconds on each side


def measure_space(files: Sequence[Path], gap: float, count: int, seed: int) -> list[dict[str, Any]]:
    """`count` stereo gaps at the files' own rate: top-band distance and coherence, filled by aidd and extrapolation.

    Files that are mono or below 32 kHz are left out.
    """
    from aidd_studio.engines.registry import create_engine

    clips = [clip for clip in map(read, files) if clip.channels == 2 and clip.rate >= 32_000]
    engine, rng = create_engine("aidd"), np.random.default_rng(seed)
    found = []
    for number in range(count if clips else 0):
        clip = clips[number % len(clips)]
        frames, around = round(gap * clip.rate), round(CONTEXT * clip.rate)
        span = min(clip.frames, 2 * around + frames)
        at = int(rng.integers(0, clip.frames - span + 1))
        sound = clip.read(at, at + span)
        begin = (span - frames) // 2
        end = begin + frames
        missing = np.zeros(sound.shape, dtype=np.bool_)
        missing[:, begin:end] = True
        window = Window(np.where(missing, np.float32(0), sound), missing, clip.rate, 0, (Damage(begin, end),))
        fill = next(engine.fill(window, 1, int(rng.integers(2**31)), Progress())).samples
        plain = sound.astype(np.float64)
        plain[:, begin:end] = two_sided(plain, begin, end, ORDER, SIDE)
        found.append(
            {
                "top aidd": top_distance(sound, fill, begin, end, clip.rate),
                "top extrapolation": top_distance(sound, plain, begin, end, clip.rate),
                "coherence original": coherence(sound[:, begin:end]),
                "coherence aidd": coherence(fill[:, begin:end]),
                "coherence extrapolation": coherence(plain[:, begin:end]),
                "coherence context": coherence(sound[:, max(0, begin - frames) : begin]),
            }
        )
    return found


def top_distance(a: NDArray[Any], b: NDArray[Any], begin: int, end: int, rate: int) -> float:
    """Mean absolute difference of log magnitudes in BANDS bands from 12 kHz up, in the frames of the gap."""
    spectra = [np.abs(_frames(x[:, max(0, begin - SIZE // 2) : end + SIZE // 2])) for x in (a, b)]
    edges = np.linspace(SPLIT, min(20_000.0, rate / 2), BANDS + 1) * SIZE / rate
    logs = [
        np.log(FLOOR + np.stack([s[..., int(lo) : int(hi)].sum(-1) for lo, hi in pairwise(edges)])) for s in spectra
    ]
    return float(np.mean(np.abs(logs[0] - logs[1])))


def coherence(sound: NDArray[Any]) -> float:
    """Magnitude-squared coherence of left and right, weighted by power: 1 for mono, near 0 for unrelated channels."""
    left, right = _frames(sound)
    cross = np.abs((left * right.conj()).mean(0)) ** 2
    powers = (np.abs(left) ** 2).mean(0), (np.abs(right) ** 2).mean(0)
    weight = powers[0] + powers[1]
    return float(np.sum(weight * cross / np.maximum(powers[0] * powers[1], 1e-20)) / np.maximum(np.sum(weight), 1e-20))


def _frames(sound: NDArray[Any]) -> NDArray[Any]:
    """Hann-windowed spectra: [channels, frames, bins]."""
    short = max(0, SIZE - sound.shape[1])
    pieces = np.lib.stride_tricks.sliding_window_view(np.pad(sound, ((0, 0), (0, short))), SIZE, axis=1)[:, ::HOP]
    return np.fft.rfft(pieces * hann(SIZE, symmetry="symmetric"), axis=-1)
