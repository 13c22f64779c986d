"""Tags and chunks that no library keeps come back to the byte, or the report names them."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from aidd_studio.audio.clip import Patch
from aidd_studio.audio.files import chunks as chunk_files
from aidd_studio.audio.files.chunks import W64_NAMES, Chunk, append_chunks, read_chunks
from aidd_studio.audio.files.comments import raw_comments
from aidd_studio.audio.files.mp3_tags import read_tag_chunks
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.tag_changes import with_texts
from aidd_studio.audio.files.writing import WriteReport, write
from tests.audio import files_by_hand as by_hand
from tests.audio.tags_of import tags_of

RATE = 16000


def recording(path: Path, channels: int = 1, subtype: str | None = None) -> Path:
    container, lossy = {".opus": ("OGG", "OPUS"), ".ogg": ("OGG", "VORBIS")}.get(path.suffix, (None, None))
    sound = by_hand.music(RATE, 0.5, channels)
    soundfile.write(path, sound.T, RATE, subtype or lossy, format=container)
    return path


def restored(source: Path, suffix: str | None = None, start: int = 1000) -> tuple[Path, WriteReport]:
    """The file after a repair of 20 ms, and what its writing said."""
    target = source.with_name(f"restored{suffix or source.suffix}")
    patch = Patch(start, (0,), np.full((1, 320), 0.125, np.float32))
    return target, write(read(source).with_patches(patch), target, overwrite=True)


def put_comments(path: Path, *entries: bytes) -> None:
    """Give a FLAC, Ogg Vorbis or Opus file these comments, whatever they are."""
    file: Any = {".flac": FLAC, ".ogg": OggVorbis, ".opus": OggOpus}[path.suffix](path)
    if file.tags is None:
        file.add_tags()
    stands_for = [("STANDIN", "x" * (len(entry) - len("STANDIN="))) for entry in entries]
    file.tags[:] = stands_for
    file.save()
    content = path.read_bytes()
    for (name, text), entry in zip(stands_for, entries, strict=True):
        content = content.replace(f"{name}={text}".encode(), entry, 1)
    if path.suffix != ".flac":
        content = b"".join(with_checksum(page) for page in by_hand.ogg_pages(content))
    path.write_bytes(content)


def with_checksum(page: bytes) -> bytes:
    from aidd_studio.audio.files.ogg import checksum

    blank = page[:22] + bytes(4) + page[26:]
    return blank[:22] + checksum(blank).to_bytes(4, "little") + blank[26:]


LATIN = ("TITLE=Ländler".encode("latin-1"), b"Artist=S\xe4nger one", b"ARTIST=the second")


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".opus"])
@pytest.mark.parametrize(
    "entries",
    [LATIN, ("DESCRIPTION=вальс".encode("cp1251"),), ("TITLE=漢字".encode("shift-jis"), b"no equals sign here")],
)
def test_comments_that_are_not_utf8_keep_their_bytes(tmp_path: Path, suffix: str, entries: tuple[bytes, ...]) -> None:
    source = recording(tmp_path / f"a{suffix}")
    put_comments(source, *entries)
    target, report = restored(source)
    container = "FLAC" if suffix == ".flac" else "OGG"
    assert raw_comments(target, container) == raw_comments(source, container)
    assert all(entry in target.read_bytes() for entry in entries)
    assert not any("UTF-8" in note for note in report.notes)


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".opus"])
def test_an_edited_comment_leaves_the_bytes_of_the_others(tmp_path: Path, suffix: str) -> None:
    source = recording(tmp_path / f"a{suffix}")
    put_comments(source, *LATIN)
    clip = read(source)
    assert clip.source is not None
    write(clip, tmp_path / f"b{suffix}", tags=with_texts(clip.source.tags, {"title": "Walzer"}))
    content = (tmp_path / f"b{suffix}").read_bytes()
    assert b"TITLE=Walzer" in content
    assert all(entry in content for entry in LATIN[1:])


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".aiff", ".caf"])
def test_comments_that_are_not_utf8_are_named_where_they_become_other_texts(tmp_path: Path, suffix: str) -> None:
    source = recording(tmp_path / "a.flac")
    put_comments(source, *LATIN)
    target, report = restored(source, suffix)
    assert any(note.startswith("title and artist are not UTF-8 in the source") for note in report.notes)
    assert tags_of(target)["title"] == ("Ländler",)
    put_comments(recording(source), "TITLE=Ländler".encode())
    assert not any("UTF-8" in note for note in restored(source, suffix)[1].notes)


def test_a_damaged_picture_does_not_cost_the_other_comments(tmp_path: Path) -> None:
    source = recording(tmp_path / "a.ogg")
    put_comments(source, b"TITLE=Lied", b"METADATA_BLOCK_PICTURE=AAAA")
    target, _ = restored(source)
    assert raw_comments(target, "OGG") == raw_comments(source, "OGG")
    assert tags_of(target)["title"] == ("Lied",)


def au_with(annotation: bytes, path: Path) -> Path:
    content = recording(path, subtype="PCM_16").read_bytes()
    head = content[:4] + struct.pack(">I", 24 + len(annotation)) + content[8:24]
    path.write_bytes(head + annotation + content[24:])
    return path


@pytest.mark.parametrize("suffix", [".au", ".wav", ".flac"])
@pytest.mark.parametrize("annotation", [b"Reel 12\0", "Sänger".encode("latin-1").ljust(32, b"\0"), b"x" * 4000])
def test_the_annotation_of_an_au_is_named(tmp_path: Path, suffix: str, annotation: bytes) -> None:
    _, report = restored(au_with(annotation, tmp_path / "a.au"), suffix)
    assert any("annotation of the source could not be kept" in note for note in report.notes)
    _, report = restored(au_with(bytes(8), tmp_path / "b.au"), suffix)
    assert report.notes == ()


def w64(name: bytes) -> bytes:
    return name + W64_NAMES


W64_CHUNKS = [
    [(w64(b"bext"), b"Reel 12".ljust(602, b"\0"))],
    [(w64(b"cue "), bytes(28)), (bytes(range(16)), b"odd"), (w64(b"smpl"), b"")],
    [(b"list" + bytes.fromhex("2f91cf11a5d628db04c10000"), b"INFOINAM\5\0\0\0Lied\0\0")],
]


@pytest.mark.parametrize("carried", W64_CHUNKS)
def test_the_chunks_of_a_w64_come_back_to_the_byte(tmp_path: Path, carried: list[tuple[bytes, bytes]]) -> None:
    source = recording(tmp_path / "a.w64")
    frames = read(source).frames
    append_chunks(source, tuple(Chunk("W64", name, data) for name, data in carried))
    target, report = restored(source)
    assert read(source).frames == read(target).frames == frames
    assert [(one.name, one.data) for one in read_chunks(target)] == carried
    assert int.from_bytes(target.read_bytes()[16:24], "little") == target.stat().st_size
    assert report.notes == ()
    _, report = restored(source, ".wav")
    named = [name[:4].decode("latin-1").strip() for name, _ in carried]
    assert any(all(name in note for name in named) and "could not be kept in WAV" in note for note in report.notes)


def mp3_with(path: Path, *, before: bytes = b"", behind: bytes = b"") -> Path:
    path.write_bytes(before + by_hand.mp3(RATE, 1.0) + behind)
    return path


def id3_tag(version: int, *more: bytes) -> bytes:
    """An ID3v2.3 or 2.4 tag; more: frames as bytes."""
    tag, file = id3.ID3(), io.BytesIO()
    tag.add(id3.TIT2(encoding=1, text="Lied"))
    tag.save(file, v1=0, v2_version=version, padding=lambda _: 0)
    body = file.getvalue()[10:] + b"".join(more)
    size = len(body)
    return b"ID3" + bytes([version, 0, 0, size >> 21, size >> 14 & 127, size >> 7 & 127, size & 127]) + body


UNKNOWN = b"XYZQ" + struct.pack(">IH", 5, 0) + b"12345"
V1 = by_hand.id3v1("Lied")
LYRICS = b"LYRICSBEGININD0000200LYR00005la la"
LYRICS3 = LYRICS + b"%06dLYRICS200" % len(LYRICS)
OLD_LYRICS = b"LYRICSBEGINla la la" + b"LYRICSEND"


def ape() -> bytes:
    items, file = APEv2(), io.BytesIO()
    items["Title"] = "Lied"
    items.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (id3_tag(3, UNKNOWN), b""),
        (id3_tag(4, UNKNOWN), V1),
        (b"", V1),
        (b"", LYRICS3 + V1),
        (id3_tag(3), OLD_LYRICS + V1),
        (id3_tag(4), ape() + LYRICS3 + V1),
        (b"", ape() + V1),
    ],
)
def test_the_tags_of_an_mp3_come_back_to_the_byte(tmp_path: Path, before: bytes, behind: bytes) -> None:
    source = mp3_with(tmp_path / "a.mp3", before=before, behind=behind)
    target, report = restored(source)
    content = target.read_bytes()
    assert content.startswith(before)
    assert content.endswith(behind)
    assert read_tag_chunks(target) == read_tag_chunks(source)
    assert b"".join(one.data for one in read_tag_chunks(target)) == before + behind
    assert len(report.notes) == 1  # the sound was encoded again
    assert abs(read(target).frames - read(source).frames) < 1152


@pytest.mark.parametrize("version", [3, 4])
def test_an_edited_text_keeps_frames_of_id3_that_nobody_knows(tmp_path: Path, version: int) -> None:
    clip = read(mp3_with(tmp_path / "a.mp3", before=id3_tag(version, UNKNOWN), behind=LYRICS3 + V1))
    assert clip.source is not None
    write(clip, tmp_path / "b.mp3", tags=with_texts(clip.source.tags, {"title": "New"}))
    content = (tmp_path / "b.mp3").read_bytes()
    assert tags_of(tmp_path / "b.mp3")["title"] == ("New",)
    assert UNKNOWN in content
    assert LYRICS3 in content
    assert V1 not in content


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".aiff"])
def test_tags_of_an_mp3_that_another_container_cannot_hold_are_named(tmp_path: Path, suffix: str) -> None:
    source = mp3_with(tmp_path / "a.mp3", before=id3_tag(3, UNKNOWN), behind=LYRICS3 + V1)
    target, report = restored(source, suffix)
    assert any("Lyrics3 of the source could not be kept" in note for note in report.notes)
    assert any("XYZQ could not be kept" in note for note in report.notes)
    assert tags_of(target)["title"] == ("Lied",)


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".caf", ".w64"])
def test_chunks_that_are_too_large_are_named(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_files, "LARGEST", 100)
    source = recording(tmp_path / f"a{suffix}")
    family, name = {".wav": ("RIFF", b"big "), ".aiff": ("FORM", b"big "), ".caf": ("CAF", b"big ")}.get(
        suffix, ("W64", w64(b"big "))
    )
    append_chunks(source, (Chunk(family, name, bytes(101)), Chunk(family, b"tiny" + name[4:], bytes(100))))
    target, report = restored(source)
    assert [one.name[:4] for one in read_chunks(target)] == [b"tiny"]
    assert any("big of the source could not be kept" in note for note in report.notes)


LOSSLESS = [(".w64", "PCM_16"), (".w64", "FLOAT"), (".au", "PCM_24"), (".au", "ULAW")]
TEXT = st.text("aZ ä漢é-=", min_size=1).map(str.strip).filter(bool)


@pytest.mark.parametrize(("suffix", "subtype"), LOSSLESS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_chunks_and_samples_outside_the_gap_are_those_of_the_source(
    tmp_path: Path, suffix: str, subtype: str, data: st.DataObject
) -> None:
    channels = data.draw(st.sampled_from([1, 2, 5]))
    source = recording(tmp_path / f"a{suffix}", channels, subtype)
    if suffix == ".w64":
        names = st.text("abcxyz", min_size=4, max_size=4).map(lambda name: w64(name.encode()))
        made = data.draw(st.lists(st.tuples(names, st.binary(max_size=40)), max_size=3, unique_by=lambda one: one[0]))
        append_chunks(source, tuple(Chunk("W64", name, content) for name, content in made))
    start = data.draw(st.integers(0, 7000))
    target, report = restored(source, start=start)
    before, after = read(source), read(target)
    assert report.notes == ()
    assert read_chunks(target) == read_chunks(source)
    assert (before.source, after.source) != (None, None)
    assert (report.subtype, after.rate) == (subtype, RATE)
    touched = np.zeros(before.base.shape, bool)
    touched[0, start : start + 320] = True
    assert np.array_equal(after.samples[~touched], before.samples[~touched])


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".mp3"])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_tags_of_a_lossy_file_are_those_of_the_source(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    names = st.text("ABcd", min_size=3, max_size=6)
    texts = data.draw(st.lists(st.tuples(names, TEXT), min_size=1, max_size=4))
    if suffix == ".mp3":
        tag, file = id3.ID3(), io.BytesIO()
        for name, text in texts:
            tag.add(id3.TXXX(encoding=3, desc=name, text=text))
        tag.save(file, v1=0, padding=lambda _: 0)
        source = mp3_with(tmp_path / "a.mp3", before=file.getvalue())
    else:
        source = recording(tmp_path / f"a{suffix}")
        put_comments(source, *(f"{name}=text {text}".encode() for name, text in texts))
    target, report = restored(source)
    before, after = tags_of(source), tags_of(target)
    assert after["chunks"] == before["chunks"]
    assert {name: value for name, value in after.items() if name not in ("chunks", "id3")} == {
        name: value for name, value in before.items() if name not in ("chunks", "id3")
    }
    assert len(report.notes) == 1  # the sound was encoded again
    one, other = read(source).samples[0, 2000:7000], read(target).samples[0, 2000:7000]
    assert float(np.corrcoef(one, other)[0, 1]) > 0.9
