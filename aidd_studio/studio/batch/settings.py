"""The batch's settings: what fills the gaps, and where the results go under which names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from aidd_studio.restoration.batch import BatchSettings
from aidd_studio.restoration.batch.items import FORMATS, PATTERN
from aidd_studio.studio.dialogs.dialog import note, section
from aidd_studio.studio.model.preferences import Preferences, settings_file
from aidd_studio.studio.panels.fill_settings import RUN_ON_DEVICES
from aidd_studio.studio.widgets.engine_choice import list_engines
from aidd_studio.studio.widgets.fields import choice, form, whole_number
from aidd_studio.studio.widgets.icons import icon

MOST_MODELS = 4
"""Default number of processes that load a neural model; each holds its own copy of the weights."""

CONTAINERS = (("As the source", ""), ("WAV", "wav"), ("FLAC", "flac"))


@dataclass(frozen=True)
class BatchChoice:
    """How a batch is run."""

    output: Path
    pattern: str
    suffix: str | None  # of all results; None for that of each source
    jobs: int
    settings: BatchSettings


class BatchSettingsForm(QWidget):
    """The few choices of a batch; they are remembered."""

    changed = Signal()

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        kept = settings_file()
        self.output = QLineEdit()
        self.output.setAccessibleName("Folder for the results")
        self.output.setPlaceholderText("Folder for the results")
        self.pattern = QLineEdit(str(kept.value("batch/pattern") or PATTERN))
        self.pattern.setAccessibleName("Names of the results")
        self.pattern.setToolTip("{stem} is the source's name, {suffix} the ending of the format")
        self.container = choice("Format", CONTAINERS, str(kept.value("batch/format") or ""))
        self.engine = choice("Engine", ())
        list_engines(self.engine, preferences.policy, preferences.engine)
        self.candidates = whole_number("Candidates", 1, 64, 1)
        self.candidates.setToolTip("Fills to make for each gap; the best one is used")
        self.jobs = whole_number("Files in parallel", 0, 64, 0)
        self.jobs.setSpecialValueText("automatic")
        self.jobs.setToolTip("Files restored at the same time, each in its own process")
        self.recursive = QCheckBox("Folders with subfolders")
        self.recursive.setChecked(kept.value("batch/recursive", "true") != "false")
        self.overwrite = QCheckBox("Replace existing results")
        self.pictures = QCheckBox("Pictures in the report")
        self.pictures.setToolTip("Every gap before and after, as spectrograms")
        self.pictures.setChecked(kept.value("batch/pictures", "true") != "false")
        self._choose = QToolButton()
        self._choose.setToolTip("Choose the folder for the results")
        self._choose.setAccessibleName("Choose the folder for the results")
        self._choose.clicked.connect(self._choose_output)
        self._lay_out()
        self.retint()
        for line in (self.output, self.pattern):
            line.textChanged.connect(self.changed)
        self.engine.currentIndexChanged.connect(self._engine_changed)
        self._engine_changed()

    def chosen(self) -> BatchChoice:
        """What is chosen now."""
        engine = str(self.engine.currentData() or "auto")
        suffix = FORMATS.get(str(self.container.currentData()))
        settings: dict[str, Any] = {}
        if engine in RUN_ON_DEVICES and self._preferences.device != "auto":
            settings["device"] = self._preferences.device
        return BatchChoice(
            Path(self.output.text().strip()).expanduser(),
            self.pattern.text().strip(),
            suffix,
            self.jobs.value() or _fitting_jobs(engine),
            BatchSettings(
                engine,
                settings,
                self.candidates.value(),
                self._preferences.seed,
                self._preferences.crossfade_ms / 1000,
                overwrite=self.overwrite.isChecked(),
                pictures=self.pictures.isChecked(),
                policy=self._preferences.policy,
            ),
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Offer the engines that the preferences allow now."""
        list_engines(self.engine, self._preferences.policy, str(self.engine.currentData()))
        self._engine_changed()
        super().showEvent(event)

    def propose_output(self, path: Path) -> None:
        """Results go beside what was added first, unless a folder was chosen already."""
        if not self.output.text().strip():
            proposal = path.with_name(f"{path.name}_restored") if path.is_dir() else path.parent / "restored"
            self.output.setText(str(proposal))

    def keep(self) -> None:
        """Remember the choices for the next time."""
        store = settings_file()
        store.setValue("batch/pattern", self.pattern.text())
        store.setValue("batch/format", self.container.currentData())
        store.setValue("batch/recursive", "true" if self.recursive.isChecked() else "false")
        store.setValue("batch/pictures", "true" if self.pictures.isChecked() else "false")
        store.sync()

    def set_open(self, is_open: bool) -> None:
        """Settings cannot change under work that uses them."""
        for widget in (self.output, self._choose, self.pattern, self.container, self.engine, self.jobs, self.overwrite):
            widget.setEnabled(is_open)
        self.pictures.setEnabled(is_open)
        self.candidates.setEnabled(is_open and self._is_stochastic())

    def retint(self) -> None:
        """Draw again after a change of theme."""
        self._choose.setIcon(icon("folder", "dim"))

    def _lay_out(self) -> None:
        folder = QHBoxLayout()
        folder.setSpacing(4)
        folder.addWidget(self.output, 1)
        folder.addWidget(self._choose)
        self._summary = note("")
        rows = form()
        rows.addRow(section("Results"))
        rows.addRow("Folder", folder)
        rows.addRow("Names", self.pattern)
        rows.addRow("Format", self.container)
        rows.addRow("", self.overwrite)
        rows.addRow("", self.pictures)
        rows.addRow(section("Filling"))
        rows.addRow("Engine", self.engine)
        rows.addRow("", self._summary)
        rows.addRow("Candidates", self.candidates)
        rows.addRow("Files in parallel", self.jobs)
        rows.addRow(section("Adding files"))
        rows.addRow("", self.recursive)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(rows)

    def _choose_output(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder for the results", self.output.text())
        if name:
            self.output.setText(name)

    def _engine_changed(self) -> None:
        from aidd_studio.engines.registry import engine_infos

        name = self.engine.currentData()
        self._summary.setText(next((info.summary for info in engine_infos() if info.name == name), ""))
        self.candidates.setEnabled(self._is_stochastic())
        self.changed.emit()

    def _is_stochastic(self) -> bool:
        from aidd_studio.engines.registry import engine_infos

        name = self.engine.currentData()
        return name == "auto" or any(info.stochastic for info in engine_infos() if info.name == name)


def _fitting_jobs(engine: str) -> int:
    cores = os.cpu_count() or 1
    return min(cores, MOST_MODELS) if engine in RUN_ON_DEVICES else cores
