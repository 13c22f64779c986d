"""Preferences: devices, engine, looks and the cache; every change takes effect at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from aidd_studio import paths
from aidd_studio.audio.playback import output_names
from aidd_studio.progress import Progress
from aidd_studio.studio.dialogs.dialog import Dialog, note, section
from aidd_studio.studio.model.preferences import SCALES
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.timeline.spectrogram_view import COLOUR_MAPS
from aidd_studio.studio.widgets.engine_choice import list_engines
from aidd_studio.studio.widgets.fields import choice, form, real_number, whole_number

LABEL_WIDTH = 160
WIDE = 960
"""Pixels of a screen on which two columns have room beside each other."""
FFT_SIZES = (512, 1024, 2048, 4096, 8192)


class PreferencesDialog(Dialog):
    """A short list of choices, in the order people look for them."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__("Preferences", parent, 580)
        self._workspace = workspace
        self._chosen = workspace.preferences
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(8)
        self._column = left
        self._appearance()
        self._sound()
        self._filling()
        self._column = right
        self._spectrogram()
        self._cache()
        is_wide = self.screen().availableSize().width() >= WIDE
        row = QBoxLayout(QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom)
        row.setSpacing(40 if is_wide else 8)
        for column in (left, right):
            column.addStretch(1)
            row.addLayout(column, 1)
        self.body.addLayout(row)
        self.add_button("Close", self.close, main=True)

    def _form(self, title: str) -> QFormLayout:
        self._column.addWidget(section(title))
        layout = form()
        self._column.addLayout(layout)
        return layout

    def _row(self, form: QFormLayout, label: str, field: QWidget | QLayout) -> None:
        text = QLabel(label)
        text.setMinimumWidth(LABEL_WIDTH)
        form.addRow(text, field)

    def _appearance(self) -> None:
        rows = self._form("Appearance")
        self.theme = self._choice("theme", (("Dark", "dark"), ("Light", "light"), ("As the system", "system")))
        self._row(rows, "Theme", self.theme)

    def _sound(self) -> None:
        rows = self._form("Sound")
        names = output_names()
        options = [("System default", ""), *((name, name) for name in names)]
        if self._chosen.output and self._chosen.output not in names:
            options.append((f"{self._chosen.output} (missing)", self._chosen.output))
        self.output = self._choice("output", options)
        self._row(rows, "Audio output", self.output)
        if not names:
            self._row(rows, "", note("No audio output was found; a silent clock drives the playhead."))

    def _filling(self) -> None:
        rows = self._form("Filling")
        self.policy = self._choice("policy", (("All engines", "any"), ("Signal models only", "signal")))
        self.policy.setToolTip("Signal models only: no engine that can make up sound, for archives and evidence")
        self.policy.currentIndexChanged.connect(self._policy_changed)
        self._row(rows, "Fill with", self.policy)
        self.engine = self._choice("engine", ())
        list_engines(self.engine, self._chosen.policy, self._chosen.engine)
        self._row(rows, "Engine", self.engine)
        self.candidates = self._number("candidates", 1, 64)
        self._row(rows, "Candidates", self.candidates)
        devices = (("Automatic", "auto"), ("Processor (CPU)", "cpu"), ("Graphics card (CUDA)", "cuda"))
        self.device = self._choice("device", devices)
        self._row(rows, "Neural engines run on", self.device)

    def _policy_changed(self) -> None:
        list_engines(self.engine, self._chosen.policy, self._chosen.engine)
        self._set("engine", self.engine.currentData())

    def _spectrogram(self) -> None:
        rows = self._form("Spectrogram")
        self.colour_map = self._choice("colour_map", [(name.capitalize(), name) for name in COLOUR_MAPS])
        self._row(rows, "Colours", self.colour_map)
        self.scale = self._choice("frequency_scale", [(name.capitalize(), name) for name in SCALES])
        self._row(rows, "Frequency axis", self.scale)
        self.fft = self._choice("fft_size", [(f"{size}", size) for size in FFT_SIZES])
        self._row(rows, "FFT size", self.fft)
        self._row(rows, "Range", self._real("range_db", 30, 140, " dB"))
        self._row(rows, "Gain", self._real("gain_db", -40, 60, " dB"))

    def _cache(self) -> None:
        rows = self._form("Cache")
        row = QHBoxLayout()
        row.setSpacing(12)
        self.cache_used = QLabel()
        self.cache_used.setObjectName("dim")
        clear = QPushButton("Clear")
        clear.setAutoDefault(False)
        clear.clicked.connect(self._clear_cache)
        row.addWidget(self._cache_limit())
        row.addWidget(self.cache_used, 1)
        row.addWidget(clear)
        self._row(rows, "Cache limit", row)
        self._in_cache("Measuring the cache", cache_size)

    def _cache_limit(self) -> QDoubleSpinBox:
        box = real_number("Cache limit", 0.1, 64.0, self._chosen.cache_mb / 1024, 0.5, " GB", 1)
        box.valueChanged.connect(lambda value: self._set("cache_mb", round(value * 1024)))
        return box

    def _choice(self, name: str, options: Any) -> QComboBox:
        box = choice(name.replace("_", " "), options, getattr(self._chosen, name))
        box.currentIndexChanged.connect(lambda _index: self._set(name, box.currentData()))
        return box

    def _number(self, name: str, low: int, high: int, unit: str = "") -> QSpinBox:
        box = whole_number(name.replace("_", " "), low, high, getattr(self._chosen, name), unit)
        box.valueChanged.connect(lambda value: self._set(name, value))
        return box

    def _real(self, name: str, low: float, high: float, unit: str) -> QDoubleSpinBox:
        box = real_number(name.replace("_", " "), low, high, getattr(self._chosen, name), 5.0, unit, 0)
        box.valueChanged.connect(lambda value: self._set(name, value))
        return box

    def _set(self, name: str, value: Any) -> None:
        self._workspace.prefer(name, value)

    def _clear_cache(self) -> None:
        self._in_cache("Clearing the cache", clear_cache)

    def _in_cache(self, title: str, work: Callable[[Progress], int]) -> None:
        def show(size: int) -> None:
            if isValid(self):  # the dialog may have been closed meanwhile
                self.cache_used.setText(f"{size / 2**20:.0f} MB used")

        self._workspace.drawing.submit(title, work, on_done=show, on_failed=self._workspace.report_error, visible=False)


def cache_size(progress: Progress) -> int:
    """Bytes that the cache takes."""
    total = 0
    for path in paths.user_cache().rglob("*"):
        progress.check()
        with suppress(FileNotFoundError):  # another window may have cleared it
            if path.is_file():
                total += path.stat().st_size
    return total


def clear_cache(progress: Progress) -> int:
    """Delete all that can be made again, but the icons in use; bytes that are left."""
    icons = paths.user_cache() / "icons"
    for path in paths.user_cache().rglob("*"):
        progress.check()
        if path.is_file() and icons not in path.parents:
            path.unlink(missing_ok=True)
    return cache_size(progress)
