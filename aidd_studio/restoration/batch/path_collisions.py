"""Results that may collide on disk: their names differ only in case or in how accents are encoded.

File systems of Windows and macOS and many network shares treat "Take 1.wav" and "take 1.wav" as one file, so the second
result would silently replace the first.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from aidd_studio.restoration.batch.items import BatchItem

PROBE = ".aidd-\N{LATIN CAPITAL LETTER E WITH ACUTE}-"


def clashing(items: Sequence[BatchItem]) -> dict[BatchItem, BatchItem]:
    """Recordings whose result would overwrite an earlier one's on its disk, each with that earlier recording."""
    first: dict[str, BatchItem] = {}
    collisions = {}
    for item in items:
        other = first.setdefault(_plain(str(item.target)), item)
        if other is not item:
            collisions[item] = other
    alike: dict[Path, bool] = {}
    for item in collisions:
        folder = _existing(item.target.parent)
        if folder not in alike:
            alike[folder] = folds_names(folder)
    return {item: other for item, other in collisions.items() if alike[_existing(item.target.parent)]}


def folds_names(folder: Path) -> bool:
    """Whether the folder's file system ignores case or accent encoding; False where it cannot be tested."""
    with suppress(OSError), tempfile.TemporaryDirectory(prefix=PROBE, dir=folder) as probe:
        name = Path(probe).name
        return any((folder / other).exists() for other in (name.swapcase(), unicodedata.normalize("NFD", name)))
    return False


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
