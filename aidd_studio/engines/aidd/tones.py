"""Tones that linear prediction foretells alike from both sides are kept, as no model can better them.

Where the continuation of the sound before a gap and that of the sound after it agree, bin by bin of a short-time
spectrum, both are most likely right to the phase, which no model of tokens is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aidd_studio.audio.signal import Signal, hann, rise
from aidd_studio.audio.stft import ShortTime, Spectrum, averaged

WINDOW = 1024
"""Frames at the models' rate: 43 ms, long enough to tell tones apart."""

TAPER = 480
"""Frames at each end of the gap over which the predictions fade in to be compared; a quarter of the gap at most."""

SPAN = (8, 3)
"""Pieces and bins over which agreement is averaged."""

AGREEMENT = (0.9, 0.98)
"""From where on prediction is kept in part, and where altogether; 1 is equality in phase and level."""

FLOOR = 1e-12
"""Power, of sound of unit window scale, below which nothing is a tone."""


@dataclass(frozen=True, eq=False)
class Tones:
    """What of a gap's extrapolation is to be kept.

    extrapolated: float64 [n], the gap filled from both sides. share: float64 [pieces, bins], 0 to 1.
    """

    transform: ShortTime
    extrapolated: Signal
    share: Signal

    @staticmethod
    def of(forward: Signal, backward: Signal, extrapolated: Signal) -> Tones:
        """From the predictions of a gap from before and from after it, and both together: float64 [n] each."""
        frames = len(extrapolated)
        transform = ShortTime(hann(WINDOW, symmetry="periodic"), frames)
        fade = rise(max(1, min(TAPER, frames // 4)))
        taper = np.ones(frames)
        taper[: len(fade)], taper[frames - len(fade) :] = fade, fade[::-1]
        share = _rising(_agreement(transform.of(forward * taper), transform.of(backward * taper)))
        return Tones(transform, extrapolated, share)

    def kept_in(self, made: Signal) -> Signal:
        """A model's sound for the gap with its guess of these tones replaced: float64 [n]."""
        change = self.transform.back(self.share * self.transform.of(self.extrapolated - made))
        kept: Signal = made + change
        return kept


def _agreement(forward: Spectrum, backward: Spectrum) -> Signal:
    """How far two spectra [pieces, bins] are the same around each bin: at most 1, 0 for nothing in common."""
    common = 2 * (forward * backward.conj()).real
    power = np.abs(forward) ** 2 + np.abs(backward) ** 2
    agreement: Signal = averaged(common, SPAN) / (averaged(power, SPAN) + FLOOR)
    return agreement


def _rising(agreement: Signal) -> Signal:
    low, high = AGREEMENT
    at = np.clip((agreement - low) / (high - low), 0.0, 1.0)
    rising: Signal = at * at * (3 - 2 * at)
    return rising
