"""What may have happened to a recording after its damage: another sample rate, or a lossy codec."""

from __future__ import annotations

import io
from typing import Literal, get_args

import numpy as np

from aidd_studio.audio.clip import Clip
from aidd_studio.audio.resampling import resample
from aidd_studio.damage.damage import Damage

Recoding = Literal["resampled", "MP3", "Vorbis", "Opus"]
"""44.1 kHz to 48 and all else to 44.1; or coded and decoded at the encoder's middle quality, Opus at 48 kHz."""

RECODINGS: tuple[Recoding, ...] = get_args(Recoding)

_CODED = {"MP3": ("MP3", "MPEG_LAYER_III"), "Vorbis": ("OGG", "VORBIS"), "Opus": ("OGG", "OPUS")}
BLOCK = 16_384
"""Frames given to an encoder at once: libsndfile's Vorbis overflows its stack on much longer ones."""


def recoded(clip: Clip, how: Recoding) -> Clip:
    """The recording after that."""
    if how == "resampled":
        rate = 48_000 if clip.rate == 44_100 else 44_100
        return Clip(resample(clip.samples, clip.rate, rate), rate)
    import soundfile

    if how == "Opus":
        clip = Clip(resample(clip.samples, clip.rate, 48_000), 48_000)
    container, subtype = _CODED[how]
    sound, coded = np.clip(clip.samples, -1.0, 1.0).T, io.BytesIO()
    with soundfile.SoundFile(
        coded, "w", clip.rate, clip.channels, subtype, format=container, compression_level=0.5
    ) as file:
        for start in range(0, len(sound), BLOCK):
            file.write(sound[start : start + BLOCK])
    coded.seek(0)
    decoded, rate = soundfile.read(coded, dtype="float32", always_2d=True)
    return Clip(np.ascontiguousarray(decoded.T), rate)


def moved(gap: Damage, rate: int, other: int) -> Damage:
    """The gap in the frames of another rate."""
    return gap.moved(round(gap.start * other / rate), round(gap.end * other / rate))
