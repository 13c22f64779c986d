"""Cases of gap filling: one segment, one gap length, one engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from aidd_studio.evaluation.material.fill_protocols import Excerpt, FillProtocol

JOURNAL_VERSION = 1
"""Raised when measures change their meaning, so that old journals are not mixed with new ones."""


@dataclass(frozen=True)
class FillCase:
    """Fill the gaps of one segment by one engine, `samples` times."""

    protocol: FillProtocol
    segment: Excerpt
    gap_ms: float
    engine: str  # specification, see baselines.engine
    samples: int
    seed: int
    file_size: int  # bytes, so that a changed recording is measured again
    basis: str = ""  # which models and tables the engine rests on, so that new ones are measured again

    @property
    def key(self) -> str:
        """A name for the case that changes when anything that matters to its result does."""
        parts = [
            JOURNAL_VERSION,
            self.protocol.gap_count,
            self.protocol.surroundings,
            self.segment.name,
            self.file_size,
            self.segment.start,
            self.segment.seconds,
            self.segment.rate,
            self.gap_ms,
            self.engine,
            self.samples,
            self.seed,
            *filter(None, [self.basis]),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    @property
    def segment_key(self) -> str:
        """A name for the segment alone."""
        parts = [self.segment.name, self.file_size, self.segment.start, self.segment.seconds, self.segment.rate]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class MeasuredFill:
    """One fill and its measures."""

    measures: dict[str, float]
    score: float  # the engine's own
    engine: str  # who made it, which differs from the case's engine for `auto`


@dataclass(frozen=True)
class FillOutcome:
    """What came of a case; plain data for JSON."""

    key: str
    recording: str
    start: float
    seconds: float
    rate: int
    gap_ms: float
    engine: str
    material: str  # of the surroundings of the gaps: "tonal", "noisy" or "transient"
    samples: tuple[MeasuredFill, ...] = ()
    seconds_per_gap: float = 0.0  # wall-clock time to make one fill of one gap
    original: str = ""  # audio files, relative to the output folder
    restored: str = ""
    weights: dict[str, str] = field(default_factory=dict)
    error: str = ""

    def mean(self, measure: str) -> float:
        """A measure averaged over the samples."""
        return sum(sample.measures[measure] for sample in self.samples) / len(self.samples)

    def best_scored(self, measure: str) -> float:
        """A measure of the sample that the engine itself liked best: what a person gets."""
        return max(self.samples, key=lambda sample: sample.score).measures[measure]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FillOutcome:
        """Raises KeyError or TypeError for data of another kind."""
        samples = tuple(MeasuredFill(**sample) for sample in data["samples"])
        return cls(**{**data, "samples": samples})


def fill_cases(protocol: FillProtocol, found: Sequence[Excerpt], engines: Sequence[str], seed: int) -> list[FillCase]:
    """Every segment with every gap length and every engine, segment by segment."""
    from aidd_studio.evaluation.runs.baselines import basis_of, engine

    infos = {spec: engine(spec).info for spec in engines}
    samples = {spec: protocol.samples if info.stochastic else 1 for spec, info in infos.items()}
    bases = {spec: basis_of(spec) for spec in engines}
    return [
        FillCase(protocol, segment, gap_ms, spec, samples[spec], seed, segment.path.stat().st_size, bases[spec])
        for segment in found
        for gap_ms in protocol.gaps_ms
        for spec in engines
    ]
