"""Make what version 0.1.0 leaves on a person's disk. Works with that version (commit 3a0838d) only.

PYTHONPATH=CHECKOUT_OF_3a0838d python make.py FOLDER

README.md tells what the files are. Everything is read again by the same version, and what it read is in expected.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")})
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import soundfile

import aidd_studio as aidd
from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.gaps.gap import Gap
from aidd_studio.restoration.batch.items import BatchSettings, collect
from aidd_studio.restoration.batch.journal import JOURNAL_NAME, BatchJournal
from aidd_studio.restoration.batch.run import run_batch
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.journal import Journal, leftovers, recover
from aidd_studio.restoration.plain_data import entry_as_data
from aidd_studio.restoration.project import Project, load_project, save_project
from aidd_studio.restoration.restore import fill_gaps, ready_engine
from aidd_studio.restoration.session import Session
from aidd_studio.restoration.splice import on_grid

RATE = 8000
FRAMES = 12_000
WORK = Path("/tmp/aidd-studio-0.1.0")
"""Where the recording lies while the files are made, so that they name no person's folder."""
PLACE = "@FOLDER@"
"""Stands for the batch's folder in its journal, which names all files by their whole paths."""
TIME_NS = 1_700_000_000_000_000_000
"""When the batch's files were written last, which its journal knows too."""


def recording(seed: int, channels: int) -> np.ndarray:
    """Fading notes with dropouts: float64 [frames, channels]."""
    random = np.random.default_rng(seed)
    times = np.arange(FRAMES) / RATE
    sound = random.normal(0.0, 0.0005, (FRAMES, channels))
    for start in np.arange(0.0, FRAMES / RATE, 0.25):
        since = np.maximum(times - start, 0.0)
        pitch = 220.0 * 2.0 ** (random.integers(0, 12) / 12)
        for partial in range(1, 5):
            tone = np.sin(2 * np.pi * pitch * partial * since) * np.exp(-3 * since) * 0.12 / partial
            sound += tone[:, None] * random.uniform(0.5, 1.0, channels)
    sound[1600:1680] = 0.0
    sound[4000:4400, -1] = 0.0
    sound[8000:9000] = 0.0
    return sound


def worked_on(clip: Clip, journal: Journal) -> Session:
    """A session with gaps of every kind, fills of several engines, and steps that were undone, all in the journal."""
    session = Session(clip)
    session.listen(lambda: journal.save(session.history))
    first, second, third = session.add_gaps(aidd.detect(clip), "Detect")
    (by_hand,) = session.add_gaps([Gap(10_500, 10_700, (0,))])
    (removed,) = session.add_gaps([Gap(600, 640, None, "near-silence", 0.625)])
    (held,) = session.add_gaps([Gap(6000, 6100, None, "held", 0.75), Gap(6050, 6200)])
    (moved,) = session.add_gaps([Gap(11_500, 11_540, (1,), "invalid", 0.5)])
    for engine, count in (("autoregressive", 1), ("aidd", 2), ("extrapolation", 1)):
        wanted = [session.state.entry(id).gap for id in (first, second, third, by_hand, held)]
        wanted = wanted[:4] if engine == "autoregressive" else wanted[2:3]
        for candidate in fill_gaps(clip, wanted, ready_engine(engine), count, 3):
            entry = next(entry for entry in session.state.entries if entry.gap == candidate.gap)
            session.offer(entry.id, candidate)
    loud = on_grid(np.linspace(-1.5, 1.5, 240, dtype=np.float32).reshape(2, 120))
    session.offer(held, Candidate(Gap(6000, 6100, None, "held", 0.75), Patch(5990, (0, 1), loud), "sparse", 5, 0.5))
    session.move_gap(moved, 11_500, 11_560)
    for id in (first, second, by_hand, held):
        session.accept(id, session.state.entry(id).candidates[0].digest)
    fills = session.state.entry(third).candidates
    session.accept_all({third: fills[1].digest})
    session.star(third, fills[2].digest)
    session.reject(third, fills[0].digest)
    session.remove_gaps([held, by_hand])
    session.undo()
    session.remove_gaps([removed])
    session.withdraw(second)
    session.reject(by_hand)
    session.undo()
    return session


def format_1(project: Path, session: Session, target: Path) -> None:
    """The same project as the format before tells it: all gaps anew for every step."""
    with zipfile.ZipFile(project) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        document = json.loads(archive.read("project.json"))
        document["format"] = 1
        document["steps"] = [
            {"name": step.name, "entries": [entry_as_data(entry) for entry in step.state.entries]}
            for step in session.steps
        ]
        for name in archive.namelist():
            made.writestr(name, json.dumps(document, indent=1) if name == "project.json" else archive.read(name))


def crashed(journal: Journal, root: Path) -> None:
    """What a program leaves that ends while it writes a line of its journal."""
    left = root / "0123456789abcdef0123456789abcdef"
    shutil.copytree(journal.folder, left, ignore=shutil.ignore_patterns("lock"))
    with (left / "journal.jsonl").open("ab") as file:
        file.write(b'{"step": 99, "name": "Accept fi')


