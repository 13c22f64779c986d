"""Tags: title, artist, pictures and the like, carried from one recording to another whatever their formats.

Tags are a mapping from lower-case Vorbis comment names ("title", "artist", "tracknumber", ...) to tuples of strings.
Three names hold something else, so that nothing is lost between files of one family: "pictures" a tuple of
Picture, "id3" a tuple of mutagen's ID3 frames, "chunks" a tuple of Chunk (see chunks.py).
"""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidd_studio.audio.files import comments
from aidd_studio.audio.files.chunks import (
    FAMILY,
    OF_THE_SOUND,
    Chunk,
    au_annotation,
    channel_mask,
    is_text,
    read_chunks,
)
from aidd_studio.audio.files.mp3_tags import read_tag_chunks, unknown_frames, write_tag_chunks
from aidd_studio.audio.files.text_chunks import names_held, texts_of, with_texts

ID3_TAGS = ("MP3", "WAV", "WAVEX", "AIFF")
"""Containers that mutagen can put ID3 tags into; FLAC and Ogg have Vorbis comments."""

OWN_TAGS = ("FLAC", "MP3")
"""Containers whose own blocks and tags are written with the tags, not as chunks behind the sound."""

CHANNEL_MASK = "waveformatextensible_channel_mask"
"""The comment in which FLAC holds what WAV's format chunk says of the loudspeakers."""

NOT_TEXT = ("pictures", "id3", "chunks")

ID3_NAMES = {
    "TIT2": "title",
    "TIT1": "grouping",
    "TIT3": "subtitle",
    "TPE1": "artist",
    "TPE2": "albumartist",
    "TPE3": "conductor",
    "TALB": "album",
    "TCOM": "composer",
    "TEXT": "lyricist",
    "TDRC": "date",
    "TRCK": "tracknumber",
    "TPOS": "discnumber",
    "TCON": "genre",
    "TCOP": "copyright",
    "TPUB": "organization",
    "TSRC": "isrc",
    "TBPM": "bpm",
    "TLAN": "language",
    "TMED": "media",
    "TENC": "encodedby",
}
"""ID3v2.4 text frames and the Vorbis comment names in common use for the same things."""


@dataclass(frozen=True)
class Picture:
    """A picture in a recording; `kind` as in ID3 (3 is the front cover)."""

    data: bytes
    mime: str = "image/jpeg"
    kind: int = 3
    description: str = ""
    width: int = 0  # this and what follows: only FLAC and Ogg hold them
    height: int = 0
    depth: int = 0
    colors: int = 0


def read_tags(path: Path, container: str) -> dict[str, Any]:
    """All tags of a recording; an empty mapping where there are none or they are damaged.

    container: soundfile's name of the format, as `probe` gives it.
    """
    chunks = read_chunks(path)
    tags: dict[str, Any] = texts_of(chunks)
    tags |= _from_id3_chunk(chunks) if chunks else _with_mutagen(path, container)
    chunks += tags.pop("chunks", ())
    if chunks:
        tags["chunks"] = chunks
    return tags


def chunks_for(container: str, tags: Mapping[str, Any]) -> tuple[Chunk, ...]:
    """The chunks of a new file that say what the tags say; what the tags leave as it was keeps its bytes."""
    family = FAMILY.get(container, "")
    chunks: tuple[Chunk, ...] = tuple(tags.get("chunks", ()))
    own = tuple(chunk for chunk in chunks if chunk.family == family)
    held = names_held(family)
    had, in_id3 = texts_of(own), _from_id3(_Frames(tags.get("id3", ())))
    has_id3 = any(chunk.name.lower() == b"id3 " for chunk in own)
    changed: dict[str, str | None] = {}
    own_names = [name for name in tags if name not in NOT_TEXT and (held is None or name in held)]
    for name in dict.fromkeys((*had, *own_names)):
        wanted = "; ".join(tags.get(name, ()))
        if wanted != "; ".join(had.get(name, ())) and not (
            (name in had or has_id3) and tags.get(name) == in_id3.get(name)
        ):
            changed[name] = wanted or None
    return with_texts(own, family, changed)


