"""Where the program's own files and the person's files live."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def _data_root() -> Path:
    """The folder that holds models.toml and resources/: frozen application, wheel or checkout."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return Path(frozen) / "aidd_studio" / "_data"
    package = Path(__file__).resolve().parent
    inside = package / "_data"
    return inside if inside.is_dir() else package.parent


def resources() -> Path:
    """The folder of bundled resources (demo, icons, models)."""
    return _data_root() / "resources"


def registry_file() -> Path:
    """The bundled model registry, models.toml."""
    return _data_root() / "models.toml"


def user_data() -> Path:
    """Where installed models live; the environment variable AIDD_STUDIO_DATA overrides it."""
    chosen = os.environ.get("AIDD_STUDIO_DATA")
    if chosen:
        return Path(chosen)
    import platformdirs

    return platformdirs.user_data_path("aidd-studio", appauthor=False)


def user_cache() -> Path:
    """Where peaks and spectrogram tiles are kept; AIDD_STUDIO_CACHE overrides it."""
    chosen = os.environ.get("AIDD_STUDIO_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return platformdirs.user_cache_path("aidd-studio", appauthor=False)


def user_state() -> Path:
    """Where journals, logs and settings are kept; AIDD_STUDIO_STATE overrides it."""
    chosen = os.environ.get("AIDD_STUDIO_STATE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return platformdirs.user_state_path("aidd-studio", appauthor=False)
