"""Settings of the engine aidd, one varied at a time."""

from __future__ import annotations

from dataclasses import asdict

from aidd_studio.evaluation.material.recordings import recordings
from aidd_studio.evaluation.protocols.protocol import EvaluationReport, EvaluationRequest
from aidd_studio.evaluation.reports.settings import render_report, rows_of
from aidd_studio.evaluation.runs.models import draw_cases, models_identity
from aidd_studio.evaluation.runs.running import run_cases
from aidd_studio.evaluation.runs.settings import GAPS, run_settings_case, settings_cases
from aidd_studio.files.atomic import atomic_path
from aidd_studio.progress import Progress

SEED, COUNT = 11, 36


class SettingsProtocol:
    """Every variant of the settings fills the same gaps."""

    def __init__(self, name: str) -> None:
        self._name = name

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> EvaluationReport:
        """See EvaluationProtocol."""
        seed, count = SEED if request.seed is None else request.seed, request.count or COUNT
        paths = recordings(request.folder).paths
        cases = settings_cases(draw_cases("real recordings", paths, GAPS, count, seed, models_identity()))
        rows = rows_of(run_cases(cases, run_settings_case, request.output, request.jobs, progress))
        target = request.output / "report.md"
        with atomic_path(target, overwrite=True) as path:
            path.write_text(render_report(rows, count), encoding="utf-8")
        return EvaluationReport(target, len(cases), {"rows": [asdict(row) for row in rows]})
