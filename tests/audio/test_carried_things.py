"""What a file carries beside its sound comes back to the byte, or a note says what could not be kept."""

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
from mutagen.flac import FLAC, CueSheet, MetadataBlock, Picture

from aidd_studio.audio.clip import Patch
from aidd_studio.audio.files.chunks import Chunk, read_chunks
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.tag_changes import with_texts
from aidd_studio.audio.files.writing import WriteReport, write
from tests.audio import files_by_hand as by_hand
from tests.audio.files_by_hand import RATE, chunk
from tests.audio.tags_of import tags_of

SOUND = by_hand.music(seconds=0.3)
DATA = chunk(b"data", by_hand.pcm(SOUND))
FORMAT = by_hand.wave_format()
BEXT = chunk(b"bext", b"Reel 12".ljust(602, b"\0"))


def restored(folder: Path, name: str, content: bytes, suffix: str | None = None) -> tuple[Path, WriteReport]:
    """The file after a repair of 20 ms, and what its writing said."""
    source = folder / name
    source.write_bytes(content)
    clip = read(source)
    patch = Patch(1000, (0,), np.full((1, 160), 0.125, np.float32))
    target = folder / f"restored{suffix or source.suffix}"
    return target, write(clip.with_patches(patch), target)


def info(*fields: tuple[bytes, bytes]) -> bytes:
    """A LIST/INFO chunk of WAV."""
    return chunk(b"LIST", b"INFO" + b"".join(chunk(name, text + b"\0") for name, text in fields))


def body(whole: bytes) -> Chunk:
    """What `read_chunks` makes of a chunk of a WAV file."""
    return Chunk("RIFF", whole[:4], whole[8 : 8 + struct.unpack("<I", whole[4:8])[0]])


def id3_tag() -> bytes:
    tag, file = id3.ID3(), io.BytesIO()
    tag.add(id3.TIT2(encoding=3, text="Lied"))
    tag.add(id3.PRIV(owner="x", data=b"1234"))
    tag.save(file, padding=lambda _: 0)
    return file.getvalue()


FIELDS = [
    (b"INAM", b"Lied"),
    (b"IART", "Sänger".encode("latin-1")),
    (b"IENG", b"E. Engineer"),
    (b"ISRC", b"Archive"),
    (b"ISRF", b"disc 78"),
    (b"ITCH", b"T. Tech"),
    (b"IMED", b"shellac"),
    (b"IARL", b"Shelf 3"),
    (b"ISBJ", b"Dance"),
    (b"IKEY", b"polka; band"),
    (b"ICMS", b"Library"),
    (b"IDIT", b"2020-01-02"),
    (b"ISFT", b"Recorder 1.0"),
    (b"ICMT", b"x" * 20_000),
    (b"IZZZ", b"a field of one's own"),
]
CHNA = struct.pack("<HHH12s14s11sx", 1, 1, 1, b"ATU_00000001", b"AT_00010003_01", b"AP_00010003")
WAVE_CHUNKS = [
    info(*FIELDS),
    info((b"INAM", "Ländler".encode())),
    BEXT,
    chunk(b"chna", CHNA) + chunk(b"axml", b"<ebuCoreMain/>"),
    chunk(b"cue ", struct.pack("<IIIIIII", 1, 1, 99, 0x61746164, 0, 0, 99)),
    chunk(b"id3 ", id3_tag()),
    chunk(b"ID3 ", id3_tag()),
    b"".join(
        chunk(name, bytes([at]) * (20 + at)) for at, name in enumerate((b"acid", b"minf", b"regn", b"umid", b"levl"))
    ),
    chunk(b"link", b"<LINK/>") + chunk(b"aXML", b"<x/>") + chunk(b"ubxt", b"u" * 603) + chunk(b"MD5 ", b"\6" * 16),
    chunk(b"LIST", b"adtllabl\6\0\0\0\1\0\0\0A\0") + chunk(b"smpl", bytes(36)) + chunk(b"inst", bytes(7)),
]


@pytest.mark.parametrize("carried", WAVE_CHUNKS)
@pytest.mark.parametrize("form", ["RIFF", "RF64", "BW64"])
def test_chunks_of_a_wav_come_back_to_the_byte(tmp_path: Path, carried: bytes, form: str) -> None:
    sound = by_hand.pcm(SOUND)
    content = (
        by_hand.riff(carried, FORMAT, DATA) if form == "RIFF" else by_hand.rf64(sound, carried, form=form.encode())
    )
    target, _ = restored(tmp_path, "a.wav", content)
    kept = [one for one in read_chunks(target) if one.name != b"fmt "]
    assert kept == list(read_chunks(tmp_path / "a.wav"))
    assert len(kept) >= 1
    assert target.read_bytes()[:4] == form.encode()
    assert np.array_equal(read(target).samples[:, :1000], read(tmp_path / "a.wav").samples[:, :1000])


