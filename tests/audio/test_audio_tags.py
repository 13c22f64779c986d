"""Tags survive, within a family of formats and between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile
from mutagen import id3
from mutagen.aiff import AIFF
from mutagen.flac import FLAC
from mutagen.flac import Picture as FlacPicture
from mutagen.mp3 import MP3
from mutagen.wave import WAVE

from aidd_studio.audio.files.chunks import read_chunks
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.tags import read_tags
from aidd_studio.audio.files.writing import write
from tests.audio.tags_of import tags_of

PICTURE = bytes(range(256)) * 40
FORMATS = [".flac", ".ogg", ".opus", ".mp3", ".wav", ".aiff"]
TEXTS = {"title": "Träumerei", "artist": "Schumann", "album": "Kinderszenen", "composer": "R. S.", "mood": "calm"}


def recording(path: Path, **more: Any) -> Path:
    kind: dict[str, Any] = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal((9600, 2)), 48000, **kind, **more)
    return path


def tagged(path: Path) -> Path:
    recording(path)
    if path.suffix in (".flac", ".ogg", ".opus"):
        file: Any = mutagen.File(path)
        for name, text in TEXTS.items():
            file[name] = text
        picture = FlacPicture()
        picture.data, picture.mime, picture.type, picture.desc = PICTURE, "image/png", 3, "cover"
        if path.suffix == ".flac":
            file.add_picture(picture)
        else:
            import base64

            file["metadata_block_picture"] = base64.b64encode(picture.write()).decode()
        file.save()
        return path
    file = {".mp3": MP3, ".wav": WAVE, ".aiff": AIFF}[path.suffix](path)
    if file.tags is None:
        file.add_tags()
    file.tags.add(id3.TIT2(encoding=3, text=TEXTS["title"]))
    file.tags.add(id3.TPE1(encoding=3, text=TEXTS["artist"]))
    file.tags.add(id3.TALB(encoding=3, text=TEXTS["album"]))
    file.tags.add(id3.TCOM(encoding=3, text=TEXTS["composer"]))
    file.tags.add(id3.TXXX(encoding=3, desc="mood", text=TEXTS["mood"]))
    file.tags.add(id3.APIC(encoding=3, mime="image/png", type=3, desc="cover", data=PICTURE))
    file.save()
    return path


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_texts_and_pictures_go_from_every_format_to_every_other(tmp_path: Path, source: str, target: str) -> None:
    path = tagged(tmp_path / f"a{source}")
    clip = read(path)
    write(clip, tmp_path / f"b{target}")
    tags = tags_of(tmp_path / f"b{target}")
    assert {name: "; ".join(tags.get(name, ())) for name in TEXTS} == TEXTS
    assert [(picture.data, picture.mime, picture.kind) for picture in tags["pictures"]] == [(PICTURE, "image/png", 3)]
    assert read(tmp_path / f"b{target}").frames == clip.frames


def test_frames_without_a_common_name_survive_between_mp3_files(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.mp3")
    file: Any = MP3(path)
    if file.tags is None:
        file.add_tags()
    file.tags.add(id3.UFID(owner="http://musicbrainz.org", data=b"1234"))
    file.save()
    write(read(path), tmp_path / "b.mp3")
    tags = MP3(tmp_path / "b.mp3").tags
    assert tags is not None and tags["UFID:http://musicbrainz.org"].data == b"1234"


@pytest.mark.parametrize("suffix", [".wav", ".rf64", ".aiff", ".caf"])
def test_the_strings_of_the_container_survive(tmp_path: Path, suffix: str) -> None:
    with soundfile.SoundFile(tmp_path / f"a{suffix}", "w", 44100, 1) as file:
        file.title, file.artist, file.comment = "Title", "Artist", "Comment"
        file.write(np.zeros(100))
    write(read(tmp_path / f"a{suffix}"), tmp_path / f"b{suffix}")
    with soundfile.SoundFile(tmp_path / f"b{suffix}") as file:
        assert (file.title, file.artist) == ("Title", "Artist")


@pytest.mark.parametrize(("suffix", "target"), [(".wav", ".wav"), (".wav", ".rf64"), (".rf64", ".wav")])
def test_broadcast_data_and_cue_points_survive_in_wav(tmp_path: Path, suffix: str, target: str) -> None:
    path = recording(tmp_path / f"a{suffix}")
    bext = b"Reel 7".ljust(602, b"\0") + b"A=PCM,F=48000"
    cue = (1).to_bytes(4, "little") + bytes(4) + (99).to_bytes(4, "little") + b"data" + bytes(8) + bytes(4)
    content = path.read_bytes()
    added = b"".join(
        name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
        for name, data in ((b"bext", bext), (b"cue ", cue))
    )
    size = len(content) + len(added) - 8
    if suffix == ".rf64":
        content = content[:20] + size.to_bytes(8, "little") + content[28:]
    else:
        content = content[:4] + size.to_bytes(4, "little") + content[8:]
    path.write_bytes(content + added)
    write(read(path), tmp_path / f"b{target}")
    found = {chunk.name: chunk.data for chunk in read_chunks(tmp_path / f"b{target}") if chunk.name != b"fmt "}
    assert found == {b"bext": bext, b"cue ": cue}
    assert np.array_equal(read(path).samples, read(tmp_path / f"b{target}").samples)
    assert f"bext : {len(bext)}" in soundfile.SoundFile(tmp_path / f"b{target}").extra_info


def test_markers_survive_in_aiff(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.aiff")
    mark = (1).to_bytes(2, "big") + (1).to_bytes(2, "big") + (99).to_bytes(4, "big") + b"\x03one"
    content = path.read_bytes() + b"MARK" + len(mark).to_bytes(4, "big") + mark
    path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "big") + content[8:])
    write(read(path), tmp_path / "b.aiff")
    assert [(chunk.name, chunk.data) for chunk in read_chunks(tmp_path / "b.aiff")] == [(b"MARK", mark)]
    assert np.array_equal(read(path).samples, read(tmp_path / "b.aiff").samples)


def test_damaged_tags_do_not_stop_the_sound(tmp_path: Path) -> None:
    path = tagged(tmp_path / "a.mp3")
    content = bytearray(path.read_bytes())
    content[6:10] = b"\x7f\x7f\x7f\x7f"  # an ID3 size beyond the end
    content[20:60] = bytes(range(100, 140))
    path.write_bytes(content)
    assert isinstance(read_tags(path, "MP3"), dict)


def test_several_values_of_one_tag_survive(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.flac")
    file = FLAC(path)
    file["artist"] = ["Clara", "Robert"]
    file.save()
    write(read(path), tmp_path / "b.ogg")
    assert tags_of(tmp_path / "b.ogg")["artist"] == ("Clara", "Robert")
