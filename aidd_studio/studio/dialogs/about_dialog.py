"""About: what this is, which versions it runs on, under which licences."""

from __future__ import annotations

import platform
from importlib import metadata

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from aidd_studio import __version__
from aidd_studio.studio.dialogs.dialog import Dialog, note
from aidd_studio.studio.widgets.icons import app_icon

LIBRARIES = ("PySide6-Essentials", "pyqtgraph", "numpy", "scipy", "torch", "soundfile", "soxr", "sounddevice")
LICENCES = {
    "PySide6-Essentials": "LGPL-3.0",
    "pyqtgraph": "MIT",
    "numpy": "BSD-3-Clause",
    "scipy": "BSD-3-Clause",
    "torch": "BSD-3-Clause",
    "soundfile": "BSD-3-Clause (libsndfile: LGPL-2.1)",
    "soxr": "LGPL-2.1",
    "sounddevice": "MIT (PortAudio: MIT)",
}


class AboutDialog(Dialog):
    """Versions are read from what is installed; nothing is loaded for it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("About AIDD Studio", parent, 520)
        logo = QLabel()
        logo.setPixmap(app_icon().pixmap(QSize(56, 56), self.devicePixelRatioF()))
        words = note(
            f"Version {__version__} · MIT licence\n"
            "Fills holes in recordings: audio inpainting by signal models and token diffusion (AIDD)."
        )
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(logo, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(words, 1)
        self.body.addLayout(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        rows = [("Python", platform.python_version(), "PSF"), *(self._row(name) for name in LIBRARIES)]
        for line, row in enumerate(rows):
            for column, text in enumerate(row):
                label = QLabel(text)
                label.setObjectName("dim" if column else "")
                grid.addWidget(label, line, column)
        grid.setColumnStretch(2, 1)
        self.body.addLayout(grid)
        self._lines = "\n".join(f"{name} {version}" for name, version, _ in rows)
        self.add_button("Copy versions", self._copy)
        self.add_button("Close", self.close, main=True)

    def _row(self, name: str) -> tuple[str, str, str]:
        try:
            return name, metadata.version(name), LICENCES[name]
        except metadata.PackageNotFoundError:
            return name, "not installed", LICENCES[name]

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"AIDD Studio {__version__}\n{platform.platform()}\n{self._lines}")
