"""PEAQ agrees with an independent implementation and behaves as a grade should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from aidd_studio.errors import UsageError
from aidd_studio.evaluation.peaq import grade
from aidd_studio.evaluation.peaq.bands import bands
from aidd_studio.evaluation.peaq.network import distortion_index

DATA = Path(__file__).parents[1] / "data" / "peaq"
PAIRS = json.loads((DATA / "odg.json").read_text())["pairs"]
RATE = 48_000


def sound(name: str) -> np.ndarray:
    samples, rate = soundfile.read(DATA / name, dtype="float32", always_2d=True)
    assert rate == RATE
    return samples.T


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["test"].split(".", 1)[1])
def test_the_grade_agrees_with_an_independent_implementation(pair: dict[str, Any]) -> None:
    assert grade(sound(pair["reference"]), sound(pair["test"]), RATE).odg == pytest.approx(pair["odg"], abs=0.02)


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if "movs" in pair], ids=lambda p: p["test"].split(".", 1)[1])
def test_every_model_output_variable_agrees_with_an_independent_implementation(pair: dict[str, Any]) -> None:
    ours = grade(sound(pair["reference"]), sound(pair["test"]), RATE).variables.as_array()
    theirs = np.array(pair["movs"])
    harmonic = 5  # its peak search is the one thing the standard leaves open
    assert np.delete(ours, harmonic) == pytest.approx(np.delete(theirs, harmonic), rel=1e-4, abs=1e-4)
    assert ours[harmonic] == pytest.approx(theirs[harmonic], rel=0.05)


def test_there_are_109_bands_that_share_out_every_bin_between_80_hz_and_18_khz() -> None:
    table = bands()
    assert table.count == 109
    assert table.centre[0] == pytest.approx(91.708, abs=0.01)
    assert table.centre[-1] == pytest.approx(17690.045, abs=0.01)
    assert np.allclose(table.grouping.sum(axis=1)[5:767], 1.0)


def test_more_noise_is_graded_worse() -> None:
    x = sound("brahms-hungarian-dance-5-strings.flac")
    noise = np.random.default_rng(0).standard_normal(x.shape)
    grades = [grade(x, x + level * noise, RATE).odg for level in (0.0, 0.0003, 0.003, 0.03)]
    assert grades == sorted(grades, reverse=True)
    assert grades[0] > 0.0
    assert grades[-1] < -3.0


def test_two_equal_channels_are_graded_as_one() -> None:
    x, y = sound(PAIRS[0]["reference"]), sound(PAIRS[0]["test"])
    stereo = grade(np.repeat(x, 2, axis=0), np.repeat(y, 2, axis=0), RATE)
    assert stereo.odg == pytest.approx(grade(x, y, RATE).odg, abs=1e-9)


def test_another_sample_rate_gives_nearly_the_same_grade() -> None:
    soxr = pytest.importorskip("soxr")
    pytest.importorskip("aidd_studio.audio.resampling")
    x, y = sound("brahms-hungarian-dance-5-strings.flac"), sound("brahms-hungarian-dance-5-strings.gap60line.flac")
    a, b = (soxr.resample(signal[0], RATE, 44_100, "VHQ")[None, :] for signal in (x, y))
    assert grade(a, b, 44_100).odg == pytest.approx(grade(x, y, RATE).odg, abs=0.15)


def test_silence_and_sound_that_never_gets_loud_have_finite_grades() -> None:
    silence = np.zeros((1, RATE), np.float32)
    click = silence.copy()
    click[0, 20_000] = 0.5
    assert np.isfinite(grade(silence, silence, RATE).odg)
    assert np.isfinite(distortion_index(grade(silence, click, RATE).variables))
    assert np.isfinite(grade(click, silence, RATE).odg)


def test_what_cannot_be_graded_is_refused_with_a_reason() -> None:
    with pytest.raises(UsageError, match="mono and stereo"):
        grade(np.zeros((3, RATE)), np.zeros((3, RATE)), RATE)
    with pytest.raises(UsageError, match=r"0\.1 s"):
        grade(np.zeros((1, 100)), np.zeros((1, 100)), RATE)
