"""Writing restored sound back into M4A, MP4, MOV, MKV and MKA files, through PyAV (FFmpeg).

Every other stream, pictures above all, is copied packet by packet. The sound keeps its codec where that is lossless;
otherwise it becomes ALAC (MP4, MOV) or FLAC (Matroska), so that nothing outside a repair is encoded a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Source
from aidd_studio.audio.files.formats import SUFFIXES, Target
from aidd_studio.audio.files.media import EXTRA, kind_of
from aidd_studio.audio.files.subtypes import bits_of
from aidd_studio.errors import FileWriteError

SUFFIXES_OF_MEDIA = {
    ".m4a": ("MP4", "ipod"),
    ".mp4": ("MP4", "mp4"),
    ".m4v": ("MP4", "mp4"),
    ".mov": ("MP4", "mov"),
    ".mkv": ("MATROSKA", "matroska"),
    ".mka": ("MATROSKA", "matroska"),
}
"""The kind of file (see media.py) that a suffix stands for, and FFmpeg's name of its writer."""

_KEPT = {"PCM_16": "s16", "PCM_24": "s32", "PCM_32": "s32", "FLOAT": "flt"}
"""Subtypes of PCM codecs that are written as they were, and the samples their encoders take."""

_NOT_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "vendor_id", "handler_name")

_FRAMES = 4096
"""Frames in a packet where the codec does not say how many."""

Blocks = Callable[[int], NDArray[Any] | None]
"""The next n frames of the sound, [n, channels] as Encoder gives them; None at the end."""


@dataclass(frozen=True)
class MediaTarget:
    """The kind of file to write, and how the sound in it is coded."""

    target: Target
    muxer: str
    codec: str
    samples: str  # FFmpeg's name of the sample format


def is_media_name(path: Path) -> bool:
    """True for names of files that are written through PyAV."""
    return path.suffix.lower() in SUFFIXES_OF_MEDIA


def check_media_target(path: Path, source: Path | None) -> None:
    """Raise FileWriteError when such a file cannot be made of that source."""
    suffix = path.suffix.lower()
    try:
        is_of_its_kind = source is not None and kind_of(source) == SUFFIXES_OF_MEDIA[suffix][0]
    except OSError:
        is_of_its_kind = False
    if not is_of_its_kind or source is None or source.suffix.lower() != suffix:
        raise FileWriteError(f"A {suffix} is written only where the source is one; choose one of {' '.join(SUFFIXES)}.")
    try:
        import av  # noqa: F401
    except ImportError:
        raise FileWriteError(f"Writing {suffix} needs the media extra: {EXTRA}.") from None


def choose_media_target(path: Path, source: Source | None) -> MediaTarget:
    """How to write the sound of `source`, restored, to `path`. Raises FileWriteError."""
    check_media_target(path, source.path if source is not None else None)
    assert source is not None
    kind, muxer = SUFFIXES_OF_MEDIA[path.suffix.lower()]
    with _opened(source) as container:
        codec = container.streams.audio[0].codec_context.name
    if codec.startswith("pcm_") and source.subtype in _KEPT:
        return MediaTarget(Target(kind, source.subtype), muxer, codec, _KEPT[source.subtype])
    bits = bits_of(source.subtype)
    is_short = bits is not None and bits <= 16
    name = codec if codec in ("alac", "flac") else "alac" if kind == "MP4" else "flac"
    label = f"{'ALAC' if name == 'alac' else 'PCM'}_{16 if is_short else 24}"
    notes: tuple[str, ...] = ()
    if name != codec:
        notes = (
            f"The sound was {source.subtype} and is {name.upper()} now, so that it is not encoded with loss again.",
        )
    elif bits is not None and bits > 24:
        notes = (f"{name.upper()} is written with 24 bits; the source had {bits}.",)
    samples = ("s16" if is_short else "s32") + ("p" if name == "alac" else "")
    return MediaTarget(Target(kind, label, notes=notes), muxer, name, samples)


def write_media(source: Source, temporary: Path, chosen: MediaTarget, frames: int, blocks: Blocks) -> tuple[str, ...]:
    """Make a file of the source's streams with `frames` frames of new sound; returns what could not be kept.

    Raises FileWriteError.
    """
    import av

    try:
        with ExitStack() as stack:
            old = stack.enter_context(_opened(source))
            new = stack.enter_context(av.open(str(temporary), "w", format=chosen.muxer))
            start = _first_time(old.streams.audio[0])
            copies: dict[int, Any] = {}
            notes: list[str] = []
            for stream in old.streams:  # in their order
                if stream is old.streams.audio[0]:
                    sound = _Sound(stream, new, chosen, start, blocks)
                elif stream.type != "data" and not _is_cover(stream):  # see _lost
                    _add_copy(stream, new, copies, notes)
            new.metadata.update(old.metadata)
            if old.chapters():
                new.set_chapters(old.chapters())
            for packet in old.demux():
                if packet.dts is None and packet.pts is None:  # the end of a stream
                    continue
                if packet.stream_index == sound.index:
                    sound.write_until((packet.pts if packet.dts is None else packet.dts) * packet.time_base)
                elif packet.stream_index in copies:
                    packet.stream = copies[packet.stream_index]
                    new.mux(packet)
            sound.finish()
        if sound.done != frames:
            raise FileWriteError("The sound could not be written completely; nothing was left behind.")
        notes += _copy_mp4_tags(source.path, temporary) if chosen.target.container == "MP4" else []
        return (*notes, *_lost(source, temporary))
    except av.FFmpegError as error:
        raise FileWriteError(
            f"The recording could not be written ({error.strerror}); nothing was left behind."
        ) from error


