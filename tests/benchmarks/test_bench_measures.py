"""How long it takes to measure one restored segment of the MusicNet protocol."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aidd_studio.evaluation.material.fill_protocols import FILL_PROTOCOLS
from aidd_studio.evaluation.metrics.measures import measure
from aidd_studio.evaluation.metrics.metrics import log_spectral_distance
from aidd_studio.evaluation.peaq import grade

RATE = 24_000
Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def pair() -> Pair:
    frames = round(FILL_PROTOCOLS["musicnet"].seconds * RATE)
    x = 0.1 * np.random.default_rng(0).standard_normal((1, frames)).astype(np.float32)
    return x, x + np.float32(0.001)


def test_speed_of_the_log_spectral_distance(benchmark: BenchmarkFixture, pair: Pair) -> None:
    benchmark(log_spectral_distance, *pair)


def test_speed_of_the_objective_difference_grade(benchmark: BenchmarkFixture, pair: Pair) -> None:
    benchmark(grade, *pair, RATE)


def test_speed_of_all_measures(benchmark: BenchmarkFixture, pair: Pair) -> None:
    gaps = FILL_PROTOCOLS["musicnet"].gaps(pair[0].shape[1], RATE, 100.0)
    benchmark(measure, *pair, RATE, gaps)
