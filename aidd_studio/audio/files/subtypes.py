"""What sample formats can hold."""

from __future__ import annotations

BITS = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_12": 12,
    "PCM_16": 16,
    "PCM_20": 20,
    "PCM_24": 24,
    "PCM_32": 32,
    "ALAC_16": 16,
    "ALAC_20": 20,
    "ALAC_24": 24,
    "ALAC_32": 32,
    "DWVW_12": 12,
    "DWVW_16": 16,
    "DWVW_24": 24,
    "ULAW": 16,
    "ALAW": 16,
}
"""Bits per sample of the subtypes that hold integers; the two laws decode to 16 bits."""

LOGARITHMIC = ("ULAW", "ALAW")
"""Integers on an uneven grid: dither of an even grid's step means nothing there."""

LOSSY = frozenset(
    {
        "VORBIS",
        "OPUS",
        "MPEG_LAYER_I",
        "MPEG_LAYER_II",
        "MPEG_LAYER_III",
        "IMA_ADPCM",
        "MS_ADPCM",
        "VOX_ADPCM",
        "GSM610",
        "G721_32",
        "G723_24",
        "G723_40",
        "NMS_ADPCM_16",
        "NMS_ADPCM_24",
        "NMS_ADPCM_32",
        "DPCM_8",
        "DPCM_16",
        "DSD",
    }
)
"""Subtypes that change the samples when they are written."""

UNBOUNDED = ("FLOAT", "DOUBLE", "VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III")
"""Subtypes that take samples above full scale without wrapping."""


def is_lossy(subtype: str) -> bool:
    """True for what changes the samples when it is written, codecs that only PyAV reads included."""
    return subtype in LOSSY or (subtype not in BITS and subtype not in ("FLOAT", "DOUBLE"))


def bits_of(subtype: str) -> int | None:
    """Bits per sample of an integer subtype; None for floating point and lossy ones."""
    return BITS.get(subtype)


def float32_holds(subtype: str) -> bool:
    """True when float32 holds every sample that such a file can give."""
    bits = BITS.get(subtype)
    return subtype != "DOUBLE" if bits is None else bits <= 24
