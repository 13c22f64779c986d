"""Texts in the chunks of WAV (LIST/INFO), AIFF (NAME, AUTH, ...) and CAF (info); what is not edited keeps its bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping

from aidd_studio.audio.files.chunks import Chunk

INFO = {
    b"INAM": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"ICMT": "comment",
    b"ICOP": "copyright",
    b"ISFT": "software",
    b"ICRD": "date",
    b"IGNR": "genre",
    b"ITRK": "tracknumber",
    b"IPRT": "tracknumber",
    b"IENG": "engineer",
    b"ITCH": "technician",
    b"ISRC": "source",
    b"ISRF": "sourceform",
    b"IMED": "media",
    b"IARL": "archive",
    b"ISBJ": "subject",
    b"IKEY": "keywords",
    b"ICMS": "commissioned",
    b"IDIT": "digitized",
    b"ILNG": "language",
    b"IMUS": "composer",
}
"""RIFF's fields and the tags that say the same."""

AIFF = {b"NAME": "title", b"AUTH": "artist", b"(c) ": "copyright", b"ANNO": "comment"}
CAF = {"comments": "comment", "year": "date", "track number": "tracknumber"}

Texts = dict[str, tuple[str, ...]]


def texts_of(chunks: Iterable[Chunk]) -> Texts:
    """All texts in the chunks, by tag."""
    texts: Texts = {}
    for chunk in chunks:
        for name, text in _texts(chunk):
            if text:
                texts[name] = (*texts.get(name, ()), text)
    return texts


def with_texts(chunks: tuple[Chunk, ...], family: str, changed: Mapping[str, str | None]) -> tuple[Chunk, ...]:
    """The chunks with some texts changed, added or (None) removed; all other texts keep their bytes."""
    if not changed or family not in ("RIFF", "FORM", "CAF"):
        return chunks
    if family == "FORM":
        return _aiff_with(chunks, changed)
    name, is_one = (b"LIST", _is_info) if family == "RIFF" else (b"info", _is_caf_info)
    before = next((chunk for chunk in chunks if is_one(chunk)), None)
    data = (_info_with if family == "RIFF" else _caf_with)(before, changed)
    kept = tuple(chunk for chunk in chunks if chunk is not before)
    return (*kept, Chunk(family, name, data)) if data else kept


def names_held(family: str) -> frozenset[str] | None:
    """The tags that have a chunk of their own in that family; None for all."""
    if family == "CAF":
        return None
    return frozenset((INFO if family == "RIFF" else AIFF).values() if family in ("RIFF", "FORM") else ())


def _texts(chunk: Chunk) -> Iterator[tuple[str, str]]:
    if _is_info(chunk):
        for field, raw in _info_fields(chunk):
            yield INFO.get(field, field.decode("latin-1").strip().lower()), _decoded(raw, "latin-1")
    elif chunk.family == "FORM" and chunk.name in AIFF:
        yield AIFF[chunk.name], _decoded(chunk.data, "mac-roman")
    elif _is_caf_info(chunk):
        for key, value in _caf_fields(chunk):
            name = _decoded(key, "latin-1").lower()
            yield CAF.get(name, name), _decoded(value, "latin-1")


def _is_info(chunk: Chunk) -> bool:
    return chunk.family == "RIFF" and chunk.name == b"LIST" and chunk.data[:4] == b"INFO"


def _is_caf_info(chunk: Chunk) -> bool:
    return chunk.family == "CAF" and chunk.name == b"info"


def _decoded(raw: bytes, fallback: str) -> str:
    """UTF-8 where it is, else what the format's own definition says."""
    raw = raw.rstrip(b"\0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(fallback)


def _info_fields(chunk: Chunk) -> Iterator[tuple[bytes, bytes]]:
    place = 4
    while place + 8 <= len(chunk.data):
        size = struct.unpack("<I", chunk.data[place + 4 : place + 8])[0]
        yield chunk.data[place : place + 4], chunk.data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def _info_with(before: Chunk | None, changed: Mapping[str, str | None]) -> bytes:
    left = dict(changed)
    fields: list[tuple[bytes, bytes]] = []
    had = list(_info_fields(before)) if before is not None else []
    is_latin = any(not _is_utf8(raw) for _, raw in had)
    for field, raw in had:
        name = INFO.get(field, field.decode("latin-1").strip().lower())
        if name not in changed:
            fields.append((field, raw))
        elif name in left and (text := left.pop(name)) is not None:
            fields.append((field, _encoded(text, is_latin)))
    by_name = {name: field for field, name in reversed(INFO.items())}
    fields += [(by_name[name], _encoded(text, is_latin)) for name, text in left.items() if text and name in by_name]
    if not fields:
        return b""
    return b"INFO" + b"".join(
        field + struct.pack("<I", len(raw)) + raw + b"\0" * (len(raw) % 2) for field, raw in fields
    )


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _encoded(text: str, is_latin: bool) -> bytes:
    """A field's bytes, in the encoding of the fields beside it."""
    if is_latin:
        try:
            return text.encode("latin-1") + b"\0"
        except UnicodeEncodeError:
            pass
    return text.encode("utf-8") + b"\0"


def _aiff_with(chunks: tuple[Chunk, ...], changed: Mapping[str, str | None]) -> tuple[Chunk, ...]:
    names = {name: field for field, name in AIFF.items() if name in changed}
    gone = set(names.values())
    kept = tuple(chunk for chunk in chunks if chunk.family != "FORM" or chunk.name not in gone)
    new = ((field, changed[name]) for name, field in names.items())
    return (*kept, *(Chunk("FORM", field, text.encode("utf-8")) for field, text in new if text))


def _caf_fields(chunk: Chunk) -> list[tuple[bytes, bytes]]:
    parts = chunk.data[4:].split(b"\0")
    return list(zip(parts[0::2], parts[1::2], strict=False))[: int.from_bytes(chunk.data[:4], "big")]


def _caf_with(before: Chunk | None, changed: Mapping[str, str | None]) -> bytes:
    left = dict(changed)
    fields: list[tuple[bytes, bytes]] = []
    for key, value in _caf_fields(before) if before is not None else []:
        name = CAF.get(_decoded(key, "latin-1").lower(), _decoded(key, "latin-1").lower())
        if name not in changed:
            fields.append((key, value))
        elif name in left and (text := left.pop(name)) is not None:
            fields.append((key, text.encode("utf-8")))
    fields += [(name.encode("utf-8"), text.encode("utf-8")) for name, text in left.items() if text]
    if not fields:
        return b""
    return struct.pack(">I", len(fields)) + b"".join(key + b"\0" + value + b"\0" for key, value in fields)