def losses(container: str, tags: Mapping[str, Any], written: tuple[Chunk, ...], *, is_changed: bool) -> tuple[str, ...]:
    """Sentences: what of the tags and chunks the new file does not hold, or holds although it is out of date."""
    carried = (*written, *(chunk for chunk in tags.get("chunks", ()) if FAMILY.get(container) == chunk.family))
    lost = [
        chunk
        for chunk in tags.get("chunks", ())
        if chunk.omitted or (not is_text(chunk) and chunk not in (carried if container in OWN_TAGS else written))
    ]
    notes = []
    names = list(dict.fromkeys(_name(chunk) for chunk in lost if chunk.name not in (b"fmt ", b"BW64")))
    if names:
        what = f"The chunk{'s' if len(names) > 1 else ''} {_listed(names)} of the source"
        notes.append(f"{what} could not be kept in {container}.")
    foreign = [] if container in ("FLAC", "OGG") else [one for one in tags.get("chunks", ()) if one.family == "VORBIS"]
    guessed = [name for chunk in foreign for name in comments.not_utf8(chunk.data, tags)]
    if guessed:
        verb = "are" if len(guessed) > 1 else "is"
        notes.append(f"{_listed(guessed)} {verb} not UTF-8 in the source and {verb} carried as Latin-1.")
    id3 = [chunk for chunk in tags.get("chunks", ()) if chunk.name.lower() == b"id3 " and chunk not in carried]
    unknown = [name for chunk in id3 for name in unknown_frames(chunk)]
    masks = [channel_mask(chunk) for chunk in lost if chunk.name == b"fmt "]
    if masks and (container != "FLAC" or not masks[0]):
        notes.append(f"The channel layout (mask {masks[0]:#x}) could not be kept in {container}.")
    texts = [name for name in tags if name not in NOT_TEXT]
    if container in ("W64", "AU") and (texts or tags.get("pictures")):
        notes.append(
            f"{container} holds no tags, so {_listed([*texts, *(['pictures'] if 'pictures' in tags else [])])} "
            "could not be kept."
        )
    frames = [frame.FrameID for frame in tags.get("id3", ()) if not _is_carried(frame)]
    frames = [*(frames if container not in (*ID3_TAGS, "W64", "AU") else ()), *unknown]
    if frames:
        notes.append(f"The ID3 frames {_listed(list(dict.fromkeys(frames)))} could not be kept in {container}.")
    stale = [_name(chunk) for chunk in written if chunk.name in OF_THE_SOUND]
    if stale and is_changed:
        verb = "describe" if len(stale) > 1 else "describes"
        notes.append(f"{_listed(stale)} was kept as it is and {verb} the sound before it was restored.")
    return tuple(notes)


def _name(chunk: Chunk) -> str:
    if chunk.family == "FLAC":
        return {2: "APPLICATION", 5: "CUESHEET"}.get(chunk.name[0], f"FLAC block {chunk.name[0]}")
    if chunk.family == "MP3":
        return {b"LYR3": "Lyrics3", b"TAG ": "ID3v1"}.get(chunk.name, chunk.name.decode("ascii").strip())
    return (chunk.name if chunk.family == "AU" else chunk.name[:4]).decode("latin-1").strip()


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is_carried(frame: Any) -> bool:
    return frame.FrameID in ID3_NAMES or frame.FrameID in ("TXXX", "COMM", "USLT", "APIC", "TSSE", "TLEN")


class _Frames(tuple[Any, ...]):
    """Frames that are not in a tag, as `_from_id3` takes them."""

    def values(self) -> tuple[Any, ...]:
        return self


def _from_id3_chunk(chunks: tuple[Chunk, ...]) -> dict[str, Any]:
    """The ID3 tag in a chunk of WAV or AIFF."""
    import mutagen
    from mutagen import id3

    for chunk in chunks:
        if chunk.name.lower() == b"id3 ":
            try:
                return _from_id3(id3.ID3(io.BytesIO(chunk.data)))
            except (mutagen.MutagenError, ValueError, KeyError, IndexError, TypeError, EOFError):
                return {}
    return {}


def write_tags(path: Path, container: str, subtype: str, tags: Mapping[str, Any]) -> None:
    """Put tags into a finished recording that is not yet in its place; its chunks are in it already.

    Raises OSError, mutagen.MutagenError.
    """
    if not tags:
        return
    if container == "FLAC":
        _write_flac(path, tags)
    elif container == "OGG":
        _write_ogg(path, subtype, tags)
    elif container in ID3_TAGS:
        _write_id3(path, container, tags)


