"""Fill settings: which engine, how many candidates, and the few numbers behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from aidd_studio.diffusion.sampling import SAMPLER_NAMES
from aidd_studio.engines.policy import Policy
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.widgets.engine_choice import list_engines
from aidd_studio.studio.widgets.fields import choice, form, real_number, whole_number

NEURAL = "aidd"
"""The engine that draws tokens, the only one with a sampler, steps and a temperature."""

RUN_ON_DEVICES = (NEURAL, "auto")
"""Engines that run on the processor or on a graphics card, as the preferences say."""

LINES = 3
"""Lines that an engine's summary takes at most; a dock that is squeezed must not cut them."""

SAMPLERS = ("", *SAMPLER_NAMES)


@dataclass(frozen=True)
class FillChoice:
    """How gaps are to be filled."""

    engine: str
    candidates: int
    seed: int
    crossfade: float  # seconds
    settings: Mapping[str, Any] = field(default_factory=dict)
    policy: Policy = "any"


class FillSettings(QWidget):
    """A form that the common path does not need."""

    changed = Signal()

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.engine = choice("Engine", [])
        self._summary = QLabel()
        self._summary.setObjectName("dim")
        self._summary.setWordWrap(True)
        self._summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._summary.setMinimumHeight(LINES * self._summary.fontMetrics().lineSpacing())
        self.candidates = whole_number("Candidates", 1, 64, preferences.candidates)
        self.seed = whole_number("Seed", 0, 2**31 - 1, preferences.seed)
        self.seed.setToolTip("The same seed gives the same fills")
        self.crossfade = real_number("Cross-fade", 0.0, 100.0, preferences.crossfade_ms, 1.0, " ms")
        self.steps = whole_number("Steps", 0, 4096, 0)
        self.steps.setSpecialValueText("automatic")
        self.temperature = real_number("Temperature", 0.0, 2.0, 0.0, 0.05, decimals=2)
        self.temperature.setSpecialValueText("automatic")
        self.sampler = choice("Sampler", [(name or "automatic", name) for name in SAMPLERS])
        self._form = form()
        for label, widget in (
            ("Engine", self.engine),
            ("", self._summary),
            ("Candidates", self.candidates),
            ("Seed", self.seed),
            ("Cross-fade", self.crossfade),
            ("Sampler", self.sampler),
            ("Steps", self.steps),
            ("Temperature", self.temperature),
        ):
            self._form.addRow(label, widget)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 4, 12, 12)
        column.addLayout(self._form)
        column.addStretch(1)
        scroll = QScrollArea()  # so that the lists keep their room in a small window
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setAccessibleName("Fill settings")
        scroll.setWidget(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        list_engines(self.engine, preferences.policy, preferences.engine)
        self.engine.currentIndexChanged.connect(self._engine_changed)
        for widget in (self.candidates, self.seed, self.crossfade, self.steps, self.temperature):
            widget.valueChanged.connect(self._keep)
        self.sampler.currentIndexChanged.connect(self._keep)
        self._engine_changed()

    def chosen(self) -> FillChoice:
        """What is chosen now."""
        name = str(self.engine.currentData() or "auto")
        settings: dict[str, Any] = {}
        if name == NEURAL:
            if self.steps.value():
                settings["steps"] = self.steps.value()
            if self.temperature.value() > 0:
                settings["temperature"] = self.temperature.value()
            if self.sampler.currentIndex() > 0:
                settings["sampler"] = SAMPLERS[self.sampler.currentIndex()]
        if name in RUN_ON_DEVICES and self._preferences.device != "auto":
            settings["device"] = self._preferences.device
        return FillChoice(
            name,
            self.candidates.value(),
            self.seed.value(),
            self.crossfade.value() / 1000,
            settings,
            self._preferences.policy,
        )

    def follow_policy(self) -> None:
        """Offer the engines that the preferences allow now."""
        list_engines(self.engine, self._preferences.policy, str(self.engine.currentData()))
        self._engine_changed()

    def _engine_changed(self) -> None:
        from aidd_studio.engines.registry import engine_infos

        name = self.engine.currentData()
        info = next((info for info in engine_infos() if info.name == name), None)
        only = " Signal models only, as the preferences say." if self._preferences.policy == "signal" else ""
        self._summary.setText(info.summary + only if info else "")
        neural = name == NEURAL
        for widget in (self.sampler, self.steps, self.temperature):
            self._form.setRowVisible(widget, neural)
        self.candidates.setEnabled(info is None or info.stochastic or name == "auto")
        self._keep()

    def _keep(self) -> None:
        self._preferences.engine = str(self.engine.currentData() or "auto")
        self._preferences.candidates = self.candidates.value()
        self._preferences.seed = self.seed.value()
        self._preferences.crossfade_ms = self.crossfade.value()
        self.changed.emit()
