"""Choosing the format to write: container, subtype and their limits."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aidd_studio.audio.clip import Source
from aidd_studio.audio.files.subtypes import LOSSY, bits_of, is_lossy
from aidd_studio.errors import FileWriteError

SUFFIXES: dict[str, tuple[str, ...]] = {
    ".wav": ("WAV", "WAVEX", "RF64"),
    ".wave": ("WAV", "WAVEX", "RF64"),
    ".bwf": ("WAV", "WAVEX", "RF64"),
    ".rf64": ("RF64",),
    ".w64": ("W64",),
    ".aif": ("AIFF",),
    ".aiff": ("AIFF",),
    ".aifc": ("AIFF",),
    ".flac": ("FLAC",),
    ".ogg": ("OGG",),
    ".oga": ("OGG",),
    ".opus": ("OGG",),
    ".mp3": ("MP3",),
    ".caf": ("CAF",),
    ".au": ("AU",),
    ".snd": ("AU",),
}
"""Suffixes and the containers they stand for, the usual one first."""

LIMIT_4_GIB = (1 << 32) - (1 << 22)
"""Bytes of sound that fit into WAV and AIFF, with room for header and tags."""

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)

UNFAITHFUL = ("ALAC_20", "ALAC_24", "ALAC_32", "DWVW_12", "DWVW_16", "DWVW_24")
"""Lossless in principle, but libsndfile 1.2 encodes them with errors."""

QUALITY: dict[str, dict[str, Any]] = {
    "VORBIS": {"compression_level": 0.1},
    "OPUS": {"compression_level": 0.4},
    "MPEG_LAYER_III": {"compression_level": 0.0, "bitrate_mode": "VARIABLE"},
}
"""libsndfile's compression from 0 (best) to 1: a second encoding must add as little as it can."""


def name_for_soundfile(path: Path) -> Any:
    """A file's name as soundfile takes it, also where it is no valid Unicode, which POSIX allows."""
    return os.fsencode(path) if os.name == "posix" else str(path)


@dataclass(frozen=True)
class Target:
    """The format to write, and remarks about the choice for the user."""

    container: str
    subtype: str
    endian: str = "FILE"
    notes: tuple[str, ...] = field(default=(), compare=False)

    def open(self, path: Path, rate: int, channels: int) -> Any:
        """A soundfile.SoundFile to write to."""
        import soundfile

        quality = QUALITY.get(self.subtype, {})
        return soundfile.SoundFile(
            name_for_soundfile(path), "w", rate, channels, self.subtype, self.endian, self.container, **quality
        )

    def checked(self, rate: int, channels: int, frames: int) -> Target:
        """The same target, made to hold that much sound. Raises FileWriteError when it cannot."""
        if self.subtype == "OPUS" and rate not in OPUS_RATES:
            raise FileWriteError(f"Opus cannot hold {rate} Hz; choose .ogg, .flac or .wav.")
        if self.container == "MP3" and (rate not in MP3_RATES or channels > 2):
            raise FileWriteError(f"MP3 cannot hold {channels} channels at {rate} Hz; choose .flac or .wav.")
        size = frames * channels * _bytes_per_sample(self.subtype)
        if self.container in ("WAV", "WAVEX") and size > LIMIT_4_GIB:
            note = "The file is larger than 4 GiB and was therefore written as RF64."
            return replace(self, container="RF64", endian="FILE", notes=(*self.notes, note))
        if self.container in ("AIFF", "AU") and size > LIMIT_4_GIB:
            raise FileWriteError(f"{self.container} holds at most 4 GiB; choose .wav, .w64, .caf or .flac.")
        return self


def choose_target(path: Path, model: Source | None, container: str | None, subtype: str | None) -> Target:
    """The kind of file for `path`: as asked for, else as the suffix says, and as much like the model as possible.

    Raises FileWriteError for an unknown suffix or a subtype that the container cannot hold.
    """
    import soundfile

    chosen = _container(path, model, container)
    notes: tuple[str, ...] = ()
    if subtype is not None:
        subtype = subtype.upper()
        if not soundfile.check_format(chosen, subtype):
            possible = ", ".join(sorted(soundfile.available_subtypes(chosen)))
            raise FileWriteError(f"{chosen} cannot hold {subtype}; it holds {possible}.")
        if subtype in UNFAITHFUL:
            raise FileWriteError(f"{subtype} cannot be written exactly here; choose {_plain(subtype)}.")
        kind = subtype
    else:
        kind, notes = _subtype(path, chosen, model)
    endian = "FILE"
    if model is not None and model.container == chosen and soundfile.check_format(chosen, kind, model.endian):
        endian = model.endian
    if kind in LOSSY:
        notes = (*notes, f"{kind} is a lossy format: the whole recording was encoded again.")
    return Target(chosen, kind, endian, notes)


