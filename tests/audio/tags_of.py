"""All tags of a file, read as the program reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aidd_studio.audio.files.reading import probe
from aidd_studio.audio.files.tags import read_tags


def tags_of(path: Path) -> dict[str, Any]:
    return read_tags(path, probe(path).container)
