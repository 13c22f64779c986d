"""What each frame says: the quantities whose averages are the model output variables.

Source: ITU-R BS.1387-1, Annex 2, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from aidd_studio.audio.signal import hann
from aidd_studio.evaluation.peaq.bands import BAND_WIDTH, FRAME, HOP, Array, bands
from aidd_studio.evaluation.peaq.ear import Excitation, Spectra
from aidd_studio.evaluation.peaq.patterns import Patterns

HIGHEST_BIN = 921  # 21.6 kHz: above it there is only noise floor
LOWEST_BIN = 346  # 8.1 kHz: a recording narrower than that says nothing about bandwidth
HARMONIC_LAGS = 256
SILENT_ENERGY = 8000.0  # of the frame's second half, in 16-bit units


@dataclass(frozen=True, eq=False)
class Precursors:
    """Per frame and channel; NaN where a frame has no say."""

    bandwidth_original: Array  # [frames], bins
    bandwidth_restored: Array
    noise_to_mask: Array  # mean over bands, power ratio
    noise_to_mask_peak: Array
    modulation_difference_1: Array
    modulation_difference_2: Array
    modulation_weight: Array
    noise_loudness: Array
    error_harmonics: Array
    detection: Array  # [frames, 109] probability that the difference is heard
    steps: Array  # [frames, 109] steps above the threshold of hearing a difference


def precursors(pair: Spectra, excited: Excitation, shapes: Patterns) -> Precursors:
    """All precursors of one channel."""
    bandwidth_original, bandwidth_restored = _bandwidths(pair)
    ratios = excited.noise / (_mask_offset() * excited.original)
    detection, steps = _detection(excited)
    return Precursors(
        bandwidth_original,
        bandwidth_restored,
        ratios.mean(axis=1),
        ratios.max(axis=1),
        *_modulation_differences(shapes),
        _noise_loudness(shapes),
        _error_harmonics(pair),
        detection,
        steps,
    )


def _bandwidths(pair: Spectra) -> tuple[Array, Array]:
    floor = pair.restored[:, HIGHEST_BIN:HOP].max(axis=1, keepdims=True)
    original = _highest(pair.original[:, :HIGHEST_BIN] >= 10.0 * floor)
    original[original <= LOWEST_BIN + 1] = 0
    below = np.arange(HIGHEST_BIN) < original[:, None]
    restored = _highest((pair.restored[:, :HIGHEST_BIN] >= 10.0**0.5 * floor) & below)
    return np.where(original > 0, original, np.nan), np.where(restored > 0, restored, np.nan)


def _highest(loud: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    """One more than the highest bin that is True in each frame, 0 where none is."""
    width = loud.shape[1]
    top = width - np.argmax(loud[:, ::-1], axis=1)
    return np.where(loud.any(axis=1), top, 0).astype(np.float64)


@lru_cache(maxsize=1)
def _mask_offset() -> Array:
    band = np.arange(bands().count)
    decibels = np.where(band <= 12.0 / BAND_WIDTH, 3.0, 0.25 * band * BAND_WIDTH)
    offset: Array = 10.0 ** (-decibels / 10.0)
    return offset


def _modulation_differences(shapes: Patterns) -> tuple[Array, Array, Array]:
    a, b = shapes.modulation_original, shapes.modulation_restored
    difference = np.abs(a - b)
    lost = np.where(a > b, 0.1, 1.0)  # modulation taken away counts a tenth of modulation added
    first = 100.0 * np.mean(difference / (1.0 + a), axis=1)
    second = 100.0 * np.mean(lost * difference / (0.01 + a), axis=1)
    envelope = shapes.envelope_original
    weight = np.sum(envelope / (envelope + 100.0 * bands().internal_noise ** 0.3), axis=1)
    return first, second, weight


def _noise_loudness(shapes: Patterns) -> Array:
    """Loudness of what was added, partially masked by the original (alpha 1.5, TF0 0.15, S0 0.5)."""
    threshold = bands().internal_noise
    a, b = shapes.adapted_original, shapes.adapted_restored
    slope_a = 0.15 * shapes.modulation_original + 0.5
    slope_b = 0.15 * shapes.modulation_restored + 0.5
    masking = np.exp(np.minimum(-1.5 * (b - a) / a, 700.0))
    added = np.maximum(slope_b * b - slope_a * a, 0.0)
    specific = (threshold / slope_b) ** 0.23 * ((1.0 + added / (threshold + slope_a * a * masking)) ** 0.23 - 1.0)
    loudness: Array = np.maximum(24.0 / bands().count * np.sum(specific, axis=1), 0.0)
    return loudness


def _detection(excited: Excitation) -> tuple[Array, Array]:
    a, b = 10.0 * np.log10(excited.original), 10.0 * np.log10(excited.restored)
    difference = a - b
    level = np.where(difference > 0.0, 0.3 * a + 0.7 * b, b)
    audible = np.maximum(level, 1e-9)
    polynomial = np.polyval([9.01033e-11, 5.05622e-6, -0.00102438, 0.0550197, -0.198719], audible)
    step = np.where(level > 0.0, 5.95072 * (6.39468 / audible) ** 1.71332 + polynomial, 1e30)
    slope = np.where(difference > 0.0, 4.0, 6.0)
    probability = 1.0 - 0.5 ** (np.abs(difference / step) ** slope)
    return probability, np.abs(np.trunc(difference)) / step


def _error_harmonics(pair: Spectra) -> Array:
    """Largest peak of the spectrum of the autocorrelation of the log spectral difference."""
    energies = [np.sum(np.square(frames[:, HOP:]), axis=1) for frames in (pair.original_frames, pair.restored_frames)]
    loud = (energies[0] >= SILENT_ENERGY) | (energies[1] >= SILENT_ENERGY)
    lags = HARMONIC_LAGS
    tiny = np.finfo(np.float64).tiny
    span = slice(0, 2 * lags - 1)
    difference = np.log(np.maximum(pair.restored[:, span], tiny)) - np.log(np.maximum(pair.original[:, span], tiny))
    size = 2 * FRAME
    head = np.fft.rfft(difference[:, :lags], size)
    correlation = np.fft.irfft(np.conj(head) * np.fft.rfft(difference, size), size)[:, :lags]
    sums = np.cumsum(np.square(difference), axis=1)
    energy = sums[:, lags - 1 :] - np.pad(sums, ((0, 0), (1, 0)))[:, :lags]
    product = energy[:, :1] * energy
    normalised = np.where(product > 0.0, correlation / np.sqrt(np.maximum(product, tiny)), 1.0)
    window = np.sqrt(8.0 / 3.0) / lags * hann(lags, symmetry="symmetric")
    centred = window * (normalised - normalised.mean(axis=1, keepdims=True))
    spectrum = np.square(np.abs(np.fft.rfft(centred, axis=1)))
    rising = np.where(spectrum[:, 1:] > spectrum[:, :-1], spectrum[:, 1:], 0.0)  # a peak after a valley
    return np.where(loud, rising.max(axis=1), np.nan)
