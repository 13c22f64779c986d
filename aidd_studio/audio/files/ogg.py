"""Ogg (RFC 3533): logical streams that follow one another in a file, and pages that are lost.

libsndfile reads the first stream of a chain, and lets the sound behind a lost page move up. Here each stream, and each
stretch between lost pages, is read by itself and put where its pages say that it ends.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from aidd_studio.audio.files.mpeg import Bytes
from aidd_studio.audio.files.spliced import Layout, Piece, Sound

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
NO_POSITION = (1 << 64) - 1


@dataclass(frozen=True)
class Page:
    """One page as it stands in the file."""

    start: int
    end: int
    flags: int
    position: int  # the frame at which the last packet that ends here ends
    serial: int
    number: int
    body: int  # where its packets begin

    @property
    def begins_stream(self) -> bool:
        return bool(self.flags & 2)


@dataclass
class Link:
    """One logical stream of sound."""

    rate: int
    skipped: int  # frames at the start that are not part of the sound (Opus)
    heads: list[Page] = field(default_factory=list)
    runs: list[list[Page]] = field(default_factory=list)  # pages of sound, without a loss in each


def checksum(page: bytes) -> int:
    """The checksum of a page whose own checksum is zero: CRC-32, polynomial 04C11DB7, not reflected."""
    crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)


def pages_of(data: Bytes) -> Iterator[Page]:
    """All intact pages of a file."""
    place = data.find(b"OggS")
    while place >= 0:
        page = _page(data, place)
        if page is None:
            place = data.find(b"OggS", place + 1)
            continue
        yield page
        at_once = data[page.end : page.end + 4] == b"OggS"
        place = page.end if at_once else data.find(b"OggS", page.end)


def _page(data: Bytes, start: int) -> Page | None:
    head = bytes(data[start : start + 27])
    if len(head) < 27:
        return None
    body = start + 27 + head[26]
    end = body + sum(data[start + 27 : body])
    if end > len(data) or len(data) < body:
        return None
    whole = bytearray(data[start:end])
    whole[22:26] = bytes(4)
    if checksum(bytes(whole)) != int.from_bytes(head[22:26], "little"):
        return None
    position, serial, number = (
        int.from_bytes(head[first:last], "little") for first, last in ((6, 14), (14, 18), (18, 22))
    )
    return Page(start, end, head[5], position, serial, number, body)


def links_of(data: Bytes) -> list[Link]:
    """The audio streams of a file in order; other streams (pictures, text) are skipped."""
    links: list[Link] = []
    by_serial: dict[int, Link | None] = {}
    last: dict[int, Page] = {}
    for page in pages_of(data):
        if page.begins_stream:
            link = by_serial[page.serial] = _link(data, page)
            if link is not None:
                links.append(link)
        else:
            link = by_serial.get(page.serial)
            if link is not None:
                _add(link, page, last[page.serial])
        last[page.serial] = page
    return [link for link in links if link.runs]


def _link(data: Bytes, page: Page) -> Link | None:
    head = bytes(data[page.body : page.body + 20])
    if head[:8] == b"OpusHead":
        return Link(48_000, int.from_bytes(head[10:12], "little"), [page])
    if head[:7] == b"\x01vorbis":
        return Link(int.from_bytes(head[12:16], "little"), 0, [page])
    return None


def _add(link: Link, page: Page, before: Page) -> None:
    if not link.runs and page.position in (0, NO_POSITION) and page.number == before.number + 1:
        link.heads.append(page)
    elif link.runs and page.number == before.number + 1:
        link.runs[-1].append(page)
    else:
        link.runs.append([page])


def layout_of(data: Bytes) -> Layout | None:
    """How to read an Ogg file; None where it is read as it stands, or holds no sound that is known here."""
    links = links_of(data)
    if not links or (len(links) == 1 and len(links[0].runs) == 1):
        return None
    sounds: list[Sound] = []
    notes: list[str] = []
    begins = 0.0
    for stream, link in enumerate(links):
        for index, run in enumerate(link.runs):
            if index:
                at = begins + max(0, _last_position(link.runs[index - 1]) - link.skipped) / link.rate
                pages = run[0].number - link.runs[index - 1][-1].number - 1
                count = f"{pages} pages are" if pages > 1 else "a page is"
                notes.append(f"Sound is missing from {at:.2f} s on, where {count} lost; it is silent there.")
            heads = link.heads if index == 0 else _heads_without_skip(data, link)
            pieces: list[Piece] = [head if isinstance(head, bytes) else (head.start, head.end) for head in heads]
            pieces += [(page.start, page.end) for page in run]
            end = _last_position(run) - link.skipped if len(link.runs) > 1 else None
            sounds.append(Sound(tuple(pieces), end, stream=stream))
        begins += max(0, _last_position(link.runs[-1]) - link.skipped) / link.rate
    return Layout(tuple(sounds), tuple(notes))


def _last_position(run: list[Page]) -> int:
    return max((page.position for page in run if page.position != NO_POSITION), default=0)


def _heads_without_skip(data: Bytes, link: Link) -> list[Page | bytes]:
    """The stream's heads, with nothing to skip: a later stretch does not begin with the encoder's delay."""
    if not link.skipped:
        return [*link.heads]
    head = bytearray(data[link.heads[0].start : link.heads[0].end])
    at = link.heads[0].body - link.heads[0].start + 10
    head[at : at + 2] = bytes(2)
    head[22:26] = bytes(4)
    head[22:26] = checksum(bytes(head)).to_bytes(4, "little")
    return [bytes(head), *link.heads[1:]]
