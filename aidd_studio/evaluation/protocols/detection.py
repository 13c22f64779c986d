"""The dropout detector, on planted damage and on the intact recordings."""

from __future__ import annotations

from aidd_studio.evaluation.material.recordings import recordings
from aidd_studio.evaluation.protocols.protocol import EvaluationReport, EvaluationRequest
from aidd_studio.evaluation.reports.detection import detection_report
from aidd_studio.evaluation.runs.detection import detection_cases, run_detection_case
from aidd_studio.evaluation.runs.running import run_cases
from aidd_studio.files.atomic import atomic_path
from aidd_studio.progress import Progress

SEED = 1000


class DetectionProtocol:
    """Plant every kind of damage, detect, and tally hits, misses and false alarms."""

    def __init__(self, name: str) -> None:
        self._name = name

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> EvaluationReport:
        """See EvaluationProtocol."""
        seed = SEED if request.seed is None else request.seed
        cases = detection_cases(recordings(request.folder).paths, seed)
        outcomes = run_cases(cases, run_detection_case, request.output, request.jobs, progress)
        text = detection_report(outcomes)
        target = request.output / "report.md"
        with atomic_path(target, overwrite=True) as path:
            path.write_text(text + "\n", encoding="utf-8")
        return EvaluationReport(target, len(cases), {"outcomes": outcomes}, tuple(text.splitlines()))
