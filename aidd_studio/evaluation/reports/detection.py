"""The report on the dropout detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aidd_studio.evaluation.material.planted_damage import DAMAGE_KINDS, GAP_KINDS, PlantedKind
from aidd_studio.evaluation.material.recoding import RECODINGS, Recoding
from aidd_studio.evaluation.runs.detection import SURVIVING, Tally


def detection_report(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """The figures for some recordings as Markdown."""
    by_kind = {kind: Tally() for kind in DAMAGE_KINDS}
    by_recoding = {how: Tally() for how in RECODINGS}
    intact = [one for one in outcomes if one["kind"] is None and one["recoding"] is None]
    for one in outcomes:
        if one["kind"] is not None:
            by_kind[one["kind"]].add(Tally(**one["tally"]))
        elif one["recoding"] is not None:
            by_recoding[one["recoding"]].add(Tally(**one["tally"]))
    seconds, spent = (sum(one[name] for one in intact) for name in ("seconds", "spent"))
    alarms = [alarm for one in intact for alarm in one["alarms"]]
    return _markdown(by_kind, len(intact), seconds, spent, alarms) + "\n\n" + _recoded_markdown(by_recoding)


def _markdown(
    by_kind: dict[PlantedKind, Tally], recordings: int, seconds: float, spent: float, alarms: Sequence[str]
) -> str:
    total = Tally()
    lines = [
        "| damage | reported as | gaps | found | recall | precision | channels right | border error, samples |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for kind, own in by_kind.items():
        total.add(own)
        lines.append(_row(kind, GAP_KINDS[kind], own))
    lines.append(_row("**all**", "", total))
    lines += [
        "",
        f"{recordings} recordings, {seconds / 60:.1f} minutes, {total.gaps} gaps. Border error: median / 95th / 99th"
        " percentile.",
        "",
        f"False alarms in the undamaged recordings: {len(alarms)} ({len(alarms) / (seconds / 600):.2f} in 10 minutes)"
        + (": " + "; ".join(alarms) if alarms else "")
        + f". Speed: {seconds / spent:.0f} times real time on one core.",
    ]
    return "\n".join(lines)


def _recoded_markdown(by_recoding: dict[Recoding, Tally]) -> str:
    lines = [
        f"Coded or resampled after the damage ({', '.join(SURVIVING)}); precision counts alarms in the undamaged, too:",
        "",
        "| afterwards | reported as | gaps | found | recall | precision | channels right | border error, samples |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    return "\n".join(lines + [_row(how, "near-silence", own) for how, own in by_recoding.items()])


def _row(name: str, reported: str, own: Tally) -> str:
    errors = np.percentile(own.border_errors, [50, 95, 99]).round(0).astype(int) if own.border_errors else [0, 0, 0]
    right = own.channels_right / own.found if own.found else 1.0
    return (
        f"| {name} | {reported} | {own.gaps} | {own.found} | {own.recall:.4f} | {own.precision:.4f} | {right:.3f} | "
        f"{errors[0]} / {errors[1]} / {errors[2]} |"
    )
