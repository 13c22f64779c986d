"""The stretch of a window that the models see: one channel at their rate and level, aligned with tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.resampling import resample
from aidd_studio.audio.signal import Signal, rms
from aidd_studio.damage.detection.spans import true_runs

LEVEL = 0.1
"""The level (rms) at which the models were trained."""

LARGEST_BOOST = 100.0
"""Near-silence is raised by 40 dB at most."""

MARGIN = 0.05
"""Seconds beside a stretch that are resampled with it, more than the resampler's filter needs."""


@dataclass(frozen=True, eq=False)
class Segment:
    """One channel at the models' rate.

    wave: float64 [T], extrapolated where `missing` bool [T]. The wave is `scale` times the sound; it begins at frame
    `offset` of the resampled window. elsewhere: bool [T], missing too, but rendered with another window. gaps:
    half-open runs of the missing frames that are to be rendered.
    """

    wave: Signal
    missing: NDArray[np.bool_]
    scale: float
    offset: int
    rate: int
    elsewhere: NDArray[np.bool_] | None = None

    @property
    def gaps(self) -> list[tuple[int, int]]:
        return true_runs(self.missing if self.elsewhere is None else self.missing & ~self.elsewhere)


def cut_segment(
    sound: Signal,
    missing: NDArray[np.bool_],
    rate: int,
    model_rate: int,
    hop: int,
    tokens: int,
    elsewhere: NDArray[np.bool_] | None = None,
) -> Segment:
    """The segment of a window's sound float64 [frames], extrapolated where `missing` bool [frames].

    elsewhere: bool [frames], missing too, but not to be rendered. The first gap starts on a token boundary, so that
    no token is masked for a few samples only. Context is cut to `tokens` tokens, evenly on both sides; gaps are not.
    Gaps longer than that are filled piece by piece, and each side keeps half as much context.
    """
    resampled = resample(sound, rate, model_rate)
    wanted = _at_rate(missing, len(resampled), rate, model_rate)
    other = None if elsewhere is None else _at_rate(elsewhere, len(resampled), rate, model_rate) & ~wanted
    hidden = wanted if other is None else wanted | other
    holes = true_runs(wanted)
    first, last = holes[0][0], holes[-1][1]
    extent = last - first
    spare = (tokens * hop - extent if extent <= tokens * hop else tokens * hop) // 2
    before, after = _shared(spare, first, len(resampled) - last)
    begin = first - before // hop * hop
    within = slice(begin, last + after)
    wave, hidden = resampled[within], hidden[within]
    known = wave[~hidden]
    level = rms(known) if len(known) else LEVEL
    scale = min(LEVEL / (level + 1e-9), LARGEST_BOOST)
    return Segment(wave * scale, hidden, scale, begin, model_rate, None if other is None else other[within])


def _at_rate(missing: NDArray[np.bool_], length: int, rate: int, model_rate: int) -> NDArray[np.bool_]:
    """The missing frames at another rate, including partly missing ones: bool [length]."""
    hidden = np.zeros(length, dtype=np.bool_)
    for start, end in true_runs(missing):
        first = math.floor(start * model_rate / rate)
        hidden[first : max(first + 1, math.ceil(end * model_rate / rate))] = True
    return hidden


def map_back(change: Signal, segment: Segment, start: int, end: int, rate: int) -> Signal:
    """A change to the segment's wave float64 [T], resampled to a change of the window's sound from `start` to `end`."""
    common = math.gcd(rate, segment.rate)
    step, model_step = rate // common, segment.rate // common  # frames at both rates that span the same time
    margin = math.ceil(MARGIN * rate)
    first, last = max(0, start - margin) // step, -(-(end + margin) // step)
    begin = first * model_step
    around = np.zeros((last - first) * model_step)
    low, high = max(begin, segment.offset), min(begin + len(around), segment.offset + len(change))
    around[low - begin : max(low, high) - begin] = change[low - segment.offset : max(low, high) - segment.offset]
    restored: Signal = resample(around / segment.scale, segment.rate, rate)
    return restored[start - first * step : end - first * step]


def _shared(spare: int, before: int, after: int) -> tuple[int, int]:
    """Split 2 * `spare` frames between both sides; what one side lacks goes to the other."""
    left = min(before, max(spare, 2 * spare - after))
    return left, min(after, 2 * spare - left)
