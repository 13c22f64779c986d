"""Disks fill up, folders are locked, files are forged, programs run twice: one sentence is said and no work is lost."""

from __future__ import annotations

import json
import os
import resource
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip, Patch, Source
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.writing import write
from aidd_studio.damage.damage import Damage
from aidd_studio.errors import AiddError, FileReadError, FileWriteError, ProjectChanged, ProjectError
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.journal import EditJournal, discard, leftovers, recover
from aidd_studio.restoration.session.project import load_project, save_project
from aidd_studio.restoration.session.session import Session
from aidd_studio.restoration.splice import on_grid

FRAMES, RATE = 8000, 8000
NOBODY = 65534


def make_session(seed: int = 1, source: Path | None = None) -> Session:
    """One gap with one accepted fill, whose samples are large enough not to fit on a full disk."""
    rng = np.random.default_rng(0)
    known = None if source is None else Source(source, "WAV", "FLOAT")
    session = Session(Clip(rng.uniform(-0.5, 0.5, (1, FRAMES)).astype(np.float32), RATE, known))
    (number,) = session.add_gaps([Damage(1000, 5000)])
    samples = on_grid(np.random.default_rng(seed).normal(0, 0.2, (1, 4020)))
    candidate = Candidate(Damage(1000, 5000), Patch(990, (0,), samples), "sparse", seed, 0.0)
    session.offer(number, candidate)
    session.accept(number, candidate.digest)
    return session


def is_one_sentence(error: pytest.ExceptionInfo[AiddError]) -> bool:
    text = str(error.value)
    return text.endswith(".") and "\n" not in text and len(text) < 400


@contextmanager
def full_disk() -> Iterator[None]:
    """No file grows beyond a few kilobytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, which may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_full_disk_keeps_the_project_that_was_saved_before(tmp_path: Path) -> None:
    path = tmp_path / "work.aidd"
    save_project(make_session(1), path)
    before = path.read_bytes()
    with full_disk(), pytest.raises(FileWriteError, match="disk is full") as error:
        save_project(make_session(2), path, replace=True)
    assert is_one_sentence(error)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["work.aidd"]


def test_a_full_disk_keeps_the_journal_of_the_edits_before(tmp_path: Path) -> None:
    session = make_session()
    journal = EditJournal(session.clip, tmp_path)
    journal.save(session.history)
    samples = on_grid(np.random.default_rng(5).normal(0, 0.2, (1, 4020)))
    session.offer(1, Candidate(Damage(1000, 5000), Patch(990, (0,), samples), "sparse", 5, 0.0))
    with full_disk(), pytest.raises(ProjectError, match="disk is full"):
        journal.save(session.history)
    found = recover(journal.folder).session(session.clip)
    assert [entry.state for entry in found.state.entries] == ["accepted"]
    journal.save(session.history)
    assert len(recover(journal.folder).session(session.clip).state.entries[0].candidates) == 2
    journal.discard()


def test_a_project_is_not_written_into_a_folder_without_permission() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(FileWriteError, match="no permission") as error:
            save_project(make_session(), folder / "work.aidd")
        assert is_one_sentence(error)
        assert list(folder.iterdir()) == []
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_recording_that_is_gone_is_named_and_the_project_waits_for_it(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    session = make_session(source=take)
    write(make_session().clip, take, container="WAV", subtype="FLOAT")
    path = tmp_path / "work.aidd"
    save_project(session, path)
    content = take.read_bytes()
    take.unlink()
    project = load_project(path)
    with pytest.raises(FileReadError, match=r"take\.wav does not exist"):
        read(project.source.path)
    take.write_bytes(content)
    reopened = project.session(read(project.source.path))
    np.testing.assert_array_equal(reopened.restored().samples, session.restored().samples)


def test_a_recording_that_is_deleted_while_it_is_open_is_still_restored_and_written(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    write(make_session().clip, take, container="WAV", subtype="PCM_16")
    session = Session(read(take))
    take.unlink()
    (number,) = session.add_gaps([Damage(1000, 1200)])
    candidate = Candidate(Damage(1000, 1200), Patch(1000, (0,), on_grid(np.full((1, 200), 0.25))), "sparse", 1, 0.0)
    session.offer(number, candidate)
    session.accept(number, candidate.digest)
    write(session.restored(), tmp_path / "restored.wav")
    restored = read(tmp_path / "restored.wav").samples
    np.testing.assert_array_equal(restored[:, 1200:], session.clip.samples[:, 1200:])
    np.testing.assert_allclose(restored[:, 1000:1200], 0.25, atol=2 / 32768)


def test_two_programs_on_one_recording_keep_journals_of_their_own(tmp_path: Path) -> None:
    first, second = make_session(1), make_session(2)
    journals = [EditJournal(session.clip, tmp_path) for session in (first, second)]
    for journal, session in zip(journals, (first, second), strict=True):
        journal.save(session.history)
    assert leftovers(tmp_path) == []
    journals[0].discard()
    found = recover(journals[1].folder).session(second.clip)
    np.testing.assert_array_equal(found.restored().samples, second.restored().samples)
    journals[1].discard()


def test_two_programs_that_save_one_project_leave_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "work.aidd"
    sessions = [make_session(1), make_session(2)]
    save_project(sessions[0], path)

    def save_often(session: Session) -> None:
        for _ in range(10):
            save_project(session, path, replace=True)

    writers = [threading.Thread(target=save_often, args=(session,)) for session in sessions]
    for writer in writers:
        writer.start()
    whole = [session.restored().samples for session in sessions]
    read_meanwhile = 0
    while any(writer.is_alive() for writer in writers) or read_meanwhile == 0:
        found = load_project(path).session(sessions[0].clip).restored().samples
        assert any(np.array_equal(found, samples) for samples in whole)
        read_meanwhile += 1
    for writer in writers:
        writer.join()
    assert [entry.name for entry in tmp_path.iterdir()] == ["work.aidd"]


def test_what_another_program_saved_meanwhile_is_only_replaced_on_request(tmp_path: Path) -> None:
    path = tmp_path / "work.aidd"
    first = make_session(1)
    save_project(first, path)
    second = load_project(path).session(first.clip)
    second.star(1, second.state.entries[0].candidates[0].digest)
    save_project(second, path)
    theirs = path.read_bytes()
    os.utime(path, (0, 0))  # the clock jumped back: the date tells nothing
    with pytest.raises(ProjectChanged, match="saved by another program") as error:
        save_project(first, path)
    assert is_one_sentence(error)
    assert path.read_bytes() == theirs
    assert [entry.name for entry in tmp_path.iterdir()] == ["work.aidd"]
    save_project(first, tmp_path / "other.aidd")
    save_project(first, path, replace=True)
    assert path.read_bytes() != theirs
    save_project(first, path)
    with pytest.raises(ProjectChanged):
        save_project(second, path)


def test_a_project_that_a_session_does_not_know_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "work.aidd"
    save_project(make_session(1), path)
    before = path.read_bytes()
    with pytest.raises(ProjectChanged, match="exists already"):
        save_project(make_session(2), path)
    assert path.read_bytes() == before
    path.unlink()
    save_project(make_session(2), path)


def test_a_left_over_journal_that_is_no_journal_is_passed_over(tmp_path: Path) -> None:
    for number, content in enumerate(
        ["", "[]\n", "{}\n", "[" * 100_000 + "\n", '{"source": {}}\n{"step": 5}\n', "null\n", '{"source": [[]]}\n']
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "journal.jsonl").write_text(content)
    assert leftovers(tmp_path) == []
    for folder in tmp_path.iterdir():
        with pytest.raises(ProjectError) as error:
            recover(folder)
        assert is_one_sentence(error)
        discard(folder)


Change = Callable[[dict[str, Any]], Any]


def one(document: dict[str, Any]) -> dict[str, Any]:
    """The description of the one candidate."""
    return next(iter(document["candidates"].values()))


def last(document: dict[str, Any]) -> dict[str, Any]:
    """The gap's entry in the last step."""
    return document["steps"][-1]["put"][0]


