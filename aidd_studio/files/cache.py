"""A disk cache of arrays: what can be computed again, kept while there is room."""

from __future__ import annotations

import hashlib
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio import paths
from aidd_studio.errors import FileReadError, FileWriteError
from aidd_studio.files.atomic import atomic_path

DEFAULT_LIMIT = 1 << 30
"""Bytes kept unless the person says otherwise."""

SAMPLED = 1 << 20
"""Bytes looked at in the beginning, the middle and the end of a file."""


def content_key(path: Path) -> str:
    """A name for the content of a file that costs three reads however long it is.

    Made of size, time of modification and a hash of beginning, middle and end. Raises FileReadError.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            digest.update(f"{status.st_size}:{status.st_mtime_ns}".encode())
            for place in (0, (status.st_size - SAMPLED) // 2, status.st_size - SAMPLED):
                file.seek(max(0, place))
                digest.update(file.read(SAMPLED))
    except OSError as error:
        raise FileReadError(f"{path} cannot be read ({error.strerror or error}).") from error
    return digest.hexdigest()


class ArrayCache:
    """Arrays by key in a folder of limited size; what was used longest ago goes first.

    A cache never stops the work: what cannot be kept is not kept, and what is damaged is gone.
    """

    def __init__(self, folder: Path | None = None, limit: int = DEFAULT_LIMIT) -> None:
        self._folder = folder or paths.user_cache() / "pictures"
        self._limit = limit
        self._total: int | None = None  # bytes on disk, as far as this cache knows

    def load(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays kept under a key; None when there are none."""
        file = self._file(key)
        try:
            with np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            os.utime(file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            with suppress(OSError):
                file.unlink()
            return None
        return arrays

    def keep(self, key: str, arrays: dict[str, NDArray[Any]]) -> bool:
        """Keep arrays under a key; False when there is no room for them."""
        if sum(array.nbytes for array in arrays.values()) > self._limit:
            return False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(self._file(key), overwrite=True) as temporary:
                np.savez(temporary, **arrays)  # type: ignore[arg-type]
            self._total = self.size() if self._total is None else self._total + self._file(key).stat().st_size
        except (OSError, FileWriteError):
            return False
        if self._total > self._limit:
            self._make_room()
        return True

    def size(self) -> int:
        """Bytes on disk."""
        return sum(size for _, size, _ in self._entries())

    def clear(self) -> None:
        """Remove everything."""
        for _, _, file in self._entries():
            with suppress(OSError):
                file.unlink()

    def _file(self, key: str) -> Path:
        if not key or not all(letter.isalnum() or letter in "-_" for letter in key):
            raise ValueError("a key holds letters, digits, - and _ only")
        return self._folder / f"{key}.npz"

    def _entries(self) -> list[tuple[int, int, Path]]:
        """Time of last use, size and file of everything kept, the oldest first."""
        found = []
        for file in self._folder.glob("*.npz"):
            with suppress(OSError):
                status = file.stat()
                found.append((status.st_mtime_ns, status.st_size, file))
        return sorted(found)

    def _make_room(self) -> None:
        entries = self._entries()
        self._total = sum(size for _, size, _ in entries)
        for _, size, file in entries:
            if self._total <= self._limit:
                return
            with suppress(OSError):
                file.unlink()
                self._total -= size
