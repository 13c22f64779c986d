"""The bundled models: their fills, controls, likelihood, and what lies above and beside their band."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidd_studio.errors import UsageError
from aidd_studio.evaluation.material.recordings import recordings
from aidd_studio.evaluation.metrics.likelihood import measure_likelihood
from aidd_studio.evaluation.metrics.space import measure_space
from aidd_studio.evaluation.protocols.protocol import EvaluationReport, EvaluationRequest
from aidd_studio.evaluation.reports.models import GAPS, render_report
from aidd_studio.evaluation.runs.models import bundled_models, draw_cases, measure_models, models_identity
from aidd_studio.evaluation.runs.running import Outcome, run_cases
from aidd_studio.files.atomic import atomic_path
from aidd_studio.progress import Progress

SEED, COUNT = 4, 100
REAL, RENDERS = "real recordings", "held-back renders"
SPACE_GAP, SPACE_COUNT = 0.3, 40


@dataclass(frozen=True)
class _GroupCase:
    """Something measured of all recordings of a group at once."""

    what: str  # "likelihood" or "space"
    group: str
    files: tuple[Path, ...]
    seed: int
    models: str

    @property
    def key(self) -> str:
        files = hashlib.sha256(json.dumps([path.name for path in self.files]).encode()).hexdigest()[:16]
        return f"{self.what}|{self.group}|{files}|{self.seed}|{self.models}"


class ModelsProtocol:
    """Fill gaps by the models, by extrapolation and by controls, in real recordings and held-back renders."""

    def __init__(self, name: str) -> None:
        self._name = name

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> EvaluationReport:
        """See EvaluationProtocol."""
        seed, count = SEED if request.seed is None else request.seed, request.count or COUNT
        groups = {REAL: tuple(recordings(request.folder).paths)}
        if request.corpus:
            groups[RENDERS] = _held_back(request.corpus)
        models = models_identity()
        cases = [
            case
            for name, files in groups.items()
            for gap in GAPS
            for case in draw_cases(name, files, [gap], count, seed, models)
        ]
        whole = [_GroupCase("likelihood", name, files, seed, models) for name, files in groups.items()]
        whole.append(_GroupCase("space", REAL, groups[REAL], seed, models))
        found = run_cases(cases, measure_models, request.output, request.jobs, progress.part(0.0, 0.9))
        extras = _extras(run_cases(whole, _measure_group, request.output, request.jobs, progress.part(0.9, 1.0)))
        target = request.output / "report.md"
        with atomic_path(target, overwrite=True) as path:
            path.write_text(render_report(found, extras, bundled_models()), encoding="utf-8")
        return EvaluationReport(target, len(cases), {"cases": found, **extras})


def _measure_group(case: _GroupCase, output: Path, progress: Progress | None = None) -> Outcome:
    (progress or Progress()).check()
    if case.what == "likelihood":
        return {"what": case.what, "group": case.group, "found": measure_likelihood(case.files)}
    found = measure_space(case.files, SPACE_GAP, SPACE_COUNT, case.seed)
    return {"what": case.what, "group": case.group, "found": found}


def _extras(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    likelihood = {one["group"]: one["found"] for one in outcomes if one["what"] == "likelihood"}
    return {"likelihood": likelihood, "space": next(one["found"] for one in outcomes if one["what"] == "space")}


def _held_back(corpus: Path) -> tuple[Path, ...]:
    manifest = corpus / "manifest.jsonl"
    if not manifest.is_file():
        raise UsageError(f"{corpus} is no corpus; make one with `aidd-studio train corpus`.")
    items = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    return tuple(corpus / item["file"] for item in items if item["split"] == "held")
