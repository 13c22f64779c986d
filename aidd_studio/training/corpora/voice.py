"""Wordless voices from a source-filter model: speech-like babble, singing and animal-like glides.

Nothing here says a word; it gives the models glottal harmonics that glide, formants that move, fricatives, stops
and pauses, without any recording of a person.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import hann

_RATE = 24_000
_HOP = 120  # 5 ms control frames
_VOWELS = np.array(
    [[730, 1090, 2440], [530, 1840, 2480], [390, 1990, 2550], [270, 2290, 3010], [570, 840, 2410], [440, 1020, 2240],
     [300, 870, 2240], [490, 1350, 1690], [660, 1720, 2410], [640, 1190, 2390]]
)  # fmt: skip
"""First three formants of English vowels in Hz (men; Peterson and Barney 1952)."""

_FRICATIVES = ((4200, 9000), (2200, 6500), (6000, 11000), (1500, 9000), (800, 4000))


def babble(seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Speech-like sound: float32 [1, frames] at 24 kHz."""
    tract = float(rng.uniform(0.92, 1.28))
    pitch = float(rng.choice([rng.uniform(85, 150), rng.uniform(160, 260)]))
    frames = int(seconds * _RATE / _HOP)
    f0, voiced, level = np.full(frames, pitch), np.zeros(frames), np.zeros(frames)
    formants, noise, band = np.tile(_VOWELS[7] * tract, (frames, 1)), np.zeros(frames), np.zeros(frames, int)
    at, since = 0, 0
    while at < frames:
        if since > rng.integers(250, 900):  # a breath every 1 to 5 seconds
            at, since = at + int(rng.integers(40, 160)), 0
            continue
        syllable = _syllable(at, frames, rng)
        consonant, vowel = syllable
        kind = rng.random()
        burst = slice(max(consonant.stop - 5, consonant.start), consonant.stop)
        if kind < 0.4:
            noise[consonant] = rng.uniform(0.05, 0.35)
            band[consonant] = rng.integers(len(_FRICATIVES))
        elif kind < 0.65:
            noise[burst], band[burst] = rng.uniform(0.1, 0.5), rng.integers(len(_FRICATIVES))
        else:
            voiced[consonant] = rng.uniform(0.15, 0.4)
        formants[vowel] = _VOWELS[rng.integers(len(_VOWELS))] * tract * rng.uniform(0.93, 1.07)
        voiced[vowel] = 1.0
        level[consonant.start : vowel.stop] = rng.uniform(0.5, 1.0)
        decline = 1.12 - 0.25 * min(since, 400) / 400
        f0[consonant.start : vowel.stop] = pitch * decline * np.exp(rng.normal(0, 0.09))
        since += vowel.stop - at
        at = vowel.stop
    f0 = _smooth(f0, 24) * np.exp(_smooth(rng.normal(0, 0.05, frames), 6))
    formants = np.stack([_smooth(track, 12) for track in formants.T], 1)
    return _speak(f0, _smooth(voiced * level, 5), formants, _smooth(noise * level, 3), band, rng)


def _syllable(at: int, frames: int, rng: np.random.Generator) -> tuple[slice, slice]:
    consonant = min(frames, at + int(rng.integers(6, 26)))
    return slice(at, consonant), slice(consonant, min(frames, consonant + int(rng.integers(12, 50))))