FORGERIES: dict[str, Change] = {
    "a list": lambda document: [],
    "a number for the candidates": lambda document: document | {"candidates": 5},
    "a list of candidates": lambda document: document | {"candidates": ["x"]},
    "no steps": lambda document: {name: value for name, value in document.items() if name != "steps"},
    "an endless position": lambda document: document | {"position": float("inf")},
    "a gap after the end": lambda document: last(document)["gap"].update(end=FRAMES + 1),
    "a gap before the beginning": lambda document: last(document)["gap"].update(start=-1),
    "a gap that ends before it starts": lambda document: last(document)["gap"].update(end=0),
    "a gap of a channel that is not there": lambda document: last(document)["gap"].update(channels=[7]),
    "a gap of an unknown kind": lambda document: last(document)["gap"].update(kind="<b>"),
    "an accepted fill that is not there": lambda document: last(document).update(accepted="0" * 24),
    "a candidate that is not there": lambda document: last(document).update(candidates=["0" * 24]),
    "a fill elsewhere": lambda document: one(document).update(patch_start=10**9),
    "a fill of another channel": lambda document: one(document).update(patch_channels=[3]),
    "an absurd gain": lambda document: one(document).update(exponent=10**6),
    "no gap for a candidate": lambda document: one(document).pop("gap") and None,
    "an absurd number": lambda document: document["source"].update(frames=float("nan")),
    "a path out of the archive": lambda document: document.update(
        candidates={"../../../../etc/passwd": one(document)}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_project_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    session = make_session()
    path = tmp_path / "work.aidd"
    save_project(session, path)

    def forge(document: bytes) -> bytes:
        known = json.loads(document)
        changed = FORGERIES[name](known)
        return json.dumps(known if changed is None else changed).encode()

    rewrite(path, "project.json", forge)
    with pytest.raises(ProjectError) as error:
        load_project(path).session(session.clip)
    assert is_one_sentence(error)


def test_a_small_fill_that_claims_to_be_endless_takes_no_memory(tmp_path: Path) -> None:
    session = make_session()
    path = tmp_path / "work.aidd"
    save_project(session, path)

    def endless(flac: bytes) -> bytes:
        header = bytearray(flac)
        header[21] |= 0x0F  # the number of samples is the 36 bits from here on
        header[22:26] = b"\xff\xff\xff\xff"
        return bytes(header)

    rewrite(path, "fills/", endless)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ProjectError, match="length makes no sense"):
        load_project(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_a_description_that_was_packed_wrongly_is_damage(tmp_path: Path) -> None:
    """Found by fuzzing: what zlib raises is no error of zipfile."""
    path = tmp_path / "work.aidd"
    save_project(make_session(), path)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("project.json")
    packed = info.header_offset + 30 + len(info.filename)
    content[packed : packed + 40] = bytes(range(200, 240))
    path.write_bytes(content)
    with pytest.raises(ProjectError, match="damaged") as error:
        load_project(path)
    assert is_one_sentence(error)


def rewrite(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change the members of an archive whose names begin so."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, change(content) if member.startswith(name) else content)
