"""Headers with a missing or wrong length: WAV, RF64, BW64, W64, AU, AIFF and CAF.

A recorder that lost power leaves a length of zero, a program that writes into a pipe leaves an impossible one, and a
plain WAV above 4 GiB holds its length modulo 2^32. The sound is in the file all the same.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from aidd_studio.audio.files.mpeg import Bytes, tag_length
from aidd_studio.audio.files.spliced import Layout, Piece, Sound

UNKNOWN_32 = 0x7FFF0000
"""A 32-bit length of this or more, beyond the end of the file, means that the writer did not know it."""

_W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")


@dataclass(frozen=True)
class _Data:
    """The chunk that holds the sound."""

    place: int  # of its name
    start: int  # of its bytes
    size: int  # as it says
    align: int  # bytes of one frame
    rate: int


def layout_of(data: Bytes) -> Layout | None:
    """How to read a file whose header has its length wrong; None where it is read as it stands."""
    head = bytes(data[:16])
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _wave(data)
    if head[:4] == b".snd":
        return _au(data)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _aiff(data)
    if head[:4] == b"caff":
        return _caf(data)
    if head[:4] == b"riff" and head[4:16] == bytes.fromhex("2e91cf11a5d628db04c10000"):
        return _wave64(data)
    return None


def _wave(data: Bytes) -> Layout | None:
    form, order = bytes(data[:4]), ">" if data[:4] == b"RIFX" else "<"
    found = _wave_data(data, form, order)
    if found is None:
        return None
    is_long = form in (b"RF64", b"BW64")
    size, notes = _true_size(data, found, order, int.from_bytes(data[4:8], "little" if order == "<" else "big"))
    if size == found.size and form != b"BW64":
        return Layout((Sound(((0, len(data)),)),), notes) if notes else None
    container = None
    if not is_long and size < UNKNOWN_32:
        pieces: tuple[Piece, ...] = ((0, found.place + 4), struct.pack(order + "I", size), (found.start, len(data)))
    elif is_long and data[12:16] == b"ds64":
        sizes = struct.pack("<QQ", len(data) - 8, size)
        pieces = (b"RF64", (4, 20), sizes, (36, len(data)))
    else:
        container = "WAVEX" if _is_extensible(data) else "WAV"
        frames = size // max(1, found.align)
        long_head = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<IQQQI", 28, len(data) + 28, size, frames, 0)
        sound = (b"data\xff\xff\xff\xff", (found.start, found.start + size))
        pieces = (long_head, (12, found.place), *sound)
    return Layout((Sound(pieces),), notes, container)


def _wave_data(data: Bytes, form: bytes, order: str) -> _Data | None:
    place, align, rate, long_size = 12, 1, 1, None
    while place + 8 <= len(data):
        name, size = bytes(data[place : place + 4]), struct.unpack(order + "I", data[place + 4 : place + 8])[0]
        start = place + 8
        if name == b"ds64" and form != b"RIFF":
            long_size = int.from_bytes(data[start + 8 : start + 16], "little")
        elif name == b"fmt " and start + 16 <= len(data):
            rate, _, align = struct.unpack(order + "IIH", data[start + 4 : start + 14])
        elif name == b"data":
            if size == 0xFFFFFFFF and long_size is not None:
                size = long_size
            return _Data(place, start, size, align or 1, rate or 1)
        place = start + size + size % 2
    return None


def _is_extensible(data: Bytes) -> bool:
    at = data.find(b"fmt ", 12, 1 << 16)
    return at >= 0 and data[at + 8 : at + 10] == b"\xfe\xff"


def _true_size(data: Bytes, found: _Data, order: str, whole: int) -> tuple[int, tuple[str, ...]]:
    """How many bytes of sound there are, and what to say of it."""
    rest = len(data) - found.start
    if found.size > rest:
        if found.size >= UNKNOWN_32:
            return found.size, ()
        had, has = found.size / found.align / found.rate, rest // found.align / found.rate
        return found.size, (f"The sound breaks off at {has:.2f} s; the header promises {had:.2f} s.",)
    behind = found.start + found.size
    if _is_end(data, behind, order):
        return found.size, ()
    for more in range(1 << 32, rest - found.size + 1, 1 << 32):  # a length modulo 2^32
        if _is_end(data, behind + more, order):
            return found.size + more, ()
    is_covered = found.size == 0 or whole in (0, 0xFFFFFFFF) or whole + 8 > behind + 8 or len(data) >= 1 << 32
    if is_covered:
        return rest - rest % found.align, ()
    where = found.size / found.align / found.rate
    left = len(data) - behind
    return found.size, (
        f"The header ends the sound at {where:.2f} s; {left} more bytes behind it are no part of the file by its own "
        "account and were left out.",
    )


def _is_end(data: Bytes, place: int, order: str) -> bool:
    """True when the sound can end here: at the end of the file, or before chunks, a tag or padding."""
    if place > len(data):
        return False
    rest = len(data) - place
    if rest <= 1 or tag_length(data, place):
        return True
    if rest <= 1 << 20 and not any(data[place:]):
        return True
    return any(_is_chunk(data, at, order) for at in {place, place + place % 2})


def _is_chunk(data: Bytes, place: int, order: str) -> bool:
    """True when chunks stand here, one after the other to the end of the file, or one of a known name."""
    first = bytes(data[place : place + 4])
    if first.lower() in _KNOWN:
        return True
    while place + 8 <= len(data):
        name, size = data[place : place + 4], struct.unpack(order + "I", data[place + 4 : place + 8])[0]
        if not all(32 <= byte < 127 for byte in name):
            return False
        place += 8 + size + size % 2
    return place - 1 <= len(data) <= place + 7


_KNOWN = frozenset(
    b"list bext ixml axml cart cue  smpl inst id3  _pmx plst note labl fact peak junk pad  fllr levl link umid".split(
        b" "
    )
) | {b"cue ", b"id3 ", b"pad ", b"minf", b"elm1", b"regn", b"disp", b"acid", b"strc", b"chna", b"afsp", b"ubxt"}


def _au(data: Bytes) -> Layout | None:
    start, size = struct.unpack(">II", data[4:12])
    rest = len(data) - start
    if size >= rest or rest <= 0 or (size and not any(data[start + size : start + size + (1 << 20)])):
        return None
    return Layout((Sound(((0, 8), b"\xff\xff\xff\xff", (12, len(data)))),))


def _aiff(data: Bytes) -> Layout | None:
    place, channels, bits, count_at = 12, 1, 16, 0
    while place + 8 <= len(data):
        name, size = bytes(data[place : place + 4]), int.from_bytes(data[place + 4 : place + 8], "big")
        if name == b"COMM" and place + 26 <= len(data):
            channels, _, bits = struct.unpack(">HIH", data[place + 8 : place + 16])
            count_at = place + 10
        if name == b"SSND":
            return _aiff_sound(data, place, size, channels * ((bits + 7) // 8), count_at)
        place += 8 + size + size % 2
    return None


def _aiff_sound(data: Bytes, place: int, size: int, align: int, count_at: int) -> Layout | None:
    start = place + 16  # behind offset and block size
    rest = len(data) - start
    if rest <= 0 or not align or size - 8 >= rest or not count_at or count_at > place:
        return None
    if _is_end(data, place + 8 + size, ">") and (size > 8 or rest <= 8):
        return None
    count = rest // align
    length = struct.pack(">I", 8 + count * align)
    pieces = ((0, count_at), struct.pack(">I", count), (count_at + 4, place + 4), length, (place + 8, len(data)))
    return Layout((Sound(pieces),))


def _caf(data: Bytes) -> Layout | None:
    place = 8
    while place + 12 <= len(data):
        name, size = bytes(data[place : place + 4]), int.from_bytes(data[place + 4 : place + 12], "big", signed=True)
        if name == b"data":
            rest = len(data) - place - 12
            if size != -1 and (size > 4 or rest <= 4 or _is_caf_chunk(data, place + 12 + size)):
                return None
            return Layout((Sound(((0, place + 4), rest.to_bytes(8, "big"), (place + 12, len(data)))),))
        if size < 0:
            return None
        place += 12 + size
    return None


def _is_caf_chunk(data: Bytes, place: int) -> bool:
    return bytes(data[place : place + 4]) in (b"free", b"info", b"chan", b"strg", b"mark", b"regn", b"uuid", b"pakt")


def _wave64(data: Bytes) -> Layout | None:
    place = 40
    while place + 24 <= len(data):
        size = int.from_bytes(data[place + 16 : place + 24], "little")
        if data[place : place + 16] == b"data" + _W64_TAIL:
            end = place + size
            if size > 24 and end < len(data):  # libsndfile takes chunks behind the sound for sound
                return Layout((Sound(((0, end),)),))
            if size > 24 or len(data) - place <= 24 + 7:
                return None
            length = (len(data) - place).to_bytes(8, "little")
            whole = len(data).to_bytes(8, "little")
            pieces = ((0, 16), whole, (24, place + 16), length, (place + 24, len(data)))
            return Layout((Sound(pieces),))
        if size < 24:
            return None
        place += size + -size % 8
    return None
