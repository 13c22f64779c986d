"""MPEG audio (MP3, MP2): every frame of a file, whatever stands before, between and behind the frames.

libsndfile reads a file as one stream: it takes the length from the first frame's header, or guesses it, and gives up
where it finds no frame for a kilobyte. Here all frames are found first (ISO/IEC 11172-3, 2.4.1; the Xing and LAME
headers as LAME writes them); the decoder then gets each stream by itself, with a header that says how long it is.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from aidd_studio.audio.files.spliced import Layout, Piece, Sound

Bytes = bytes | mmap.mmap

_KBITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by (1 for MPEG-1, 2 for MPEG-2 and 2.5; layer)."""

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}

DECODER_DELAY = 529
"""Samples that mpg123 leaves out at the start of a stream that has an Info frame."""

SURE = 3
"""Frames that must follow one another where it is not known that a file is MPEG audio at all."""


@dataclass(frozen=True)
class Header:
    """What four bytes at the head of a frame say."""

    version: int  # 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
    layer: int
    rate: int
    channels: int
    length: int  # bytes, these four included
    frames: int  # samples per channel

    @property
    def kind(self) -> tuple[int, int, int, int]:
        """What stays the same within one stream."""
        return self.version, self.layer, self.rate, self.channels


@dataclass
class Stream:
    """The frames of one MP3 as an encoder wrote it."""

    header: Header  # of its first frame of sound
    first: bytes  # that frame's first four bytes
    info: tuple[int, int] | None = None  # where its Xing or Info frame stands
    count: int = 0  # frames of sound
    sizes: set[int] = field(default_factory=set)  # of its frames, without padding
    ranges: list[tuple[int, int]] = field(default_factory=list)  # in which its frames stand without a break
    counts: list[int] = field(default_factory=list)  # frames in each of them


