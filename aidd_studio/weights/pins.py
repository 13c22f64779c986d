"""Hashes of files whose publisher gives none: remembered at the first download, demanded at every later one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from aidd_studio import paths
from aidd_studio.errors import FileWriteError, ModelError
from aidd_studio.files.atomic import atomic_path
from aidd_studio.weights.registry import RemoteFile


def pins_file() -> Path:
    """Where the pins are kept: one JSON object, "model/file" -> sha256."""
    return paths.user_data() / "models.lock.json"


def pinned(model: str, file: RemoteFile) -> RemoteFile:
    """The file with its hash: the registry's, else the pinned one, else none."""
    return file if file.sha256 else replace(file, sha256=_read().get(f"{model}/{file.name}", ""))


def pin(model: str, file: RemoteFile, sha256: str) -> bool:
    """Remember the hash of a file that has none in the registry; True when it was not known before."""
    pins = _read()
    key = f"{model}/{file.name}"
    if file.sha256 or pins.get(key) == sha256:
        return False
    _write(pins | {key: sha256})
    return True


def unpin(model: str) -> None:
    """Forget the hashes of a model's files, so that a newer version can be taken."""
    pins = _read()
    _write({key: sha256 for key, sha256 in pins.items() if not key.startswith(f"{model}/")})


def _read() -> dict[str, str]:
    path = pins_file()
    if not path.exists():
        return {}
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): str(sha256) for key, sha256 in pins.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"The list of pinned hashes {path} cannot be read; correct or delete it.") from error


def _write(pins: dict[str, str]) -> None:
    path = pins_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path, overwrite=True) as temporary:
            temporary.write_text(json.dumps(pins, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    except (OSError, FileWriteError) as error:
        raise ModelError(f"The list of pinned hashes {path} cannot be written: {error}") from error
