"""Preferences: what a person has chosen for good, kept in a small file of settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QSettings

from aidd_studio import paths
from aidd_studio.engines.policy import POLICIES, Policy
from aidd_studio.studio.widgets.theme import ThemeChoice

MOST_RECENT = 8

FrequencyScale = Literal["linear", "logarithmic", "mel"]
SCALES: tuple[FrequencyScale, ...] = ("linear", "logarithmic", "mel")


@dataclass
class Preferences:
    """Every choice with its default."""

    theme: ThemeChoice = "dark"
    output: str = ""  # name of the audio output; empty: the system's
    engine: str = "auto"
    candidates: int = 4
    seed: int = 0
    crossfade_ms: float = 6.0
    device: str = "auto"  # for neural engines
    policy: Policy = "any"  # which engines may fill
    colour_map: str = "magma"
    frequency_scale: FrequencyScale = "mel"
    fft_size: int = 2048
    range_db: float = 90.0
    gain_db: float = 0.0
    loop_roll: float = 1.0
    cache_mb: int = 2048
    snap: bool = True
    time_format: str = "clock"


def settings_file() -> QSettings:
    """The file of settings; AIDD_STUDIO_STATE moves it."""
    folder = paths.user_state()
    folder.mkdir(parents=True, exist_ok=True)
    return QSettings(str(folder / "studio.ini"), QSettings.Format.IniFormat)


def load_preferences() -> Preferences:
    """What is on disk; anything unreadable is the default."""
    store = settings_file()
    loaded: dict[str, Any] = {}
    for field in fields(Preferences):
        value = store.value(f"preferences/{field.name}")
        if value is not None:
            try:
                loaded[field.name] = _as(type(field.default), value)
            except (TypeError, ValueError):
                continue
    if loaded.get("policy") not in POLICIES:
        loaded.pop("policy", None)
    return Preferences(**loaded)


def save_preferences(preferences: Preferences) -> None:
    """Keep them."""
    store = settings_file()
    for name, value in asdict(preferences).items():
        store.setValue(f"preferences/{name}", value)
    store.sync()


def recent_files() -> list[Path]:
    """Recently opened files that are still there, newest first."""
    stored = settings_file().value("recent") or []
    names = [stored] if isinstance(stored, str) else list(stored)
    return [path for name in names if (path := Path(str(name))).is_file()][:MOST_RECENT]


def add_recent(path: Path) -> None:
    """Remember a file that was opened."""
    path = path.resolve()
    others = [known for known in recent_files() if known != path]
    store = settings_file()
    store.setValue("recent", [str(item) for item in [path, *others][:MOST_RECENT]])
    store.sync()


def _as(kind: type, value: Any) -> Any:
    if kind is bool:
        return str(value).lower() in ("true", "1")
    return kind(value)
