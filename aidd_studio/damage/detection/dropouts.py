"""Finding dropouts: digital silence, level cuts, held and repeated samples, NaN and Inf."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from aidd_studio.audio.clip import Clip, Samples
from aidd_studio.damage.arithmetic import merge
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.across_channels import across_channels
from aidd_studio.damage.detection.constant_runs import constant_runs
from aidd_studio.damage.detection.context import LOUDEST, Levels, weighed
from aidd_studio.damage.detection.level_cuts import level_cuts
from aidd_studio.damage.detection.repeats import repeats
from aidd_studio.damage.detection.settings import DetectionSettings
from aidd_studio.damage.detection.spans import Span, resolve_overlaps, true_runs
from aidd_studio.progress import Progress

__all__ = ["DetectionSettings", "detect"]

BLOCK = 40.0
"""Seconds per block, so that an hour needs no more memory than a minute."""

MARGIN = 0.25
"""Seconds of sound that the detectors need around a stretch."""

CLOSE = 0.001
"""Seconds of sound between gaps that are not worth keeping; the gaps are merged."""


def detect(
    clip: Clip,
    progress: Progress | None = None,
    settings: DetectionSettings = DetectionSettings(),  # noqa: B008 - frozen
) -> list[Damage]:
    """The dropouts of a recording, sorted, with kind and confidence; each belongs to some or all channels.

    NaN and Inf are always dropouts, even if nothing else is there. All others lie inside sound that stops and starts
    again abruptly and that their surroundings do not explain: rests, pauses, fades, lead-in, lead-out, silent channels
    and tones are none. Works in blocks, so the memory it
    needs does not grow with the recording. Raises Cancelled.
    """
    progress = progress or Progress()
    found: list[Damage] = []
    margin = round((settings.longest + MARGIN) * clip.rate)
    levels = Levels(clip.rate)
    block = levels.step * max(1, round(BLOCK * clip.rate / levels.step))
    for start in range(0, clip.frames, block):
        end = min(clip.frames, start + block)
        first, last = max(0, start - margin), min(clip.frames, end + margin)
        signals: list[Samples] = []
        spans: list[list[Span]] = []
        for channel in range(clip.channels):
            done = (start + (end - start) * channel / clip.channels) / clip.frames
            progress.report(done, "looking for dropouts")
            signal = clip.read(first, last)[channel]
            invalid = ~np.isfinite(signal)
            finite = _finite(signal, invalid)
            suspects = _invalid(invalid)
            for spans_of_kind in _suspects(finite, clip.rate, settings):
                progress.check()
                suspects += spans_of_kind
            signals.append(finite)
            spans.append(resolve_overlaps(suspects))
        levels.add([signal[start - first : end - first] for signal in signals])
        for gap in across_channels(spans, signals, clip.rate):
            begin, finish = gap.start + first, gap.end + first
            if gap.kind == "invalid":
                begin, finish = max(begin, start), min(finish, end)  # the next block sees the rest
            if start <= begin < min(end, finish):
                found.append(gap.moved(begin, finish))
    found = weighed(found, clip, levels, settings)
    progress.report(1.0, "looking for dropouts")
    return merge(found, clip.channels, max(1, round(CLOSE * clip.rate)))


def _finite(signal: Samples, invalid: np.ndarray) -> Samples:
    if not invalid.any() and np.abs(signal).max(initial=0.0) <= LOUDEST:
        return signal
    return np.where(invalid, np.float32(0.0), np.clip(signal, -LOUDEST, LOUDEST)).astype(np.float32)


def _invalid(invalid: np.ndarray) -> list[Span]:
    return [Span(start, end, "invalid", 1.0) for start, end in true_runs(invalid)] if invalid.any() else []


def _suspects(signal: Samples, rate: int, settings: DetectionSettings) -> Iterator[list[Span]]:
    if len(signal) < 2 * settings.shortest * rate:
        return
    yield constant_runs(signal, rate, settings)
    yield repeats(signal, rate, settings)
    yield level_cuts(signal, rate, settings)
