"""FLAC (RFC 9639): files that do not say how long they are, and what stands behind the last frame."""

from __future__ import annotations

from dataclasses import dataclass

from aidd_studio.audio.files.mpeg import Bytes, tag_length
from aidd_studio.audio.files.spliced import Layout, Sound

SEARCHED = 1 << 20
"""Bytes from the end in which the last frame must begin; the largest frame of 8 channels is smaller."""


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, mask = 1 << (bits - 1), (1 << bits) - 1
    table = []
    for value in range(256):
        crc = value << (bits - 8)
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc & top else crc << 1) & mask
        table.append(crc)
    return tuple(table)


_CRC8, _CRC16 = _table(0x07, 8), _table(0x8005, 16)


def crc8(data: bytes) -> int:
    """The checksum of a frame's header."""
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def crc16(data: bytes) -> int:
    """The checksum of a whole frame."""
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ _CRC16[crc >> 8 ^ byte]
    return crc


@dataclass(frozen=True)
class StreamInfo:
    """The first metadata block."""

    place: int  # of its data in the file
    block_size: int  # frames in a block; 0 where blocks differ
    rate: int
    channels: int
    bits: int
    frames: int  # 0: unknown
    first_frame: int  # where the sound begins


def stream_info(data: Bytes) -> StreamInfo | None:
    """What a FLAC file says of itself; None where it is none."""
    start = tag_length(data, 0) if data[:3] == b"ID3" else 0
    if data[start : start + 4] != b"fLaC" or len(data) < start + 42:
        return None
    place = start + 8
    smallest, largest = (int.from_bytes(data[at : at + 2], "big") for at in (place, place + 2))
    packed = int.from_bytes(data[place + 10 : place + 18], "big")
    at, is_last = start + 4, False
    while not is_last and at + 4 <= len(data):
        is_last = bool(data[at] & 0x80)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return StreamInfo(
        place,
        largest if smallest == largest else 0,
        packed >> 44,
        (packed >> 41 & 7) + 1,
        (packed >> 36 & 31) + 1,
        packed & (1 << 36) - 1,
        at,
    )


def layout_of(data: Bytes) -> Layout | None:
    """How to read a FLAC file without a length in its header; None where it can be read as it is."""
    info = stream_info(data)
    if info is None or info.frames:
        return None
    end = _end_of_sound(data)
    frames = _frames_in(data, info, end)
    if not frames:
        return None
    packed = int.from_bytes(data[info.place + 10 : info.place + 18], "big") | frames
    patched = packed.to_bytes(8, "big")
    return Layout((Sound(((0, info.place + 10), patched, (info.place + 18, end))),))


def _end_of_sound(data: Bytes) -> int:
    """The end of the file without an ID3v1 tag."""
    return len(data) - 128 if data[len(data) - 128 : len(data) - 125] == b"TAG" else len(data)


def _frames_in(data: Bytes, info: StreamInfo, end: int) -> int:
    """How many frames there are up to the end of the last block: 0 where no block is found."""
    first = max(info.first_frame, end - SEARCHED)
    tail = bytes(data[first:end])
    place, fallback = len(tail), 0
    while (place := tail.rfind(b"\xff", 0, place)) >= 0:
        until = _block_end(tail[place : place + 16], info)
        if not until:
            continue
        if crc16(tail[place:]) == 0:
            return until
        fallback = fallback or until  # the last block may be cut short
    return fallback


def _block_end(head: bytes, info: StreamInfo) -> int:
    """The frame at which the block with that header ends; 0 where it is no header of this stream."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return 0
    number, used = _coded_number(head[4:])
    if not used:
        return 0
    at = 4 + used
    size_code, rate_code = head[2] >> 4, head[2] & 15
    if size_code == 1:
        size = 192
    elif 2 <= size_code <= 5:
        size = 576 << (size_code - 2)
    elif size_code in (6, 7):
        width = size_code - 5
        size = int.from_bytes(head[at : at + width], "big") + 1
        at += width
    elif size_code >= 8:
        size = 256 << (size_code - 8)
    else:
        return 0
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if at >= len(head) or crc8(head[:at]) != head[at]:
        return 0
    channels = head[3] >> 4
    if (channels + 1 if channels < 8 else 2) != info.channels:
        return 0
    return (number if head[1] & 1 else number * (info.block_size or size)) + size


def _coded_number(data: bytes) -> tuple[int, int]:
    """A number in the extended UTF-8 of RFC 9639, 9.1.5, and the bytes that it takes (0: it is none)."""
    first = data[0]
    if first < 0x80:
        return first, 1
    length = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= length <= 7 or len(data) < length:
        return 0, 0
    number = first & (0x7F >> length)
    for byte in data[1:length]:
        if byte & 0xC0 != 0x80:
            return 0, 0
        number = number << 6 | byte & 0x3F
    return number, length