@lru_cache(maxsize=4096)
def parse_header(head: bytes) -> Header | None:
    """The frame header in four bytes; None where they are none (free format, which has no length, included)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate_index, bits_index = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or layer == 4 or rate_index == 3 or bits_index in (0, 15) or head[3] & 3 == 2:
        return None
    rate = _RATES[version][rate_index]
    bits = 1000 * _KBITS[1 if version == 3 else 2, layer][bits_index - 1]
    padding = head[2] >> 1 & 1
    if layer == 1:
        length, frames = (12 * bits // rate + padding) * 4, 384
    else:
        frames = 576 if layer == 3 and version != 3 else 1152
        length = frames // 8 * bits // rate + padding
    return Header(version, layer, rate, 1 if head[3] >> 6 == 3 else 2, length, frames)


def streams_of(data: Bytes) -> list[Stream]:
    """All streams of a file in their order; empty where it is no MPEG audio."""
    streams: list[Stream] = []
    end, expected = 0, -1
    for place, header in _frames(data):
        head = bytes(data[place : place + 4])
        end = place + header.length
        is_info = _is_info(data, place, header)
        if not streams or streams[-1].header.kind != header.kind or (is_info and streams[-1].count):
            streams.append(Stream(header, head))
        stream = streams[-1]
        if is_info:
            stream.info = (place, end)
        else:
            if stream.count == 0:
                stream.header, stream.first = header, head
            if place != expected or not stream.ranges:
                stream.ranges.append((place, end))
                stream.counts.append(0)
            stream.ranges[-1] = (stream.ranges[-1][0], end)
            stream.counts[-1] += 1
            stream.count += 1
            stream.sizes.add(header.length - (head[2] >> 1 & 1) * (4 if header.layer == 1 else 1))
        expected = end
    return [stream for stream in streams if stream.count]


def layout_of(data: Bytes) -> Layout | None:
    """How to read MPEG audio; None where it is read as it stands, or is none."""
    streams = streams_of(data)
    if not streams:
        return None
    only = streams[0]
    if len(streams) == 1 and len(only.ranges) == 1 and _tells_its_length(data, only) and _begins_at_once(data, only):
        return None
    notes: list[str] = []
    sounds: list[Sound] = []
    seconds = 0.0
    for index, stream in enumerate(streams):
        pieces, missing = _pieces(data, stream, seconds)
        head = _info_frame(data, stream)
        skipped = 0
        if head is None:
            head = _new_info_frame(stream) + _silent_frame(stream)
            skipped = stream.header.frames - DECODER_DELAY
        notes += missing
        sounds.append(Sound((head, *pieces), skipped=skipped, stream=index))
        seconds += stream.count * stream.header.frames / stream.header.rate
    return Layout(tuple(sounds), tuple(notes))


def _frames(data: Bytes) -> Iterator[tuple[int, Header]]:
    """Place and header of every frame."""
    place, length, is_synchronous = 0, len(data), False
    while place + 4 <= length:
        header = parse_header(bytes(data[place : place + 4]))
        if header is not None and (is_synchronous or _is_followed(data, place, header)):
            if place + header.length > length:
                return  # cut short
            yield place, header
            place, is_synchronous = place + header.length, True
            continue
        is_synchronous = False
        skipped = tag_length(data, place)
        if skipped:
            place += skipped
            continue
        place = data.find(b"\xff", place + 1)
        if place < 0:
            return


def _is_followed(data: Bytes, place: int, header: Header) -> bool:
    """True when two more frames of the kind, the end of the file, or a tag follow."""
    kind, here = header.kind, header
    for _ in range(SURE - 1):
        place += here.length
        if place == len(data) or tag_length(data, place):
            return True
        following = parse_header(bytes(data[place : place + 4]))
        if following is None or following.kind != kind:
            return False
        here = following
    return True


def tag_length(data: Bytes, place: int) -> int:
    """How many bytes the tag takes that begins here: ID3, APE or Lyrics3; 0 where there is none."""
    head = bytes(data[place : place + 32])
    if head[:3] == b"ID3" and len(head) >= 10 and all(byte < 128 for byte in head[6:10]):
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        return 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:3] == b"TAG" and len(data) - place >= 128:
        return 128
    if head[:8] == b"APETAGEX" and len(head) == 32:
        size = int.from_bytes(head[12:16], "little")
        return 32 + size if head[23] & 0x20 else 32
    if head[:11] == b"LYRICSBEGIN":
        end = max(data.find(b"LYRICS200", place), data.find(b"LYRICSEND", place))
        return end + 9 - place if end >= 0 else 0
    return 0


def _info_place(header: Header) -> int:
    """Where in its frame an encoder puts "Xing" or "Info": behind the side information."""
    if header.version == 3:
        return 4 + (17 if header.channels == 1 else 32)
    return 4 + (9 if header.channels == 1 else 17)


def _is_info(data: Bytes, place: int, header: Header) -> bool:
    at = place + _info_place(header)
    return header.layer == 3 and (data[at : at + 4] in (b"Xing", b"Info") or data[place + 36 : place + 40] == b"VBRI")


def _claimed(data: Bytes, stream: Stream) -> int | None:
    """How many frames the stream's own header counts; None where it does not say."""
    if stream.info is None:
        return None
    at = stream.info[0] + _info_place(stream.header)
    if data[at : at + 4] in (b"Xing", b"Info"):
        has_count = data[at + 7] & 1
        return int.from_bytes(data[at + 8 : at + 12], "big") if has_count else None
    return int.from_bytes(data[stream.info[0] + 50 : stream.info[0] + 54], "big")  # VBRI


def _tells_its_length(data: Bytes, stream: Stream) -> bool:
    claimed = _claimed(data, stream)
    return stream.header.layer != 3 and len(stream.sizes) == 1 if claimed is None else claimed == stream.count


def _begins_at_once(data: Bytes, stream: Stream) -> bool:
    """True when nothing but a tag stands before the first frame."""
    place = stream.info[0] if stream.info else stream.ranges[0][0]
    return place in (0, tag_length(data, 0))


