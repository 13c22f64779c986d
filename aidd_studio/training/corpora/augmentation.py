"""What microphones, rooms, tapes and transmission do to a clean render."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import hann


def record(clean: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Turn clean sound [channels, frames] into a mono recording of it: float32 [frames], peak within ±0.98.

    Room, tone, compression, bandwidth, hum and noise are each drawn from `rng`; some recordings stay clean.
    """
    weights = rng.dirichlet(np.full(clean.shape[0], 8.0)) if clean.shape[0] > 1 else np.ones(1)
    sound = (weights.astype(np.float32)[:, None] * clean).sum(0)
    if rng.random() < 0.55:
        sound = detune(sound, float(rng.uniform(-50, 50)))
    if rng.random() < 0.65:
        sound = reverberate(sound, rate, rng)
    if rng.random() < 0.7:
        sound = equalise(sound, rate, rng)
    if rng.random() < 0.4:
        sound = compress(sound, rate, rng)
    sound = sound / (np.abs(sound).max() + 1e-9)
    sound = add_noise(sound, rate, rng)
    if rng.random() < 0.3:
        sound = limit_band(sound, rate, rng)
    level = 10 ** (rng.uniform(-18, -0.2) / 20)
    recorded: Samples = (sound / (np.abs(sound).max() + 1e-9) * level).astype(np.float32)
    return recorded


def detune(sound: Samples, cents: float) -> Samples:
    """Shift pitch and speed together by resampling, as a tape that runs a little fast or slow."""
    import soxr

    return np.asarray(soxr.resample(sound, 48_000 * 2 ** (cents / 1200), 48_000, quality="MQ"), np.float32)


def reverberate(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Convolve with a made-up room: early reflections, then noise that decays faster at high frequencies."""
    from scipy.signal import oaconvolve  # type: ignore[attr-defined]

    seconds = float(np.exp(rng.uniform(np.log(0.15), np.log(2.8))))
    frames = int(seconds * rate)
    time = np.arange(frames) / rate
    tail = np.zeros(frames)
    for low, high, share in ((0, 500, 1.1), (500, 2000, 1.0), (2000, 6000, 0.75), (6000, rate / 2, 0.45)):
        noise = np.fft.rfft(rng.normal(0, 1, frames))
        frequency = np.fft.rfftfreq(frames, 1 / rate)
        noise[(frequency < low) | (frequency >= high)] = 0
        tail += np.fft.irfft(noise, frames) * 10 ** (-3 * time / (seconds * share * rng.uniform(0.8, 1.2)))
    tail[: int(rng.uniform(0.005, 0.03) * rate)] *= 0.1
    for _ in range(int(rng.integers(4, 14))):
        tail[int(rng.uniform(0.002, 0.06) * rate)] += rng.normal(0, 1.5)
    tail *= rng.uniform(0.03, 0.45) / (np.sqrt((tail**2).sum()) + 1e-9)
    tail[0] += 1.0
    return np.asarray(oaconvolve(sound, tail.astype(np.float32))[: sound.size], np.float32)


def equalise(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """A smooth random tone curve, up to about ±8 dB."""
    octaves = np.log2(np.array([30, 100, 300, 1000, 3000, 6000, 11500]))
    gains = np.cumsum(rng.normal(0, 2.2, octaves.size)) + rng.uniform(-2, 2)
    return _shape(sound, rate, lambda hertz: np.interp(np.log2(np.maximum(hertz, 1)), octaves, gains - gains.mean()))


def limit_band(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Old or narrow equipment: a roll-off between 3.4 and 9 kHz, sometimes a missing bottom."""
    top = float(np.exp(rng.uniform(np.log(3400), np.log(9000))))
    bottom = float(rng.choice([1.0, rng.uniform(60, 300)]))
    steep = float(rng.choice([12, 24, 48, 200]))

    def response(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
        octaves_over = np.log2(np.maximum(hertz, 1) / top)
        octaves_under = np.log2(bottom / np.maximum(hertz, 1))
        curve: NDArray[np.float64] = -steep * np.maximum(octaves_over, 0) - 12 * np.maximum(octaves_under, 0)
        return curve

    return _shape(sound, rate, response)


def _shape(sound: Samples, rate: int, decibels: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Samples:
    """Filter by a zero-phase response given in dB over Hz."""
    from scipy.signal import oaconvolve  # type: ignore[attr-defined]

    size = 2048
    response = 10 ** (np.clip(decibels(np.asarray(np.fft.rfftfreq(size, 1 / rate), np.float64)), -100, 30) / 20)
    kernel = np.roll(np.fft.irfft(response), size // 2) * hann(size, symmetry="symmetric")
    return np.asarray(oaconvolve(sound, kernel.astype(np.float32))[size // 2 : size // 2 + sound.size], np.float32)


def compress(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Level compression with a slow envelope."""
    hop = rate // 100
    frames = sound.size // hop + 1
    padded = np.pad(sound, (0, frames * hop - sound.size))
    power = (padded.reshape(frames, hop) ** 2).mean(1)
    width = int(rng.integers(3, 30))
    weights = hann(width + 2, symmetry="symmetric")[1:-1]
    envelope = np.sqrt(np.convolve(power, weights / weights.sum(), "same") + 1e-8)
    threshold = np.quantile(envelope, rng.uniform(0.3, 0.8))
    gain = np.maximum(envelope / threshold, 1.0) ** (1 / rng.uniform(1.5, 5) - 1)
    gains = np.interp(np.arange(sound.size), np.arange(frames) * hop + hop / 2, gain)
    return np.asarray(sound * gains, np.float32)


def add_noise(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """A noise floor (-95 to -35 dB below peak) with a random spectral slope, and now and then mains hum."""
    frames = sound.size
    level = float(rng.choice([rng.uniform(-95, -65), rng.uniform(-70, -35)], p=[0.6, 0.4]))
    block = min(frames, 2**19)
    spectrum = np.fft.rfft(rng.normal(0, 1, block))
    hertz = np.maximum(np.fft.rfftfreq(block, 1 / rate), 20)
    noise = np.fft.irfft(spectrum * hertz ** (-rng.uniform(-0.2, 1.4)), block)
    noise = np.resize(noise / noise.std() * 10 ** (level / 20), frames)
    if rng.random() < 0.12:
        time = np.arange(frames) / rate
        mains = float(rng.choice([50.0, 60.0]))
        harmonics = [k for k in (1, 2, 3, 4, 5, 7) if rng.random() < 0.7]
        hum = sum((np.sin(2 * np.pi * mains * k * time + k) / k for k in harmonics), np.zeros(frames))
        noise = noise + hum * 10 ** (rng.uniform(-65, -35) / 20)
    return (sound + noise).astype(np.float32)
