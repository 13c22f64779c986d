"""What version 0.1.0 left on a person's disk opens as it did there: projects, journals, batches, label files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip
from aidd_studio.audio.files.reading import read
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.labels import read_labels
from aidd_studio.restoration.batch.items import BatchSettings, collect
from aidd_studio.restoration.batch.journal import JOURNAL_NAME, BatchJournal
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.journal import leftovers, recover
from aidd_studio.restoration.session.project import Project, load_project, save_project

FILES = Path(__file__).parents[1] / "data" / "version-0.1.0"
EXPECTED: Mapping[str, Any] = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))
RATE: int = EXPECTED["rate"]


@pytest.fixture(scope="module")
def clip() -> Clip:
    return read(FILES / "source.wav")


def gap_data(gap: Damage) -> dict[str, Any]:
    channels = None if gap.channels is None else list(gap.channels)
    return {
        "start": gap.start,
        "end": gap.end,
        "channels": channels,
        "kind": gap.kind,
        "confidence": gap.confidence,
    }


def samples_hash(samples: NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(samples, "<f4").tobytes()).hexdigest()


def read_back(project: Project, clip: Clip) -> dict[str, Any]:
    """What a project holds: each step with its gaps and its sound, and all candidates."""
    session = project.session(clip)
    position = session.position
    steps = []
    candidates: dict[str, Candidate] = {}
    for index, step in enumerate(session.steps):
        session.go_to(index)
        gaps = []
        for entry in session.state.entries:
            candidates.update((candidate.digest, candidate) for candidate in entry.candidates)
            known = {"accepted": entry.accepted, "starred": sorted(entry.starred), "state": entry.state}
            known["candidates"] = [candidate.digest for candidate in entry.candidates]
            gaps.append({"id": entry.id, "gap": gap_data(entry.gap)} | known)
        steps.append({"name": step.name, "gaps": gaps, "restored": samples_hash(session.restored().samples)})
    described = {
        digest: candidate.provenance()
        | {"gap": gap_data(candidate.gap), "start": candidate.patch.start, "channels": list(candidate.patch.channels)}
        | {"samples": samples_hash(candidate.patch.samples)}
        for digest, candidate in candidates.items()
    }
    return {"source": project.source.sha256, "position": position, "steps": steps, "candidates": described}


def agrees(found: dict[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether all that was there before is the same; of candidates more is known by now."""
    more = {
        digest: {key: value for key, value in candidate.items() if key in expected["candidates"][digest]}
        for digest, candidate in found["candidates"].items()
    }
    return found | {"candidates": more} == expected


def test_the_recording_is_the_same(clip: Clip) -> None:
    assert samples_hash(clip.samples) == EXPECTED["samples"]


@pytest.mark.parametrize("name", ["project.aidd", "project-format-1.aidd"])
def test_a_project_opens_with_every_step_and_every_sample(name: str, clip: Clip) -> None:
    assert agrees(read_back(load_project(FILES / name), clip), EXPECTED["session"])


def test_a_journal_of_a_crash_is_found_and_recovered(tmp_path: Path, clip: Clip) -> None:
    shutil.copytree(FILES / "journals", tmp_path / "journals")
    (left,) = leftovers(tmp_path / "journals")
    assert (str(left.source), left.accepted) == (EXPECTED["left"]["source"], EXPECTED["left"]["accepted"])
    assert agrees(read_back(recover(left.folder), clip), EXPECTED["session"])


@pytest.mark.parametrize("name", ["project.aidd", "project-format-1.aidd"])
def test_a_project_that_is_saved_again_is_still_the_same(name: str, tmp_path: Path, clip: Clip) -> None:
    save_project(load_project(FILES / name).session(clip), tmp_path / "again.aidd", EXPECTED["session"]["source"])
    assert agrees(read_back(load_project(tmp_path / "again.aidd"), clip), EXPECTED["session"])


def test_fills_of_the_model_are_known_as_generative_though_the_project_does_not_say_it(clip: Clip) -> None:
    session = load_project(FILES / "project.aidd").session(clip)
    made = {c.engine: c.generative for step in session.steps for entry in step.state.entries for c in entry.candidates}
    assert made == {"autoregressive": False, "aidd": True, "extrapolation": False, "sparse": False}


@pytest.mark.parametrize("name", sorted(EXPECTED["labels"]))
def test_a_label_file_holds_the_same_gaps(name: str) -> None:
    gaps = read_labels(FILES / "labels" / name, RATE)
    assert [gap_data(gap) for gap in gaps] == EXPECTED["labels"][name]
    assert all(gap.band is None and gap.known == "nothing" for gap in gaps)


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """The killed batch in a folder of its own, with the times that its journal knows."""
    folder = tmp_path / "batch"
    shutil.copytree(FILES / "batch", folder)
    journal = folder / "results" / JOURNAL_NAME
    place = json.dumps(str(folder))[1:-1]
    text = journal.read_text(encoding="utf-8").replace(EXPECTED["batch"]["place"], place)
    journal.write_text(text, encoding="utf-8")
    time_ns = EXPECTED["batch"]["modified_ns"]
    for path in (path for path in folder.rglob("*") if path.is_file() and path != journal):
        os.utime(path, ns=(time_ns, time_ns))
    return folder


def test_a_batch_goes_on_where_it_was_killed(batch: Path) -> None:
    expected = EXPECTED["batch"]
    settings = BatchSettings(**expected["settings"])
    assert settings.digest() == expected["digest"]
    journal = BatchJournal(batch / "results" / JOURNAL_NAME, settings)
    other = BatchJournal(batch / "results" / JOURNAL_NAME, BatchSettings(**expected["settings"] | {"seed": 12}))
    found = {}
    for item in collect([batch], batch / "results"):
        finished = journal.finished(item)
        found[item.source.name] = {
            "target": item.target.name,
            "finished": finished and finished.as_json(),
            "may_replace": journal.may_replace(item),
            "made_otherwise_with_seed_12": other.made_otherwise(item),
        }
    named = json.loads(json.dumps(expected["items"]).replace(expected["place"], json.dumps(str(batch))[1:-1]))
    assert json.loads(json.dumps(found)) == named
