"""Drawings: the project's own 24x24 stroke drawings as SVG, in any colour."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from aidd_studio import paths


def tinted_file(name: str, tint: str) -> Path:
    """A tinted copy of an icon on disk, for style sheets, which cannot read from memory."""
    content = svg(name, tint)
    made = paths.user_cache() / "icons"
    made.mkdir(parents=True, exist_ok=True)
    path = made / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}.svg"
    if not path.is_file():
        path.write_bytes(content)
    return path


def svg(name: str, tint: str) -> bytes:
    """The drawing of that name in a colour."""
    return _drawing(name).replace("currentColor", tint).encode()


@cache
def _drawing(name: str) -> str:
    return (folder() / f"{name}.svg").read_text(encoding="utf-8")


@cache
def folder() -> Path:
    """Where the drawings are."""
    return paths.resources() / "icons"
