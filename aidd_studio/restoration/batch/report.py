"""The batch's report: HTML for a person, JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aidd_studio.restoration.batch.items import BatchSettings, Outcome


def write_report(path: Path, outcomes: Sequence[Outcome], settings: BatchSettings) -> None:
    """Write `path` as HTML and its neighbour `.json`, both atomically; existing reports are replaced."""
    from aidd_studio.files.atomic import atomic_path

    with atomic_path(path, overwrite=True) as temporary:
        # Names on POSIX may hold bytes that are no letters.
        temporary.write_text(report_html(outcomes, settings), encoding="utf-8", errors="backslashreplace")
    with atomic_path(path.with_suffix(".json"), overwrite=True) as temporary:
        temporary.write_text(json.dumps(report_data(outcomes, settings), indent=2), encoding="utf-8")


def report_html(outcomes: Sequence[Outcome], settings: BatchSettings) -> str:
    """The report as one self-contained page."""
    from jinja2 import Environment, PackageLoader

    pages = Environment(loader=PackageLoader("aidd_studio.restoration.batch", ""), autoescape=True, trim_blocks=True)
    page = pages.get_template("report.html")
    return page.render(total=totals(outcomes), outcomes=outcomes, settings=settings)


def report_data(outcomes: Sequence[Outcome], settings: BatchSettings) -> dict[str, Any]:
    """The report as plain data, without the pictures."""
    rows = [outcome.as_json() for outcome in outcomes]
    for row in rows:
        row["gaps"] = [{name: value for name, value in gap.items() if name != "picture"} for gap in row["gaps"]]
    chosen = {
        "engine": settings.engine,
        "seed": settings.seed,
        "candidates": settings.candidates,
        "policy": settings.policy,
    }
    return {"totals": totals(outcomes), "settings": chosen, "files": rows}


def totals(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Counts and sums over all files."""
    return {
        "files": len(outcomes),
        "restored": sum(outcome.status == "restored" for outcome in outcomes),
        "earlier": sum(outcome.earlier for outcome in outcomes),
        "nothing": sum(outcome.status == "nothing to do" for outcome in outcomes),
        "failed": sum(outcome.status == "failed" for outcome in outcomes),
        "gaps": sum(len(outcome.gaps) for outcome in outcomes),
        "audio": round(sum(outcome.duration for outcome in outcomes), 3),
        "seconds": round(sum(outcome.seconds for outcome in outcomes), 3),
    }
