"""A recording on disk read as another file: parts of it left out, and corrected headers put in."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

Piece = bytes | tuple[int, int]
"""Bytes of our own, or a half-open range of bytes of the file on disk."""


@dataclass(frozen=True)
class Sound:
    """A piece of a recording that a decoder reads as a file of its own."""

    pieces: tuple[Piece, ...]
    end: int | None = None  # the frame of its stream at which it ends, where known; else it follows what is before it
    skipped: int = 0  # frames that the decoder gives before the sound begins
    stream: int = 0  # sounds of one stream are placed in it; streams follow one another


@dataclass(frozen=True)
class Layout:
    """How a file must be read so that all of its sound is there, in its place."""

    sounds: tuple[Sound, ...]
    notes: tuple[str, ...] = ()  # sentences: what is missing, and where
    container: str | None = None  # soundfile's name of the file's own container, where the corrected header has another


class SplicedFile(io.RawIOBase):
    """Pieces of a file, and bytes of our own between them, as one read-only file."""

    def __init__(self, path: Path, pieces: Sequence[Piece]) -> None:
        super().__init__()
        self._pieces = [piece for piece in pieces if _length(piece) > 0]
        self._ends = list(accumulate(_length(piece) for piece in self._pieces))
        self._file = path.open("rb")
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._ends[-1] if self._ends else 0}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        done = 0
        while done < len(view):
            data = self._read_some(len(view) - done)
            if not data:
                break
            view[done : done + len(data)] = data
            done += len(data)
        return done

    def close(self) -> None:
        self._file.close()
        super().close()

    def _read_some(self, count: int) -> bytes:
        index = bisect_right(self._ends, self._position)
        if index == len(self._ends):
            return b""
        piece = self._pieces[index]
        skip = self._position - (self._ends[index] - _length(piece))
        count = min(count, self._ends[index] - self._position)
        if isinstance(piece, bytes):
            data = piece[skip : skip + count]
        else:
            self._file.seek(piece[0] + skip)
            data = self._file.read(count)
        self._position += len(data)
        return data


def _length(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
