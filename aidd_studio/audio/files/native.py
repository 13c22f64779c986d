"""The source file's own samples, where float32 cannot hold them: 32-bit integers and float64."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Source
from aidd_studio.audio.files.formats import Target
from aidd_studio.audio.files.reading import BLOCK, open_recording
from aidd_studio.audio.files.subtypes import bits_of, float32_holds
from aidd_studio.errors import FileWriteError


class NativeSamples:
    """Reads a source file again, block by block, in its own precision."""

    def __init__(self, source: Source, dtype: str) -> None:
        self._source = source
        self._dtype = dtype
        self._stack = ExitStack()
        self._file: Any = None

    @classmethod
    def needed(cls, clip: Clip, target: Target) -> NativeSamples | None:
        """A reader when the target holds more of the source than the clip does; None when the clip suffices.

        Raises FileWriteError when the source file is gone or was changed since it was read.
        """
        source = clip.source
        if source is None or float32_holds(source.subtype) or float32_holds(target.subtype):
            return None
        if source.size == 0 and source.modified_ns == 0:
            return None  # not read from a file
        try:
            status = source.path.stat()
        except OSError:
            raise _gone(source.path, "is gone", target) from None
        if (status.st_size, status.st_mtime_ns) != (source.size, source.modified_ns):
            raise _gone(source.path, "was changed since it was read", target)
        # float64 holds every 32-bit integer, so it serves all but integer to integer
        both_integers = bits_of(source.subtype) is not None and bits_of(target.subtype) is not None
        reader = cls(source, "int32" if both_integers else "float64")
        return reader if reader._fits(clip) else None

    def __enter__(self) -> NativeSamples:
        self._file = self._stack.enter_context(open_recording(self._source.path))[0]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def seek(self, frame: int) -> None:
        """Go on reading at that frame."""
        import soundfile

        if isinstance(self._file, soundfile.SoundFile):
            self._file.seek(frame)
            return
        while frame > 0:
            frame -= self.read(min(frame, BLOCK)).shape[1]

    def read(self, frames: int) -> NDArray[Any]:
        """The next frames as int32 (full scale) or float64: [channels, n]."""
        block = np.empty((frames, self._file.channels), self._dtype)
        if self._file.read_into(block) != frames:
            raise _changed(self._source.path)
        return block.T

    def _fits(self, clip: Clip) -> bool:
        """False when the clip is not what the file holds (a part of it, resampled, ...)."""
        with self:
            return (self._file.samplerate, self._file.channels, self._file.frames) == (
                clip.rate,
                clip.channels,
                clip.frames,
            )


def as_float32(native: NDArray[Any]) -> NDArray[np.float32]:
    """What `reading.read` makes of native samples."""
    if native.dtype == np.int32:
        return native.astype(np.float32) * np.float32(2.0**-31)
    with np.errstate(over="ignore"):
        return native.astype(np.float32)


def _gone(path: Path, what: str, target: Target) -> FileWriteError:
    return FileWriteError(
        f"{path} {what}, so its samples cannot be kept exactly in {target.subtype}; "
        "read it again, or write PCM_24 or FLOAT."
    )


def _changed(path: Path) -> FileWriteError:
    return FileWriteError(f"{path} was changed while it was being copied; read it again.")
