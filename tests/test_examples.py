"""The scripts in examples/ do what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import aidd_studio as aidd

EXAMPLES = Path(__file__).parent.parent / "examples"
RATE = 16000
GAP = aidd.Damage(48_000, 48_640)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A phrase of two seconds that comes four times, with 40 ms of silence in the second one."""
    rng = np.random.default_rng(0)
    phrase = np.convolve(rng.normal(0.0, 0.1, 2 * RATE), np.hanning(9) / 4, mode="same")
    samples = (np.tile(phrase, 4) + rng.normal(0.0, 0.001, 8 * RATE)).astype(np.float32)[None]
    samples[:, GAP.start : GAP.end] = 0.0
    path = tmp_path / "damaged.wav"
    aidd.write(aidd.Clip(samples, RATE), path)
    return path


def run(name: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_file_is_restored(damaged: Path) -> None:
    target = damaged.with_name("restored.wav")
    assert "autoregressive" in run("restore_a_file.py", damaged, target)
    before, after = aidd.read(damaged).samples, aidd.read(target).samples
    assert np.abs(after[:, GAP.start : GAP.end]).max() > 0.02
    assert np.array_equal(before[:, : GAP.start - RATE // 10], after[:, : GAP.start - RATE // 10])


def test_every_candidate_becomes_a_file(damaged: Path) -> None:
    folder = damaged.with_name("candidates")
    run("compare_candidates.py", damaged, GAP.start / RATE, GAP.end / RATE, folder)
    fills = {aidd.read(path).samples[:, GAP.start : GAP.end].tobytes() for path in folder.glob("candidate-*.wav")}
    assert len(fills) == len(list(folder.iterdir())) >= 1


def test_dropouts_are_written_as_labels(damaged: Path) -> None:
    (damaged.parent / "broken.wav").write_bytes(b"no recording")
    assert "damaged.wav: 1" in run("label_dropouts.py", damaged.parent)
    (found,) = aidd.read_labels(damaged.with_suffix(".txt"), RATE)
    assert (found.start, found.end) == (GAP.start, GAP.end)