def test_chunks_that_describe_the_sound_before_its_repair_are_named(tmp_path: Path) -> None:
    content = by_hand.riff(FORMAT, chunk(b"levl", bytes(120)), chunk(b"MD5 ", bytes(16)), DATA)
    _, report = restored(tmp_path, "a.wav", content)
    assert any("levl and MD5" in note and "before it was restored" in note for note in report.notes)
    unchanged = write(read(tmp_path / "a.wav"), tmp_path / "b.wav")
    assert unchanged.notes == ()


def test_a_chunk_behind_an_odd_one_without_padding_is_found(tmp_path: Path) -> None:
    odd = by_hand.pcm(SOUND[:, :2399], 24)
    content = by_hand.riff(by_hand.wave_format(bits=24), chunk(b"data", odd, pad=False), BEXT)
    target, _ = restored(tmp_path, "a.wav", content)
    assert read_chunks(target) == (body(BEXT),)


@pytest.mark.parametrize(
    ("channels", "mask"), [(6, 0x60F), (2, 0xC), (4, 0x107), (3, 0x7), (1, 0x1), (8, 0x63F), (4, 0), (6, 0x3F)]
)
def test_the_channel_mask_of_a_wav_comes_back(tmp_path: Path, channels: int, mask: int) -> None:
    sound = chunk(b"data", by_hand.pcm(by_hand.music(seconds=0.3, channels=channels)))
    target, report = restored(tmp_path, "a.wav", by_hand.riff(by_hand.extensible_format(channels, mask), sound))
    assert [one.data for one in read_chunks(target)] == [by_hand.extensible_format(channels, mask)[8:]]
    assert report.notes == ()
    _, report = restored(tmp_path, "a.wav", (tmp_path / "a.wav").read_bytes(), ".aiff")
    assert any(f"(mask {mask:#x}) could not be kept in AIFF" in note for note in report.notes)
    target, report = restored(tmp_path, "a.wav", (tmp_path / "a.wav").read_bytes(), ".flac")
    assert tags_of(target).get("waveformatextensible_channel_mask") == ((f"0x{mask:04X}",) if mask else None)


@pytest.mark.parametrize("channels", [4, 3, 8])
def test_an_ambisonic_wav_stays_one(tmp_path: Path, channels: int) -> None:
    guid = struct.pack("<IHH", 1, 0x0721, 0x11D3) + bytes.fromhex("8644c8c1ca000000")
    head = by_hand.extensible_format(channels, 0, guid=guid)
    sound = chunk(b"data", by_hand.pcm(by_hand.music(seconds=0.3, channels=channels)))
    target, _ = restored(tmp_path, "a.wav", by_hand.riff(head, sound))
    assert read_chunks(target)[0].data[24:40] == guid
    write(read(target), tmp_path / "without tags.wav", tags={})
    assert read_chunks(tmp_path / "without tags.wav")[0].data[24:40] == guid


def test_fields_of_a_wav_are_tags_of_a_flac(tmp_path: Path) -> None:
    target, report = restored(tmp_path, "a.wav", by_hand.riff(info(*FIELDS), FORMAT, DATA), ".flac")
    tags = tags_of(target)
    assert (tags["title"], tags["artist"], tags["engineer"]) == (("Lied",), ("Sänger",), ("E. Engineer",))
    assert tags["izzz"] == ("a field of one's own",)
    assert len(tags["comment"][0]) == 20_000
    assert not any("chunk" in note for note in report.notes)


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".caf"])
def test_an_edited_text_changes_alone(tmp_path: Path, suffix: str) -> None:
    start = {
        ".wav": by_hand.riff(info(*FIELDS), FORMAT, DATA),
        ".aiff": by_hand.aiff(by_hand.pcm(SOUND, order=">"), 2400, *AIFF_TEXTS),
        ".caf": by_hand.caf(by_hand.pcm(SOUND), CAF_INFO),
    }[suffix]
    (tmp_path / f"a{suffix}").write_bytes(start)
    clip = read(tmp_path / f"a{suffix}")
    assert clip.source is not None
    write(clip, tmp_path / f"b{suffix}", tags=with_texts(clip.source.tags, {"title": "New", "comment": ""}))
    tags = tags_of(tmp_path / f"b{suffix}")
    assert tags["title"] == ("New",)
    assert "comment" not in tags
    expected = {name: text for name, text in clip.source.tags.items() if name not in ("title", "comment", "chunks")}
    assert {name: text for name, text in tags.items() if name not in ("title", "chunks")} == expected
    content = (tmp_path / f"b{suffix}").read_bytes()
    assert {".wav": "Sänger".encode("latin-1"), ".aiff": "© Y".encode(), ".caf": "Sänger".encode()}[suffix] in content


