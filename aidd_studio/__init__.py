"""AIDD Studio: fill holes in recordings.

    import aidd_studio as aidd

    clip = aidd.read("damaged.flac")
    result = aidd.restore(clip)
    aidd.write(result.clip, "restored.flac", like="damaged.flac")

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aidd_studio.audio.clip import Clip
    from aidd_studio.audio.reading import read
    from aidd_studio.audio.writing import write
    from aidd_studio.gaps.detection import detect
    from aidd_studio.gaps.gap import Gap
    from aidd_studio.restoration.restore import restore

_HOMES = {
    "Clip": "aidd_studio.audio.clip",
    "Gap": "aidd_studio.gaps.gap",
    "detect": "aidd_studio.gaps.detection",
    "read": "aidd_studio.audio.reading",
    "restore": "aidd_studio.restoration.restore",
    "write": "aidd_studio.audio.writing",
}

__all__ = ["Clip", "Gap", "__version__", "detect", "read", "restore", "write"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'aidd_studio' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