def _container(path: Path, model: Source | None, container: str | None) -> str:
    import soundfile

    if container is not None:
        if container.upper() not in soundfile.available_formats() or container.upper() == "RAW":
            possible = ", ".join(sorted({name for names in SUFFIXES.values() for name in names}))
            raise FileWriteError(f"There is no container {container}; choose one of {possible}.")
        return container.upper()
    possible_containers = SUFFIXES.get(path.suffix.lower())
    if possible_containers is None:
        wrong = f"No recording is written as {path.suffix}" if path.suffix else f"The name {path} has no suffix"
        raise FileWriteError(f"{wrong}; choose one of {' '.join(SUFFIXES)}.")
    if model is not None and model.container in possible_containers:
        return model.container
    return possible_containers[0]


def _subtype(path: Path, container: str, model: Source | None) -> tuple[str, tuple[str, ...]]:
    """The subtype that keeps the most of the model's samples, and what is lost."""
    import soundfile

    if container == "OGG":
        is_opus = path.suffix.lower() == ".opus" or (
            path.suffix.lower() != ".opus" and model is not None and model.subtype == "OPUS"
        )
        return ("OPUS" if is_opus else "VORBIS"), ()
    if container == "MP3":
        return "MPEG_LAYER_III", ()
    if model is not None and model.container == container and _can_keep(container, model.subtype):
        return model.subtype, ()
    notes: tuple[str, ...] = ()
    if model is not None and model.container == container and is_lossy(model.subtype):
        notes = (f"{model.subtype} cannot be written in {container}, so the recording was not encoded again.",)
    wanted = "FLOAT" if model is None or is_lossy(model.subtype) else _plain(model.subtype)
    for kind in (wanted, *_ALTERNATIVES.get(wanted, ()), "PCM_24", "PCM_16"):
        if soundfile.check_format(container, kind):
            return kind, (*notes, *_loss(container, wanted, kind, model))
    raise FileWriteError(f"{container} cannot hold this recording; choose .wav or .flac.")


def _can_keep(container: str, subtype: str) -> bool:
    import soundfile

    if container != "MP3" and subtype.startswith("MPEG"):
        return False  # libsndfile says that WAV can hold MP3, but only reads it
    return subtype not in UNFAITHFUL and bool(soundfile.check_format(container, subtype))


_ALTERNATIVES = {
    "PCM_U8": ("PCM_S8", "PCM_16"),
    "PCM_S8": ("PCM_U8", "PCM_16"),
    "PCM_16": ("PCM_24",),
    "FLOAT": ("DOUBLE",),
    "DOUBLE": ("FLOAT",),
}
"""What holds the same samples, or most of them."""


def _plain(subtype: str) -> str:
    """The usual subtype of as many bits as a compressed, lossless one."""
    bits = bits_of(subtype)
    if bits is None or subtype.startswith("PCM"):
        return subtype
    return "PCM_16" if bits <= 16 else "PCM_24" if bits <= 24 else "PCM_32"


def _loss(container: str, wanted: str, kind: str, model: Source | None) -> tuple[str, ...]:
    if model is None or wanted == kind or {wanted, kind} <= {"PCM_U8", "PCM_S8"} or kind == "DOUBLE":
        return ()
    had, has = bits_of(wanted), bits_of(kind)
    if had is not None and has is not None and has >= had:
        return ()
    return (f"{container} cannot hold {wanted}, so the recording was converted to {kind}.",)


def _bytes_per_sample(subtype: str) -> int:
    if subtype == "DOUBLE":
        return 8
    if subtype == "FLOAT":
        return 4
    bits = bits_of(subtype)
    return 1 if bits is None or subtype in ("ULAW", "ALAW") else (bits + 7) // 8