class _Sound:
    """The new sound, encoded as far as the copied streams have come."""

    def __init__(self, old: Any, new: Any, chosen: MediaTarget, start: Fraction, blocks: Blocks) -> None:
        import av

        context = old.codec_context
        self.index, self.done = old.index, 0
        self._rate, self._layout, self._blocks = int(context.sample_rate), context.layout, blocks
        self._container, self._samples = new, chosen.samples
        self._start = start
        self.stream = new.add_stream(chosen.codec, rate=self._rate, layout=self._layout)
        self.stream.codec_context.format = av.AudioFormat(chosen.samples)
        self.stream.codec_context.time_base = Fraction(1, self._rate)
        self.stream.metadata.update({k: v for k, v in old.metadata.items() if k.lower() not in _NOT_TAGS})
        self.stream.disposition = old.disposition
        self.stream.codec_context.open(strict=False)

    def write_until(self, seconds: Fraction | None) -> None:
        """Encode and mux the sound up to that time of the file; None: all of it."""
        while seconds is None or self._start + Fraction(self.done, self._rate) <= seconds:
            block = self._blocks(self.stream.codec_context.frame_size or _FRAMES)
            if block is None:
                return
            self._container.mux(self.stream.encode(self._frame(block)))

    def finish(self) -> None:
        self.write_until(None)
        self._container.mux(self.stream.encode(None))

    def _frame(self, block: NDArray[Any]) -> Any:
        import av

        if self._samples.startswith("s16"):
            block = (block >> 16).astype(np.int16)
        shaped = block.T if self._samples.endswith("p") else block.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(shaped), format=self._samples, layout=self._layout)
        frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
        frame.pts = round(self._start * self._rate) + self.done
        self.done += len(block)
        return frame


def _opened(source: Source) -> Any:
    """The source, unless it is another file by now."""
    import av

    try:
        status = source.path.stat()
        if (status.st_size, status.st_mtime_ns) == (source.size, source.modified_ns):
            return av.open(str(source.path))
    except OSError:
        pass
    raise FileWriteError(f"{source.path} was changed or removed since it was read; read it again.")


def _first_time(stream: Any) -> Fraction:
    """When the sound begins, in seconds of the file's time."""
    for frame in stream.container.decode(stream):
        stream.container.seek(0)
        return Fraction(frame.pts * frame.time_base) if frame.pts is not None else Fraction(0)
    return Fraction(0)


def _add_copy(stream: Any, new: Any, copies: dict[int, Any], notes: list[str]) -> None:
    """A stream like it in the new file, kept by the old one's number, or a note that there is none."""
    try:
        if stream.type == "attachment":  # a font, for instance
            new.add_attachment(stream.name, stream.mimetype, stream.data)
            return
        copy = new.add_stream_from_template(stream)
    except (ValueError, TypeError, AttributeError, OSError):
        notes.append(f"A track of {stream.type} could not be kept in {new.format.name}.")
        return
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    copies[stream.index] = copy


def _is_cover(stream: Any) -> bool:
    """True for a cover picture, which MP4 has among its tags."""
    import av

    return stream.type == "video" and bool(stream.disposition & av.stream.Disposition.attached_pic)


def _copy_mp4_tags(source: Path, temporary: Path) -> list[str]:
    """All tags and covers of an MP4, those included that FFmpeg does not know."""
    import mutagen
    from mutagen.mp4 import MP4

    try:
        tags: Any = MP4(source).tags
        if tags:
            new: Any = MP4(temporary)
            if new.tags is None:
                new.add_tags()
            new.tags.clear()
            new.tags.update(tags)
            new.save()
    except mutagen.MutagenError:
        return ["The tags could not be kept."]
    return []


def _lost(source: Source, temporary: Path) -> Iterator[str]:
    """Sentences: what the new file does not have of the tags, chapters, covers and data tracks of the old one.

    FFmpeg makes the data tracks of chapters and time codes itself, and refuses a file with others.
    """
    import av

    with _opened(source) as old, av.open(str(temporary)) as new:
        held = {name.lower() for name in new.metadata}
        names = [name for name in old.metadata if name.lower() not in (*held, *_NOT_TAGS)]
        if names:
            yield f"The tags {', '.join(names)} of the source could not be kept."
        if len(old.chapters()) != len(new.chapters()):
            yield "The chapters of the source could not be kept."
        covers = [len([stream for stream in one.streams if _is_cover(stream)]) for one in (old, new)]
        if covers[0] > covers[1]:
            yield "The cover picture of the source could not be kept."
        if len(old.streams.data) > len(new.streams.data):
            yield "Tracks of data (neither sound, pictures nor text) could not be kept."