@pytest.mark.parametrize("suffix", [".flac", ".aiff", ".w64", ".caf", ".ogg", ".mp3", ".au"])
@pytest.mark.parametrize("carried", [BEXT, chunk(b"iXML", b"<BWFXML/>"), BEXT + chunk(b"cue ", bytes(28))])
def test_chunks_that_another_container_cannot_hold_are_named(tmp_path: Path, suffix: str, carried: bytes) -> None:
    sound = chunk(b"data", by_hand.pcm(by_hand.music(48000, 0.1)))
    content = by_hand.riff(by_hand.wave_format(rate=48000), carried, sound)
    _, report = restored(tmp_path, "a.wav", content, suffix)
    name = carried[:4].decode()
    assert any(name in note and "could not be kept" in note for note in report.notes)


def test_texts_that_a_container_cannot_hold_are_named(tmp_path: Path) -> None:
    for suffix in (".w64", ".au"):
        _, report = restored(tmp_path, "a.wav", by_hand.riff(info(*FIELDS[:2]), FORMAT, DATA), suffix)
        assert any("holds no tags, so title and artist" in note for note in report.notes)


AIFF_TEXTS = [
    chunk(b"NAME", "Ländler".encode("mac-roman"), order=">"),
    chunk(b"(c) ", "© Y".encode(), order=">"),
    chunk(b"ANNO", b"first one", order=">"),
    chunk(b"ANNO", b"second", order=">"),
]


@pytest.mark.parametrize(
    "carried",
    [
        AIFF_TEXTS,
        [chunk(b"MARK", b"\0\1\0\1\0\0\0\x63\3one", order=">"), chunk(b"COMT", bytes(2), order=">")],
        [chunk(b"ID3 ", id3_tag(), order=">"), *AIFF_TEXTS[:1]],
        [
            chunk(b"APPL", b"stocabc", order=">"),
            chunk(b"MIDI", b"\xf0\1\xf7", order=">"),
            chunk(b"AESD", bytes(24), order=">"),
        ],
    ],
)
def test_chunks_of_an_aiff_come_back_to_the_byte(tmp_path: Path, carried: list[bytes]) -> None:
    content = by_hand.aiff(by_hand.pcm(SOUND, order=">"), 2400, *carried)
    target, report = restored(tmp_path, "a.aiff", content)
    assert read_chunks(target) == read_chunks(tmp_path / "a.aiff")
    assert len(read_chunks(target)) == len(carried)
    assert report.notes == ()


CAF_INFO = by_hand.caf_chunk(b"info", struct.pack(">I", 3) + "title\0Lied\0artist\0Sänger\0comments\0so so\0".encode())


@pytest.mark.parametrize(
    ("channels", "carried"),
    [
        (6, [by_hand.caf_chunk(b"chan", struct.pack(">III", 121 << 16 | 6, 0, 0))]),
        (2, [by_hand.caf_chunk(b"chan", struct.pack(">III", 101 << 16 | 2, 0, 0)), CAF_INFO]),
        (1, [CAF_INFO, by_hand.caf_chunk(b"uuid", bytes(range(16)) + b"x" * 6000)]),
        (1, [by_hand.caf_chunk(b"strg", bytes(13)), by_hand.caf_chunk(b"mark", bytes(8))]),
    ],
)
def test_chunks_of_a_caf_come_back_to_the_byte(tmp_path: Path, channels: int, carried: list[bytes]) -> None:
    content = by_hand.caf(by_hand.pcm(by_hand.music(seconds=0.3, channels=channels)), *carried, channels=channels)
    target, report = restored(tmp_path, "a.caf", content)
    assert set(read_chunks(target)) == set(read_chunks(tmp_path / "a.caf"))
    assert len(read_chunks(target)) == len(carried)
    assert report.notes == ()
    assert soundfile.info(target).frames == 2400


def flac_with_blocks(path: Path) -> None:
    soundfile.write(path, SOUND.T, RATE)
    file = FLAC(path)
    file["TITLE"], file["Artist"] = "Lied", ["A", "B"]
    cue = b"1234567890123".ljust(128, b"\0") + struct.pack(">Q", 0) + bytes(259) + b"\2"
    cue += struct.pack(">QB", 0, 1) + bytes(26) + b"\1" + struct.pack(">QB", 0, 1) + bytes(3)
    cue += struct.pack(">QB", 2400, 255) + bytes(27)
    file.cuesheet = CueSheet(cue)
    file.metadata_blocks.append(file.cuesheet)
    for data in (b"test1234", b"riffRIFF"):
        block: Any = MetadataBlock(data)
        block.code = 2
        file.metadata_blocks.append(block)
    picture = Picture()
    picture.type, picture.mime, picture.data = 3, "image/png", b"\x89PNG"
    picture.width, picture.height, picture.depth, picture.colors = 10, 20, 24, 7
    file.add_picture(picture)
    file.save()


