"""The report on settings of the engine aidd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aidd_studio.engines.aidd.settings import AiddSettings


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


def rows_of(outcomes: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The means of every variant and gap length, in the order of the outcomes."""
    kinds = dict.fromkeys((one["variant"], one["gap"]) for one in outcomes)
    return [
        _row(variant, gap, [one for one in outcomes if (one["variant"], one["gap"]) == (variant, gap)])
        for variant, gap in kinds
    ]


def _row(variant: str, gap: float, found: Sequence[Mapping[str, Any]]) -> Row:
    names = ("lsd", "mel", "convergence", "diversity", "seconds")
    return Row(variant, gap, *(float(np.mean([one[name] for one in found])) for name in names))


_HEAD = """# Settings of the engine aidd

Written by `aidd-studio evaluate FOLDER -o OUT --protocol settings`. One setting is varied at a time; every variant
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
        f"the most likely first, then {card.sampler}, {card.steps} steps, temperature {card.temperature}, "
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
