"""From sampled tokens to sound in a segment's gaps, blended with linear prediction at the edges and in steady tones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from aidd_studio.audio.signal import Signal, best_lag, correlation, edge_weight, hann, level_gain, rise
from aidd_studio.audio.stft import ShortTime, Spectrum, averaged
from aidd_studio.engines.aidd.models import Models
from aidd_studio.engines.aidd.sampling import DrawnTokens
from aidd_studio.engines.aidd.segment import Segment
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.linear.extrapolation import both_sides
from aidd_studio.tokenizer.refiner import CONTEXT, EXTRAPOLATION_CONTEXT, EXTRAPOLATION_ORDER

LARGEST_LAG = 0.0025
"""Largest shift in seconds that aligns the decoded sound's phase at an edge."""

LEVEL_ZONE = 0.1
"""Seconds beside the gap over which the decoder's output is compared with the known sound."""

LARGEST_GAIN = 2.0
"""Largest gain (6 dB); a larger difference comes from the music or a mistake of the model, not from its level."""

FASTEST_GROWTH = 2.0
"""Largest factor by which the fade compensates for cancellation between its two sides."""

TONE_WINDOW = 1024
"""Frames at the models' rate: 43 ms, long enough to separate tones."""

TONE_TAPER = 480
"""Frames at each end of the gap over which the predictions fade in to be compared; a quarter of the gap at most."""

TONE_SPAN = (8, 3)
"""Pieces and bins over which agreement is averaged."""

TONE_AGREEMENT = (0.9, 0.98)
"""Agreement from which a tone is partly kept, and fully kept; 1 means equal phase and level."""

TONE_FLOOR = 1e-12
"""Power, for a window of unit scale, below which nothing counts as a tone."""


def edge_frames(gap: int, rate: int, settings: AiddSettings) -> int:
    """How many frames at each end of a gap are cross-faded with linear prediction."""
    return max(1, round(min(settings.edge * rate, settings.edge_share * gap)))


def render(models: Models, segment: Segment, drawn: DrawnTokens, settings: AiddSettings) -> Signal:
    """The segment's wave with new sound in its gaps: float64 [B, T].

    Rendered by the refiner where there is one, else by the decoder, cross-faded with linear prediction at the edges.
    Tones on which the predictions from both sides agree are kept.
    """
    if models.refiner is not None:
        rendered = _refined(models, segment, drawn.vectors)
    else:
        decoded = models.tokenizer.decode(drawn.codes).double().cpu().numpy()[:, : len(segment.wave)]
        rendered = np.stack([_cross_faded(segment, row, settings) for row in decoded])
    for start, end in segment.gaps:
        tones = _predicted(segment, start, end).tones
        if tones is not None:
            rendered[:, start:end] = [tones.keep_in(row[start:end]) for row in rendered]
    return rendered


def _cross_faded(segment: Segment, decoded: Signal, settings: AiddSettings) -> Signal:
    mixed = segment.wave.copy()
    for start, end in segment.gaps:
        edge = edge_frames(end - start, segment.rate, settings)
        mixed[start:end] = combine(segment.wave, decoded, start, end, segment.rate, edge)[start:end]
    return mixed


