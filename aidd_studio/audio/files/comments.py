"""Vorbis comments of FLAC and Ogg files as bytes: what is not edited comes back as it was, UTF-8 or not."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Texts = dict[str, tuple[str, ...]]

PICTURE = "metadata_block_picture"
"""The comment in which Ogg holds pictures."""


def raw_comments(path: Path, container: str) -> bytes:
    """The comment block of a FLAC or Ogg file without its vendor; empty where there is none.

    Raises OSError, ValueError, struct.error, mutagen.MutagenError where the file is damaged.
    """
    return _without_vendor(_flac_block(path) if container == "FLAC" else _ogg_packet(path))


def texts_of(data: bytes) -> Texts:
    """All texts by lower-case name: UTF-8, else read as Latin-1, which old programs wrote."""
    texts: Texts = {}
    for entry in _entries(data):
        name, text = _parsed(entry)
        if is_name(name):
            texts[name.lower()] = (*texts.get(name.lower(), ()), text)
    return texts


def not_utf8(data: bytes, texts: Mapping[str, Any]) -> list[str]:
    """The names of unedited comments whose bytes are no UTF-8."""
    had = texts_of(data)
    names = [_parsed(entry)[0].lower() for entry in _entries(data) if not _is_utf8(entry)]
    return [name for name in dict.fromkeys(names) if had.get(name) == texts.get(name)]


def edited(data: bytes, texts: Mapping[str, tuple[str, ...]]) -> bytes:
    """The comments with exactly these texts; those that say the same already keep place, spelling and bytes."""
    had, entries = texts_of(data), []
    written: set[str] = set()
    for entry in _entries(data):
        name = _parsed(entry)[0]
        key = name.lower()
        if not is_name(name) or had[key] == tuple(texts.get(key, ())):
            entries.append(entry)
        elif key not in written:
            entries += [_entry(name, text) for text in texts.get(key, ())]
        written.add(key)
    entries += [_entry(name, text) for name, value in texts.items() if name not in written for text in value]
    return struct.pack("<I", len(entries)) + b"".join(struct.pack("<I", len(entry)) + entry for entry in entries)


def set_comments(tags: Any, data: bytes) -> None:
    """Let mutagen's comments of a file be these bytes when the file is saved; its vendor stays."""
    frames_by_default = not hasattr(tags, "code")  # FLAC's comments are a block with a code, and have no framing bit

    def write(framing: bool = frames_by_default) -> bytes:
        vendor = str(tags.vendor).encode("utf-8")
        return struct.pack("<I", len(vendor)) + vendor + data + (b"\1" if framing else b"")

    tags.write = write


def is_name(name: str) -> bool:
    """Vorbis comment names are printable ASCII without '='."""
    return bool(name) and all(" " <= letter <= "}" and letter != "=" for letter in name)


def _flac_block(path: Path) -> bytes:
    from aidd_studio.audio.files.mpeg import tag_length

    with path.open("rb") as file:
        head = file.read(32)
        file.seek(tag_length(head, 0) if head[:3] == b"ID3" else 0)
        if file.read(4) != b"fLaC":
            return b""
        while True:
            kind, size = struct.unpack(">B3s", file.read(4))
            data = file.read(int.from_bytes(size, "big"))
            if kind & 0x7F == 4:
                return data
            if kind & 0x80:
                return b""


def _ogg_packet(path: Path) -> bytes:
    from mutagen.ogg import OggPage

    with path.open("rb") as file:
        first = OggPage(file)
        pages: list[Any] = []
        while not pages or not (pages[-1].complete or len(pages[-1].packets) > 1):
            page = OggPage(file)
            if page.serial == first.serial:
                pages.append(page)
    packet = bytes(OggPage.to_packets(pages)[0])
    return packet[8 if packet.startswith(b"OpusTags") else 7 :]


def _without_vendor(block: bytes) -> bytes:
    """Count and entries, without the vendor before and the framing or padding behind them."""
    if not block:
        return b""
    start = 4 + int(struct.unpack_from("<I", block)[0])
    place = start + 4
    for _ in range(struct.unpack_from("<I", block, start)[0]):
        place += 4 + int(struct.unpack_from("<I", block, place)[0])
    if place > len(block):
        raise ValueError("the comments are longer than their block")
    return block[start:place]


def _entries(data: bytes) -> list[bytes]:
    entries, place = [], 4
    while place + 4 <= len(data):
        size = int(struct.unpack_from("<I", data, place)[0])
        entries.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return entries


def _entry(name: str, text: str) -> bytes:
    return name.encode("ascii") + b"=" + text.encode("utf-8")


def _parsed(entry: bytes) -> tuple[str, str]:
    """Name and text; an entry without "=" has no name."""
    name, equals, text = entry.partition(b"=")
    return (name.decode("latin-1"), text.decode("utf-8" if _is_utf8(text) else "latin-1")) if equals else ("", "")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
