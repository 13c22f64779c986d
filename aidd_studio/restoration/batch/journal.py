"""The batch's journal: one line per finished recording, so that a batch goes on where it was killed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from filelock import FileLock, Timeout

from aidd_studio.errors import FileWriteError
from aidd_studio.files.atomic import FULL, remove_left_overs
from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome, real_path

JOURNAL_NAME = ".aidd-batch.jsonl"
"""The journal's name in the output folder, for every door."""


class BatchJournal:
    """Appends outcomes to a JSON-lines file and knows which recordings are finished.

    A recording counts as finished when its source is unchanged since (size and time), the settings are the same, and
    its output still is what was written. A torn last line, as a kill leaves it, is ignored. Planned targets are noted
    before the work begins: one that exists without an outcome is what the kill left, and may be replaced.
    Raises FileWriteError wherever the output folder does not take it.
    """

    def __init__(self, path: Path, settings: BatchSettings, fresh: bool = False) -> None:
        """fresh: forget what the file holds, once the journal is entered. Until then nothing is written."""
        self._path, self._fresh = path, fresh
        self._digest = settings.digest()
        self._file: IO[str] | None = None
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._known: dict[str, dict[str, Any]] = {}  # the last line of every recording
        self._planned: set[str] = set()  # targets without an outcome, of runs with these settings
        self._written: dict[str, Any] = {}  # outputs of these
        with self._as_write_error():
            if not fresh and path.is_file():
                for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
                    with suppress(ValueError, KeyError, TypeError):
                        self._take(json.loads(text))

    def __enter__(self) -> BatchJournal:
        with self._as_write_error(), ExitStack() as opened:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_for_this_run()
            opened.callback(self._unlock)
            file = opened.enter_context(self._path.open("a", encoding="utf-8"))
            if self._fresh:
                file.truncate(0)
            elif self._path.stat().st_size:
                file.write("\n")  # ends a line that was torn; blank lines mean nothing
            self._file = file
            opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):  # what could not be written was reported then
                self._file.close()
            self._unlock()

    def _lock_for_this_run(self) -> None:
        """The system releases the lock however the process ends. Raises FileWriteError when another run holds it."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise FileWriteError(
                f"Another batch is writing into {self._path.parent}; wait for its end or choose another folder."
            ) from None
        except (OSError, NotImplementedError):
            return  # a file system without locks

    def _unlock(self) -> None:
        with suppress(OSError):
            Path(self._lock.lock_file).unlink(missing_ok=True)  # while it is held, so that no other process has it
        self._lock.release()

    def finished(self, item: BatchItem) -> Outcome | None:
        """The outcome of an earlier run, if it still holds; failures are tried again."""
        line = self._known.get(str(real_path(item.source)))
        if line is None or line["key"] != _key(item.source) or line["settings"] != self._digest:
            return None
        outcome = Outcome.from_json(line["outcome"])
        if outcome.status == "failed" or outcome.target != str(item.target):
            return None
        if outcome.status == "restored" and line["output"] != _key(item.target):
            return None
        return outcome

    def may_replace(self, item: BatchItem) -> bool:
        """True for an output made by an earlier run with these settings and unchanged since.

        That is also one which the run set out to write, as it did not exist then, before it was killed.
        """
        return str(item.target) in self._planned or self._written.get(str(item.target), ...) == _key(item.target)

    def made_otherwise(self, item: BatchItem) -> bool:
        """True for an output that an earlier run made with other settings."""
        line = self._known.get(str(real_path(item.source)))
        if line is None or line["settings"] == self._digest or line["outcome"]["target"] != str(item.target):
            return False
        return line["output"] is not None and line["output"] == _key(item.target)

    def plan(self, items: Sequence[BatchItem]) -> None:
        """Note whose outputs this run will write, and remove what was half-written when an earlier one was killed."""
        remove_left_overs(item.target for item in items if str(item.target) in self._planned)
        self._append({"settings": self._digest, "planned": [str(item.target) for item in items]})

    def add(self, item: BatchItem, outcome: Outcome) -> None:
        """Write an outcome to the disk before anything else happens."""
        self._append(
            {
                "source": str(real_path(item.source)),
                "key": _key(item.source),
                "settings": self._digest,
                "output": _key(item.target) if outcome.status == "restored" else None,
                "outcome": outcome.as_json(),
            }
        )

    def _append(self, line: dict[str, Any]) -> None:
        if self._file is None:
            raise ValueError("the journal is not open")
        with self._as_write_error():
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        """Know what a line says. Raises KeyError or TypeError for one that is none of the journal's."""
        ours = line["settings"] == self._digest
        if "planned" in line:
            self._planned |= set(line["planned"]) if ours else set()
            return
        target = str(line["outcome"]["target"])
        self._known[str(line["source"])] = line
        self._planned.discard(target)
        self._written.pop(target, None)
        if ours and line["output"] is not None:
            self._written[target] = line["output"]

    @contextmanager
    def _as_write_error(self) -> Iterator[None]:
        """Turn errors of the operating system into a FileWriteError that says what to do."""
        try:
            yield
        except OSError as error:
            folder, why = self._path.parent, error.strerror or error
            advice = "make room, then go on with --resume" if error.errno in FULL else "choose another folder"
            raise FileWriteError(f"Nothing can be written into {folder} ({why}); {advice}.") from error


def _key(path: Path) -> list[int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]
