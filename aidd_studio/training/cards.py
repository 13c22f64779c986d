"""Curves of training runs, drawn for a model's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aidd_studio.training.metrics_log import read_metrics

Curves = Mapping[str, Sequence[tuple[int, float]]]


def draw_curves(runs: Sequence[Path], names: Sequence[str], title: str, path: Path) -> None:
    """Plot named metrics over steps; the runs follow one another. Training metrics are smoothed, held-back ones dots.

    names: as in metrics.csv, for instance "nll" and "held_nll_300".
    """
    from matplotlib.figure import Figure

    joined = join_runs([read_metrics(run) for run in runs])
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    for name in names:
        points = joined.get(name, [])
        if not points:
            continue
        steps, values = [point[0] for point in points], [point[1] for point in points]
        if name.startswith("held_"):
            axes.plot(steps, values, "o-", markersize=3, linewidth=1, label=name.removeprefix("held_") + " (held back)")
        else:
            axes.plot(steps, smoothed(values), linewidth=1, label=name)
    axes.set(title=title, xlabel="step")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def join_runs(runs: Sequence[Curves]) -> dict[str, list[tuple[int, float]]]:
    """Runs one after the other: each goes on counting where the one before ended."""
    joined: dict[str, list[tuple[int, float]]] = {}
    offset = 0
    for curves in runs:
        for name, points in curves.items():
            joined.setdefault(name, []).extend((offset + step, value) for step, value in points)
        offset += max((points[-1][0] for points in curves.values() if points), default=0)
    return joined


def smoothed(values: Sequence[float], share: float = 0.9) -> list[float]:
    """An exponential moving average that starts at the first value."""
    found: list[float] = []
    for value in values:
        found.append(value if not found else share * found[-1] + (1 - share) * value)
    return found
