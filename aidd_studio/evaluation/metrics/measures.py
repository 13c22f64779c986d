"""All measures of one restored segment together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.damage import Damage
from aidd_studio.evaluation.metrics import metrics
from aidd_studio.evaluation.peaq import grade

LARGEST_DECIBELS = 120.0
"""Infinite ratios (a perfect fill) are written as this, so that means and JSON stay finite."""


@dataclass(frozen=True)
class Measures:
    """How far a restored segment is from the original; gap measures are means over its gaps."""

    lsd: float  # log-spectral distance of the segment, natural logarithm of power
    lsd_common: float  # the same with log10
    odg: float  # objective difference grade of the segment, PEAQ basic
    mel: float  # log-mel L1 distance in the gaps
    convergence: float  # spectral convergence in the gaps
    snr: float  # dB in the gaps
    click: float  # dB, the worst join
    click_original: float  # dB, the original's own roughness at the same places

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


BETTER_WHEN_HIGHER = frozenset({"odg", "snr"})


def measure(original: Samples, restored: Samples, rate: int, gaps: Sequence[Damage]) -> Measures:
    """Measure a restored segment [channels, frames] against the original."""
    spans = [(gap.start, gap.end) for gap in gaps]
    lsd = metrics.log_spectral_distance(original, restored)
    return Measures(
        lsd,
        lsd / math.log(10.0),
        grade(original, restored, rate).odg,
        float(np.mean([metrics.mel_distance(original, restored, rate, span) for span in spans])),
        float(np.mean([metrics.spectral_convergence(original, restored, span) for span in spans])),
        float(np.mean([_finite(metrics.snr(original, restored, span)) for span in spans])),
        _finite(max(metrics.boundary_click(restored, span, rate) for span in spans)),
        _finite(max(metrics.boundary_click(original, span, rate) for span in spans)),
    )


def _finite(decibels: float) -> float:
    return float(np.clip(decibels, -LARGEST_DECIBELS, LARGEST_DECIBELS))
