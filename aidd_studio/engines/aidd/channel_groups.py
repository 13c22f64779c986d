"""A window prepared for the models: extrapolated, its damaged channels grouped and encoded.

Channels damaged at the same places are filled together: the models fill their mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aidd_studio.audio.signal import Signal
from aidd_studio.damage.detection.spans import true_runs
from aidd_studio.engines.aidd.models import Models, interrupted_by
from aidd_studio.engines.aidd.segment import Segment, cut_segment, map_back
from aidd_studio.engines.aidd.stereo import complete, context_frames
from aidd_studio.engines.engine import Window
from aidd_studio.engines.linear.autoregressive import Prediction, fill_window
from aidd_studio.engines.linear.companion import predict_from_intact
from aidd_studio.engines.linear.extrapolation import prefill, scaled_order
from aidd_studio.engines.windows import Stretch
from aidd_studio.progress import Progress

ORDER = 1838
"""Order of the linear prediction at 44.1 kHz: 1000 at 24 kHz, as in the refiner's training."""

EXTRAPOLATION_CONTEXT = 4096 / 44100
"""Seconds on each side of a gap that it is extrapolated from."""

NEIGHBOURHOOD = 0.5
"""Seconds beyond which other gaps need only a rough guess, since nothing but their tokens depends on it."""

DISTANT_ORDER = 256
"""Order, at 44.1 kHz, of the linear prediction for that rough guess."""

COMPANION_CONTEXT = 0.1
"""Seconds on each side of a gap over which damaged channels are compared with intact ones."""


@dataclass(frozen=True, eq=False)
class EncodedSegment:
    """The models' input: the segment and its tokens int64 [L]."""

    segment: Segment
    codes: Tensor


@dataclass(frozen=True, eq=False)
class ChannelGroup:
    """The channels of a window that are damaged at the same places.

    rows: the channels. sound: float64 [m, frames], extrapolated. wanted: bool [frames], where the models fill.
    predicted: whether intact channels predict part of the gaps. encoded: the models' input; None where intact channels
    predict all of it.
    """

    rows: list[int]
    sound: Signal
    wanted: NDArray[np.bool_]
    predicted: bool
    encoded: EncodedSegment | None = None

    def with_wave(self, wave: Signal, window: Window, seed: int) -> Signal:
        """The channels at the source's rate with a wave float64 [T] that the models made: float64 [m, frames]."""
        if self.encoded is None:
            return self.sound
        segment, rate, reach = self.encoded.segment, window.rate, context_frames(window.rate)
        change = wave - segment.wave
        channels = self.sound.copy()
        for start, end in true_runs(self.wanted):
            first, last = max(0, start - reach), min(window.frames, end + reach)
            around = slice(first, last)
            common = self.sound[:, around].mean(axis=0) + map_back(change, segment, first, last, rate)
            rng = np.random.default_rng([seed, start])
            filled = complete(self.sound[:, around], common, start - first, end - first, rate, segment.rate, rng)
            channels[:, start:end] = filled[:, start - first : end - first]
        return channels


def prepare(window: Window, models: Models, tokens: int | None, progress: Progress) -> list[ChannelGroup]:
    """The channel groups of a window. tokens: the longest context for the models."""
    distant = _distant(window)
    missing = window.missing & ~distant
    sound = _extrapolate(window, distant, progress)
    groups = []
    for rows in _damaged_alike(missing):
        wanted = _wanted(sound, missing, rows, window.rate)
        group = ChannelGroup(rows, sound[rows], wanted, bool((missing[rows[0]] & ~wanted).any()))
        groups.append(_encode(group, window, distant, models, tokens, progress))
    return groups


def _distant(window: Window) -> NDArray[np.bool_]:
    """Missing frames outside the neighbourhood of all gaps to be filled: bool [channels, frames]."""
    places = [window.local(gap) for gap in window.gaps]
    reach = round(NEIGHBOURHOOD * window.rate)
    distant = np.zeros(window.missing.shape, dtype=np.bool_)
    for channel, row in enumerate(window.missing):
        for start, end in true_runs(row):
            distant[channel, start:end] = all(end + reach <= first or last + reach <= start for first, last in places)
    return distant


def _extrapolate(window: Window, distant: NDArray[np.bool_], progress: Progress) -> Signal:
    """The window with everything that is missing extrapolated: float64 [channels, frames]."""
    if distant.any():
        order = scaled_order(window.rate, DISTANT_ORDER)
        guess = prefill(window.samples, distant, window.rate, order, progress=progress)
        samples = np.where(distant, guess, window.samples).astype(np.float32)
        window = replace(window, samples=samples, missing=window.missing & ~distant)
    prediction = Prediction.at_rate(window.rate, ORDER, EXTRAPOLATION_CONTEXT, longest=0.0, iterations=0)
    samples, _ = fill_window(window, prediction, progress.part(0.02, 0.08))
    return samples.astype(np.float64)


def _damaged_alike(missing: NDArray[np.bool_]) -> list[list[int]]:
    """The damaged channels, those that miss the same frames together. missing: bool [channels, frames]."""
    groups: dict[bytes, list[int]] = {}
    for channel, row in enumerate(missing):
        if row.any():
            groups.setdefault(np.packbits(row).tobytes(), []).append(channel)
    return list(groups.values())


def _wanted(sound: Signal, missing: NDArray[np.bool_], rows: list[int], rate: int) -> NDArray[np.bool_]:
    """Where these channels are missing and intact ones predict them poorly: bool [frames]."""
    wanted: NDArray[np.bool_] = missing[rows[0]].copy()
    for start, end in true_runs(wanted) if len(rows) < len(missing) else []:
        hole = Stretch(start, end, tuple(rows))
        prediction = predict_from_intact(sound, missing, hole, round(COMPANION_CONTEXT * rate), rate)
        if prediction.any(axis=1).all():
            wanted[start:end] = False
    return wanted


def _encode(
    group: ChannelGroup,
    window: Window,
    distant: NDArray[np.bool_],
    models: Models,
    tokens: int | None,
    progress: Progress,
) -> ChannelGroup:
    """The group with its segment encoded, where there is anything for the models to fill."""
    if not group.wanted.any():
        return group
    config = models.tokenizer.config
    segment = cut_segment(
        group.sound.mean(axis=0),
        group.wanted,
        window.rate,
        config.sample_rate,
        config.hop,
        tokens or window.frames,
        np.asarray(distant[group.rows].any(axis=0)),
    )
    progress.report(0.08, "encoding")
    wave = torch.from_numpy(segment.wave).float().to(models.device)
    with torch.inference_mode(), interrupted_by(progress):
        return replace(group, encoded=EncodedSegment(segment, models.tokenizer.encode(wave[None])[0]))
