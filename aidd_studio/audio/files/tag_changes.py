"""Editing the few common text tags; all other tags stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aidd_studio.audio.files import mp3_tags, text_chunks
from aidd_studio.audio.files.chunks import Chunk
from aidd_studio.audio.files.tags import ID3_NAMES, id3_frames


def text_of(tags: Mapping[str, Any], name: str) -> str:
    """A tag as one line; several values are separated by semicolons."""
    return "; ".join(tags.get(name, ()))


def with_texts(tags: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The tags with some texts changed; an empty text removes its tag, an unchanged one keeps all its values."""
    wanted = {name: text.strip() for name, text in texts.items()}
    changed = {name: text for name, text in wanted.items() if text != text_of(tags, name)}
    edited = {name: value for name, value in tags.items() if name not in changed}
    new = {name: (text,) for name, text in changed.items() if text}
    edited |= new
    if "id3" in edited:
        # ID3 files are written from their own frames, which must say the same.
        kept = [frame for frame in edited.pop("id3") if _name_of(frame) not in changed]
        frames = (*kept, *id3_frames(new))
        if frames:
            edited["id3"] = frames
    if changed and "chunks" in edited:
        texts_ = {name: text or None for name, text in changed.items()}
        edited["chunks"] = _chunks_with(edited["chunks"], texts_, edited.get("id3", ()))
    return edited


def _chunks_with(
    chunks: tuple[Chunk, ...], changed: Mapping[str, str | None], frames: tuple[Any, ...]
) -> tuple[Chunk, ...]:
    """The chunks with new texts. APE and ID3v1, which ID3v2 repeats, are left out: they still say the old ones."""
    kept = tuple(
        mp3_tags.edited(chunk, frames) if chunk.name.lower() == b"id3 " and not chunk.omitted else chunk
        for chunk in chunks
        if chunk.name not in (b"APE ", b"TAG ")
    )
    for family in ("RIFF", "FORM", "CAF"):
        if any(chunk.family == family for chunk in kept):
            kept = text_chunks.with_texts(kept, family, changed)
    return kept


def _name_of(frame: Any) -> str | None:
    """The Vorbis comment name of what an ID3 frame says."""
    if frame.FrameID == "COMM":
        return "comment"
    if frame.FrameID == "TXXX":
        return str(frame.desc).lower()
    return ID3_NAMES.get(frame.FrameID)
