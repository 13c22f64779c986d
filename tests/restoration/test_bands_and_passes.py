"""Bands and repair passes through sessions, project files and journals."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip, Source
from aidd_studio.damage.damage import Band, Damage
from aidd_studio.engines.registry import engine_names
from aidd_studio.errors import DamageError, ProjectError
from aidd_studio.restoration.restore import restore
from aidd_studio.restoration.session.history import State, change_between, changed
from aidd_studio.restoration.session.journal import EditJournal, recover
from aidd_studio.restoration.session.project import load_project, save_project
from aidd_studio.restoration.session.session import Session

RATE = 8000
SOUND = Damage(1000, 1200)
COUGH = Damage(2000, 3000, (1,), band=Band(200, 1500.5), known="degraded")
CLIPPED = Damage(4000, 4010, known="bounds")
CLICKS = [Damage(5000, 5004), Damage(4500, 4503, (0,)), Damage(6000, 6002, band=Band(1000, 4000))]
SORTED = tuple(sorted(CLICKS, key=lambda gap: gap.start))


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    path = tmp_path / "take.wav"
    path.write_bytes(b"stands for the recording")
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, (2, RATE)).astype(np.float32)
    return Clip(samples, RATE, Source(path, "WAV", "FLOAT"))


def worked_on(clip: Clip) -> Session:
    """A session with damage of every sort, and a pass with a veto that was put, lifted, put again and undone."""
    session = Session(clip)
    session.add_gaps([SOUND, COUGH, CLIPPED])
    id = session.add_pass("declick", CLICKS, {"sensitivity": 0.5})
    session.veto(id, 0)
    session.lift_veto(id, 0)
    session.veto(id, 2)
    session.veto(id, 1)
    session.undo()
    return session


def states(session: Session) -> list[State]:
    return [step.state for step in session.steps]


def same(one: Session, other: Session) -> bool:
    """Whether both hold the same damage and passes in every step."""
    described = [
        [([(entry.id, entry.gap) for entry in state.entries], state.passes) for state in states(session)]
        for session in (one, other)
    ]
    return described[0] == described[1] and one.position == other.position


def test_a_project_keeps_bands_what_is_known_and_passes_in_every_step(tmp_path: Path, clip: Clip) -> None:
    session = worked_on(clip)
    save_project(session, tmp_path / "work.aidd")
    reopened = load_project(tmp_path / "work.aidd").session(clip)
    assert same(session, reopened)
    assert [entry.gap for entry in reopened.state.entries] == [SOUND, COUGH, CLIPPED]
    assert reopened.state.passes[0].vetoed == {2}
    reopened.redo()
    assert reopened.state.passes[0].vetoed == {1, 2}


def test_a_journal_keeps_bands_what_is_known_and_passes_in_every_step(tmp_path: Path, clip: Clip) -> None:
    session = worked_on(clip)
    journal = EditJournal(clip, tmp_path / "journals")
    journal.save(session.history)
    assert same(session, recover(journal.folder).session(clip))
    journal.discard()


def test_a_pass_is_one_step_and_one_undo_takes_it_away(clip: Clip) -> None:
    session = Session(clip)
    id = session.add_pass("declick", CLICKS, {"sensitivity": 0.5})
    (repair,) = session.state.passes
    assert (repair.id, repair.kind, repair.members) == (id, "declick", SORTED)
    assert session.steps[-1].name == "Declick: 3 places"
    session.undo()
    assert session.state.passes == () and not session.can_undo


def test_a_vetoed_member_is_left_alone_until_the_veto_is_lifted(clip: Clip) -> None:
    session = Session(clip)
    id = session.add_pass("declick", CLICKS)
    session.veto(id, 1)
    assert session.state.repair_pass(id).active == (SORTED[0], SORTED[2])
    session.veto(id, 1)
    assert len(session.steps) == 3  # a veto that is there already is no step
    session.undo()
    assert session.state.repair_pass(id).active == SORTED
    session.redo()
    session.lift_veto(id, 1)
    assert session.state.repair_pass(id).active == SORTED


def test_other_edits_leave_passes_as_they_are(clip: Clip) -> None:
    session = Session(clip)
    id = session.add_pass("declick", CLICKS)
    (gap,) = session.add_gaps([SOUND])
    session.move_gap(gap, 900, 1300)
    session.remove_gaps([gap])
    assert session.state.repair_pass(id).members == SORTED
    session.remove_pass(id)
    assert session.state.passes == ()
    with pytest.raises(DamageError, match="no longer in the list"):
        session.veto(id, 0)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([], "needs at least one member"),
        ([Damage(RATE - 5, RATE + 5)], "outside the recording"),
        ([Damage(-5, 5)], "outside the recording"),
        ([Damage(0, 5, band=Band(10, 4001))], "beyond 4000 Hz"),
    ],
)
def test_a_pass_that_does_not_fit_is_refused_and_changes_nothing(
    clip: Clip, members: list[Damage], sentence: str
) -> None:
    session = Session(clip)
    with pytest.raises(DamageError, match=sentence):
        session.add_pass("declick", members)
    assert not session.can_undo


@pytest.mark.parametrize("index", [-1, 3, 99])
def test_a_veto_on_a_member_that_is_not_there_is_refused(clip: Clip, index: int) -> None:
    session = Session(clip)
    id = session.add_pass("declick", CLICKS)
    with pytest.raises(DamageError, match="has 3 members"):
        session.veto(id, index)


def test_a_veto_on_one_of_ten_thousand_clicks_stays_a_small_change(tmp_path: Path) -> None:
    session = Session(Clip(np.zeros((1, 100_000), np.float32), RATE))
    id = session.add_pass("declick", [Damage(10 * n, 10 * n + 3) for n in range(10_000)])
    for index in (5, 7000, 9999):
        session.veto(id, index)
    save_project(session, tmp_path / "work.aidd")
    with zipfile.ZipFile(tmp_path / "work.aidd") as archive:
        steps = json.loads(archive.read("project.json"))["steps"]
    assert [len(json.dumps(step)) < 200 for step in steps] == [True, False, True, True, True]
    assert load_project(tmp_path / "work.aidd").session(session.clip).state.passes[0].vetoed == {5, 7000, 9999}


def test_what_changed_between_two_states_leads_from_one_to_the_other(clip: Clip) -> None:
    session = worked_on(clip)
    session.remove_pass(session.state.passes[0].id)
    session.add_pass("declip", [CLIPPED])
    every = states(session)
    for before in every:
        for after in every:
            again = changed(before, change_between(before, after))
            assert (again.entries, again.passes) == (after.entries, after.passes)


@pytest.mark.parametrize(
    "broken", [{"band": {"low": 9, "high": 1}}, {"band": 5}, {"known": "all"}, {"band": {"low": 0, "high": 5000}}]
)
def test_a_forged_band_is_a_project_error(tmp_path: Path, clip: Clip, broken: dict[str, object]) -> None:
    session = Session(clip)
    session.add_gaps([COUGH])
    path = tmp_path / "work.aidd"
    save_project(session, path)
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("project.json"))
    document["steps"][1]["put"][0]["gap"] |= broken
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.json", json.dumps(document))
    with pytest.raises(ProjectError):
        load_project(path).session(clip)


def test_damage_in_bands_that_do_not_meet_shares_its_time(clip: Clip) -> None:
    session = Session(clip)
    low, high = Damage(1000, 2000, band=Band(100, 500)), Damage(1500, 2500, band=Band(500, 900))
    across, whole = Damage(1800, 1900, band=Band(400, 600)), Damage(1800, 1900)
    assert len(session.add_gaps([low, high])) == 2
    assert session.add_gaps([across, whole]) == []
    with pytest.raises(DamageError, match="beyond 4000 Hz"):
        session.add_gaps([Damage(5000, 5100, band=Band(100, 4100))])


@pytest.mark.parametrize("engine", engine_names())
def test_an_engine_that_fills_no_bands_says_so_in_a_sentence(clip: Clip, engine: str) -> None:
    with pytest.raises(DamageError) as caught:
        restore(clip, [SOUND, COUGH], engine)
    assert str(caught.value) == (
        f"The engine {engine} fills the whole spectrum, not a band such as 200–1500.5 Hz; mark the gap without a band "
        "or choose an engine that fills bands."
    )
