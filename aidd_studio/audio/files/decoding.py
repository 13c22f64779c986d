"""Decoding from the first frame to the last: a file as it stands, a corrected one, or several pieces as one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from aidd_studio.audio.files.spliced import Sound, SplicedFile
from aidd_studio.audio.resampling import resample, resampled_length
from aidd_studio.text import plural

BLOCK = 1 << 16


class SoundReader(Protocol):
    """What gives a recording's sound from its first frame to its last."""

    @property
    def frames(self) -> int: ...
    @property
    def samplerate(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def format(self) -> str: ...
    @property
    def subtype(self) -> str: ...
    @property
    def endian(self) -> str: ...

    def read_into(self, out: NDArray[Any]) -> int:
        """Put the next frames into `out`, float32, float64 or int32 [n, channels]; returns how many came, 0 at the end.

        Raises soundfile.LibsndfileError, RuntimeError where the file is damaged.
        """

    def close(self) -> None: ...


class SequentialSoundFile(soundfile.SoundFile):
    """A SoundFile that is only read from its beginning to its end.

    Of a seekable file, soundfile asks after every block where it is and goes there again, which FLAC of unknown length
    and Ogg with a lost page do not survive.
    """

    def seekable(self) -> bool:
        return False

    def read_into(self, out: NDArray[Any]) -> int:
        """See SoundReader."""
        return len(self.read(out=out))


class SplicedSound(SequentialSoundFile):
    """One piece of a recording, read by libsndfile as a file of its own."""

    def __init__(self, path: Path, sound: Sound) -> None:
        self._spliced = SplicedFile(path, sound.pieces)
        self._skipped = 0
        try:
            super().__init__(self._spliced)  # type: ignore[arg-type]  # any object with read, seek and tell
        except BaseException:
            self._spliced.close()
            raise
        self._skipped = sound.skipped
        if self._skipped:
            self.read(self._skipped)

    @property
    def frames(self) -> int:
        return int(super().frames) - self._skipped

    def close(self) -> None:
        super().close()
        self._spliced.close()


@dataclass(frozen=True)
class _Place:
    """Where a piece lies in the whole recording."""

    sound: Sound
    start: int
    frames: int
    rate: int  # its own
    channels: int


class ChainedSounds:
    """Pieces one after the other, at the highest rate and the most channels among them; silence between them."""

    def __init__(self, path: Path, sounds: Sequence[Sound]) -> None:
        self._path = path
        heads = []
        for sound in sounds:
            with closing(SplicedSound(path, sound)) as file:
                heads.append((file.frames, file.samplerate, file.channels))
                if len(heads) == 1:
                    self.format, self.subtype, self.endian = file.format, file.subtype, file.endian
        self.samplerate = max(rate for _, rate, _ in heads)
        self.channels = max(channels for _, _, channels in heads)
        self._places: list[_Place] = []
        stream, stream_start = 0, 0
        for sound, (frames, rate, channels) in zip(sounds, heads, strict=True):
            if sound.stream != stream:
                stream, stream_start = sound.stream, self.frames
            begin = 0 if sound.end is None else resampled_length(max(0, sound.end - frames), rate, self.samplerate)
            length = resampled_length(frames, rate, self.samplerate)
            self._places.append(_Place(sound, max(self.frames, stream_start + begin), length, rate, channels))
        self._done = 0
        self._index = 0
        self._file: SplicedSound | None = None
        self._converted: NDArray[np.float32] | None = None  # [frames, channels], of a piece of another rate

    @property
    def frames(self) -> int:
        return self._places[-1].start + self._places[-1].frames if self._places else 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Where a piece of another rate or number of channels begins."""
        found = []
        for before, place in zip(self._places, self._places[1:], strict=False):
            if (before.rate, before.channels) != (place.rate, place.channels):
                what = f"{plural(place.channels, 'channel')} at {place.rate} Hz"
                found.append(
                    f"From {place.start / self.samplerate:.2f} s on the file holds another recording of {what}; all "
                    f"of it is read as {plural(self.channels, 'channel')} at "
                    f"{self.samplerate} Hz."
                )
        return tuple(found)

    def read_into(self, out: NDArray[Any]) -> int:
        """See SoundReader."""
        filled = 0
        while filled < len(out) and self._index < len(self._places):
            filled += self._read_some(out[filled:])
        return filled

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._converted = None, None

    def _read_some(self, out: NDArray[Any]) -> int:
        place = self._places[self._index]
        if self._done < place.start:
            count = min(len(out), place.start - self._done)
            out[:count] = 0
        else:
            left = place.start + place.frames - self._done
            count = self._decode(place, out[:left])
            if left == count or count == 0:
                self.close()
                self._index += 1
        self._done += count
        return count

    def _decode(self, place: _Place, out: NDArray[Any]) -> int:
        if self._file is None:
            self._file = SplicedSound(self._path, place.sound)
            if place.rate != self.samplerate:
                whole = self._file.read(self._file.frames, "float32", True).T
                self._converted = resample(whole, place.rate, self.samplerate).T
        if self._converted is not None:
            first = self._done - place.start
            block: NDArray[Any] = self._converted[first : first + len(out)]
        else:
            block = self._file.read(len(out), "float32", True)
        if place.channels == 1:
            out[: len(block)] = block  # mono in all channels
        else:
            out[: len(block), : place.channels] = block
            out[: len(block), place.channels :] = 0
        return len(block)
