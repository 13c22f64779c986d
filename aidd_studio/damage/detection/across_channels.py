"""Combining damaged stretches of single channels into gaps of a recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.edges import contrast_after, contrast_before
from aidd_studio.damage.detection.spans import Span

ALIKE = 0.8
"""Overlap of two channels' stretches, as a share of their union, from which they are one dropout."""

DROP = 15.0
"""dB by which a further channel must fall and rise at a known dropout's borders to be part of it."""


def across_channels(spans: Sequence[Sequence[Span]], signals: Sequence[Samples], rate: int) -> list[Damage]:
    """The gaps of a recording from the spans of each channel, whose samples are `signals` ([n] each).

    Spans of several channels that cover about the same time become one gap. A channel without a confident span of its
    own joins where its level falls and rises, or it repeats itself, at exactly the same place.
    """
    gaps = []
    everything = sorted(
        ((span, channel) for channel, own in enumerate(spans) for span in own),
        key=lambda item: (item[0].start, item[0].end),
    )
    while everything:
        first, _ = everything[0]
        together = [item for item in everything if _alike(first, item[0])]
        everything = [item for item in everything if item not in together]
        gaps.append(_gap(together, signals, rate))
    return gaps


def _alike(one: Span, other: Span) -> bool:
    return one.overlap(other) >= ALIKE * (max(one.end, other.end) - min(one.start, other.start))


def _gap(together: Sequence[tuple[Span, int]], signals: Sequence[Samples], rate: int) -> Damage:
    surest = max((span for span, _ in together), key=lambda span: (span.kind == "invalid", span.confidence))
    start, end = min(span.start for span, _ in together), max(span.end for span, _ in together)
    channels = {channel for _, channel in together}
    if surest.lag:
        channels |= {channel for channel, signal in enumerate(signals) if _repeats(signal, start, end, surest.lag)}
    elif surest.kind != "invalid":
        channels |= {channel for channel, signal in enumerate(signals) if _falls_and_rises(signal, start, end, rate)}
    everywhere = len(channels) == len(signals)
    return Damage(start, end, None if everywhere else tuple(channels), surest.kind, surest.confidence)


def _falls_and_rises(signal: Samples, start: int, end: int, rate: int) -> bool:
    borders = (contrast_before(signal, start, end, rate), contrast_after(signal, start, end, rate))
    return all(max(border.drop) >= DROP for border in borders)


def _repeats(signal: Samples, start: int, end: int, lag: int) -> bool:
    """True when a stretch equals, sample for sample, what was `lag` samples before, and is more than one value."""
    if start < lag:
        return False
    again = signal[start:end]
    return bool(np.array_equal(again, signal[start - lag : end - lag]) and again.min() < again.max())
