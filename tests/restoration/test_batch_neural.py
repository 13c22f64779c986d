"""A batch with the bundled neural models: the same files however it is run, wherever the gaps lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from aidd_studio.audio.reading import read
from aidd_studio.engines.registry import create_engine
from aidd_studio.gaps.gap import Gap
from aidd_studio.restoration.batch import BatchSettings, collect, run_batch
from aidd_studio.restoration.restore import restore

SETTINGS = BatchSettings(engine="aidd", engine_settings={"device": "cpu", "steps": 2})
needs_models = pytest.mark.skipif(create_engine("aidd").unavailable() is not None, reason="no bundled models here")


@pytest.fixture
def archive(demo: Path, tmp_path: Path) -> Path:
    """Two excerpts of the demo with holes of 60 ms, twice so far apart that one's context begins with the other."""
    folder = tmp_path / "archive"
    folder.mkdir()
    sound, rate = soundfile.read(demo / "original.flac", dtype="int16", stop=12 * 44_100)
    for name, start, holes in (("apart", 2, (1.0, 3.0)), ("single", 7, (1.5,))):
        piece = sound[start * rate : start * rate + 4 * rate].copy()
        for hole in holes:
            piece[round(hole * rate) : round((hole + 0.06) * rate)] = 0
        soundfile.write(folder / f"{name}.wav", piece, rate)
    return folder


@needs_models
def test_the_outputs_do_not_depend_on_the_number_of_jobs_or_the_files_beside(archive: Path, tmp_path: Path) -> None:
    found = []
    for jobs in (1, 2):
        items = collect([archive], tmp_path / f"jobs{jobs}")
        ended = {item.source.stem: outcome for item, outcome in run_batch(items, SETTINGS, jobs)}
        assert {name: (outcome.status, outcome.reason) for name, outcome in ended.items()} == {
            "apart": ("restored", ""),
            "single": ("restored", ""),
        }
        assert [len(ended[name].gaps) for name in ("apart", "single")] == [2, 1]
        found.append([item.target.read_bytes() for item in items])
    (alone,) = collect([archive / "single.wav"], tmp_path / "alone")
    assert [outcome.status for _, outcome in run_batch([alone], SETTINGS)] == ["restored"]
    assert found[0] == found[1]
    assert alone.target.read_bytes() == found[0][1]


@needs_models
@pytest.mark.parametrize("at", ["start", "end"])
def test_a_gap_without_sound_on_one_side_is_filled_from_the_other(archive: Path, at: str) -> None:
    clip = read(archive / "single.wav")
    gap = Gap(0, 3000) if at == "start" else Gap(clip.frames - 3000, clip.frames)
    restored = restore(clip, [gap], "aidd", settings=SETTINGS.engine_settings).clip.samples[:, gap.start : gap.end]
    assert np.isfinite(restored).all() and np.sqrt(np.mean(restored**2)) > 0.001
