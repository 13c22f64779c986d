"""The batch's last line: how many files ended how, and how long the rest will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from aidd_studio.studio.batch.run import BatchRun
from aidd_studio.studio.batch.table import BatchRow
from aidd_studio.studio.model.time_format import rough_length
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.progress_bar import ProgressBar
from aidd_studio.text import plural


class BatchTotals(QFrame):
    """Counts at the left, time and progress at the right."""

    def __init__(self, run: BatchRun, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._run = run
        self.counts = QLabel()
        self.counts.setAccessibleName("Totals")
        self.time_left = QLabel()
        self.time_left.setObjectName("dim")
        self.time_left.setFont(theme.number_font())
        self._progress = ProgressBar()
        self._progress.setRange(0, 1000)
        self._progress.setFixedWidth(width)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 10)
        row.setSpacing(16)
        row.addWidget(self.counts, 1)
        row.addWidget(self.time_left)
        row.addWidget(self._progress)

    def show_rows(self, rows: Sequence[BatchRow]) -> None:
        """Update counts and estimate."""
        states = Counter(row.state for row in rows)
        parts = [plural(len(rows), "file")] if rows else []
        parts += [f"{states[state]} {state}" for state in ("restored", "nothing to do", "failed") if states[state]]
        looked = [row.gaps for row in rows if row.gaps is not None]
        if looked:
            parts.append(plural(sum(len(gaps) for gaps in looked), "gap"))
        self.counts.setText("  ·  ".join(parts))
        self._progress.setVisible(self._run.is_working)
        self._progress.setValue(round(1000 * self._run.done()))
        self.time_left.setText(self._time_left(rows))

    def _time_left(self, rows: Sequence[BatchRow]) -> str:
        if not self._run.is_working:
            return ""
        if self._run.is_held:
            in_work = sum(row.is_in_work for row in rows)
            return f"Paused; {plural(in_work, 'file')} in work still being finished" if in_work else "Paused"
        seconds = self._run.remaining()
        return "" if seconds is None else f"about {rough_length(seconds)} left"


def summary(rows: Sequence[BatchRow], folder: Path, *, whole: bool) -> tuple[str, bool]:
    """What came of a run in a sentence or two, and whether all went well; whole: it was not stopped."""
    counts = Counter(row.state for row in rows)
    text = f"{plural(counts['restored'], 'file')} restored into {folder}."
    if counts["failed"]:
        text = f"{text} {counts['failed']} failed; the remarks say why."
    if not whole:
        text = f"Stopped. {text} Run continues where it was stopped."
    return text, whole and not counts["failed"]