def _refined(models: Models, segment: Segment, vectors: Tensor) -> Signal:
    """Each gap rendered by the refiner, which itself blends linear prediction and tokens. vectors: [B, L, D]."""
    assert models.refiner is not None
    hop = models.refiner.config.hop
    length = vectors.shape[1] * hop
    padded = np.pad(segment.wave, (0, length - len(segment.wave)))
    rendered = torch.from_numpy(padded).float().to(models.device).expand(len(vectors), -1).clone()
    for start, end in segment.gaps:
        predicted = torch.from_numpy(_predicted(segment, start, end).hand_overs).to(rendered)
        rendered[:, start:end] = predicted[0]
        first = max(0, start - CONTEXT) // hop
        last = min(vectors.shape[1], -(-(end + CONTEXT) // hop))
        frames = slice(first * hop, last * hop)
        rendered[:, frames] = models.refiner(
            rendered[:, frames],
            start - frames.start,
            end - frames.start,
            vectors[:, first:last].float(),
            predicted[1:].expand(len(vectors), -1, -1),
        )
    waves: Signal = rendered.double().cpu().numpy()[:, : len(segment.wave)]
    return waves


@dataclass(frozen=True, eq=False)
class _Prediction:
    """A gap extrapolated at the models' rate as in the refiner's training, [3, n], and the tones that are kept."""

    hand_overs: Signal
    tones: Tones | None  # none at the recording's ends


@lru_cache(maxsize=8)
def _predicted(segment: Segment, start: int, end: int) -> _Prediction:
    """Kept for the next candidates."""
    sides = both_sides(segment.wave, start, end, EXTRAPOLATION_ORDER, EXTRAPOLATION_CONTEXT)
    fills = sides.hand_overs()
    tones = Tones.of(sides.forward, sides.backward, fills[0]) if sides.complete else None
    return _Prediction(fills, tones)


def combine(extrapolated: Signal, decoded: Signal, start: int, end: int, rate: int, edge: int) -> Signal:
    """The decoded sound in the gap `start` to `end`, cross-faded with the extrapolation over `edge` frames at each end.

    extrapolated, decoded: float64 [frames]; outside the gap, `extrapolated` is the known sound and is returned as it
    is. At each edge the decoded sound is matched in level to its surroundings and in phase to the extrapolation.
    """
    levelled = decoded * _gains(extrapolated, decoded, start, end, rate)
    edge = max(1, min(edge, (end - start) // 2))
    most = round(LARGEST_LAG * rate)
    left = _find_lag(extrapolated, levelled, start, start + edge, most)
    right = _find_lag(extrapolated, levelled, end - edge, end, most)
    change = rise(end - start)
    inner = _move(levelled, left, start, end) * (1 - change) + _move(levelled, right, start, end) * change
    weight = edge_weight(end - start, edge)
    mixed = extrapolated.copy()
    mixed[start:end] = fade(extrapolated[start:end], inner, weight, edge)
    return mixed


def fade(outer: Signal, inner: Signal, weight: Signal, edge: int) -> Signal:
    """`outer` cross-faded to `inner` and back, without the dip in level of uncorrelated sounds: [..., frames]."""
    result: Signal = outer * (1 - weight) + inner * weight
    frames = outer.shape[-1]
    for zone in (slice(0, edge), slice(frames - edge, frames)):
        share = weight[zone]
        agreement = max(0.0, correlation(outer[..., zone], inner[..., zone]))
        power = (1 - share) ** 2 + share**2 + 2 * agreement * share * (1 - share)
        result[..., zone] *= np.minimum(FASTEST_GROWTH, 1 / np.sqrt(power))
    return result


def _gains(known: Signal, decoded: Signal, start: int, end: int, rate: int) -> Signal:
    """Gains [frames] that match the decoded sound's level to both sides, interpolated across the gap."""
    zone = round(LEVEL_ZONE * rate)
    sides = [slice(max(0, start - zone), start), slice(end, min(len(known), end + zone))]
    found = [
        level_gain(known[side], decoded[side], LARGEST_GAIN) for side in sides if side.stop - side.start > zone // 4
    ]
    left, right = (found[0], found[-1]) if found else (1.0, 1.0)
    gains = np.full(len(known), right)
    gains[:start] = left
    gains[start:end] = np.geomspace(left, right, end - start)
    return gains


def _find_lag(wanted: Signal, moving: Signal, start: int, end: int, most: int) -> int:
    """The lag by which `moving` matches `wanted` best between two frames; the smallest where several are equal."""
    here = wanted[start:end]
    lags = sorted(range(max(-most, end - len(moving)), min(most, start) + 1), key=abs)
    return best_lag(lambda lag: correlation(here, moving[start - lag : end - lag]), lags)


def _move(signal: Signal, lag: int, start: int, end: int) -> Signal:
    """The frames `start` to `end` of a signal shifted by `lag` frames."""
    at = np.clip(np.arange(start, end) - lag, 0, len(signal) - 1)
    return np.asarray(signal[at], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Tones:
    """Tones of an extrapolated gap that are kept because both sides predict them alike.

    Where the forward and the backward prediction agree in a bin of the short-time spectrum, both are most likely right
    even in phase, which no token model gets right.

    extrapolated: float64 [n], the gap filled from both sides. share: float64 [pieces, bins], 0 to 1.
    """

    transform: ShortTime
    extrapolated: Signal
    share: Signal

    @staticmethod
    def of(forward: Signal, backward: Signal, extrapolated: Signal) -> Tones:
        """Compare the forward and the backward prediction of a gap, given both and their blend: float64 [n] each."""
        frames = len(extrapolated)
        transform = ShortTime(hann(TONE_WINDOW, symmetry="periodic"), frames)
        edge = rise(max(1, min(TONE_TAPER, frames // 4)))
        taper = np.ones(frames)
        taper[: len(edge)], taper[frames - len(edge) :] = edge, edge[::-1]
        share = _smooth_step(_agreement(transform.of(forward * taper), transform.of(backward * taper)))
        return Tones(transform, extrapolated, share)

    def keep_in(self, sound: Signal) -> Signal:
        """A model's sound for the gap with these tones in place of its own version of them: float64 [n]."""
        change = self.transform.back(self.share * self.transform.of(self.extrapolated - sound))
        kept: Signal = sound + change
        return kept


def _agreement(forward: Spectrum, backward: Spectrum) -> Signal:
    """Similarity of two spectra [pieces, bins] around each bin: at most 1, and 0 for nothing in common."""
    common = 2 * (forward * backward.conj()).real
    power = np.abs(forward) ** 2 + np.abs(backward) ** 2
    agreement: Signal = averaged(common, TONE_SPAN) / (averaged(power, TONE_SPAN) + TONE_FLOOR)
    return agreement


def _smooth_step(agreement: Signal) -> Signal:
    low, high = TONE_AGREEMENT
    at = np.clip((agreement - low) / (high - low), 0.0, 1.0)
    rising: Signal = at * at * (3 - 2 * at)
    return rising
