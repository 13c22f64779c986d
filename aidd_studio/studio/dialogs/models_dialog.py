"""The models dialog: what is installed, what can be had, under which licence; download, import, verify, remove."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.progress import Progress
from aidd_studio.studio.dialogs.dialog import Dialog, note
from aidd_studio.studio.model.jobs import Job
from aidd_studio.studio.model.workspace import Workspace
from aidd_studio.studio.widgets.icons import pixmap
from aidd_studio.studio.widgets.progress_bar import ProgressBar

if TYPE_CHECKING:
    from aidd_studio.weights.registry import ModelEntry
    from aidd_studio.weights.store import InstalledModel

WEIGHTS_FILTER = "Model files (*.ckpt *.pth *.safetensors *.yaml)"
KINDS = {"tokenizer": "Tokenizer", "score": "Score model", "refiner": "Refiner"}


class ModelsDialog(Dialog):
    """One card for each model. Work goes through the workspace's queue and can be cancelled here."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__("Models", parent, 720)
        self._workspace = workspace
        self._job: Job | None = None
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setMinimumHeight(420)
        self._scroll.setAccessibleName("Models")
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.addWidget(note("Neural models fill long gaps. Downloads are verified before they are used."))
        self.body.addWidget(self._scroll, 1)
        self._message = note("")
        self._message.hide()
        self._progress = ProgressBar()
        self._progress.setRange(0, 1000)
        self._progress.hide()
        self.body.addWidget(self._progress)
        self.body.addWidget(self._message)
        self._cancel = self.add_button("Cancel", self._cancel_job)
        self._cancel.hide()
        self.add_button("Import from file…", self._import)
        self.add_button("Close", self.close, main=True)
        workspace.job_changed.connect(self._show_progress)
        self.refresh()

    def refresh(self) -> None:
        """Show the models as they are now."""
        from aidd_studio.weights.registry import read_registry
        from aidd_studio.weights.store import installed_models

        inner = QWidget()
        self._cards = QVBoxLayout(inner)
        self._cards.setSpacing(8)
        self._cards.setContentsMargins(0, 0, 8, 0)
        installed = {model.name: model for model in installed_models()}
        registry = read_registry().models
        for model in installed.values():
            self._cards.addWidget(self._installed_card(model))
        for entry in registry:
            if entry.name not in installed:
                self._cards.addWidget(self._available_card(entry))
        self._cards.addStretch(1)
        self._scroll.setWidget(inner)  # the area deletes what it showed before

    def _installed_card(self, model: InstalledModel) -> QFrame:
        record = model.record
        state = "comes with the program" if model.bundled else "installed"
        facts = f"{KINDS.get(record.kind, record.kind)} · {_size(record.size)} · {record.licence} · {state}"
        buttons: list[tuple[str, Callable[[], None]]] = [("Verify", lambda: self._verify(record.name))]
        if not model.bundled:
            buttons.append(("Remove", lambda: self._remove(record.name)))
        return self._card("verify", "accepted", record.title, facts, record.note, buttons)

    def _available_card(self, entry: ModelEntry) -> QFrame:
        kind = KINDS.get(entry.kind, entry.kind)
        if entry.bundled:
            facts = f"{kind} · {entry.licence} · missing: reinstall the program"
            return self._card("warning", "warning", entry.title, facts, entry.note, [])
        facts = f"{kind} · {_size(entry.size)} · {entry.licence} · not installed"
        buttons = [("Download", lambda: self._download(entry.name))]
        return self._card("download", "dim", entry.title, facts, entry.note, buttons)

    def _card(
        self, glyph: str, tint: str, title: str, facts: str, remark: str, buttons: list[tuple[str, Callable[[], None]]]
    ) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        card.setAccessibleName(f"{title}: {facts}")
        picture = QLabel()
        picture.setPixmap(pixmap(glyph, 20, tint, self.devicePixelRatioF()))
        head = QLabel(title)
        head.setObjectName("title")
        head.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(head)
        words.addWidget(note(facts))
        if remark:
            words.addWidget(note(remark))
        row = QHBoxLayout(card)
        row.setContentsMargins(12, 10, 12, 10)
        row.setSpacing(12)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        for text, action in buttons:
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.setAccessibleName(f"{text} {title}")
            button.clicked.connect(lambda _checked=False, action=action: action())
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return card

    # Work

    def _download(self, name: str) -> None:
        def work(progress: Progress) -> str:
            from aidd_studio.weights.obtaining import obtain

            pinned = obtain(name, progress=progress).pinned
            more = " Its checksum was recorded and is verified from now on." if pinned else ""
            return f"{name} is installed.{more}"

        self._start(f"Downloading {name}", work)

    def _import(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Import a model", "", WEIGHTS_FILTER)
        if not names:
            return

        def work(progress: Progress) -> str:
            from aidd_studio.weights.importing import import_model

            return f"{import_model([Path(name) for name in names], progress=progress).name} is installed."

        self._start("Importing a model", work)

    def _verify(self, name: str) -> None:
        def work(progress: Progress) -> str:
            from aidd_studio.weights.store import verify

            verify(name, progress)
            return f"{name} is intact: every byte is as it was installed."

        self._start(f"Verifying {name}", work)

    def _remove(self, name: str) -> None:
        def work(progress: Progress) -> str:
            from aidd_studio.weights.store import remove

            progress.check()
            remove(name)
            return f"{name} was removed."

        self._start(f"Removing {name}", work)

    def _start(self, title: str, work: Callable[[Progress], Any]) -> None:
        self._say("")
        self._job = self._workspace.work.submit(
            title, work, on_done=self._done, on_failed=self._failed, on_end=self._ended
        )
        self._show_progress()

    def _done(self, message: str) -> None:
        if self.isVisible():
            self._say(message)
            self.refresh()
        else:
            self._workspace.notify(message, "done")

    def _failed(self, why: str) -> None:
        if self.isVisible():
            self._say(why)
        else:
            self._workspace.report_error(why)

    def _ended(self) -> None:
        self._job = None
        if self.isVisible():
            self._show_progress()

    def _say(self, text: str) -> None:
        self._message.setText(text)
        self._message.setVisible(bool(text))

    def _show_progress(self) -> None:
        job = self._job
        self._progress.setVisible(job is not None)
        self._cancel.setVisible(job is not None)
        if job is not None:
            self._progress.setValue(round(1000 * job.fraction))
            self._progress.setToolTip(job.stage)

    def _cancel_job(self) -> None:
        if self._job is not None:
            self._job.cancel()


def _size(size: int | None) -> str:
    if not size:
        return "size unknown"
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.0f} MB"
