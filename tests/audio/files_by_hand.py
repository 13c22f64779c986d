"""Recordings as other programs, recorders and accidents leave them: made by hand, byte by byte, from a seed."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 8000


def music(rate: int = RATE, seconds: float = 1.0, channels: int = 1, seed: int = 1) -> NDArray[np.float64]:
    """A sound that resembles itself nowhere: [channels, frames]."""
    times = np.arange(round(rate * seconds)) / rate
    generator = np.random.default_rng(seed)
    rows = [
        sum(
            0.12 * np.sin(2 * np.pi * tone * times + generator.random() * 6) * (1 + 0.3 * np.sin(19.5 * times + index))
            for index, tone in enumerate((220.0 + channel, 331.7, 440.9, 663.1))
        )
        + 0.01 * generator.standard_normal(len(times))
        for channel in range(channels)
    ]
    return np.clip(np.array(rows), -0.99, 0.99)


def with_hole(samples: NDArray[Any], start: int, end: int) -> NDArray[Any]:
    """The same sound with silence in it."""
    holed = samples.copy()
    holed[:, start:end] = 0
    return holed


def pcm(samples: NDArray[Any], bits: int = 16, order: str = "<") -> bytes:
    """[channels, frames] as interleaved integers of 16, 24 or 32 bits."""
    whole = np.rint(samples.T * (2 ** (bits - 1) - 1)).astype(f"{order}i{2 if bits == 16 else 4}")
    if bits != 24:
        return whole.tobytes()
    return np.frombuffer(whole.tobytes(), np.uint8).reshape(-1, 4)[:, :3].tobytes()


def chunk(name: bytes, data: bytes, *, size: int | None = None, pad: bool = True, order: str = "<") -> bytes:
    """A chunk of a RIFF or, with order ">", of an AIFF file."""
    length = struct.pack(order + "I", len(data) if size is None else size)
    return name + length + data + (b"\0" if pad and len(data) % 2 else b"")


def wave_format(channels: int = 1, rate: int = RATE, bits: int = 16) -> bytes:
    block = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", 1, channels, rate, rate * block, block, bits))


def extensible_format(channels: int, mask: int, rate: int = RATE, bits: int = 16, guid: bytes | None = None) -> bytes:
    """The longer format chunk, which says which channel belongs to which loudspeaker."""
    block = channels * bits // 8
    guid = guid or struct.pack("<IHH", 1, 0, 0x10) + bytes.fromhex("800000aa00389b71")
    head = struct.pack("<HHIIHHHHI", 0xFFFE, channels, rate, rate * block, block, bits, 22, bits, mask)
    return chunk(b"fmt ", head + guid)


def riff(*chunks: bytes, form: bytes = b"RIFF", size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return form + struct.pack("<I", len(body) if size is None else size) + body


def rf64(sound: bytes, *behind: bytes, form: bytes = b"RF64", channels: int = 1, bits: int = 16) -> bytes:
    """An RF64 or BW64 file."""
    frames = len(sound) * 8 // bits // channels
    body = wave_format(channels, RATE, bits) + chunk(b"data", sound, size=0xFFFFFFFF) + b"".join(behind)
    long_sizes = struct.pack("<QQQI", len(body) + 40, len(sound), frames, 0)
    return form + b"\xff\xff\xff\xffWAVE" + chunk(b"ds64", long_sizes) + body


def aiff(sound: bytes, frames: int, *behind: bytes, channels: int = 1, size: int | None = None) -> bytes:
    """An AIFF file of 16 bits at 8 kHz; size: what the sound chunk says of its length."""
    common = struct.pack(">hIh", channels, frames, 16) + struct.pack(">HQ", 16383 + 12, RATE << 51)
    body = b"AIFF" + chunk(b"COMM", common, order=">")
    body += chunk(b"SSND", bytes(8) + sound, size=size, order=">") + b"".join(behind)
    return b"FORM" + struct.pack(">I", len(body)) + body


def caf_chunk(name: bytes, data: bytes, size: int | None = None) -> bytes:
    return name + struct.pack(">q", len(data) if size is None else size) + data


def caf(sound: bytes, *before: bytes, channels: int = 1, size: int | None = None) -> bytes:
    """A CAF file of 16 little-endian bits at 8 kHz."""
    description = struct.pack(">d4sIIIII", float(RATE), b"lpcm", 2, 2 * channels, 1, channels, 16)
    chunks = caf_chunk(b"desc", description) + b"".join(before) + caf_chunk(b"data", bytes(4) + sound, size)
    return b"caff\0\1\0\0" + chunks


def encoded(
    container: str, subtype: str, rate: int, seconds: float, seed: int = 1, channels: int = 1, **more: Any
) -> bytes:
    """A file as libsndfile writes it."""
    file = io.BytesIO()
    soundfile.write(file, music(rate, seconds, channels, seed).T, rate, subtype, format=container, **more)
    return file.getvalue()


def mp3(rate: int = 16000, seconds: float = 2.0, seed: int = 1, channels: int = 1, **more: Any) -> bytes:
    return encoded("MP3", "MPEG_LAYER_III", rate, seconds, seed, channels, **more)


def without_info_frame(content: bytes) -> bytes:
    """An MP3 of MPEG-2, layer III at 16 kHz without its first frame, which holds the Xing header."""
    start = next(at for at in range(len(content)) if content[at] == 0xFF and content[at + 1] & 0xE0 == 0xE0)
    bits = 1000 * (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)[(content[start + 2] >> 4) - 1]
    return content[start + 72 * bits // 16000 + (content[start + 2] >> 1 & 1) :]


def flac_of_unknown_length(rate: int, frames: int, channels: int = 1) -> bytes:
    """As a FLAC encoder leaves it that writes into a pipe: neither length nor checksum."""
    content = bytearray(encoded("FLAC", "PCM_16", rate, frames / rate, channels=channels))
    content[21] &= 0xF0
    content[22:42] = bytes(20)
    return bytes(content)


def ogg_pages(content: bytes) -> list[bytes]:
    starts = [at for at in range(len(content)) if content[at : at + 4] == b"OggS"]
    return [content[start:end] for start, end in zip(starts, [*starts[1:], len(content)], strict=True)]


def id3v1(title: str = "Lied") -> bytes:
    return b"TAG" + title.encode().ljust(125, b"\0")


def flac_of_bits(bits: int, value: int = 5) -> bytes:
    """192 samples of one value, `value` steps of 8 bits, in a stream of 12, 20 or 32 bits."""
    from aidd_studio.audio.files.flac import crc8, crc16

    packed = 44100 << 44 | (bits - 1) << 36 | 192
    info = struct.pack(">HH", 192, 192) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    head = bytes([0xFF, 0xF8, 0x19, {12: 2, 20: 5, 32: 7}[bits] << 1, 0])
    head += bytes([crc8(head)])
    size = (bits + 7) // 8
    frame = head + b"\0" + ((value << (bits - 8)) << (size * 8 - bits)).to_bytes(size, "big")
    return b"fLaC\x80\0\0\x22" + info + frame + struct.pack(">H", crc16(frame))
