"""The split: confining a change to a region in time and frequency, so that all else stays as it was.

The change is windowed in time first and filtered then, y' = y + h * (w (z - y)); the other order would leak from the
window's edges into every frequency.
"""

from __future__ import annotations

import numpy as np

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import Signal, rise
from aidd_studio.damage.damage import Band
from aidd_studio.errors import DamageError

RAMP = 0.006
"""Seconds over which the change fades in and out, outside the region on each side."""

ATTENUATION = 110.0
"""dB by which the filter stops what lies outside the band and its transitions."""

NARROWEST, WIDEST = 80.0, 300.0
"""Hz: limits of a transition's width, which otherwise is a tenth of the band's."""

SHORT = 0.1
"""Seconds below which a region widens the transition, so that the filter does not ring far beyond it."""

SHORT_WIDTH = 11.4
"""Hz times seconds: the width of a short region's transition is at least this, over its length."""


def transition_width(band: Band, frames: int, rate: int) -> float:
    """Hz beside each edge of a band in which a change to a region of that many frames fades out."""
    width = min(max(0.1 * (band.high - band.low), NARROWEST), WIDEST)
    seconds = frames / rate
    return max(width, SHORT_WIDTH / seconds) if seconds < SHORT else width


def reach(band: Band, frames: int, rate: int) -> int:
    """Frames beside a region of that many frames, on each side, beyond which `confine` changes no bit."""
    return round(RAMP * rate) + len(_filter(band, frames, rate)) // 2


def confine(known: Samples, fresh: Samples, start: int, end: int, band: Band, rate: int) -> Samples:
    """`known` with what `fresh` holds in a band, in frames `start` to `end`.

    known, fresh: float32 [channels, frames], the recording around the region before and after a change; where they end
    within `reach` of the region, so does the recording. Inside the band the result is `fresh` over the whole region;
    beyond the band's transitions and the region's reach it is `known`. An edge of the band that is nearer to 0 Hz or
    half the rate than a transition is wide is open: the change goes on to there. Raises DamageError where a sample of
    the region is not finite.
    """
    if not 0 <= start < end <= known.shape[1]:
        raise ValueError("the region must lie inside the samples")
    taps = _filter(band, end - start, rate)
    ramp, half = round(RAMP * rate), len(taps) // 2
    first, last = max(0, start - ramp), min(known.shape[1], end + ramp)
    fade_in, fade_out = rise(ramp)[ramp - (start - first) :], rise(ramp)[::-1][: last - end]
    weight = np.concatenate([fade_in, np.ones(end - start), fade_out])
    begin, stop = max(0, first - half), min(known.shape[1], last + half)
    result = known.copy()
    for channel, (before, after) in enumerate(zip(known, fresh, strict=True)):
        change = weight * (after[first:last].astype(np.float64) - before[first:last])
        if not np.all(np.isfinite(change)):
            raise DamageError(
                f"The region at {start / rate:.3f} s holds NaN or infinite values, which have no spectrum; repair it "
                "without a band."
            )
        filtered = _convolve(change, taps)[begin - (first - half) :][: stop - begin]
        result[channel, begin:stop] = before[begin:stop] + filtered
    return result


def _filter(band: Band, frames: int, rate: int) -> Signal:
    """The taps of a linear-phase Kaiser filter that passes the band: float64 [odd]."""
    band.check_rate(rate)
    width = transition_width(band, frames, rate)
    edges = [edge for edge in (band.low - width / 2, band.high + width / 2) if width / 2 < edge < rate / 2 - width / 2]
    if not edges:
        return np.ones(1)
    from scipy.signal import firwin, kaiserord  # type: ignore[attr-defined]

    count, beta = kaiserord(ATTENUATION, width / (rate / 2))
    passes_zero = band.low - width / 2 <= width / 2
    taps: Signal = firwin(count | 1, edges, window=("kaiser", beta), pass_zero=passes_zero, fs=rate)
    return taps


def _convolve(change: Signal, taps: Signal) -> Signal:
    """The full convolution, block by block: [frames + taps - 1]."""
    if len(taps) == 1:
        return change
    from scipy.signal import oaconvolve  # type: ignore[attr-defined]

    convolved: Signal = oaconvolve(change, taps)
    return convolved
