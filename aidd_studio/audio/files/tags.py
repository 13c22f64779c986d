"""Tags: title, artist, pictures and the like, carried from one recording to another whatever their formats.

Tags are a mapping from lower-case Vorbis comment names ("title", "artist", "tracknumber", ...) to tuples of strings.
Three names hold something else, so that nothing is lost between files of one family: "pictures" a tuple of
Picture, "id3" a tuple of mutagen's ID3 frames, "chunks" a tuple of Chunk (see chunks.py).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidd_studio.audio.files.chunks import read_chunks
from aidd_studio.audio.files.reading import probe

ID3_TAGS = ("MP3", "WAV", "WAVEX", "AIFF")
"""Containers whose tags mutagen reads and writes as ID3; FLAC and Ogg have Vorbis comments."""

STRINGS = ("title", "artist", "album", "comment", "copyright", "software", "date", "genre", "tracknumber", "license")
"""What libsndfile itself can read and write (WAV LIST/INFO, AIFF text chunks, CAF information)."""

HOLDS_STRINGS = ("WAV", "WAVEX", "RF64", "AIFF", "CAF")

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


def read_tags(path: Path, container: str | None = None) -> dict[str, Any]:
    """All tags of a recording; an empty mapping where there are none or they are damaged.

    container: soundfile's name of it, where it is known already. Raises FileReadError where it is asked for and the
    file is no recording.
    """
    if container is None:
        container = probe(path).container
    tags = _strings(path) if container in HOLDS_STRINGS else {}
    tags |= _with_mutagen(path, container)
    chunks = read_chunks(path)
    if chunks:
        tags["chunks"] = chunks
    return tags


def strings_of(tags: Mapping[str, Any]) -> dict[str, str]:
    """The tags that libsndfile can write, by its names."""
    return {name: "; ".join(tags[name]) for name in STRINGS if tags.get(name)}


def write_tags(path: Path, container: str, subtype: str, tags: Mapping[str, Any]) -> None:
    """Put tags into a finished recording that is not yet in its place; libsndfile's strings are in it already.

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


def _strings(path: Path) -> dict[str, Any]:
    import soundfile

    try:
        with path.open("rb") as handle, soundfile.SoundFile(handle) as file:
            known: Mapping[str, str] = file.copy_metadata()
    except (soundfile.LibsndfileError, OSError, UnicodeDecodeError, TypeError):
        return {}
    return {name: (text,) for name, text in known.items() if text}


def _with_mutagen(path: Path, container: str) -> dict[str, Any]:
    import mutagen

    try:
        if container == "FLAC":
            return _from_flac(path)
        if container == "OGG":
            return _from_ogg(path)
        if container in ID3_TAGS:
            return _from_id3(_id3_file(path, container).tags)
    except (mutagen.MutagenError, OSError, ValueError, KeyError, IndexError, TypeError):
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
    tags = _texts(file.tags or [])
    if file.pictures:
        tags["pictures"] = tuple(_picture(picture) for picture in file.pictures)
    return tags


def _from_ogg(path: Path) -> dict[str, Any]:
    from mutagen.flac import Picture as FlacPicture

    tags = _texts(_ogg_file(path).tags or [])
    encoded = tags.pop("metadata_block_picture", ())
    if encoded:
        tags["pictures"] = tuple(_picture(FlacPicture(base64.b64decode(text))) for text in encoded)
    return tags


def _texts(pairs: Any) -> dict[str, Any]:
    tags: dict[str, Any] = {}
    for name, text in pairs:
        if name.lower() not in NOT_TEXT:
            tags[name.lower()] = (*tags.get(name.lower(), ()), text)
    return tags


def _picture(picture: Any) -> Picture:
    return Picture(bytes(picture.data), picture.mime, int(picture.type), picture.desc)


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
    from mutagen.flac import FLAC

    file = FLAC(path)
    _set_comments(file, tags)
    file.clear_pictures()
    for picture in tags.get("pictures", ()):
        file.add_picture(_flac_picture(picture))
    file.save()


def _write_ogg(path: Path, subtype: str, tags: Mapping[str, Any]) -> None:
    file = _ogg_file(path)
    _set_comments(file, tags)
    encoded = [base64.b64encode(_flac_picture(picture).write()).decode("ascii") for picture in tags.get("pictures", ())]
    if encoded:
        file["metadata_block_picture"] = encoded
    file.save()


def _set_comments(file: Any, tags: Mapping[str, Any]) -> None:
    if file.tags is None:
        file.add_tags()
    for name, texts in tags.items():
        if name not in NOT_TEXT and _is_comment_name(name):
            file[name] = list(texts)


def _is_comment_name(name: str) -> bool:
    """Vorbis comment names are printable ASCII without '='."""
    return bool(name) and all(" " <= letter <= "}" and letter != "=" for letter in name)


def _flac_picture(picture: Picture) -> Any:
    from mutagen.flac import Picture as FlacPicture

    block = FlacPicture()
    block.data, block.mime, block.type, block.desc = picture.data, picture.mime, picture.kind, picture.description
    return block


def _write_id3(path: Path, container: str, tags: Mapping[str, Any]) -> None:
    frames = list(tags.get("id3", ())) or id3_frames(tags)
    is_covered = container != "MP3" and "id3" not in tags and "pictures" not in tags
    if not frames or (is_covered and set(tags) <= {*STRINGS, *NOT_TEXT}):
        return  # the strings that libsndfile wrote say it all
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