def _pieces(data: Bytes, stream: Stream, begins: float) -> tuple[list[Piece], list[str]]:
    """The stream as a file of its own, with silent frames where frames are lost; and what is missing."""
    header = stream.header
    holes = [_hole(data, before[1], after[0]) for before, after in zip(stream.ranges, stream.ranges[1:], strict=False)]
    lost = _lost(data, stream, holes)
    pieces: list[Piece] = []
    notes = []
    done = 0
    for index, (start, end) in enumerate(stream.ranges):
        pieces.append((start, end))
        done += stream.counts[index]
        if index < len(lost) and lost[index]:
            at, until = (begins + count * header.frames / header.rate for count in (done, done + lost[index]))
            notes.append(
                f"The sound from {at:.2f} to {until:.2f} s is missing, because {holes[index]} bytes of the file hold "
                "no frames; it is silent there."
            )
            pieces.append(_silent_frame(stream) * lost[index])
            done += lost[index]
    claimed = _claimed(data, stream)
    if claimed is not None and claimed > done:
        at = begins + done * header.frames / header.rate
        promised = begins + claimed * header.frames / header.rate
        notes.append(f"The sound breaks off at {at:.2f} s; its header promises {promised:.2f} s.")
    stream.count = done
    return pieces, notes


def _hole(data: Bytes, start: int, end: int) -> int:
    """Bytes between frames that are no tag."""
    place = start
    while place < end:
        skipped = tag_length(data, place)
        if not skipped:
            break
        place += skipped
    return max(0, end - place)


def _lost(data: Bytes, stream: Stream, holes: list[int]) -> list[int]:
    """How many frames stood in each hole: what the header counts, else as many as would fill it."""
    total = sum(holes)
    if not total:
        return [0] * len(holes)
    size = sum(end - start for start, end in stream.ranges) / stream.count
    claimed = _claimed(data, stream)
    missing = round(total / size) if claimed is None else min(max(0, claimed - stream.count), round(2 * total / size))
    ends = [round(missing * sum(holes[: index + 1]) / total) for index in range(len(holes))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _silent_frame(stream: Stream) -> bytes:
    """A frame of the stream's kind that decodes to silence and draws on no frame before it."""
    head = bytearray(stream.first)
    head[1] |= 1  # no checksum
    head[2] &= 0xFD  # no padding
    header = parse_header(bytes(head)) or stream.header
    return bytes(head) + bytes(header.length - 4)


def _info_frame(data: Bytes, stream: Stream) -> Piece | None:
    """The stream's own Xing or Info frame with a corrected frame count; None where it has none."""
    if stream.header.layer != 3:
        return b""
    if stream.info is None or data[stream.info[0] + 36 : stream.info[0] + 40] == b"VBRI":
        return None
    if _claimed(data, stream) == stream.count:
        return stream.info
    frame = bytearray(data[stream.info[0] : stream.info[1]])
    at = _info_place(stream.header)
    flags = frame[at + 7]
    if not flags & 1:
        return None
    frame[at + 8 : at + 12] = stream.count.to_bytes(4, "big")
    lame = at + 8 + sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
    if len(frame) >= lame + 24:  # the padding at the end was lost with the end
        frame[lame + 22] &= 0xF0
        frame[lame + 23] = 0
    return bytes(frame)


def _new_info_frame(stream: Stream) -> bytes:
    """An Info frame with the number of frames that follow, including the silent one before the sound."""
    head = bytearray(stream.first)
    head[1] |= 1
    head[2] = head[2] & 0x0D | 0x90  # a bit rate whose frames are long enough
    header = parse_header(bytes(head)) or stream.header
    frame = bytearray(header.length)
    frame[:4] = head
    at = _info_place(header)
    frame[at : at + 8] = b"Info\0\0\0\1"
    frame[at + 8 : at + 12] = (stream.count + 1).to_bytes(4, "big")
    return bytes(frame)