def batch(folder: Path) -> dict[str, Any]:
    """A batch of three recordings that was killed before it came to the fourth."""
    work = WORK / "batch"
    work.mkdir()
    soundfile.write(work / "damaged.wav", recording(2, 1), RATE, "PCM_16")
    soundfile.write(work / "whole.wav", np.sin(np.arange(4000) / 9)[:, None] * 0.3, RATE, "PCM_16")
    (work / "broken.wav").write_text("This is no recording.\n")
    shutil.copy(work / "damaged.wav", work / "unfinished.wav")
    for path in work.iterdir():
        os.utime(path, ns=(TIME_NS, TIME_NS))
    settings = BatchSettings("autoregressive", candidates=2, seed=11)
    results = work / "results"
    items = {item.source.name: item for item in collect([work], results)}
    with BatchJournal(results / JOURNAL_NAME, settings, fresh=True) as journal:
        journal.plan(list(items.values()))
        for name in ("broken.wav", "damaged.wav", "whole.wav"):
            for item, outcome in run_batch([items[name]], settings):
                if item.target.exists():
                    os.utime(item.target, ns=(TIME_NS, TIME_NS))
                journal.add(item, outcome)
    again = BatchJournal(results / JOURNAL_NAME, settings)
    other = BatchJournal(results / JOURNAL_NAME, BatchSettings("autoregressive", candidates=2, seed=12))
    told: dict[str, Any] = {"modified_ns": TIME_NS, "place": PLACE, "digest": settings.digest(), "items": {}}
    told["settings"] = {"engine": settings.engine, "candidates": settings.candidates, "seed": settings.seed}
    for name, item in items.items():
        finished = again.finished(item)
        told["items"][name] = {
            "target": item.target.name,
            "finished": finished and finished.as_json(),
            "may_replace": again.may_replace(item),
            "made_otherwise_with_seed_12": other.made_otherwise(item),
        }
    shutil.copytree(work, folder)
    text = (results / JOURNAL_NAME).read_text(encoding="utf-8").replace(str(work), PLACE)
    (folder / "results" / JOURNAL_NAME).write_text(text, encoding="utf-8")
    return json.loads(json.dumps(told).replace(str(work), PLACE))


def labels(folder: Path, source: Path) -> dict[str, Any]:
    """Label files of every kind, and what a command printed that can be read as one."""
    folder.mkdir()
    gaps = [
        Gap(1, 2, (1,), "invalid", 0.33335),
        Gap(1600, 1680, None, "silence", 0.9),
        Gap(4000, 4400, (0, 2), "near-silence"),
        Gap(4100, 4101, (1,), "held", 0.0),
        Gap(8000, 9001),
    ]
    for suffix in ("txt", "csv", "json"):
        aidd.write_labels(folder / f"labels.{suffix}", gaps, RATE)
    for name, *options in (("detect",), ("restore", "-o", str(WORK / "restored.wav"), "--engine=autoregressive")):
        command = [sys.executable, "-m", "aidd_studio", name, str(source), *options, "--json"]
        (folder / f"{name}.json").write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return {path.name: [gap_data(gap) for gap in aidd.read_labels(path, RATE)] for path in sorted(folder.iterdir())}


def gap_data(gap: Gap) -> dict[str, Any]:
    channels = None if gap.channels is None else list(gap.channels)
    place = {"start": gap.start, "end": gap.end, "channels": channels}
    return place | {"kind": gap.kind, "confidence": gap.confidence}


def samples_hash(samples: np.ndarray) -> str:
    """SHA-256 of float32 samples [channels, frames], row by row, little-endian."""
    return hashlib.sha256(np.ascontiguousarray(samples, "<f4").tobytes()).hexdigest()


def read_back(project: Project, clip: Clip) -> dict[str, Any]:
    """What a project tells, whatever its format: each step with its gaps and its sound, and all candidates."""
    session = project.session(clip)
    position = session.position
    steps, candidates = [], {}
    for index, step in enumerate(session.steps):
        session.go_to(index)
        gaps = []
        for entry in session.state.entries:
            candidates.update((candidate.digest, candidate) for candidate in entry.candidates)
            known = {"accepted": entry.accepted, "starred": sorted(entry.starred), "state": entry.state}
            known["candidates"] = [candidate.digest for candidate in entry.candidates]
            gaps.append({"id": entry.id, "gap": gap_data(entry.gap)} | known)
        steps.append({"name": step.name, "gaps": gaps, "restored": samples_hash(session.restored().samples)})
    told = {
        digest: candidate.provenance()
        | {"gap": gap_data(candidate.gap), "start": candidate.patch.start, "channels": list(candidate.patch.channels)}
        | {"samples": samples_hash(candidate.patch.samples)}
        for digest, candidate in sorted(candidates.items())
    }
    return {"source": project.source.sha256, "position": position, "steps": steps, "candidates": told}


def main(folder: Path) -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    folder.mkdir(parents=True, exist_ok=True)
    for old in ("labels", "batch", "journals"):
        shutil.rmtree(folder / old, ignore_errors=True)
    source = WORK / "source.wav"
    soundfile.write(source, recording(1, 2), RATE, "PCM_16")
    shutil.copy(source, folder)
    clip = aidd.read(source)
    journal = Journal(clip, WORK / "journals")
    session = worked_on(clip, journal)
    save_project(session, WORK / "project.aidd")
    shutil.copy(WORK / "project.aidd", folder)
    format_1(WORK / "project.aidd", session, folder / "project-format-1.aidd")
    crashed(journal, folder / "journals")
    journal.discard()
    expected: dict[str, Any] = {"version": aidd.__version__, "rate": RATE, "samples": samples_hash(clip.samples)}
    expected["session"] = read_back(load_project(folder / "project.aidd"), clip)
    shutil.copytree(folder / "journals", WORK / "left")
    (left,) = leftovers(WORK / "left")
    expected["left"] = {"source": str(left.source), "accepted": left.accepted}
    for project in (load_project(folder / "project-format-1.aidd"), recover(left.folder)):
        assert read_back(project, clip) == expected["session"]
    expected["batch"] = batch(folder / "batch")
    expected["labels"] = labels(folder / "labels", source)
    text = json.dumps(expected, indent=1)
    text = re.sub(r"\n {5,}|\n {4}(?=[]}])", " ", text)  # a step, a candidate or a gap on each line
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(WORK)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
