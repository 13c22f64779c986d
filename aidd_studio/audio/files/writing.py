"""Writing recordings: every sample that was not restored stays bit-identical."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Source
from aidd_studio.audio.files.chunks import Chunk, append_chunks
from aidd_studio.audio.files.encoding import Encoder
from aidd_studio.audio.files.formats import Target, choose_target, name_for_soundfile
from aidd_studio.audio.files.media_writing import (
    check_media_target,
    choose_media_target,
    is_media_name,
    write_media,
)
from aidd_studio.audio.files.native import NativeSamples
from aidd_studio.audio.files.tags import chunks_for, losses, write_tags
from aidd_studio.errors import FileWriteError
from aidd_studio.files.atomic import atomic_path, check_place
from aidd_studio.progress import Progress

BLOCK = 1 << 16
"""Frames written at once."""


@dataclass(frozen=True)
class WriteReport:
    """What was written, and what had to be changed."""

    path: Path
    container: str
    subtype: str
    frames: int
    peak_dbfs: float | None  # the highest sample before limiting; None for silence
    over_full_scale: int  # samples above full scale that were limited to it
    not_finite: int = 0  # NaN and Inf that became zero
    dithered: int = 0  # samples that were rounded with dither
    notes: tuple[str, ...] = ()  # sentences that a person should know


def check_target(path: Path | str, source: Path | str | None = None, *, overwrite: bool = False) -> None:
    """Raise FileWriteError when `path` cannot be written, before any work is done.

    It must have the suffix of a known format, lie in a writable folder, not exist (unless `overwrite`) and never
    be the source, whatever the name it goes by.
    """
    path = Path(path)
    if is_media_name(path):
        check_media_target(path, Path(source) if source is not None else None)
    else:
        choose_target(path, None, None, None)
    if source is not None:
        _check_not_onto(path, Path(source))
    check_place(path, overwrite)


def is_same_file(path: Path, other: Path) -> bool:
    """True when both paths are the same file, also through links."""
    try:
        return path.samefile(other)
    except OSError:
        return path.resolve() == other.resolve()
    except ValueError:
        return False


def write(
    clip: Clip,
    path: Path | str,
    *,
    like: Path | str | Clip | None = None,
    container: str | None = None,
    subtype: str | None = None,
    dither: bool = True,
    tags: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    span: tuple[int, int] | None = None,
) -> WriteReport:
    """Write a clip, atomically. Format and tags are those of `like`, else of the clip's source.

    The path's suffix decides the container where it differs; `container` and `subtype` (soundfile's names) overrule
    both. tags: all of the new file's (see tags.py), those of the model by default. span: frames to write (half open),
    the whole clip by default.
    When the target's subtype holds the source's samples, every sample that no patch changed is identical to the
    source's, also for 32-bit integers and float64, which are taken from the source file itself. Rounded samples are
    dithered (TPDF) unless `dither` is off; samples above full scale are limited and counted; NaN and Inf become zero
    in integer files.
    Raises FileWriteError (the source itself, exists, folder, permission, disk full, format, source changed),
    FileReadError when `like` cannot be read, Cancelled. Nothing half-written is left.
    """
    path, progress = Path(path), progress or Progress()
    model = _source_of(like) if like is not None else clip.source
    for origin in (clip.source, model):
        if origin is not None:
            _check_not_onto(path, origin.path)
    check_place(path, overwrite)
    start, end = (0, clip.frames) if span is None else (max(0, span[0]), min(clip.frames, span[1]))
    if end <= start:
        raise FileWriteError("There is nothing to write; the clip or the chosen part of it is empty.")
    if is_media_name(path):
        if (start, end) != (0, clip.frames) or container or subtype:
            raise FileWriteError(f"A {path.suffix} is written whole and like its source; choose .wav or .flac.")
        return _write_into_media(clip, path, dither=dither, tags=tags, overwrite=overwrite, progress=progress)
    target = choose_target(path, model, container, subtype).checked(clip.rate, clip.channels, end - start)
    if tags is None:
        tags = model.tags if model is not None else {}
    with ExitStack() as stack:
        native = NativeSamples.needed(clip, target)
        if native is not None:
            stack.enter_context(native)
            native.seek(start)
        temporary = stack.enter_context(atomic_path(path, overwrite))
        encoder = Encoder(target, clip.source, dither=dither)
        _write_sound(clip, temporary, target, encoder, native, (start, end), progress)
        written = _write_description(temporary, target, tags, model)
        _check_end(temporary, path, end - start)
    is_changed = bool(clip.patches) or end - start < clip.frames
    notes = losses(target.container, tags, written, is_changed=is_changed)
    return _report(path, target, encoder, end - start, notes)


def _write_into_media(
    clip: Clip, path: Path, *, dither: bool, tags: Mapping[str, Any] | None, overwrite: bool, progress: Progress
) -> WriteReport:
    """See `write`: the restored sound in a copy of the media file that the clip was read from."""
    source = clip.source
    chosen = choose_media_target(path, source)
    assert source is not None
    with ExitStack() as stack:
        native = NativeSamples.needed(clip, chosen.target)
        if native is not None:
            stack.enter_context(native)
        encoder = Encoder(chosen.target, source, dither=dither)
        done = 0

        def next_block(count: int) -> NDArray[Any] | None:
            nonlocal done
            first, done = done, min(clip.frames, done + count)
            if first == done:
                return None
            progress.report(done / clip.frames, "Writing")
            return encoder.encode(clip.read(first, done), native.read(done - first) if native is not None else None)

        temporary = stack.enter_context(atomic_path(path, overwrite))
        notes = write_media(source, temporary, chosen, clip.frames, next_block)
    if tags is not None and dict(tags) != dict(source.tags):
        notes = (*notes, f"Edited tags are not written into {path.suffix} files; those of the source were kept.")
    return _report(path, chosen.target, encoder, clip.frames, notes)


def _check_not_onto(path: Path, source: Path) -> None:
    if is_same_file(path, source):
        raise FileWriteError(f"{path} is the source, which is never written to; choose another name.")


def _source_of(like: Path | str | Clip) -> Source | None:
    if isinstance(like, Clip):
        return like.source
    from aidd_studio.audio.files.reading import probe
    from aidd_studio.audio.files.tags import read_tags

    info = probe(like)
    tags = read_tags(info.path, info.container)
    path = info.path.absolute()
    return Source(path, info.container, info.subtype, info.endian, info.size, info.modified_ns, tags)


def _write_sound(
    clip: Clip,
    temporary: Path,
    target: Target,
    encoder: Encoder,
    native: NativeSamples | None,
    span: tuple[int, int],
    progress: Progress,
) -> None:
    import soundfile

    start, end = span
    try:
        with target.open(temporary, clip.rate, clip.channels) as file:
            for first in range(start, end, BLOCK):
                last = min(end, first + BLOCK)
                exact = native.read(last - first) if native is not None else None
                file.write(encoder.encode(clip.read(first, last), exact))
                progress.report((last - start) / (end - start), "Writing")
    except (soundfile.LibsndfileError, AssertionError) as error:
        raise _failure(temporary, error) from error


def _failure(temporary: Path, error: Exception) -> OSError | FileWriteError:
    """Retry a failed write to get the system's error, which libsndfile hides."""
    _try_to_grow(temporary)
    return FileWriteError(f"The recording could not be written ({error}); nothing was left behind.")


