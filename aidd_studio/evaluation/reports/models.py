"""The report on the bundled models: ratios to extrapolation beside what was asked for, controls, likelihood."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.evaluation.runs.models import AUTO_BELOW, CANDIDATES

GAPS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
TARGETS: dict[float, tuple[float, float, float | None]] = {
    0.05: (0.95, 0.95, 1.0),
    0.1: (0.65, 0.70, 1.0),
    0.2: (0.50, 0.60, 1.1),
    0.3: (0.45, 0.55, 1.15),
    0.5: (0.40, 0.50, None),
    1.0: (0.40, 0.50, None),
}
"""Largest ratios to extrapolation that were asked for: LSD, mel L1, spectral convergence."""

ROWS = (
    "first",
    "mean of candidates",
    "best of candidates",
    "shuffled tokens",
    "random tokens",
    "true tokens",
    "noise redrawn",
)


def render_report(
    found: Sequence[Mapping[str, Any]], extras: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]
) -> str:
    """The report as Markdown."""
    parts = [_HEAD, _model_table(models)]
    for group in dict.fromkeys(case["group"] for case in found):
        mine = [case for case in found if case["group"] == group]
        parts += [f"## {group.capitalize()}", _targets(mine), _absolute(mine), _candidates(mine)]
    parts += [
        _by_file([case for case in found if case["group"] == "real recordings"]),
        _likelihood(extras),
        _space(extras),
    ]
    return "\n\n".join(parts) + "\n"


_HEAD = f"""# The bundled models, measured

Written by `aidd-studio evaluate FOLDER -o OUT --protocol models --corpus CORPUS`.

