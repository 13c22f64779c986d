"""Sessions and project files keep the work exactly."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidd_studio.audio.clip import Clip, Patch, Source
from aidd_studio.damage.damage import Damage
from aidd_studio.errors import DamageError, ProjectError
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.plain_data import decode_patch, encode_patch, entry_as_data
from aidd_studio.restoration.session.project import load_project, save_project
from aidd_studio.restoration.session.session import Session
from aidd_studio.restoration.splice import grid_exponent, on_grid


def make_clip(tmp_path: Path) -> Clip:
    rng = np.random.default_rng(3)
    path = tmp_path / "take.wav"
    path.write_bytes(b"stands for the recording")
    return Clip(rng.uniform(-0.5, 0.5, (2, 8000)).astype(np.float32), 8000, Source(path, "WAV", "FLOAT"))


def make_candidate(gap: Damage, level: float, seed: int) -> Candidate:
    rng = np.random.default_rng(seed)
    samples = on_grid(rng.normal(0, level, (2, gap.frames + 20)))
    return Candidate(gap, Patch(gap.start - 10, (0, 1), samples), "autoregressive", seed, -1.5, 0.1, 0.006)


@given(st.floats(1e-6, 30.0), st.integers(0, 2**31))
def test_a_patch_survives_flac_to_the_bit(level: float, seed: int) -> None:
    samples = on_grid(np.random.default_rng(seed).normal(0, level, (2, 64)))
    patch = Patch(5, (0, 1), samples)
    data = {"exponent": grid_exponent(samples), "patch_start": 5, "patch_channels": [0, 1]}
    np.testing.assert_array_equal(decode_patch(encode_patch(patch, 8000), data).samples, samples)


def test_a_saved_session_reopens_with_its_whole_history(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    session = Session(clip)
    first, second = session.add_gaps([Damage(1000, 1200), Damage(4000, 4400, kind="silence", confidence=0.9)])
    quiet, loud = (make_candidate(Damage(1000, 1200), level, seed) for level, seed in ((0.1, 1), (3.0, 2)))
    session.offer(first, quiet)
    session.offer(first, loud)
    session.accept(first, loud.digest)
    session.star(first, quiet.digest)
    session.remove_gaps([second])
    session.undo()
    path = tmp_path / "work.aidd"
    save_project(session, path)
    reopened = load_project(path).session(clip)
    assert [step.name for step in reopened.steps] == [step.name for step in session.steps]
    assert reopened.position == session.position
    np.testing.assert_array_equal(reopened.restored().samples, session.restored().samples)
    assert [entry.gap for entry in reopened.state.entries] == [entry.gap for entry in session.state.entries]
    reopened.redo()
    assert [entry.id for entry in reopened.state.entries] == [first]


def test_undo_and_redo_walk_through_every_state(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    session = Session(clip)
    (gap,) = session.add_gaps([Damage(1000, 1200)])
    candidate = make_candidate(Damage(1000, 1200), 0.2, 1)
    assert session.offer(gap, candidate)
    session.accept(gap, candidate.digest)
    restored = session.restored().samples.copy()
    session.undo()
    np.testing.assert_array_equal(session.restored().samples, clip.samples)
    session.undo()
    assert session.state.entries == () and not session.can_undo
    session.go_to(2)
    np.testing.assert_array_equal(session.restored().samples, restored)
    assert not session.can_redo


def test_a_new_edit_drops_the_undone_steps(tmp_path: Path) -> None:
    session = Session(make_clip(tmp_path))
    session.add_gaps([Damage(10, 20)])
    session.undo()
    session.add_gaps([Damage(30, 40)])
    assert not session.can_redo and [entry.gap.start for entry in session.state.entries] == [30]


def test_moving_a_gap_drops_fills_that_no_longer_fit_and_gaps_never_overlap(tmp_path: Path) -> None:
    session = Session(make_clip(tmp_path))
    first, _ = session.add_gaps([Damage(1000, 1200), Damage(2000, 2100)])
    session.offer(first, make_candidate(Damage(1000, 1200), 0.2, 1))
    session.move_gap(first, 900, 1300)
    assert session.state.entry(first).state == "open"
    assert not session.offer(first, make_candidate(Damage(1000, 1200), 0.2, 2))
    with pytest.raises(DamageError, match="overlap"):
        session.move_gap(first, 900, 2050)
    assert session.add_gaps([Damage(950, 1000)]) == []


def test_a_project_of_another_recording_is_refused(tmp_path: Path) -> None:
    session = Session(make_clip(tmp_path))
    save_project(session, tmp_path / "work.aidd")
    other = Clip(session.clip.samples * np.float32(0.5), 8000)
    with pytest.raises(ProjectError, match="changed"):
        load_project(tmp_path / "work.aidd").session(other)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"\0" * 1000])
def test_a_file_that_is_no_project_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.aidd"
    path.write_bytes(content)
    with pytest.raises(ProjectError):
        load_project(path)


def test_a_damaged_fill_is_noticed(tmp_path: Path) -> None:
    session = Session(make_clip(tmp_path))
    (gap,) = session.add_gaps([Damage(1000, 1200)])
    good, other = (make_candidate(Damage(1000, 1200), 0.2, seed) for seed in (1, 2))
    session.offer(gap, good)
    path = tmp_path / "work.aidd"
    save_project(session, path)
    with zipfile.ZipFile(path) as archive:
        document = archive.read("project.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.json", document)
        archive.writestr(f"fills/{good.digest}.flac", encode_patch(other.patch, 8000))
    with pytest.raises(ProjectError, match="damaged"):
        load_project(path)


def test_names_inside_a_project_cannot_leave_its_folder(tmp_path: Path) -> None:
    outside = tmp_path / "secret.wav"
    outside.write_bytes(b"x")
    folder = tmp_path / "projects"
    folder.mkdir()
    session = Session(make_clip(tmp_path))
    path = folder / "work.aidd"
    save_project(session, path)
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("project.json"))
    document["source"] |= {"path": "/nowhere/take.wav", "relative": "../secret.wav"}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.json", json.dumps(document))
    assert load_project(path).source.path == Path("/nowhere/take.wav")


def test_a_hole_in_one_channel_does_not_shut_out_another_channels() -> None:
    clip = Clip(np.zeros((2, 4000), np.float32), 8000)
    session = Session(clip)
    left, right, both = Damage(1000, 1500, (0,)), Damage(1300, 1800, (1,)), Damage(1400, 1600)
    assert len(session.add_gaps([left, right])) == 2
    assert session.add_gaps([left, right, both]) == []
    session.move_gap(session.state.entries[1].id, 1100, 1800)
    assert [entry.gap for entry in session.state.entries] == [left, Damage(1100, 1800, (1,))]
    (later,) = session.add_gaps([Damage(2000, 2100)])
    with pytest.raises(DamageError, match="overlap"):
        session.move_gap(later, 1700, 2100)


def test_a_project_in_which_many_gaps_were_accepted_one_by_one_stays_small(tmp_path: Path) -> None:
    count = 300
    session = Session(Clip(np.zeros((1, 40 * count + 100), np.float32), 8000))
    ids = session.add_gaps([Damage(50 + 40 * number, 60 + 40 * number) for number in range(count)])
    for id in ids:
        gap = session.state.entry(id).gap
        candidate = Candidate(gap, Patch(gap.start - 10, (0,), on_grid(np.full((1, 30), 0.25))), "sparse", id, 0.0)
        session.offer(id, candidate)
        session.accept(id, candidate.digest)
    path = tmp_path / "many.aidd"
    save_project(session, path)
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("project.json").file_size
    assert size < 2000 * count, "each step tells what it changed, not all gaps anew"
    reopened = load_project(path).session(session.clip)
    assert [step.name for step in reopened.steps] == [step.name for step in session.steps]
    for before, after in zip(session.steps, reopened.steps, strict=True):
        assert [e.accepted for e in before.state.entries] == [e.accepted for e in after.state.entries]


def test_a_project_of_the_format_before_is_still_read(tmp_path: Path) -> None:
    session = Session(make_clip(tmp_path))
    (id,) = session.add_gaps([Damage(1000, 1200)])
    candidate = make_candidate(Damage(1000, 1200), 0.1, 1)
    session.offer(id, candidate)
    session.accept(id, candidate.digest)
    path, old = tmp_path / "new.aidd", tmp_path / "old.aidd"
    save_project(session, path)
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(old, "w") as made:
        document = json.loads(archive.read("project.json"))
        document["format"] = 1
        document["steps"] = [
            {"name": step.name, "entries": [entry_as_data(entry) for entry in step.state.entries]}
            for step in session.steps
        ]
        for name in archive.namelist():
            made.writestr(name, json.dumps(document) if name == "project.json" else archive.read(name))
    reopened = load_project(old).session(session.clip)
    assert [step.name for step in reopened.steps] == [step.name for step in session.steps]
    np.testing.assert_array_equal(reopened.restored().samples, session.restored().samples)
