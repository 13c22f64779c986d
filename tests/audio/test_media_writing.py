"""Restored sound goes back into M4A, MP4, MOV and MKV files; pictures and all else in them are copied to the byte."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aidd_studio.audio.clip import Patch
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.writing import WriteReport, check_target, write
from aidd_studio.errors import Cancelled, FileWriteError
from aidd_studio.progress import Progress
from tests.audio.test_media import NEEDS_AV, media

av = pytest.importorskip("av", reason=NEEDS_AV)
START, LENGTH = 30_000, 960


def restored(source: Path) -> tuple[Path, WriteReport]:
    """The file after a repair of 20 ms in the first channel, and what its writing said."""
    patch = Patch(START, (0,), np.full((1, LENGTH), 0.125, np.float32))
    target = source.with_name(f"restored{source.suffix}")
    return target, write(read(source).with_patches(patch), target)


def packets(path: Path) -> dict[str, list[tuple[bytes, Any, Any]]]:
    """Bytes and times in seconds of all packets that are no sound of the first track, by the track's number."""
    found: dict[str, list[tuple[bytes, Any, Any]]] = {}
    with av.open(str(path)) as container:
        first = container.streams.audio[0].index
        for packet in container.demux():
            if packet.size and packet.stream.index != first:
                times = (time and time * packet.time_base for time in (packet.pts, packet.dts))
                context = packet.stream.codec_context
                name = f"{packet.stream.type} {context.name if context else ''}"
                found.setdefault(name, []).append((bytes(packet), *times))
    return found


def assert_only_the_gap_changed(source: Path, target: Path, tolerance: float) -> None:
    before, after = read(source), read(target)
    assert (after.rate, after.channels, after.frames) == (before.rate, before.channels, before.frames)
    outside = np.ones(before.base.shape, bool)
    outside[0, START : START + LENGTH] = False
    assert float(np.abs(after.samples - before.samples)[outside].max()) <= tolerance
    assert float(np.abs(after.samples[0, START : START + LENGTH] - 0.125).max()) < 1e-4


@pytest.mark.parametrize(
    ("name", "codec", "subtype", "is_lossless"),
    [
        ("a.mp4", "alac", "ALAC_24", True),
        ("a.mov", "pcm_s16le", "PCM_16", True),
        ("a.mov", "pcm_s24be", "PCM_24", True),
        ("a.mov", "alac", "ALAC_24", True),
        ("a.mkv", "flac", "PCM_16", True),
        ("a.mkv", "pcm_f32le", "FLOAT", True),
        ("a.mp4", "aac", "ALAC_24", False),
        ("a.mkv", "aac", "PCM_24", False),
        ("a.mkv", "ac3", "PCM_24", False),
    ],
)
def test_the_pictures_of_a_video_are_copied_and_its_sound_is_restored(
    tmp_path: Path, name: str, codec: str, subtype: str, is_lossless: bool
) -> None:
    source = media(tmp_path / name, codec, picture=True)
    target, report = restored(source)
    assert report.subtype == subtype
    assert packets(target) == packets(source)
    assert len(packets(target)["video mpeg4"]) == 50
    assert_only_the_gap_changed(source, target, 0 if is_lossless else 2.0**-22)
    assert bool(report.notes) != is_lossless


@pytest.mark.parametrize(("codec", "is_lossless"), [("alac", True), ("aac", False)])
def test_an_m4a_keeps_its_tags_and_its_cover(tmp_path: Path, codec: str, is_lossless: bool) -> None:
    from mutagen.mp4 import MP4, MP4Cover

    source = media(tmp_path / "a.m4a", codec)
    file: Any = MP4(source)
    file["\xa9nam"], file["trkn"], file["cpil"] = "Ländler", [(3, 9)], True
    file["----:com.apple.iTunes:MOOD"] = [b"calm"]
    file["covr"] = [MP4Cover(b"\x89PNG\r\n\x1a\n" + bytes(50), MP4Cover.FORMAT_PNG)]
    file.save()
    target, report = restored(source)
    assert dict(MP4(target).tags or {}) == dict(MP4(source).tags or {})
    assert_only_the_gap_changed(source, target, 0 if is_lossless else 2.0**-22)
    assert not any("could not be kept" in note for note in report.notes)


