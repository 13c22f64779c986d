"""Reading recordings: whole, in blocks, or only what the header says."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aidd_studio.audio.clip import MOST_CHANNELS, Clip, Samples, Source
from aidd_studio.audio.files.decoding import SoundReader
from aidd_studio.audio.files.spliced import Layout
from aidd_studio.audio.files.subtypes import LOSSY as LOSSY
from aidd_studio.errors import FileReadError
from aidd_studio.progress import Progress

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000

BLOCK = 1 << 16
"""Frames read at once."""

UNKNOWN_LENGTH = 1 << 48
"""Longer than any recording: libsndfile reports such numbers when a stream does not tell its length."""

READABLE = "WAV, RF64, W64, AIFF, FLAC, Ogg Vorbis, Opus, MP3 or CAF (docs/FORMATS.md)"


@dataclass(frozen=True)
class FileInfo:
    """What the header of a recording says."""

    path: Path
    frames: int
    rate: int
    channels: int
    container: str  # "WAV", "FLAC", ...
    subtype: str  # "PCM_16", "FLOAT", ...
    duration: float  # seconds
    endian: str = "FILE"
    size: int = 0  # bytes on disk
    modified_ns: int = 0
    notes: tuple[str, ...] = ()  # sentences: which sound is missing, and where
    is_exact: bool = True  # False: the sound may be a little longer or shorter than `frames`


def read(path: Path | str, progress: Progress | None = None) -> Clip:
    """A whole recording as float32 [channels, frames], with what is needed to write the same kind of file.

    Memory: 4 bytes per sample, nothing more. Integers up to 24 bits are exact. NaN and Inf are kept.
    A WAV or MP3 that is shorter than its header promises gives what is there.
    Raises FileReadError: missing, not readable, no recording, damaged, no sound, too many channels, odd rate.
    """
    from aidd_studio.audio.files.tags import read_tags

    path, progress = Path(path), progress or Progress()
    with open_recording(path) as (file, info):
        base = _filled(file, info, progress) if info.is_exact else _grown(file, info, progress)
    tags = read_tags(path, info.container)
    return Clip(base, info.rate, source_of(info, tags))


def source_of(info: FileInfo, tags: Mapping[str, Any]) -> Source:
    """What a clip keeps of the file that it was read from."""
    path = info.path.absolute()
    return Source(path, info.container, info.subtype, info.endian, info.size, info.modified_ns, tags, info.notes)


def probe(path: Path | str) -> FileInfo:
    """What the header says; the sound is not read. Raises FileReadError as `read` does."""
    with open_recording(Path(path)) as (_, info):
        return info


def blocks(path: Path | str, frames_per_block: int = BLOCK) -> Iterator[Samples]:
    """The recording piece by piece: float32 [channels, n], n = `frames_per_block` but for the last piece."""
    if frames_per_block < 1:
        raise ValueError("a block holds at least one frame")
    with open_recording(Path(path)) as (file, info):
        buffer = np.empty((frames_per_block, info.channels), dtype=np.float32)
        done = 0
        while count := _read_into(file, info, buffer, done):
            yield buffer[:count].T.copy()  # a view of one channel would change with the next piece
            done += count
        _check_length(info, done)


@contextmanager
def open_recording(path: Path) -> Iterator[tuple[SoundReader, FileInfo]]:
    """A recording opened for reading from start to end, and its header; the format is detected by content."""
    handle = _open(path)
    try:
        status = os.fstat(handle)
        if status.st_size == 0:
            raise FileReadError(f"{path} is empty; there is no recording in it.")
        layout = _layout(path)
        with closing(_reader(path, handle, layout)) as file:
            info = FileInfo(
                path,
                int(file.frames),
                int(file.samplerate),
                int(file.channels),
                (layout and layout.container) or str(file.format),
                str(file.subtype),
                file.frames / file.samplerate if file.samplerate else 0.0,
                str(file.endian),
                status.st_size,
                status.st_mtime_ns,
                (*(layout.notes if layout else ()), *getattr(file, "notes", ())),
                file.frames < UNKNOWN_LENGTH and getattr(file, "is_exact", True),
            )
            _check(info)
            yield file, info
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    try:
        if path.is_dir():
            raise FileReadError(f"{path} is a folder, not a recording.")
        if path.exists() and not path.is_file():
            raise FileReadError(f"{path} is not a file; choose a recording.")
        return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise FileReadError(f"{path} does not exist; check the name.") from None
    except PermissionError:
        raise FileReadError(f"{path} may not be read; check its permissions.") from None
    except ValueError:  # a null byte in the name
        raise FileReadError(f"{str(path)!r} cannot be the name of a file.") from None
    except OSError as error:
        raise FileReadError(f"{path} cannot be opened ({error.strerror or error}).") from error


def _layout(path: Path) -> Layout | None:
    from aidd_studio.audio.files.opening import find_layout

    try:
        return find_layout(path)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            needed = path.stat().st_size / 2**30
            raise FileReadError(f"{path} would need {needed:.1f} GiB of memory; split it into parts.") from None
        raise FileReadError(f"{path} cannot be opened ({getattr(error, 'strerror', None) or error}).") from error


def _reader(path: Path, handle: int, layout: Layout | None) -> SoundReader:
    import soundfile

    from aidd_studio.audio.files.decoding import SequentialSoundFile
    from aidd_studio.audio.files.opening import open_layout

    try:
        if layout is not None:
            return open_layout(path, layout)
        if os.name == "posix":  # by descriptor: libsndfile then cannot be misled by the name
            return SequentialSoundFile(handle, closefd=False)
        return SequentialSoundFile(path)
    except (soundfile.LibsndfileError, TypeError) as error:
        from aidd_studio.audio.files.media import kind_of, open_media

        kind = kind_of(path)
        if kind is not None:
            return open_media(path, kind)
        raise FileReadError(
            f"{path} cannot be read: damaged or unsupported{_reason(error)}; it must be {READABLE}."
        ) from error


def _reason(error: Exception) -> str:
    """libsndfile's own words in brackets, where they say more than that it failed."""
    words = str(getattr(error, "error_string", "")).rstrip(".")
    return f" ({words})" if words and "System error" not in words else ""


