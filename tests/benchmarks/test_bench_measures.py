"""How long it takes to measure one restored segment of the MusicNet protocol."""

import numpy as np
import pytest

from aidd_studio.evaluation.material.fill_protocols import FILL_PROTOCOLS
from aidd_studio.evaluation.metrics.measures import measure
from aidd_studio.evaluation.metrics.metrics import log_spectral_distance
from aidd_studio.evaluation.peaq import grade

RATE = 24_000


@pytest.fixture
def pair():
    frames = round(FILL_PROTOCOLS["musicnet"].seconds * RATE)
    x = 0.1 * np.random.default_rng(0).standard_normal((1, frames)).astype(np.float32)
    return x, x + np.float32(0.001)


def test_speed_of_the_log_spectral_distance(benchmark, pair):
    benchmark(log_spectral_distance, *pair)


def test_speed_of_the_objective_difference_grade(benchmark, pair):
    benchmark(grade, *pair, RATE)


def test_speed_of_all_measures(benchmark, pair):
    gaps = FILL_PROTOCOLS["musicnet"].gaps(pair[0].shape[1], RATE, 100.0)
    benchmark(measure, *pair, RATE, gaps)
