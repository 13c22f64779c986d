"""AIDD Studio: fill holes in recordings.

    import aidd_studio as aidd

    clip = aidd.read("damaged.flac")
    result = aidd.restore(clip)
    aidd.write(result.clip, "restored.flac", like="damaged.flac")

Names are loaded when they are first used, so that importing the package costs next to nothing. docs/PYTHON.md shows
more of them at work.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aidd_studio.audio.clip import Clip
    from aidd_studio.audio.files.reading import read
    from aidd_studio.audio.files.writing import WriteReport, write
    from aidd_studio.damage.damage import Band, Damage
    from aidd_studio.damage.damage import Damage as Gap
    from aidd_studio.damage.detection.dropouts import DetectionSettings, detect
    from aidd_studio.damage.labels import read_labels, write_labels
    from aidd_studio.engines.engine import Engine, EngineInfo
    from aidd_studio.engines.registry import create_engine, engine_infos, engine_settings
    from aidd_studio.errors import AiddError, Cancelled
    from aidd_studio.progress import Progress
    from aidd_studio.progress import Progress as Watch
    from aidd_studio.restoration.candidate import Candidate
    from aidd_studio.restoration.restore import FilledGap, RestorationResult, restore
    from aidd_studio.weights.store import InstalledModel, installed_models

_HOMES = {
    "audio.clip": ("Clip",),
    "audio.files.reading": ("read",),
    "audio.files.writing": ("WriteReport", "write"),
    "engines.engine": ("Engine", "EngineInfo"),
    "engines.registry": ("create_engine", "engine_infos", "engine_settings"),
    "errors": ("AiddError", "Cancelled"),
    "damage.detection.dropouts": ("DetectionSettings", "detect"),
    "damage.damage": ("Band", "Damage"),
    "damage.labels": ("read_labels", "write_labels"),
    "restoration.candidate": ("Candidate",),
    "restoration.restore": ("FilledGap", "RestorationResult", "restore"),
    "progress": ("Progress",),
    "weights.store": ("InstalledModel", "installed_models"),
}

__all__ = [
    "AiddError",
    "Band",
    "Cancelled",
    "Candidate",
    "Clip",
    "Damage",
    "DetectionSettings",
    "Engine",
    "EngineInfo",
    "FilledGap",
    "Gap",
    "InstalledModel",
    "Progress",
    "RestorationResult",
    "Watch",
    "WriteReport",
    "__version__",
    "create_engine",
    "detect",
    "engine_infos",
    "engine_settings",
    "installed_models",
    "read",
    "read_labels",
    "restore",
    "write",
    "write_labels",
]


_RENAMED = {"Gap": "Damage", "Watch": "Progress"}
"""Names of version 0.1, kept for one version."""


def __getattr__(name: str) -> Any:
    name = _RENAMED.get(name, name)
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"aidd_studio.{home}"), name)
    raise AttributeError(f"module 'aidd_studio' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
