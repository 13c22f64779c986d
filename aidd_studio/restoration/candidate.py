"""A candidate: one finished way to fill one gap, ready to be placed in the recording."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aidd_studio.audio.clip import Patch
from aidd_studio.damage.damage import Damage


@dataclass(frozen=True, eq=False)
class Candidate:
    """One way to fill `gap`, with everything needed to make it again (its provenance).

    patch: the new samples, including the cross-faded edges.
    score: higher is better, comparable among the candidates of one gap.
    generative: the engine that made it can put in what was never recorded.
    """

    gap: Damage
    patch: Patch
    engine: str
    seed: int
    score: float
    seconds: float = 0.0
    crossfade: float = 0.0  # seconds, as asked for
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    generative: bool = False

    @cached_property
    def digest(self) -> str:
        """A name made from the samples and where they go; equal candidates share it."""
        sha = hashlib.sha256(f"{self.patch.start}:{self.patch.channels}".encode())
        sha.update(self.patch.samples.tobytes())
        return sha.hexdigest()[:24]

    def provenance(self) -> dict[str, Any]:
        """What is needed to make the candidate again, as plain data for JSON."""
        return {
            "engine": self.engine,
            "generative": self.generative,
            "seed": self.seed,
            "score": self.score,
            "seconds": self.seconds,
            "crossfade": self.crossfade,
            "settings": dict(self.settings),
            "weights": dict(self.weights),
            "note": self.note,
        }
