"""Extrapolation: continuing a sound by linear prediction, from one or both sides of a gap.

After Kauppinen & Roth, "Audio signal extrapolation – theory and applications" (DAFx 2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import ddot  # type: ignore[attr-defined]

from aidd_studio.audio.signal import Signal, rise
from aidd_studio.damage.detection.spans import true_runs
from aidd_studio.engines.linear.burg import burg
from aidd_studio.progress import Progress

HEADROOM = 1.2
"""Largest ratio of an extrapolation's peak to its context's before it is damped."""

DAMPING_FRAMES = (np.inf, 32768.0, 8192.0, 2048.0)
"""Time constants in frames that are tried in turn when a prediction rises too far; none at first."""

BLOCK = 256
"""Frames predicted between two checks for cancellation."""

CONTEXT = 0.1
"""Seconds of context at each side of a gap (about 4096 frames at 44.1 kHz)."""

SCARCE = 4
"""A side with this many times less context than the gap and the other side counts only as far as it reaches."""

LARGEST_SHARE = 0.5
"""The order is at most this share of the context, so that a model is never fitted to its own noise."""


def predict(past: NDArray[Any], model: NDArray[Any], frames: int, progress: Progress | None = None) -> Signal:
    """The next frames after `past` according to a model: float64 [frames].

    past: [n], n may be shorter than the order (older frames count as 0). model: [order + 1], from `burg`.
    """
    # Frame by frame: a model of sound with an empty band has coefficients of 1e9 and more, and what convolution by
    # Fourier transform rounds off then grows beyond the sound.
    past, model = np.asarray(past, dtype=np.float64), np.asarray(model, dtype=np.float64)
    order = len(model) - 1
    if order < 1 or frames < 1 or not np.any(past):
        return np.zeros(max(0, frames))
    found = np.zeros(order + frames)  # begins with the past
    used = min(order, len(past))
    found[order - used : order] = past[len(past) - used :]
    backwards = -model[:0:-1]
    for at in range(frames):
        if progress is not None and at % BLOCK == 0:
            progress.check()
        found[order + at] = ddot(backwards, found, order, 0, 1, at)  # less overhead than numpy's dot of the same arrays
    return found[order:]


def extrapolate(past: NDArray[Any], frames: int, order: int, progress: Progress | None = None) -> Signal:
    """The next frames after each row of `past`, which fade rather than grow: float64 [..., frames].

    past: [..., n], oldest frame first. The model's order is at most half of n. Silence continues as silence.
    """
    past = np.asarray(past, dtype=np.float64)
    order = min(order, int(past.shape[-1] * LARGEST_SHARE))
    if order < 1 or frames < 1:
        return np.zeros((*past.shape[:-1], max(0, frames)))
    rows = past.reshape(-1, past.shape[-1])
    found = np.stack([bounded(row, burg(row, order), frames, progress) for row in rows])
    return found.reshape(*past.shape[:-1], frames)


def extrapolate_back(future: NDArray[Any], frames: int, order: int, progress: Progress | None = None) -> Signal:
    """The frames that came before each row of `future`: float64 [..., frames], in the order of time."""
    found: Signal = np.ascontiguousarray(extrapolate(np.asarray(future)[..., ::-1], frames, order, progress)[..., ::-1])
    return found  # in order in memory too: torch takes no array that runs backwards


def bounded(past: Signal, model: Signal, frames: int, progress: Progress | None = None) -> Signal:
    """`predict`, damped just as much as is needed to stay near the level of the past: float64 [frames].

    Damping moves the model's poles inwards (bandwidth expansion, a[i]·γ^i), a little more each time the prediction
    still rises too far; what remains above the past's peak is turned down.
    """
    limit = HEADROOM * float(np.max(np.abs(past), initial=0.0))
    powers = np.arange(len(model))
    found = np.zeros(frames)
    for constant in DAMPING_FRAMES:
        found = predict(past, model * np.exp(-powers / constant), frames, progress)
        if np.max(np.abs(found), initial=0.0) <= limit:
            return found
    if not np.all(np.isfinite(found)):
        return np.zeros(frames)
    risen = np.maximum.accumulate(np.abs(found))
    gentle: Signal = found * np.minimum(1.0, limit / np.maximum(risen, np.finfo(np.float64).tiny))
    return gentle


def two_sided(
    signal: NDArray[Any], start: int, end: int, order: int, context: int, progress: Progress | None = None
) -> Signal:
    """The frames `start` to `end` of each row, extrapolated from both sides and cross-faded: float64 [..., n].

    signal: [..., frames]; only up to `context` frames on each side of the gap are looked at, the gap itself never.
    At the signal's start or end the one side that exists is used alone.
    """
    signal = np.asarray(signal)
    frames = end - start
    before = signal[..., max(0, start - context) : start]
    after = signal[..., end : end + context]
    forward = extrapolate(before, frames, order, progress)
    backward = extrapolate_back(after, frames, order, progress)
    return cross_fade(forward, backward, before.shape[-1], after.shape[-1])


@dataclass(frozen=True, eq=False)
class BothSides:
    """A gap of one channel predicted from before and from after it, float64 [n] each.

    before, after: the frames of context that each was made from.
    """

    forward: Signal
    backward: Signal
    before: int
    after: int

    @property
    def complete(self) -> bool:
        """Whether there is sound on both sides."""
        return self.before >= 2 and self.after >= 2

    def crossed(self) -> Signal:
        """The gap as `two_sided` fills it: float64 [n]."""
        return cross_fade(self.forward, self.backward, self.before, self.after)

    def hand_overs(self) -> Signal:
        """The gap as `two_sided` fills it, and with the change of sides late and early: float64 [3, n].

        Where both predictions are cross-faded over the whole gap they partly cancel in its middle; the last two rows
        hold each of them alone over three quarters of it.
        """
        if not self.complete:
            return np.stack([self.crossed()] * 3)
        frames = len(self.forward)
        quarter = frames // 4
        swift = rise(quarter)
        late = np.concatenate((np.zeros(frames - quarter), swift))
        early = np.concatenate((swift, np.ones(frames - quarter)))
        swiftly = [self.forward * (1.0 - change) + self.backward * change for change in (late, early)]
        return np.stack([self.crossed(), *swiftly])


def both_sides(signal: NDArray[Any], start: int, end: int, order: int, context: int) -> BothSides:
    """The gap `start` to `end` of one channel [frames] predicted from up to `context` frames on each side."""
    before, after = signal[max(0, start - context) : start], signal[end : end + context]
    frames = end - start
    forward, backward = extrapolate(before, frames, order), extrapolate_back(after, frames, order)
    return BothSides(forward, backward, len(before), len(after))


def cross_fade(forward: Signal, backward: Signal, before: int, after: int) -> Signal:
    """Both predictions of a gap made one: float64 like them, [..., n].

    before, after: the frames of context that each was made from. A side without any leaves the gap to the other; one
    with very little counts only as far as its context reaches.
    """
    if before < 2:
        return backward
    if after < 2:
        return forward
    frames = forward.shape[-1]
    first = frames - after if SCARCE * after < min(frames, before) else 0
    last = before if SCARCE * before < min(frames, after) else frames
    change = np.concatenate((np.zeros(first), rise(last - first), np.ones(frames - last)))
    mixed: Signal = forward * (1.0 - change) + backward * change
    return mixed


def prefill(
    samples: NDArray[Any],
    missing: NDArray[np.bool_],
    rate: int,
    order: int | None = None,
    context: int | None = None,
    progress: Progress | None = None,
) -> Signal:
    """All missing frames of a window extrapolated from their surroundings: float64 [channels, frames].

    samples: [channels, frames]; missing: bool of the same shape. The order defaults to 1024 at 44.1 kHz and the
    context to 4096, both scaled with the rate. Gaps are filled from left to right, each from the filled past and
    from the sound up to the next gap.
    """
    order = order or scaled_order(rate)
    context = context or round(CONTEXT * rate)
    filled = np.where(missing, 0.0, np.asarray(samples, dtype=np.float64))
    for channel in range(filled.shape[0]):
        stretches = true_runs(missing[channel])
        ends = [*(start for start, _ in stretches[1:]), filled.shape[1]]  # one too many where nothing is missing
        for (start, end), limit in zip(stretches, ends, strict=False):
            row = filled[channel, :limit]
            filled[channel, start:end] = two_sided(row, start, end, order, context, progress)
    return filled


def scaled_order(rate: int, order: int = 1024) -> int:
    """The order that spans the same time at another rate as `order` does at 44.1 kHz.

    Above 48 kHz it stays: the cost grows with the square of the rate, and what is added lies above hearing.
    """
    return max(32, round(order * min(rate, 48000) / 44100))
