"""What the dropout detector looks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DetectionSettings:
    """Times in seconds, levels in dB."""

    shortest: float = 0.00125  # of digital silence: 64 frames at 48 kHz; other damage has its own shortest length
    longest: float = 1.0  # what is silent for longer is a pause that somebody wanted
    depth: float = 22.0  # how far a level cut falls below both its neighbours, at its borders and in between
    confidence: float = 0.5  # what is less sure is not reported