def _check(info: FileInfo) -> None:
    if info.frames <= 0:
        raise FileReadError(f"{info.path} holds no sound; its length is zero.")
    if not 1 <= info.channels <= MOST_CHANNELS:
        raise FileReadError(f"{info.path} has {info.channels} channels; at most {MOST_CHANNELS} can be handled.")
    if not LOWEST_RATE <= info.rate <= HIGHEST_RATE:
        raise FileReadError(
            f"{info.path} has a sample rate of {info.rate} Hz; from {LOWEST_RATE} to {HIGHEST_RATE} Hz can be handled."
        )


def _filled(file: SoundReader, info: FileInfo, progress: Progress) -> Samples:
    try:
        base = np.empty((info.channels, info.frames), dtype=np.float32)
    except (MemoryError, ValueError):
        needed = info.channels * info.frames * 4 / 2**30
        raise FileReadError(f"{info.path} would need {needed:.1f} GiB of memory; split it into parts.") from None
    buffer = np.empty((BLOCK, info.channels), dtype=np.float32)
    done = 0
    while done < info.frames:
        count = _read_into(file, info, buffer, done)
        if not count:
            break
        base[:, done : done + count] = buffer[:count].T
        done += count
        progress.report(done / info.frames, "Reading")
    _check_length(info, done)
    return base if done == info.frames else base[:, :done].copy()


def _grown(file: SoundReader, info: FileInfo, progress: Progress) -> Samples:
    """All that comes from a stream that does not tell its length."""
    parts: list[Samples] = []
    buffer = np.empty((BLOCK, info.channels), dtype=np.float32)
    done = 0
    while count := _read_into(file, info, buffer, done):
        parts.append(buffer[:count].T.copy())
        done += count
        progress.report(min(1.0, done / info.frames), "Reading")
    _check_length(info, done)
    return np.concatenate(parts, axis=1)


def _read_into(file: SoundReader, info: FileInfo, buffer: Samples, done: int) -> int:
    """Read the next frames into `buffer` [n, channels]; returns how many came.

    Never more than the header counts: a decoder gives what it makes of a damaged MP3 in one read that reaches beyond,
    and stumbles over a tag behind a FLAC's last frame.
    """
    import soundfile

    try:
        wanted = buffer[: max(0, info.frames - done)] if info.is_exact else buffer
        return file.read_into(wanted)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise _broken_off(info, _position(file, done)) from error


def _position(file: SoundReader, done: int) -> int:
    """How far a failed read came, where the decoder knows."""
    import soundfile

    try:
        return max(done, int(file.tell())) if isinstance(file, soundfile.SoundFile) else done
    except soundfile.LibsndfileError:
        return done


def _check_length(info: FileInfo, done: int) -> None:
    if done == 0:
        raise FileReadError(f"{info.path} is damaged; no sound can be read from it.")
    if done < info.frames < UNKNOWN_LENGTH and info.container == "FLAC":
        raise _broken_off(info, done)


def _broken_off(info: FileInfo, done: int) -> FileReadError:
    of = "" if info.frames >= UNKNOWN_LENGTH else f" of {info.duration:.2f} s"
    return FileReadError(
        f"{info.path} is damaged: its sound breaks off after {done / info.rate:.2f} s{of}; "
        "get an intact copy or save the readable part with a FLAC repair tool."
        if info.container == "FLAC"
        else f"{info.path} is damaged: its sound breaks off after {done / info.rate:.2f} s{of}; get an intact copy."
    )
