"""The journal of an evaluation: one JSON line per finished case, so that a run that was stopped goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from aidd_studio.errors import UsageError


class RunJournal:
    """Finished cases in a file of JSON lines; a line cut off by a crash is ignored and its case run again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The folder {path.parent} cannot be made ({error.strerror}); choose another.") from error

    def outcomes(self) -> dict[str, dict[str, Any]]:
        """The finished cases by key; the last line of a case counts."""
        if not self.path.exists():
            return {}
        found: dict[str, dict[str, Any]] = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                outcome = json.loads(line)
                found[outcome["key"]] = outcome
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def add(self, outcome: Mapping[str, Any]) -> None:
        """Append a finished case, with its key under "key", and make sure that it is on the disk."""
        line = json.dumps(outcome, ensure_ascii=False, allow_nan=False)
        with self.path.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            if size and not _ends_with_newline(file, size):
                file.write(b"\n")
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _ends_with_newline(file: BinaryIO, size: int) -> bool:
    file.seek(size - 1)
    return file.read(1) == b"\n"