def sing(seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A wordless singer with vibrato and portamento: float32 [1, frames] at 24 kHz."""
    frames = int(seconds * _RATE / _HOP)
    f0, level = np.zeros(frames), np.zeros(frames)
    formants = np.zeros((frames, 3))
    tract, key, at = float(rng.uniform(0.95, 1.25)), float(rng.integers(45, 70)), 0
    while at < frames:
        stop = min(frames, at + int(rng.integers(30, 260)))
        key = float(np.clip(key + rng.choice([-4, -2, -1, 0, 1, 2, 3, 5]), 43, 78))
        f0[at:stop] = 440 * 2 ** ((key - 69) / 12)
        formants[at:stop] = _VOWELS[rng.integers(len(_VOWELS))] * tract
        level[at:stop] = 0.0 if rng.random() < 0.1 else rng.uniform(0.4, 1)
        at = stop
    time = np.arange(frames) * _HOP / _RATE
    vibrato = 1 + rng.uniform(0.002, 0.025) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * time)
    formants = np.stack([_smooth(track, 14) for track in formants.T], 1)
    still = np.zeros(frames)
    return _speak(_smooth(f0, 9) * vibrato, _smooth(level, 9), formants, still, still.astype(int), rng)


def glides(seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Calls that sweep and warble between silences, in noise: float32 [1, frames] at 24 kHz."""
    frames = int(seconds * _RATE / _HOP)
    f0, level = np.full(frames, 300.0), np.zeros(frames)
    at = 0
    while at < frames:
        stop = min(frames, at + int(rng.integers(50, 500)))
        span = np.linspace(0, 1, stop - at)
        first, last = np.exp(rng.uniform(np.log(120), np.log(2500), 2) * [1, 0.3] + [0, 0.7 * np.log(600)])
        f0[at:stop] = first * (last / first) ** span ** rng.uniform(0.5, 2)
        f0[at:stop] *= 1 + rng.uniform(0, 0.08) * np.sin(2 * np.pi * rng.uniform(1, 14) * span * (stop - at) / 200)
        level[at:stop] = np.sin(np.pi * span) ** rng.uniform(0.2, 1) * rng.uniform(0.3, 1)
        at = stop + int(rng.integers(10, 300))
    formants = np.tile([rng.uniform(300, 900), rng.uniform(1000, 2500), rng.uniform(2600, 4500)], (frames, 1))
    still = np.zeros(frames)
    return _speak(np.clip(_smooth(f0, 4), 60, 6000), _smooth(level, 4), formants, still, still.astype(int), rng)


def _speak(
    f0: NDArray[np.float64],
    voiced: NDArray[np.float64],
    formants: NDArray[np.float64],
    noise: NDArray[np.float64],
    band: NDArray[np.int_],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Excite moving formants with a glottal pulse train and noise, frame by frame in the frequency domain."""
    frames = f0.size * _HOP
    control = np.arange(f0.size) * _HOP
    pitch = np.interp(np.arange(frames), control, f0)
    phase = np.cumsum(pitch) / _RATE
    strength = np.interp(np.arange(frames), control, voiced)
    tilt = float(rng.uniform(8, 16))
    pulse = np.where(np.diff(np.floor(phase), prepend=0) > 0, np.sqrt(_RATE / pitch), 0.0)
    aspiration = rng.normal(0, rng.uniform(0.02, 0.2), frames)
    voice = strength * (pulse + aspiration)
    hiss = np.interp(np.arange(frames), control, noise) * rng.normal(0, 1, frames)
    size, hop = 768, 192
    window = hann(size + 1, symmetry="symmetric")[:-1]
    frequency = np.fft.rfftfreq(size, 1 / _RATE)
    starts = np.arange(0, frames - size, hop)
    out = np.zeros(frames)
    index = np.minimum((starts + size // 2) // _HOP, f0.size - 1)
    slices = starts[:, None] + np.arange(size)
    filtered = np.fft.rfft(voice[slices] * window) * _tract(formants[index], frequency, tilt)
    bands = np.array(_FRICATIVES)[band[index]]
    shape = (frequency > bands[:, :1]) & (frequency < bands[:, 1:])
    filtered += np.fft.rfft(hiss[slices] * window) * (shape + 0.03)
    grains = np.fft.irfft(filtered, size) * window
    for start, grain in zip(starts, grains, strict=True):
        out[start : start + size] += grain
    peak = np.abs(out).max()
    normalised: NDArray[np.float32] = (out / (peak + 1e-9) * 0.5).astype(np.float32)
    return normalised[None]


def _tract(formants: NDArray[Any], frequency: NDArray[Any], tilt: float) -> NDArray[Any]:
    """The response of three moving resonances and two fixed ones, falling `tilt` dB an octave: [frames, bins]."""
    fixed = np.tile([3500.0, 4500.0], (len(formants), 1))
    centers = np.concatenate([formants, fixed], 1)[..., None]
    widths = 50 + 0.05 * centers
    denominator = centers**2 - frequency**2 + 1j * frequency * widths
    response = np.prod(centers**2 / denominator, axis=1)
    slope = (np.maximum(frequency, 100) / 100) ** (-(tilt - 10) / 6.02)
    return np.asarray(response * slope * (frequency > 50))


def _smooth(track: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    kernel = hann(width + 2, symmetry="symmetric")[1:-1]
    padded = np.pad(track, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")