def two_tracks(path: Path, late: float) -> Path:
    """A video whose sound begins late, with a second sound track and a title."""
    first, second = media(path.with_name("1.mkv"), "flac", picture=True), media(path.with_name("2.mkv"), "pcm_s16le")
    with av.open(str(first)) as one, av.open(str(second)) as other, av.open(str(path), "w") as new:
        new.metadata["title"] = "Hochzeit"
        pairs = {stream: new.add_stream_from_template(stream) for stream in (*one.streams, *other.streams)}
        for container in (one, other):
            for packet in container.demux():
                if packet.dts is None:
                    continue
                if packet.stream.type == "audio":
                    packet.pts += round(late / packet.time_base)
                    packet.dts += round(late / packet.time_base)
                packet.stream = pairs[packet.stream]
                new.mux(packet)
    return path


@pytest.mark.parametrize("late", [0.0, 0.5, 1.25])
def test_other_tracks_and_the_time_at_which_the_sound_begins_stay(tmp_path: Path, late: float) -> None:
    source = two_tracks(tmp_path / "a.mkv", late)
    target, report = restored(source)
    assert packets(target) == packets(source)
    assert set(packets(target)) == {"video mpeg4", "audio pcm_s16le"}
    assert_only_the_gap_changed(source, target, 0)
    with av.open(str(target)) as container:
        sound = container.streams.audio[0]
        assert float(next(container.decode(sound)).time) == pytest.approx(late, abs=0.002)
        assert container.metadata["title"] == "Hochzeit"
    assert report.notes == ()


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_pictures_that_are_not_stored_in_the_order_of_their_times_keep_both(tmp_path: Path, suffix: str) -> None:
    """H.264 with pictures that draw on later ones; the video is the first track, and has chapters."""
    sound, source = media(tmp_path / "s.mka", "aac"), tmp_path / f"a{suffix}"
    with av.open(str(sound)) as old, av.open(str(source), "w") as new:
        pictures = new.add_stream("libx264", rate=25, options={"bf": "3", "threads": "1"})
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        copy = new.add_stream_from_template(old.streams.audio[0])
        new.set_chapters(
            [{"id": 1, "start": 0, "end": 900, "time_base": Fraction(1, 1000), "metadata": {"title": "I"}}]
        )
        ramp = np.arange(64 * 64 * 3).reshape(64, 64, 3) // 50
        frames = [av.VideoFrame.from_ndarray(np.roll(ramp, at, 1).astype(np.uint8), format="rgb24") for at in range(50)]
        for packet in [packet for frame in [*frames, None] for packet in pictures.encode(frame)]:
            new.mux(packet)
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)
    target, report = restored(source)
    assert packets(target) == packets(source)
    assert len(packets(target)["video h264"]) == 50
    assert_only_the_gap_changed(source, target, 2.0**-22)
    with av.open(str(source)) as one, av.open(str(target)) as other:
        assert [stream.type for stream in other.streams] == [stream.type for stream in one.streams]
        assert other.chapters() == one.chapters()
        assert len(other.chapters()) == 1
    assert len(report.notes) == 1