def blocks_of(path: Path) -> list[tuple[int, bytes]]:
    """The metadata blocks that do not describe the coding."""
    return sorted((block.code, block.write()) for block in FLAC(path).metadata_blocks if block.code not in (0, 1, 3, 4))


def test_the_blocks_of_a_flac_come_back_to_the_byte(tmp_path: Path) -> None:
    flac_with_blocks(tmp_path / "a.flac")
    target, report = restored(tmp_path, "a.flac", (tmp_path / "a.flac").read_bytes())
    assert blocks_of(target) == blocks_of(tmp_path / "a.flac")
    assert len(blocks_of(target)) == 4
    tags: Any = FLAC(target).tags
    assert list(tags) == [("TITLE", "Lied"), ("Artist", "A"), ("Artist", "B")]
    assert report.notes == ()
    _, report = restored(tmp_path, "a.flac", (tmp_path / "a.flac").read_bytes(), ".wav")
    assert any("CUESHEET" in note and "APPLICATION" in note for note in report.notes)


def test_an_ape_tag_of_an_mp3_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(by_hand.mp3(16000, 1.0))
    items = APEv2()
    items["Title"], items["REPLAYGAIN_TRACK_GAIN"] = "Lied", "-3.00 dB"
    items.save(path)
    target, _ = restored(tmp_path, "a.mp3", path.read_bytes())
    assert dict(APEv2(target)) == dict(APEv2(path))
    assert tags_of(target)["title"] == ("Lied",)
    write(read(path), tmp_path / "b.flac")
    assert tags_of(tmp_path / "b.flac")["replaygain_track_gain"] == ("-3.00 dB",)


def test_id3_frames_that_another_container_cannot_hold_are_named(tmp_path: Path) -> None:
    _, report = restored(tmp_path, "a.mp3", id3_tag() + by_hand.mp3(16000, 1.0), ".flac")
    assert any("PRIV could not be kept in FLAC" in note for note in report.notes)
    target, report = restored(tmp_path, "a.mp3", (tmp_path / "a.mp3").read_bytes(), ".wav")
    assert tags_of(target)["id3"]
    assert not any("PRIV" in note for note in report.notes)


NAMES = st.text("abcxyz", min_size=4, max_size=4).map(str.encode)
PLACES = [
    (".wav", "PCM_16"),
    (".wav", "FLOAT"),
    (".rf64", "PCM_24"),
    (".aiff", "PCM_16"),
    (".caf", "PCM_24"),
    (".flac", "PCM_16"),
]


@pytest.mark.parametrize(("suffix", "subtype"), PLACES)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_chunks_tags_and_samples_outside_the_gap_are_those_of_the_source(
    tmp_path: Path, suffix: str, subtype: str, data: st.DataObject
) -> None:
    from aidd_studio.audio.files.chunks import FAMILY, append_chunks

    channels = data.draw(st.sampled_from([1, 2, 5]))
    title = data.draw(st.text("aZ ä漢é\u2028-=", min_size=1).map(str.strip).filter(bool))
    source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    container = "RF64" if suffix == ".rf64" else None
    soundfile.write(source, by_hand.music(seconds=0.2, channels=channels).T, RATE, subtype, format=container)
    if suffix == ".flac":
        file = FLAC(source)
        file["Title"] = title
        file.save()
    else:
        made = data.draw(st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=4, unique_by=lambda one: one[0]))
        family = FAMILY[read(source).source.container]  # type: ignore[union-attr]
        append_chunks(source, tuple(Chunk(family, name, content) for name, content in made))
    start = data.draw(st.integers(0, 1400))
    clip = read(source)
    patch = Patch(start, (0,), np.full((1, 100), 0.25, np.float32))
    write(clip.with_patches(patch), target, overwrite=True)
    after = read(target)
    assert set(read_chunks(target)) == set(read_chunks(source))
    before_tags, after_tags = (dict(one.source.tags) for one in (clip, after))  # type: ignore[union-attr]
    before_tags.pop("chunks", None), after_tags.pop("chunks", None)
    assert after_tags == before_tags
    touched = np.zeros(clip.base.shape, bool)
    touched[0, start : start + 100] = True
    assert np.array_equal(after.samples[~touched], clip.samples[~touched])
    assert (after.rate, after.source.subtype) == (clip.rate, subtype)  # type: ignore[union-attr]
