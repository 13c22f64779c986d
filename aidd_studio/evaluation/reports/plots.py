"""The pictures of a report, drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.damage import Damage
from aidd_studio.evaluation.metrics.metrics import power_spectrogram
from aidd_studio.evaluation.reports.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {
    "lsd": "Log-spectral distance (natural log, lower is better)",
    "odg": "Objective difference grade (PEAQ basic, higher is better)",
    "mel": "Log-mel distance in the gap (lower is better)",
    "convergence": "Spectral convergence in the gap (lower is better)",
    "snr": "SNR in the gap (dB, higher is better)",
    "click": "Roughness of the worst join (dB over surroundings)",
}


def measure_plot(summary: Summary, measure: str, path: Path) -> None:
    """A measure against gap length, one line an engine, bars of one standard deviation."""
    figure = _figure(7.0, 4.2)
    axes = figure.add_subplot()
    for index, engine in enumerate(summary.engines):
        points = [(gap, cell.measures[measure]) for gap, cell in _cells(summary, engine) if measure in cell.measures]
        if not points:
            continue
        gaps = np.array([gap for gap, _ in points])
        shift = 1.0 + 0.012 * (index - len(summary.engines) / 2)  # so that bars do not hide each other
        means = [spread.mean for _, spread in points]
        bars = [spread.deviation for _, spread in points]
        axes.errorbar(gaps * shift, means, yerr=bars, label=engine, capsize=2, marker="o", markersize=3, linewidth=1.2)
    axes.set_title(TITLES[measure], fontsize=10)
    _finish(axes, summary.gaps_ms)
    _save(figure, path)


def standing_plot(merits: Mapping[float, Mapping[str, float]], path: Path) -> None:
    """Mean merit (0 is best) of each engine against gap length; merits: by gap length in ms, then by engine."""
    figure = _figure(7.0, 4.2)
    axes = figure.add_subplot()
    for engine in sorted({engine for found in merits.values() for engine in found}):
        points = [(gap, found[engine]) for gap, found in sorted(merits.items()) if engine in found]
        axes.plot(*zip(*points, strict=True), label=engine, marker="o", markersize=3, linewidth=1.2)
    axes.set_title("Mean rank among the engines (0 is best)", fontsize=10)
    _finish(axes, sorted(merits))
    _save(figure, path)


def time_plot(summary: Summary, path: Path) -> None:
    """Time to fill one gap against its length."""
    figure = _figure(7.0, 4.2)
    axes = figure.add_subplot()
    for engine in summary.engines:
        points = [(gap, cell.seconds_per_gap) for gap, cell in _cells(summary, engine) if cell.segments]
        if points:
            axes.plot(*zip(*points, strict=True), label=engine, marker="o", markersize=3, linewidth=1.2)
    axes.set_yscale("log")
    axes.set_ylabel("seconds a gap")
    axes.set_title("Time to fill one gap once", fontsize=10)
    _finish(axes, summary.gaps_ms)
    _save(figure, path)


def spectrogram_plot(
    sounds: Sequence[tuple[str, Samples]], rate: int, gaps: Sequence[Damage], title: str, path: Path
) -> None:
    """Spectrograms of several versions of one segment above each other, gaps marked."""
    figure = _figure(8.0, 1.9 * len(sounds) + 0.6)
    for index, (name, samples) in enumerate(sounds):
        axes = figure.add_subplot(len(sounds), 1, index + 1)
        power = power_spectrogram(samples.mean(axis=0), 1024, 128)[0]
        seconds = samples.shape[1] / rate
        axes.imshow(
            10 * np.log10(power.T + 1e-6),
            origin="lower",
            aspect="auto",
            extent=(0.0, seconds, 0.0, rate / 2000),
            vmin=-30,
            vmax=45,
            cmap="magma",
            interpolation="nearest",
        )
        for gap in gaps:
            for edge in (gap.start, gap.end):
                axes.axvline(edge / rate, color="white", linewidth=0.5, linestyle=":")
        axes.set_ylabel(f"{name}\nkHz", fontsize=8)
        axes.tick_params(labelsize=7, labelbottom=index + 1 == len(sounds))
    figure.axes[-1].set_xlabel("seconds", fontsize=8)
    figure.suptitle(title, fontsize=9)
    _save(figure, path)


def _cells(summary: Summary, engine: str) -> list[tuple[float, Any]]:
    found = [(gap, summary.cell(engine, gap)) for gap in summary.gaps_ms]
    return [(gap, cell) for gap, cell in found if cell is not None]


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _finish(axes: Any, gaps_ms: Sequence[float]) -> None:
    from matplotlib.ticker import NullLocator

    axes.set_xlabel("gap length (ms)")
    if len(gaps_ms) > 1:
        axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(gaps_ms, [f"{gap:g}" for gap in gaps_ms], fontsize=8)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    figure.savefig(unfinished, format="png", metadata={"Software": None})
    unfinished.replace(path)