def _try_to_grow(temporary: Path) -> None:
    """Raise the system's own OSError when the file cannot become longer."""
    length = temporary.stat().st_size
    with temporary.open("rb+", buffering=0) as file:
        file.seek(length)
        for _ in range(16):
            file.write(bytes(1 << 16))
        file.truncate(length)


def _write_description(
    temporary: Path, target: Target, tags: Mapping[str, Any], model: Source | None
) -> tuple[Chunk, ...]:
    """Put chunks and tags into the file; returns the chunks. The channel layout is kept whatever the tags are."""
    from mutagen import MutagenError

    chunks = chunks_for(target.container, tags)
    layout = [chunk for chunk in (model.tags if model else {}).get("chunks", ()) if chunk.name in (b"fmt ", b"chan")]
    try:
        written = append_chunks(temporary, tuple(dict.fromkeys((*layout, *chunks))))
        write_tags(temporary, target.container, target.subtype, tags)
        return written
    except MutagenError as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, OSError):
            raise cause from error
        _try_to_grow(temporary)
        raise FileWriteError(f"The tags could not be written ({error}); nothing was left behind.") from error


def _check_end(temporary: Path, path: Path, frames: int) -> None:
    """Check that the last frame is there: closing an encoder on a full disk does not always fail."""
    import soundfile

    from aidd_studio.audio.files.opening import find_layout, open_layout

    try:
        layout = find_layout(temporary)
        opened = open_layout(temporary, layout) if layout else soundfile.SoundFile(name_for_soundfile(temporary))
        with closing(opened) as file:
            if not isinstance(file, soundfile.SoundFile):
                return
            if file.seek(frames - 1) == frames - 1 and len(file.read(1)) == 1:
                return
    except (soundfile.LibsndfileError, RuntimeError):
        pass
    _try_to_grow(temporary)
    raise FileWriteError(f"{path} could not be written completely; nothing was left behind.")


def _report(path: Path, target: Target, encoder: Encoder, frames: int, losses_: tuple[str, ...]) -> WriteReport:
    return WriteReport(
        path,
        target.container,
        target.subtype,
        frames,
        encoder.peak_dbfs,
        encoder.over_full_scale,
        encoder.not_finite,
        encoder.dithered,
        target.notes + encoder.notes() + losses_,
    )
