"""Metrics of a training run: a CSV file, and TensorBoard's format where it is installed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class MetricsLog:
    """Appends figures by step to metrics.csv (long form: step, seconds, name, value) and to TensorBoard event files."""

    def __init__(self, folder: Path, enabled: bool = True) -> None:
        self._file: Any = None
        self._board: Any = None
        if not enabled:
            return
        path = folder / "metrics.csv"
        fresh = not path.is_file()
        self._file = path.open("a", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        if fresh:
            self._rows.writerow(["step", "seconds", "name", "value"])
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._board = SummaryWriter(str(folder / "tensorboard"))

    def write(self, step: int, seconds: float, figures: Mapping[str, float]) -> None:
        """Add one line for each figure."""
        if self._file is None:
            return
        for name, value in figures.items():
            self._rows.writerow([step, round(seconds, 1), name, f"{value:.6g}"])
            if self._board is not None:
                self._board.add_scalar(name, value, step)
        self._file.flush()

    def close(self) -> None:
        """Finish the files."""
        if self._file is not None:
            self._file.close()
        if self._board is not None:
            self._board.close()


def read_metrics(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The curves of a run: name to (step, value) pairs."""
    curves: dict[str, list[tuple[int, float]]] = {}
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            curves.setdefault(row["name"], []).append((int(row["step"]), float(row["value"])))
    return curves
