"""The eleven model output variables of the basic version: averages of the precursors over time and channels.

Source: ITU-R BS.1387-1, Annex 2, section 4; averaging rules after Kabal, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from aidd_studio.audio.signal import rms
from aidd_studio.evaluation.peaq.bands import FRAMES_PER_SECOND, Array
from aidd_studio.evaluation.peaq.patterns import Patterns
from aidd_studio.evaluation.peaq.precursors import Precursors

WARM_UP = 0.5
"""Seconds at the start that modulation and noise loudness leave out."""

AUDIBLE_LOUDNESS = 0.1
"""Sone that both recordings must reach before noise loudness counts."""


@dataclass(frozen=True)
class OutputVariables:
    """In the order in which the network takes them."""

    bandwidth_reference: float  # BandwidthRefB, bins
    bandwidth_test: float  # BandwidthTestB, bins
    total_noise_to_mask: float  # Total NMRB, dB
    windowed_modulation_difference: float  # WinModDiff1B
    average_distorted_block: float  # ADBB
    error_harmonic_structure: float  # EHSB
    modulation_difference_1: float  # AvgModDiff1B
    modulation_difference_2: float  # AvgModDiff2B
    rms_noise_loudness: float  # RmsNoiseLoudB, sone
    maximum_detection_probability: float  # MFPDB
    disturbed_frames: float  # RelDistFramesB

    def as_array(self) -> Array:
        return np.array(astuple(self))


def output_variables(
    channels: Sequence[Precursors], shapes: Sequence[Patterns], frames_before: int = 0
) -> OutputVariables:
    """Average precursors of one or two channels.

    frames_before: frames that went through the ear model before the first one that counts.
    """
    warm = max(0, math.ceil(WARM_UP * FRAMES_PER_SECOND) - frames_before)
    loud = max(min(_first_loud(shape) for shape in shapes) + math.ceil(0.050 * FRAMES_PER_SECOND), warm)
    blocks, most = _detection(channels)
    return OutputVariables(
        _mean(_present(one.bandwidth_original) for one in channels),
        _mean(_present(one.bandwidth_restored) for one in channels),
        _mean(10.0 * math.log10(float(np.mean(one.noise_to_mask))) for one in channels),
        _mean(_windowed(one.modulation_difference_1[warm:]) for one in channels),
        blocks,
        _mean(1000.0 * _present(one.error_harmonics) for one in channels),
        _mean(_weighted(one.modulation_difference_1[warm:], one.modulation_weight[warm:]) for one in channels),
        _mean(_weighted(one.modulation_difference_2[warm:], one.modulation_weight[warm:]) for one in channels),
        _mean(rms(one.noise_loudness[loud:]) for one in channels),
        most,
        _mean(float(np.mean(one.noise_to_mask_peak > 10.0**0.15)) for one in channels),
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _present(values: Array) -> float:
    counted = values[~np.isnan(values)]
    return float(counted.mean()) if counted.size else 0.0


def _weighted(values: Array, weights: Array) -> float:
    total = float(weights.sum())
    return float(np.dot(values, weights)) / total if total > 0 else 0.0


def _windowed(values: Array) -> float:
    """Root of the mean fourth power of 100 ms averages of the square root."""
    length = int(0.1 * FRAMES_PER_SECOND)
    if len(values) < length:
        return 0.0
    averages = np.lib.stride_tricks.sliding_window_view(np.sqrt(values), length).mean(axis=1)
    return float(np.sqrt(np.mean(averages**4)))


def _first_loud(shape: Patterns) -> int:
    loud = (shape.loudness_original > AUDIBLE_LOUDNESS) & (shape.loudness_restored > AUDIBLE_LOUDNESS)
    return int(np.argmax(loud)) if loud.any() else len(loud)


def _detection(channels: Sequence[Precursors]) -> tuple[float, float]:
    """Average distorted block and the largest smoothed probability of detection; the worse channel counts per band."""
    probability = np.max([one.detection for one in channels], axis=0)
    steps = np.max([one.steps for one in channels], axis=0).sum(axis=1)
    heard = 1.0 - np.prod(1.0 - probability, axis=1)
    smoothed = most = 0.0
    for value in heard:
        smoothed = 0.9 * smoothed + 0.1 * float(value)
        most = max(most, smoothed)
    distorted = heard > 0.5
    if not distorted.any():
        return 0.0, most
    total = float(steps[distorted].sum())
    return (math.log10(total / int(distorted.sum())) if total > 0 else -0.5), most
