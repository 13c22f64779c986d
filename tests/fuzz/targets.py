"""What is fuzzed: each target takes any bytes and must end well or in the one error it promises."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aidd_studio.errors import AiddError, DamageError, FileReadError, LabelError, ModelError, ProjectError, UsageError

if TYPE_CHECKING:
    from aidd_studio.audio.clip import Clip

FOLDER = Path(tempfile.mkdtemp(prefix="aidd-fuzz-"))
RATE = 8000


@dataclass(frozen=True)
class Target:
    """A function of bytes, the errors it may end in, inputs to start from, and the modules whose paths are watched."""

    run: Callable[[bytes], None]
    promised: tuple[type[AiddError], ...]
    seeds: Callable[[], Iterator[bytes]]
    watched: tuple[str, ...]
    longest: int = 4096


def labels(data: bytes) -> None:
    """The first byte chooses the suffix, the rest is the file."""
    from aidd_studio.damage.labels import read_labels

    path = FOLDER / ("gaps" + (".txt", ".csv", ".json", ".lab")[data[0] % 4 if data else 0])
    path.write_bytes(data[1:])
    for gap in read_labels(path, 44100):
        assert 0 <= gap.start < gap.end


def timecode(data: bytes) -> None:
    """Text as it comes from a command line, as a time and as a span."""
    from aidd_studio.damage.timecode import format_time, parse_span, parse_time

    text = data.decode("utf-8", "surrogateescape")
    try:
        frame = parse_time(text, 44100)
    except UsageError:
        start, end = parse_span(text, 44100)
        assert 0 <= start < end
        return
    assert frame >= 0
    assert parse_time(format_time(frame, 44100, "samples"), 44100) == frame or frame >= 10**38


def projects(data: bytes) -> None:
    """A whole archive (Z), the description in a sound archive (J), or a fill in a sound archive (F)."""
    from aidd_studio.restoration.session.project import load_project

    path = FOLDER / "work.aidd"
    path.write_bytes(_archive(data[:1], data[1:]))
    project = load_project(path)
    project.session(_recording())


def recordings(data: bytes) -> None:
    """Header, sound in blocks, sound as a whole, tags."""
    from aidd_studio.audio.files.reading import blocks, probe, read

    path = FOLDER / "take.bin"
    path.write_bytes(data)
    info = probe(path)
    if info.frames * info.channels > 1 << 24:  # a long silence is legal in a short file; it only costs time here
        next(blocks(path, 4096))
        return
    whole = sum(block.shape[1] for block in blocks(path, 4096))
    clip = read(path)
    assert clip.samples.dtype == np.float32
    assert clip.frames == whole


def models(data: bytes) -> None:
    """The registry (first byte even) or a record beside weights (odd)."""
    from aidd_studio.weights.registry import read_registry
    from aidd_studio.weights.store import record_from_json

    if data and data[0] % 2:
        try:
            record_from_json(json.loads(data[1:]))
        except (ValueError, TypeError, KeyError):
            return
        return
    path = FOLDER / "models.toml"
    path.write_bytes(data[1:])
    read_registry(path)


def _label_seeds() -> Iterator[bytes]:
    yield b"\x001.0\t1.5\tsilence 0.9 channel 1+2\n\\\t100\t2000\n2\t3\tx\n"
    yield b"\x01start,end,channels,kind,confidence\n1.0,1.5,1 2,manual,0.5\n2,3,all,,\n"
    yield b'\x01start;end\n"1.0";1e0\n'
    yield b'\x02{"rate": 44100, "gaps": [{"start": 1, "end": 1.2, "channels": [1], "kind": "manual", "confidence": 1}]}'
    yield b'\x02[{"start_frame": 10, "end_frame": 20}]'


def _time_seeds() -> Iterator[bytes]:
    for text in ("12.5", "1:02.500", "1:02:03.5", "551250s", "12.5:12.8", "1:02.5:1:02.8", "59.5-1:02", ".5:1."):
        yield text.encode()


def _project_seeds() -> Iterator[bytes]:
    yield b"Z" + _sound_archive()
    with zipfile.ZipFile(io.BytesIO(_sound_archive())) as archive:
        yield b"J" + json.dumps(json.loads(archive.read("project.json"))).encode()
        yield b"F" + next(archive.read(name) for name in archive.namelist() if name.startswith("fills/"))


def _recording_seeds() -> Iterator[bytes]:
    import soundfile

    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (400, 2))
    kinds = [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "MS_ADPCM"), ("WAVEX", "PCM_24"), ("RF64", "PCM_32")]
    kinds += [("W64", "PCM_16"), ("AIFF", "PCM_24"), ("CAF", "ALAC_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24")]
    kinds += [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("AU", "ULAW")]
    for container, subtype in kinds:
        buffer = io.BytesIO()
        soundfile.write(buffer, sound, RATE, format=container, subtype=subtype)
        yield buffer.getvalue()
        tagged = _tagged(buffer.getvalue(), container)
        if tagged is not None:
            yield tagged


def _tagged(content: bytes, container: str) -> bytes | None:
    from aidd_studio.audio.files.tags import Picture, write_tags

    if container not in ("WAV", "AIFF", "FLAC", "OGG", "MP3"):
        return None
    path = FOLDER / "seed.bin"
    path.write_bytes(content)
    tags = {"title": ("A",), "comment": ("b", "c"), "own": ("d",), "pictures": (Picture(b"\xff\xd8\xff", kind=3),)}
    write_tags(path, container, "", tags)
    return path.read_bytes()


def _model_seeds() -> Iterator[bytes]:
    from aidd_studio import paths

    text = paths.registry_file().read_text(encoding="utf-8")
    for entry in text.split("[[model]]")[1:]:
        yield b"\0" + f"schema = 1\n[[model]]{entry}".encode()
    record = {"schema": 1, "name": "a", "kind": "score", "title": "A", "version": "1", "licence": "MIT", "source": "x"}
    record |= {"origins": [{"name": "f", "sha256": "0" * 64, "size": 1, "url": ""}], "config": {}, "details": {}}
    yield b"\1" + json.dumps(record).encode()


def _recording() -> Clip:
    from aidd_studio.audio.clip import Clip

    return Clip(np.random.default_rng(0).uniform(-0.5, 0.5, (1, 4000)).astype(np.float32), RATE)


_kept: list[bytes] = []


def _sound_archive() -> bytes:
    from aidd_studio.audio.clip import Patch
    from aidd_studio.damage.damage import Damage
    from aidd_studio.restoration.candidate import Candidate
    from aidd_studio.restoration.session.project import save_project
    from aidd_studio.restoration.session.session import Session
    from aidd_studio.restoration.splice import on_grid

    if not _kept:
        session = Session(_recording())
        (number,) = session.add_gaps([Damage(1000, 1040)])
        samples = on_grid(np.random.default_rng(2).normal(0, 0.1, (1, 60)))
        candidate = Candidate(Damage(1000, 1040), Patch(990, (0,), samples), "sparse", 1, 0.0)
        session.offer(number, candidate)
        session.accept(number, candidate.digest)
        path = FOLDER / "seed.aidd"
        save_project(session, path)
        _kept.append(path.read_bytes())
    return _kept[0]


def _archive(mode: bytes, content: bytes) -> bytes:
    if mode not in (b"J", b"F"):
        return content
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_sound_archive())) as sound, zipfile.ZipFile(buffer, "w") as archive:
        for name in sound.namelist():
            replaced = (name == "project.json") == (mode == b"J")
            archive.writestr(name, content if replaced else sound.read(name))
    return buffer.getvalue()


TARGETS: dict[str, Target] = {
    "labels": Target(labels, (LabelError,), _label_seeds, ("csv", "json", "aidd_studio.damage.labels")),
    "timecode": Target(timecode, (UsageError, DamageError), _time_seeds, ("aidd_studio.damage.timecode",), 64),
    "projects": Target(
        projects,
        (ProjectError,),
        _project_seeds,
        ("zipfile", "json", "aidd_studio.restoration.session.project", "aidd_studio.restoration.session.plain_data"),
    ),
    "recordings": Target(
        recordings,
        (FileReadError,),
        _recording_seeds,
        ("aidd_studio.audio.files.reading", "aidd_studio.audio.files.tags"),
        8192,
    ),
    "models": Target(models, (ModelError, UsageError), _model_seeds, ("tomllib", "json", "aidd_studio.weights.store")),
}