def _with_mutagen(path: Path, container: str) -> dict[str, Any]:
    import mutagen

    try:
        if container == "FLAC":
            return _from_flac(path)
        if container == "OGG":
            return _from_ogg(path)
        if container == "MP3":
            return _from_mp3(path)
        if container == "AU":
            return {"chunks": au_annotation(path)}
    except (mutagen.MutagenError, OSError, ValueError, KeyError, IndexError, TypeError, struct.error):
        return {}  # damaged tags are no reason to refuse the sound
    return {}


def _id3_file(path: Path, container: str) -> Any:
    if container == "MP3":
        from mutagen.mp3 import MP3

        return MP3(path)
    if container == "AIFF":
        from mutagen.aiff import AIFF

        return AIFF(path)
    from mutagen.wave import WAVE

    return WAVE(path)


def _ogg_file(path: Path) -> Any:
    from mutagen.oggopus import OggOpus
    from mutagen.oggvorbis import OggVorbis, OggVorbisHeaderError

    try:
        return OggVorbis(path)
    except OggVorbisHeaderError:
        return OggOpus(path)


def _from_flac(path: Path) -> dict[str, Any]:
    from mutagen.flac import FLAC

    file = FLAC(path)
    tags = _from_comments(path, "FLAC")
    if file.pictures:
        tags["pictures"] = tuple(_picture(picture) for picture in file.pictures)
    blocks = [block for block in file.metadata_blocks if block.code not in (0, 1, 3, 4, 6)]
    tags["chunks"] += tuple(Chunk("FLAC", bytes([block.code]), block.write()) for block in blocks)
    return tags


def _from_ogg(path: Path) -> dict[str, Any]:
    from mutagen.flac import Picture as FlacPicture
    from mutagen.flac import error as FlacError

    tags = _from_comments(path, "OGG")
    pictures = []
    for text in tags.pop(comments.PICTURE, ()):
        try:
            pictures.append(_picture(FlacPicture(base64.b64decode(text))))
        except (ValueError, FlacError):  # damaged: it stays the text that it is
            tags[comments.PICTURE] = (*tags.get(comments.PICTURE, ()), text)
    return tags | ({"pictures": tuple(pictures)} if pictures else {})


def _from_comments(path: Path, container: str) -> dict[str, Any]:
    """The comments as texts, and as they stand in the file."""
    data = comments.raw_comments(path, container)
    texts: dict[str, Any] = {name: text for name, text in comments.texts_of(data).items() if name not in NOT_TEXT}
    return texts | {"chunks": (Chunk("VORBIS", b"text", data),) if data[:4].strip(b"\0") else ()}


def _picture(picture: Any) -> Picture:
    size = (picture.width, picture.height, picture.depth, picture.colors)
    return Picture(bytes(picture.data), picture.mime, int(picture.type), picture.desc, *size)


def _from_mp3(path: Path) -> dict[str, Any]:
    """Texts of APEv2 and ID3, and all tags as they stand in the file."""
    from mutagen.apev2 import APENoHeaderError, APETextValue, APEv2

    tags: dict[str, Any] = {}
    try:
        items = APEv2(path).items()
        tags = {name.lower(): tuple(value) for name, value in items if isinstance(value, APETextValue)}
    except APENoHeaderError:
        pass
    return tags | _from_id3(_id3_file(path, "MP3").tags) | {"chunks": read_tag_chunks(path)}


def _from_id3(id3: Any) -> dict[str, Any]:
    if not id3:
        return {}
    tags: dict[str, Any] = {"id3": tuple(id3.values())}
    for frame in id3.values():
        if frame.FrameID in ID3_NAMES:
            tags[ID3_NAMES[frame.FrameID]] = tuple(str(text) for text in frame.text)
        elif frame.FrameID == "TXXX" and frame.desc.lower() not in NOT_TEXT:
            tags[frame.desc.lower()] = tuple(str(text) for text in frame.text)
        elif frame.FrameID == "COMM":
            tags["comment"] = (*tags.get("comment", ()), *(str(text) for text in frame.text))
        elif frame.FrameID == "USLT":
            tags["lyrics"] = (str(frame.text),)
        elif frame.FrameID == "APIC":
            picture = Picture(bytes(frame.data), frame.mime, int(frame.type), frame.desc)
            tags["pictures"] = (*tags.get("pictures", ()), picture)
    return tags


