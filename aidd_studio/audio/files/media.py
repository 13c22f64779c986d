"""What libsndfile cannot read, through PyAV (FFmpeg): M4A, ALAC, WMA, DSF, the sound of video files, odd FLAC.

PyAV is an optional extra; without it a sentence names it.
"""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.errors import FileReadError

if TYPE_CHECKING:
    import av

EXTRA = 'pip install "aidd-studio[media]"'

HIGHEST_RATE = 192_000

TOLERANCE = 0.1
"""Seconds by which time stamps may disagree with the sound before it counts as a gap; some containers round them."""

_KINDS = (
    (0, b"\x1a\x45\xdf\xa3", "MATROSKA"),
    (0, bytes.fromhex("3026b2758e66cf11"), "ASF"),
    (0, b"DSD ", "DSF"),
    (0, b"FRM8", "DSDIFF"),
    (4, b"ftyp", "MP4"),
    (4, b"moov", "MP4"),
    (4, b"mdat", "MP4"),
    (8, b"AVI ", "AVI"),
    (0, b"FLV", "FLV"),
    (0, b"\0\0\x01\xba", "MPEG"),
    (0, b"G@", "MPEGTS"),
    (0, b"wvpk", "WAVPACK"),
    (0, b"MAC ", "APE"),
    (0, b"TTA1", "TTA"),
    (0, b"\x0b\x77", "AC3"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (0, b"#!AMR", "AMR"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "OGG"),
    (0, b"caff", "CAF"),
)
"""Where in a file which bytes stand, by kind of file."""

_SAMPLES = {"u8": "PCM_U8", "s16": "PCM_16", "s32": "PCM_32", "flt": "FLOAT", "dbl": "DOUBLE"}
_LOSSLESS = ("alac", "flac", "wavpack", "tta", "ape", "wmalossless", "truehd", "mlp", "shorten")


def kind_of(path: Path) -> str | None:
    """The kind of file by its first bytes, where it is one for PyAV."""
    with path.open("rb") as file:
        head = file.read(16)
    return next((kind for at, mark, kind in _KINDS if head[at : at + len(mark)] == mark), None)


def open_media(path: Path, kind: str) -> MediaSound:
    """The first sound in the file. Raises FileReadError: no PyAV, no sound, damaged."""
    try:
        import av
    except ImportError:
        if kind in ("OGG", "CAF"):  # most of these need no PyAV, so this one is as likely damaged as unusual
            raise FileReadError(
                f"{path} cannot be read: damaged, or of a kind that needs the media extra: {EXTRA}."
            ) from None
        what = "FLAC that is damaged or of unusual bits" if kind == "FLAC" else f"a file of kind {kind}"
        raise FileReadError(f"{path} is {what}, which needs the media extra: {EXTRA}.") from None
    try:
        return MediaSound(path, kind, av.open(str(path)))
    except (av.FFmpegError, OSError) as error:
        raise FileReadError(f"{path} cannot be read: damaged or unsupported ({error.strerror}).") from error


class MediaSound:
    """The first sound of a media file, from its first frame to its last: see decoding.SoundReader."""

    endian = "FILE"
    is_exact = False
    """`frames` is what the container says; the sound itself may be a little longer or shorter."""

    def __init__(self, path: Path, kind: str, container: av.container.InputContainer) -> None:
        self._path, self._container = path, container
        if not container.streams.audio:
            container.close()
            raise FileReadError(f"{path} holds no sound, only pictures or text.")
        self._stream = container.streams.audio[0]
        context = self._stream.codec_context
        if context is None or not context.sample_rate or context.format is None:
            container.close()
            raise FileReadError(f"{path} cannot be read: its sound is damaged, or of a coder that is not known.")
        self.format, self.subtype = kind, _subtype(context)
        self._native_rate = int(context.sample_rate)
        self.samplerate = self._native_rate
        while self.samplerate > HIGHEST_RATE and context.name.startswith("dsd"):
            self.samplerate //= 2
        self.channels = int(context.layout.nb_channels)
        self.frames = self._expected()
        self.notes: tuple[str, ...] = self._remarks()
        self._blocks = self._decoded()
        self._rest: NDArray[Any] = np.zeros((0, self.channels), np.float32)

    def read_into(self, out: NDArray[Any]) -> int:
        """See SoundReader."""
        filled = 0
        while filled < len(out):
            if not len(self._rest):
                block = next(self._blocks, None)
                if block is None:
                    break
                self._rest = block
            count = min(len(out) - filled, len(self._rest))
            out[filled : filled + count] = _converted(self._rest[:count], out.dtype)
            self._rest = self._rest[count:]
            filled += count
        return filled

    def close(self) -> None:
        self._blocks.close()
        self._container.close()

    def _expected(self) -> int:
        stream, container = self._stream, self._container
        if stream.duration is not None and stream.time_base is not None:
            return max(1, round(Fraction(stream.duration * stream.time_base) * self.samplerate))
        if container.duration is not None:
            return max(1, round(Fraction(container.duration, 1_000_000) * self.samplerate))
        return 1 << 48

    def _remarks(self) -> tuple[str, ...]:
        notes = []
        others = len(self._container.streams.audio) - 1
        if others:
            notes.append(f"The file holds {others} more sound track{'s' if others > 1 else ''}; the first is read.")
        if self._stream.codec_context.name.startswith("dsd"):
            notes.append(f"The DSD stream is read as PCM at {self.samplerate} Hz.")
        return tuple(notes)

    def _decoded(self) -> Generator[NDArray[Any]]:
        """All sound: [n, channels] in the decoder's own number format, silence where time stamps leave a gap."""
        import av

        resampler = None
        if self.samplerate != self._native_rate:
            resampler = av.AudioResampler("fltp", self._stream.codec_context.layout, self.samplerate)
        done, first = 0, None
        try:
            for frame in self._container.decode(self._stream):
                if frame.pts is not None and frame.time_base is not None and resampler is None:
                    first = frame.pts if first is None else first
                    at = round((frame.pts - first) * frame.time_base * self.samplerate)
                    if at - done > TOLERANCE * self.samplerate:
                        yield np.zeros((at - done, self.channels), np.float32)
                        done = at
                for piece in [frame] if resampler is None else resampler.resample(frame):
                    block = _frames(piece, self.channels)
                    if self.format == "MP4" and self.frames < done + len(block) < self.frames + 2048:
                        block = block[: max(0, self.frames - done)]  # the coder's padding
                    done += len(block)
                    yield block
            for piece in [] if resampler is None else resampler.resample(None):
                yield _frames(piece, self.channels)
        except av.FFmpegError as error:
            raise RuntimeError(error.strerror) from error


def _subtype(context: Any) -> str:
    """soundfile's name of the sample format, "PCM_20" and the like for other numbers of bits, else the codec's."""
    name, cookie = context.name, bytes(context.extradata or b"")
    if name == "alac" and len(cookie) > 17:
        return f"ALAC_{cookie[17]}"
    if name == "flac" and len(cookie) >= 18:
        return f"PCM_{(int.from_bytes(cookie[10:18], 'big') >> 36 & 31) + 1}"
    if name.startswith("pcm_") and name.rstrip("lbe").endswith("24"):
        return "PCM_24"
    if name.startswith("pcm_") or name in _LOSSLESS:
        return _SAMPLES.get(context.format.name.rstrip("p"), "FLOAT")
    return "DSD" if name.startswith("dsd") else str(name).upper()


def _frames(frame: Any, channels: int) -> NDArray[Any]:
    """A decoded frame as [n, channels]."""
    array: NDArray[Any] = frame.to_ndarray()
    return array.T if frame.format.is_planar else array.reshape(-1, channels)


def _converted(block: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Samples as soundfile gives them: floating point at full scale 1, or int32 at full scale 2^31."""
    if block.dtype == np.uint8:
        block = (block.astype(np.int32) - 128) << 24
    elif block.dtype == np.int16:
        block = block.astype(np.int32) << 16
    if dtype == np.int32:
        if block.dtype == np.int32:
            return block
        return np.clip(np.rint(block * 2.0**31), -(2.0**31), 2.0**31 - 1).astype(np.int32)
    if block.dtype == np.int32:
        return block * (np.float32(2.0**-31) if dtype == np.float32 else 2.0**-31)
    return block.astype(dtype)
