"""What is found with too little confidence is listed and stays as it is, through every door."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import aidd_studio
from aidd_studio.audio.clip import Clip
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.writing import write
from aidd_studio.cli.main import app
from aidd_studio.damage.detection.dropouts import detect
from aidd_studio.damage.detection.settings import CONFIDENT, by_confidence
from aidd_studio.errors import UsageError
from aidd_studio.restoration.batch.items import BatchItem, BatchSettings
from aidd_studio.restoration.batch.one_file import restore_file
from aidd_studio.restoration.restore import restore

RATE = 16000
CERTAIN, UNCERTAIN = (16000, 16400), (48000, 59200)  # the second lasts 0.7 s: a dropout, or a pause


@pytest.fixture
def clip() -> Clip:
    time = np.arange(8 * RATE) / RATE
    sound = sum((0.12 * np.sin(2 * np.pi * pitch * time + pitch) for pitch in (220.0, 331.7, 440.9)), np.zeros(1))
    sound = sound + 0.01 * np.random.default_rng(1).standard_normal(len(time))
    for start, end in (CERTAIN, UNCERTAIN):
        sound[start:end] = 0
    clip = Clip(sound[None].astype(np.float32), RATE)
    certain, uncertain = detect(clip)
    assert uncertain.confidence < CONFIDENT <= certain.confidence
    return clip


@pytest.fixture
def source(clip: Clip, tmp_path: Path) -> Path:
    write(clip, tmp_path / "in.wav")
    return tmp_path / "in.wav"


def silent(clip: Clip, span: tuple[int, int]) -> bool:
    return not np.any(clip.samples[:, span[0] : span[1]])


def test_restore_leaves_an_uncertain_dropout_alone(clip: Clip) -> None:
    result = restore(clip, engine="autoregressive")
    assert [filled.gap.start for filled in result.gaps] == [CERTAIN[0]]
    assert [gap.start for gap in result.uncertain] == [UNCERTAIN[0]]
    assert silent(result.clip, UNCERTAIN) and not silent(result.clip, CERTAIN)


def test_restore_fills_it_when_less_confidence_will_do_or_when_it_is_given(clip: Clip) -> None:
    assert len(restore(clip, engine="autoregressive", min_confidence=0.5).gaps) == 2
    assert len(restore(clip, detect(clip), engine="autoregressive").gaps) == 2


@pytest.mark.parametrize("option, filled", [([], 1), (["--min-confidence", "0.5"], 2), (["--detect"], 1)])
def test_the_command_line_lists_what_it_leaves_alone(source: Path, option: list[str], filled: int) -> None:
    target = source.with_name("out.wav")
    arguments = ["restore", str(source), "-o", str(target), "--engine", "autoregressive", "--json", *option]
    result = CliRunner().invoke(app, arguments)
    told = json.loads(result.stdout)
    assert (len(told["gaps"]), len(told["uncertain"])) == (filled, 2 - filled)
    assert silent(read(target), UNCERTAIN) == (filled == 1)


@pytest.mark.parametrize("least, filled", [(CONFIDENT, 1), (0.5, 2), (1.0, 0)])
def test_a_batch_lists_what_it_leaves_alone(source: Path, least: float, filled: int) -> None:
    target = source.with_name("out.wav")
    outcome = restore_file(BatchItem(source, target), BatchSettings("autoregressive", min_confidence=least))
    assert outcome.status == ("restored" if filled else "nothing to do")
    assert target.exists() == bool(filled)
    assert ("left unchanged" in outcome.reason) == (filled < 2)


def test_confidence_lies_between_0_and_1(clip: Clip) -> None:
    assert aidd_studio.detect is detect
    with pytest.raises(UsageError):
        by_confidence([], 1.5)