def test_subtitles_are_copied(tmp_path: Path) -> None:
    (tmp_path / "1.srt").write_text(
        "1\n00:00:00,100 --> 00:00:00,900\nJa.\n\n2\n00:00:01,000 --> 00:00:01,500\nNein.\n"
    )
    plain, source = media(tmp_path / "1.mkv", "flac", picture=True), tmp_path / "a.mkv"
    with av.open(str(plain)) as old, av.open(str(tmp_path / "1.srt")) as text, av.open(str(source), "w") as new:
        pairs = {stream: new.add_stream_from_template(stream) for stream in (*old.streams, *text.streams)}
        for packet in (packet for one in (text, old) for packet in one.demux()):
            if packet.dts is not None:
                packet.stream = pairs[packet.stream]
                new.mux(packet)
    target, report = restored(source)
    assert packets(target) == packets(source)
    assert [len(found) for track, found in packets(target).items() if track.startswith("subtitle")] == [2]
    assert report.notes == ()


@pytest.mark.parametrize("codec", ["alac", "aac", "ac3"])
def test_a_track_of_data_that_cannot_be_copied_is_named(tmp_path: Path, codec: str) -> None:
    plain, source = media(tmp_path / "1.mp4", codec, picture=True), tmp_path / "a.mp4"
    with av.open(str(plain)) as old, av.open(str(source), "w") as new:
        pairs = {stream: new.add_stream_from_template(stream) for stream in old.streams}
        data = new.add_data_stream("bin_data")
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = pairs[packet.stream]
                new.mux(packet)
        note = av.Packet(b"\0\4data")
        note.stream, note.pts, note.dts, note.duration, note.time_base = data, 0, 0, 1, Fraction(1, 1000)
        new.mux(note)
    with av.open(str(source)) as made:
        assert len(made.streams.data) == 1
    target, report = restored(source)
    assert packets(target)["video mpeg4"] == packets(source)["video mpeg4"]
    assert any(note.startswith("Tracks of data") for note in report.notes)


def test_fonts_in_a_matroska_file_are_kept(tmp_path: Path) -> None:
    plain, source = media(tmp_path / "1.mkv", "flac", picture=True), tmp_path / "a.mkv"
    with av.open(str(plain)) as old, av.open(str(source), "w") as new:
        pairs = {stream: new.add_stream_from_template(stream) for stream in old.streams}
        new.add_attachment("font.ttf", "application/x-truetype-font", b"letters")
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = pairs[packet.stream]
                new.mux(packet)
    target, report = restored(source)
    with av.open(str(target)) as container:
        kept = [(one.name, one.mimetype, bytes(one.data)) for one in container.streams if one.type == "attachment"]
    assert kept == [("font.ttf", "application/x-truetype-font", b"letters")]
    assert report.notes == ()


@pytest.mark.parametrize("name", ["a.m4a", "a.mp4", "a.mov", "a.mkv"])
def test_such_a_file_is_made_only_of_one_of_its_kind(tmp_path: Path, name: str) -> None:
    source = media(tmp_path / "a.mka", "flac")
    with pytest.raises(FileWriteError, match=r"is written only where the source is one; choose one of \.wav"):
        check_target(tmp_path / name, source)
    with pytest.raises(FileWriteError, match="is written only where the source is one"):
        write(read(source), tmp_path / name)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("name", ["a.m4a", "a.mov", "a.mkv"])
def test_without_pyav_a_sentence_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    source = media(tmp_path / name, "aac")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FileWriteError, match=r"needs the media extra: pip install"):
        check_target(tmp_path / f"b{source.suffix}", source)


@pytest.mark.parametrize("name", ["a.m4a", "a.mp4", "a.mkv"])
def test_a_cancelled_writing_leaves_nothing(tmp_path: Path, name: str) -> None:
    source = media(tmp_path / name, "aac", picture=not name.endswith("m4a"))
    clip, progress = read(source), Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        write(clip, tmp_path / f"b{source.suffix}", progress=progress)
    assert list(tmp_path.iterdir()) == [source]


def test_a_source_that_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    source = media(tmp_path / "a.m4a", "aac")
    clip = read(source)
    source.write_bytes(source.read_bytes() + b"\0\0\0\x08free")
    with pytest.raises(FileWriteError, match="changed or removed since it was read"):
        write(clip, tmp_path / "b.m4a")
    assert list(tmp_path.iterdir()) == [source]
