"""Gap filling by the published protocols, and the sweep behind the routing table."""

from __future__ import annotations

from collections.abc import Iterator

from aidd_studio.errors import UsageError
from aidd_studio.evaluation.material.fill_protocols import fill_protocol
from aidd_studio.evaluation.material.recordings import recordings
from aidd_studio.evaluation.metrics.frechet import installed_embedding
from aidd_studio.evaluation.protocols.protocol import EvaluationReport, EvaluationRequest
from aidd_studio.evaluation.reports.report import write_report
from aidd_studio.evaluation.reports.routing_report import write_routing
from aidd_studio.evaluation.reports.summary import Summary
from aidd_studio.evaluation.runs.baselines import BASELINES
from aidd_studio.evaluation.runs.filling import plan, run
from aidd_studio.progress import Progress

SHOWN = ("lsd", "odg", "mel", "snr")


class FillingProtocol:
    """Damage segments of recordings, let engines fill the gaps, measure the fills."""

    def __init__(self, name: str) -> None:
        self._name = name

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> EvaluationReport:
        """See EvaluationProtocol."""
        chosen = fill_protocol(self._name, request.gaps_ms, request.rate, request.samples)
        names = [*(() if request.baselines is False else BASELINES), *request.engines]
        if not names:
            raise UsageError("Name at least one engine with --engines, or leave the baselines in.")
        found, segments = recordings(request.folder), request.segments or 1
        what = plan(chosen, found, names, request.seed or 0, segments, progress.part(0.0, 0.02))
        outcomes = run(what, request.output, request.jobs, progress.part(0.02, 0.95))
        embedding = installed_embedding() if what.segment_count > 1 else None  # one segment is no crowd to compare
        summary = write_report(what, outcomes, request.output, embedding, progress.part(0.95, 1.0))
        if self._name == "sweep":
            write_routing(outcomes, request.output / "routing.md")
        data = {"summary": summary.as_json()}
        return EvaluationReport(request.output / "report.md", len(what.cases), data, tuple(_table(summary)))


def _table(summary: Summary) -> Iterator[str]:
    yield f"{'engine':<28}{'gap':>8}{'LSD':>9}{'ODG':>9}{'mel':>9}{'SNR dB':>9}{'s/gap':>10}"
    for cell in summary.cells:
        if not cell.segments:
            yield f"{cell.engine:<28}{cell.gap_ms:>6g}ms  {'; '.join(cell.errors)}"
            continue
        shown = "".join(f"{cell.measures[name].mean:>9.3f}" for name in SHOWN)
        yield f"{cell.engine:<28}{cell.gap_ms:>6g}ms{shown}{cell.seconds_per_gap:>10.3f}"
