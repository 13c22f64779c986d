"""The bundled demo recording: every dropout in it is found, none is invented."""

from __future__ import annotations

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip
from aidd_studio.audio.files.reading import read
from aidd_studio.damage.detection.dropouts import detect
from aidd_studio.damage.labels import read_labels
from aidd_studio.evaluation.material.planted_damage import DamageSettings, damage
from aidd_studio.evaluation.runs.detection import tally
from aidd_studio.paths import resources


@pytest.fixture(scope="module")
def original() -> Clip:
    return read(resources() / "demo" / "original.flac")


def test_the_dropouts_of_the_damaged_demo_are_found_to_the_sample() -> None:
    damaged = read(resources() / "demo" / "damaged.flac")
    truth = read_labels(resources() / "demo" / "damage.txt", damaged.rate)
    result = tally(truth, detect(damaged), damaged.channels)
    assert len(truth) > 10
    assert (result.found, result.alarms, result.channels_right) == (len(truth), 0, len(truth))
    assert max(result.border_errors) <= 3


def test_the_undamaged_demo_raises_no_alarm(original: Clip) -> None:
    assert detect(original) == []


def test_random_damage_to_the_demo_is_found(original: Clip) -> None:
    damaged, truth = damage(original, np.random.default_rng(77), DamageSettings(per_minute=120))
    result = tally(truth, detect(damaged), original.channels)
    assert len(truth) > 50
    assert result.recall >= 0.98
    assert result.precision >= 0.98
