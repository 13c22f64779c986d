"""What the dropout detector looks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aidd_studio.damage.damage import Damage
from aidd_studio.errors import UsageError
from aidd_studio.text import plural

CONFIDENT = 0.75
"""Confidence from which a dropout is filled without asking; less is listed and left to a person."""


@dataclass(frozen=True)
class DetectionSettings:
    """Times in seconds, levels in dB."""

    shortest: float = 0.00125  # of digital silence: 64 frames at 48 kHz; other damage has its own shortest length
    longest: float = 1.0  # silence above it is a pause, and from a third of it on more and more likely to be one
    depth: float = 22.0  # how far a level cut falls below both its neighbours, at its borders and in between
    confidence: float = 0.5  # gaps below this confidence are not reported


def by_confidence(gaps: Iterable[Damage], least: float) -> tuple[list[Damage], list[Damage]]:
    """The gaps with at least that confidence, and the uncertain others. Raises UsageError outside 0 to 1."""
    if not 0 <= least <= 1:
        raise UsageError(f"The least confidence must be between 0 and 1, not {least}.")
    gaps = list(gaps)
    return [gap for gap in gaps if gap.confidence >= least], [gap for gap in gaps if gap.confidence < least]


def left_unchanged(count: int) -> str:
    """What is said of that many uncertain dropouts."""
    them = "it" if count == 1 else "them"
    return f"{plural(count, 'uncertain dropout')} left unchanged; a lower --min-confidence fills {them}."
