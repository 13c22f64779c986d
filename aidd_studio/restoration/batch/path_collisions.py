"""Results whose names a disk may take for one: they differ only in case, or in how their accents are put together.

Windows' and Apple's disks and many network shares take "Take 1.wav" and "take 1.wav" for one file, so that the second
result would replace the first without a word.
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
    """Recordings whose result would replace another's on the disk where it goes, and that other, which comes first."""
    first: dict[str, BatchItem] = {}
    twins = {}
    for item in items:
        other = first.setdefault(_plain(str(item.target)), item)
        if other is not item:
            twins[item] = other
    alike: dict[Path, bool] = {}
    for item in twins:
        folder = _existing(item.target.parent)
        if folder not in alike:
            alike[folder] = takes_for_one(folder)
    return {item: other for item, other in twins.items() if alike[_existing(item.target.parent)]}


def takes_for_one(folder: Path) -> bool:
    """Whether a folder takes names for one that differ only so; False where nothing can be tried."""
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
