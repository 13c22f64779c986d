"""Which recordings are trained on and which are held back."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from aidd_studio.errors import UsageError

SplitRule = Literal["hash", "musicnet", "maestro"]
"""By a hash of the file's name, or as the data set's publishers say."""

HELD_SHARE = 25
"""One source in this many is held back from training."""


def split_of(source: str) -> str:
    """The split, "train" or "held", that a source belongs to, the same in every corpus."""
    return "held" if int(hashlib.sha1(source.encode()).hexdigest(), 16) % HELD_SHARE == 0 else "train"


def official_splits(files: Sequence[Path], rule: SplitRule) -> dict[Path, str]:
    """The split of every file by a rule; raises UsageError when the data set is not laid out as published.

    MusicNet: what lies under test_data is held back. MAESTRO: the table maestro-*.csv above the files says it;
    validation and test are held back.
    """
    if rule == "hash":
        return {path: split_of(path.name) for path in files}
    if rule == "musicnet":
        if not any("test_data" in path.parts for path in files):
            raise UsageError(
                "MusicNet's folders train_data and test_data were not found; unpack musicnet.tar.gz whole."
            )
        return {path: "held" if "test_data" in path.parts else "train" for path in files}
    if rule == "maestro":
        return _maestro(files)
    raise UsageError(f"There is no split {rule!r}; choose {', '.join(get_args(SplitRule))}.")


def _maestro(files: Sequence[Path]) -> dict[Path, str]:
    tables = {table for path in files for folder in path.parents[:3] for table in folder.glob("maestro-*.csv")}
    if not tables:
        raise UsageError("MAESTRO's table maestro-v3.0.0.csv was not found; put it beside the folders of the years.")
    published: dict[str, str] = {}
    for table in sorted(tables):
        with table.open(newline="", encoding="utf-8") as lines:
            published |= {row["audio_filename"]: row["split"] for row in csv.DictReader(lines)}
    names = {path: "/".join(path.parts[-2:]) for path in files}
    missing = [name for name in names.values() if name not in published]
    if missing:
        raise UsageError(f"MAESTRO's table does not name {missing[0]}; take the table of the same version.")
    return {path: "train" if published[name] == "train" else "held" for path, name in names.items()}
