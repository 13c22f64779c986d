"""What an evaluation protocol is: it draws cases from a folder of recordings, runs them and writes a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from aidd_studio.progress import Progress


@dataclass(frozen=True)
class EvaluationRequest:
    """What a person asks for; None and empty leave the choice to the protocol.

    engines: specifications of engines beside the baselines. gaps_ms: lengths in milliseconds. rate: Hz, 0 keeps each
    recording's own. count: gaps of each length. corpus: a training corpus whose held-back renders are measured too.
    """

    folder: Path
    output: Path
    seed: int | None = None
    jobs: int = 1
    engines: tuple[str, ...] = ()
    baselines: bool | None = None
    gaps_ms: tuple[float, ...] = ()
    samples: int | None = None
    segments: int | None = None
    rate: int | None = None
    count: int | None = None
    corpus: Path | None = None


@dataclass(frozen=True)
class EvaluationReport:
    """Where the report is, the same as plain data for JSON, and a table for a terminal."""

    path: Path
    cases: int
    data: Mapping[str, Any]
    table: tuple[str, ...] = ()


class EvaluationProtocol(Protocol):
    """One way to measure."""

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> EvaluationReport:
        """Run what the journal in the output folder does not hold yet, and write the report.

        Raises UsageError for a folder or a request that makes no sense, Cancelled.
        """
        ...
