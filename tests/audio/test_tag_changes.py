"""Texts of tags are changed in every format, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen import id3
from mutagen.mp3 import MP3

from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.tag_changes import text_of, with_texts
from aidd_studio.audio.files.writing import write
from tests.audio.tags_of import tags_of


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.mp3"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal((9600, 2)), 48000)
    file = MP3(path)
    if file.tags is None:
        file.add_tags()
    assert file.tags is not None
    file.tags.add(id3.TIT2(encoding=3, text="Old"))
    file.tags.add(id3.TPE1(encoding=3, text=["One", "Two"]))
    file.tags.add(id3.COMM(encoding=3, lang="eng", desc="", text="rubbish"))
    file.tags.add(id3.UFID(owner="http://musicbrainz.org", data=b"1234"))
    file.save()
    return path


@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".aiff", ".flac", ".ogg"])
def test_changed_texts_are_written_and_emptied_ones_are_gone(song: Path, tmp_path: Path, suffix: str) -> None:
    clip = read(song)
    assert clip.source is not None
    tags = with_texts(clip.source.tags, {"title": " New ", "comment": "", "artist": "One; Two", "album": ""})
    write(clip, tmp_path / f"b{suffix}", tags=tags)
    written = tags_of(tmp_path / f"b{suffix}")
    assert written["title"] == ("New",)
    assert text_of(written, "artist") == "One; Two"
    assert "comment" not in written
    assert "album" not in written


def test_frames_that_are_no_texts_stay(song: Path, tmp_path: Path) -> None:
    clip = read(song)
    assert clip.source is not None
    write(clip, tmp_path / "b.mp3", tags=with_texts(clip.source.tags, {"title": "New"}))
    tags = MP3(tmp_path / "b.mp3").tags
    assert tags is not None
    assert tags["UFID:http://musicbrainz.org"].data == b"1234"
    assert tags["TPE1"].text == ["One", "Two"], "an unchanged tag keeps all its values"
    assert [str(frame) for frame in tags.getall("TIT2")] == ["New"]


def test_no_tags_at_all_are_written_where_none_are_wanted(song: Path, tmp_path: Path) -> None:
    write(read(song), tmp_path / "b.wav", tags={})
    assert tags_of(tmp_path / "b.wav") == {}