Segments of 4.17 s at 24 kHz mono with one gap in the middle. Ratios are to two-sided Burg extrapolation of order 1024
from 0.25 s on each side, in the same run (order 2048 from 0.5 s stands beside it). LSD is over the whole segment
(STFT 2048/512, ln power, floor 1e-8); log-mel L1 (80 bands) and spectral convergence are inside the gap. Gaps below
{AUTO_BELOW * 1000:.0f} ms are filled by the engine `auto`, longer ones by `aidd`, {CANDIDATES} candidates each. "First"
is the candidate that the program puts first; "best" the one nearest the original in mel, which nobody knows at work.
Random tokens, and the surroundings' tokens shuffled, go through the same pipeline as controls; so do the true tokens,
which show what a perfect score model would give. "Noise redrawn" is the original with other noise of the same level
in place of its noise (tones kept exactly): what could be reached by a fill that knew everything but
the noise. The real recordings are development material: settings were chosen on them, no model was trained on them.
"""


def _model_table(models: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| model | version | size | sha256 |", "| --- | --- | --- | --- |"]
    for name, record in models.items():
        lines.append(f"| {name} | {record['version']} | {record['size'] / 1e6:.1f} MB | `{record['sha256'][:16]}` |")
    return "\n".join(lines) + f"\n\nMachine: {platform.machine()}, {os.cpu_count()} cores."


def _of(cases: Iterable[Mapping[str, Any]], fill: str, name: str) -> float:
    return float(np.mean([case["measures"][fill][name] for case in cases]))


def _targets(cases: Sequence[Mapping[str, Any]]) -> str:
    """Ratios beside what was asked for."""
    lines = [
        "Ratio to extrapolation of order 1024 (asked for), and in brackets to order 2048.",
        "",
        "| gap | n | LSD | mel L1 | spectral convergence |",
        "| --- | --- | --- | --- | --- |",
    ]
    for gap, asked in TARGETS.items():
        mine = [case for case in cases if case["gap"] == gap]
        if not mine:
            continue
        cells = []
        for name, limit in zip(("lsd", "mel", "convergence"), asked, strict=True):
            ratio = _of(mine, "first", name) / _of(mine, "extrapolation", name)
            high = _of(mine, "first", name) / _of(mine, "extrapolation 2048", name)
            verdict = "" if limit is None else f" (≤ {limit:.2f}: {'met' if ratio <= limit else 'missed'})"
            cells.append(f"{ratio:.2f}{verdict} [{high:.2f}]")
        lines.append(f"| {gap * 1000:.0f} ms | {len(mine)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _absolute(cases: Sequence[Mapping[str, Any]]) -> str:
    """LSD / mel L1 / spectral convergence of every way to fill."""
    names = ("extrapolation", "extrapolation 2048", *ROWS)
    gaps = [gap for gap in TARGETS if any(case["gap"] == gap for case in cases)]
    lines = [
        "LSD / mel L1 / spectral convergence:",
        "",
        "| | " + " | ".join(f"{gap * 1000:.0f} ms" for gap in gaps) + " |",
    ]
    lines.append("| --- |" + " --- |" * len(gaps))
    for name in names:
        cells = []
        for gap in gaps:
            mine = [case for case in cases if case["gap"] == gap]
            cells.append(" / ".join(f"{_of(mine, name, key):.3f}" for key in ("lsd", "mel", "convergence")))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _candidates(cases: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "Diversity is the mean mel distance between two candidates; clicks are the roughness of the worse join over",
        "its surroundings in dB (the original joins measure about 0). Level is how much louder the first fill, and in",
        "brackets extrapolation, is in the middle half of the gap than the original: median, and mean of the amounts.",
        "",
        "| gap | diversity | best of 4 / first (mel) | click, mean | click, worst | level | amount |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for gap in TARGETS:
        mine = [case for case in cases if case["gap"] == gap]
        if not mine:
            continue
        best = _of(mine, "best of candidates", "mel") / _of(mine, "first", "mel")
        clicks = [case["measures"]["first"]["click"] for case in mine]
        diversity = np.mean([case["diversity"] for case in mine])
        levels = [np.array([case["measures"][fill]["level"] for case in mine]) for fill in ("first", "extrapolation")]
        median, amount = (f"{figure(levels[0]):.1f} dB [{figure(levels[1]):.1f}]" for figure in (np.median, _amount))
        lines.append(
            f"| {gap * 1000:.0f} ms | {diversity:.2f} | {best:.2f} | {np.mean(clicks):.1f} dB | {max(clicks):.1f} dB "
            f"| {median} | {amount} |"
        )
    return "\n".join(lines)


def _amount(levels: NDArray[np.float64]) -> float:
    return float(np.mean(np.abs(levels)))


def _by_file(cases: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "## By recording, 300 ms",
        "",
        "| file | LSD | mel L1 | spectral convergence |",
        "| --- | --- | --- | --- |",
    ]
    for name in sorted({case["file"] for case in cases}):
        mine = [case for case in cases if case["file"] == name and case["gap"] == 0.3]
        if not mine:
            continue
        cells = [
            f"{_of(mine, 'first', key):.3f} (extrapolation {_of(mine, 'extrapolation', key):.3f})"
            for key in ("lsd", "mel", "convergence")
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _likelihood(extras: Mapping[str, Any]) -> str:
    lines = [
        "## Likelihood",
        "",
        "Negative log-likelihood of the tokens of a wholly masked gap, in nats a token (uniform: ln 2048 = 7.62).",
        "Asked for: at most 4.0 at 300 ms on real music.",
        "",
        "| material | 100 ms | 300 ms | 1000 ms |",
        "| --- | --- | --- | --- |",
    ]
    for group, found in extras["likelihood"].items():
        for name, values in found.items():
            lines.append(f"| {group}: {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    return "\n".join(lines)


def _space(extras: Mapping[str, Any]) -> str:
    found = extras["space"]
    if not found:
        return "## Above 12 kHz and between the channels\n\nNo stereo recording was given."
    mean = {name: f"{np.mean([case[name] for case in found]):.2f}" for name in found[0]}
    coherence = " | ".join(mean[f"coherence {name}"] for name in ("aidd", "extrapolation", "original", "context"))
    lines = [
        "## Above 12 kHz and between the channels",
        "",
        f"{len(found)} gaps of 300 ms in stereo recordings at their own rate.",
        "",
        "| | aidd | extrapolation | original | context |",
        "| --- | --- | --- | --- | --- |",
        f"| log-magnitude distance above 12 kHz | {mean['top aidd']} | {mean['top extrapolation']} | 0 | |",
        f"| coherence of left and right | {coherence} |",
    ]
    return "\n".join(lines)
