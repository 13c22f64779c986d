"""Bands and label files of other programs on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from aidd_studio.cli.main import app

RATE = 16000


def aidd(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def sentences(result: Result) -> list[str]:
    """What was said on stderr."""
    assert "Traceback" not in result.output
    return [line for line in result.stderr.splitlines() if line.strip()]


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A second of tones with a hole."""
    time_axis = np.arange(RATE) / RATE
    sound = 0.3 * np.sin(2 * np.pi * 440 * time_axis) + 0.01 * np.random.default_rng(1).standard_normal(RATE)
    sound[8000:8160] = 0
    path = tmp_path / "take.wav"
    soundfile.write(path, sound, RATE, subtype="PCM_16")
    return path


@pytest.mark.parametrize(
    ("band", "code", "sentence"),
    [
        ("200-3000", 1, "The engine auto fills the whole spectrum, not a band such as 200–3000 Hz"),
        ("0.2k-3k", 1, "The engine auto fills the whole spectrum, not a band such as 200–3000 Hz"),
        ("3000-200", 1, "The band 3000–200 Hz is empty; its upper edge must lie above its lower edge."),
        ("200-200", 1, "The band 200–200 Hz is empty"),
        ("200-8001", 1, "The band 200–8001 Hz reaches beyond 8000 Hz, half the recording's sample rate"),
        ("-200-300", 2, 'The band "-200-300" holds a negative frequency'),
        ("high", 2, '"high" is not a band; write LOW-HIGH in Hz, for instance 200-3000 or 0.2k-3k.'),
    ],
)
def test_a_band_that_cannot_be_filled_is_one_sentence_and_nothing_is_written(
    damaged: Path, tmp_path: Path, band: str, code: int, sentence: str
) -> None:
    output = tmp_path / "out.wav"
    result = aidd("restore", damaged, "-o", output, "--gap", f"0.5:0.51@{band}")
    assert result.exit_code == code
    (said,) = sentences(result)
    assert sentence in said
    assert not output.exists()


@pytest.mark.parametrize("engine", ["autoregressive", "similar", "aidd"])
def test_a_band_from_a_label_file_is_not_filled_over_its_whole_spectrum(
    damaged: Path, tmp_path: Path, engine: str
) -> None:
    labels, output = tmp_path / "labels.txt", tmp_path / "out.wav"
    labels.write_text("0.5\t0.51\tcough\n\\\t200\t3000\n")
    result = aidd("restore", damaged, "-o", output, "--gaps", labels, "--engine", engine)
    assert result.exit_code == 1
    assert sentences(result)[0].startswith(f"The engine {engine} fills the whole spectrum, not a band")
    assert not output.exists()


def test_json_says_that_dropouts_are_of_the_whole_spectrum(damaged: Path, tmp_path: Path) -> None:
    for command in (("detect", damaged), ("restore", damaged, "-o", tmp_path / "out.wav")):
        (gap,) = json.loads(aidd(*command, "--json").stdout)["gaps"]
        assert (gap["band"], gap["known"]) == (None, "nothing")


def test_a_point_among_the_labels_is_skipped_and_said(damaged: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("0.2\t0.2\tnote\n0.5\t0.51\tdropout\n")
    result = aidd("restore", damaged, "-o", tmp_path / "out.wav", "--gaps", labels)
    assert result.exit_code == 0
    note = "Line 1 of labels.txt marks a point, not a span; it was skipped."
    assert sentences(result)[0] == note
    result = aidd("restore", damaged, "-o", tmp_path / "again.wav", "--gaps", labels, "--json")
    assert note in json.loads(result.stdout)["notes"]


@pytest.mark.parametrize(
    ("options", "generative"), [(["--engine", "aidd"], True), (["--engine", "similar"], False), ([], False)]
)
def test_json_says_of_each_fill_whether_it_may_be_made_up(
    damaged: Path, tmp_path: Path, options: list[str], generative: bool
) -> None:
    result = aidd("restore", damaged, "-o", tmp_path / "out.wav", "--json", *options)
    (gap,) = json.loads(result.stdout)["gaps"]
    assert gap["generative"] is generative
    assert [candidate["generative"] for candidate in gap["candidates"]] == [generative]
    again = aidd("restore", damaged, "-o", tmp_path / "out.wav", "--overwrite", *options)
    assert ("(generative)" in again.stdout) is generative