def _write_flac(path: Path, tags: Mapping[str, Any]) -> None:
    from mutagen.flac import FLAC, CueSheet, MetadataBlock

    file = FLAC(path)
    _set_comments(file, tags)
    for chunk in tags.get("chunks", ()):
        if chunk.family == "FLAC":
            block: Any = CueSheet(chunk.data) if chunk.name == b"\5" else MetadataBlock(chunk.data)
            block.code = chunk.name[0]
            file.metadata_blocks.append(block)
    file.clear_pictures()
    for picture in tags.get("pictures", ()):
        file.add_picture(_flac_picture(picture))
    file.save()


def _write_ogg(path: Path, subtype: str, tags: Mapping[str, Any]) -> None:
    file = _ogg_file(path)
    encoded = [base64.b64encode(_flac_picture(picture).write()).decode("ascii") for picture in tags.get("pictures", ())]
    _set_comments(file, tags, tuple(encoded))
    file.save()


def _set_comments(file: Any, tags: Mapping[str, Any], pictures: tuple[str, ...] = ()) -> None:
    if file.tags is None:
        file.add_tags()
    texts = {name: tuple(value) for name, value in tags.items() if name not in NOT_TEXT and comments.is_name(name)}
    if pictures:
        texts[comments.PICTURE] = (*texts.get(comments.PICTURE, ()), *pictures)
    for chunk in tags.get("chunks", ()):
        if chunk.name == b"fmt " and channel_mask(chunk) and file.mime[0] == "audio/flac":
            texts.setdefault(CHANNEL_MASK, (f"0x{channel_mask(chunk):04X}",))
    before = next((chunk.data for chunk in tags.get("chunks", ()) if chunk.family == "VORBIS"), b"")
    comments.set_comments(file.tags, comments.edited(before, texts))


def _flac_picture(picture: Picture) -> Any:
    from mutagen.flac import Picture as FlacPicture

    block = FlacPicture()
    block.data, block.mime, block.type, block.desc = picture.data, picture.mime, picture.kind, picture.description
    block.width, block.height, block.depth, block.colors = picture.width, picture.height, picture.depth, picture.colors
    return block


def _write_id3(path: Path, container: str, tags: Mapping[str, Any]) -> None:
    chunks = [chunk for chunk in tags.get("chunks", ()) if chunk.family == FAMILY[container]]
    if container == "MP3":
        write_tag_chunks(path, chunks)
    if any(chunk.name.lower() in (b"id3 ", b"tag ") and not chunk.omitted for chunk in chunks):
        return  # it is in the file, byte for byte
    frames = list(tags.get("id3", ())) or id3_frames(tags)
    is_covered = container != "MP3" and "id3" not in tags and "pictures" not in tags
    held = {*texts_of(read_chunks(path)), *NOT_TEXT} if is_covered else set()
    if not frames or (is_covered and set(tags) <= held):
        return  # the chunks of text say it all
    file = _id3_file(path, container)
    if file.tags is None:
        file.add_tags()
    for frame in frames:
        file.tags.add(frame)
    file.save()


def id3_frames(tags: Mapping[str, Any]) -> list[Any]:
    """Texts and pictures as frames of ID3v2.4."""
    from mutagen import id3

    by_name = {name: frame_id for frame_id, name in ID3_NAMES.items()}
    frames: list[Any] = []
    for name, texts in tags.items():
        if name in NOT_TEXT:
            continue
        if name in by_name:
            frames.append(getattr(id3, by_name[name])(encoding=3, text=list(texts)))
        elif name in ("comment", "description"):
            frames.append(id3.COMM(encoding=3, lang="XXX", desc="", text=list(texts)))
        elif name == "lyrics":
            frames.append(id3.USLT(encoding=3, lang="XXX", desc="", text="\n".join(texts)))
        else:
            frames.append(id3.TXXX(encoding=3, desc=name, text=list(texts)))
    frames += [
        id3.APIC(encoding=3, mime=picture.mime, type=picture.kind, desc=picture.description, data=picture.data)
        for picture in tags.get("pictures", ())
    ]
    return frames
