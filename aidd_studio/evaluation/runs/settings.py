"""How the engine aidd's settings were chosen, in one command:

    python -m aidd_studio.evaluation.runs.settings REAL_FOLDER --out docs/SETTINGS.md

One setting is varied at a time; every variant fills the same gaps of development material.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.evaluation.material.recordings import recordings
from aidd_studio.evaluation.runs.models import Case, draw_cases, measure_settings, one_thread
from aidd_studio.files.atomic import atomic_path

GAPS = (0.1, 0.3, 1.0)
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as on the card": {},
    "recall 0": {"recall": 0.0},
    "recall 0.4": {"recall": 0.4},
    "all drawn": {"likeliest_first": False},
    "temperature 0.6": {"temperature": 0.6},
    "temperature 1.0": {"temperature": 1.0},
    "top-p 0.9": {"top_p": 0.9},
    "4 steps": {"steps": 4},
    "sampler first-hitting": {"sampler": "first-hitting"},
    "sampler entropy": {"sampler": "entropy"},
    "128 tokens of context": {"tokens": 128},
    "192 tokens of context": {"tokens": 192},
    "1 token more masked at each side": {"widen": 1},
    "decoder and edges of prediction, no refiner": {"refine": False},
}


@dataclass(frozen=True)
class Row:
    """Means over the gaps of one length: of the candidate put first, and of the candidates together."""

    variant: str
    gap: float
    lsd: float
    mel: float
    convergence: float
    diversity: float
    seconds: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every variant and write the report."""
    parser = argparse.ArgumentParser(description="Sweep the settings of the engine aidd and write docs/SETTINGS.md.")
    parser.add_argument("real", type=Path, help="folder of recordings to choose settings on")
    parser.add_argument("--out", type=Path, default=Path("docs/SETTINGS.md"))
    parser.add_argument("--count", type=int, default=36, help="gaps of each length")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args(arguments)
    cases = draw_cases("real recordings", recordings(options.real).paths, GAPS, options.count, options.seed)
    rows = sweep(cases, options.processes)
    with atomic_path(options.out, overwrite=True) as path:
        path.write_text(render_report(rows, options.count), encoding="utf-8")


def sweep(cases: Sequence[Case], processes: int) -> list[Row]:
    """All variants over all cases."""
    rows = []
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=one_thread)
    with pool:
        for variant, changes in VARIANTS.items():
            began = time.monotonic()
            settings = asdict(AiddSettings(**changes))
            found = list(pool.map(measure_settings, cases, [settings] * len(cases)))
            rows += [_row(variant, gap, [one for one in found if one["gap"] == gap]) for gap in GAPS]
            print(f"{variant}: {time.monotonic() - began:.0f} s", flush=True)
    return rows


def _row(variant: str, gap: float, found: Sequence[Mapping[str, float]]) -> Row:
    mean = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    return Row(variant, gap, *(mean[name] for name in ("lsd", "mel", "convergence", "diversity", "seconds")))


_HEAD = """# Settings of the engine aidd

Written by `python -m aidd_studio.evaluation.runs.settings`. One setting is varied at a time; every variant
fills the same {count} gaps of each length in the development recordings with 4 candidates, of which the one put first
counts. Lower is better but for diversity, the mean mel distance between two candidates.
Seconds are CPU time of one process for all four. On the card: {chosen}.
All candidates are drawn where a variant says how to draw: compare those with “all drawn”.
"""


def render_report(rows: Sequence[Row], count: int) -> str:
    """The sweep as Markdown."""
    from aidd_studio.weights.loading import default_pair
    from aidd_studio.weights.store import find_installed

    card = AiddSettings().with_card(find_installed(default_pair()[1]).record.defaults)
    chosen = (
        f"the likeliest first, then {card.sampler}, {card.steps} steps, temperature {card.temperature}, "
        f"recall {card.recall}, {card.tokens} tokens of context"
    )
    lines = [_HEAD.format(count=count, chosen=chosen)]
    for gap in dict.fromkeys(row.gap for row in rows):
        lines += [
            f"## {gap * 1000:.0f} ms",
            "",
            "| | LSD | mel L1 | spectral convergence | diversity | CPU s |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for row in rows:
            if row.gap == gap:
                figures = (row.lsd, row.mel, row.convergence, row.diversity)
                lines.append(
                    f"| {row.variant} | " + " | ".join(f"{x:.3f}" for x in figures) + f" | {row.seconds:.2f} |"
                )
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
