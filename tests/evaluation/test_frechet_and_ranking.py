"""The Fréchet distance and the rank correlation are what the textbooks say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidd_studio.damage.damage import Damage
from aidd_studio.evaluation.material.material import material
from aidd_studio.evaluation.metrics.frechet import compare, frechet_distance, log_mel_embedding
from aidd_studio.evaluation.metrics.ranking import rank_correlation


def test_the_distance_of_two_gaussians_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((200_000, 2)) * [1.0, 2.0]
    b = rng.standard_normal((200_000, 2)) * [3.0, 2.0] + [5.0, 0.0]
    assert frechet_distance(a, b) == pytest.approx(25.0 + (3.0 - 1.0) ** 2, rel=0.02)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1_000), shift=st.floats(-10, 10))
def test_a_shift_adds_its_square_and_equal_sets_are_at_zero(seed: int, shift: float) -> None:
    a = np.random.default_rng(seed).standard_normal((50, 4))
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(a, a + np.array([shift, 0, 0, 0])) == pytest.approx(shift**2, abs=1e-6)


def test_the_distance_does_not_care_which_set_comes_first() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((40, 5)), rng.standard_normal((30, 5)) @ rng.standard_normal((5, 5))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6)


def test_a_result_names_its_embedding_and_warns_of_small_samples() -> None:
    rng = np.random.default_rng(2)
    sounds = [0.1 * rng.standard_normal((1, 24_000)).astype(np.float32) for _ in range(4)]
    quiet = [0.1 * sound for sound in sounds]
    result = compare(sounds, quiet, 24_000, log_mel_embedding())
    assert result.distance > result.floor
    assert "log-mel" in result.embedding
    assert "far too few" in result.caution


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-1_000_000, 1_000_000), min_size=3, max_size=12, unique=True))  # floats may tie in arctan
def test_rank_correlation_sees_order_alone(values: list[int]) -> None:
    assert rank_correlation(values, [np.arctan(v / 1e6) for v in values]) == pytest.approx(1.0)
    assert rank_correlation(values, [-v for v in values]) == pytest.approx(-1.0)


def test_rank_correlation_of_a_constant_is_unknown() -> None:
    assert rank_correlation([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]) is None


def test_material_tells_tones_noise_and_strokes_apart() -> None:
    rate = 24_000
    time = np.arange(2 * rate) / rate
    rng = np.random.default_rng(0)
    tone = (0.2 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 1320 * time))[None]
    noise = 0.1 * rng.standard_normal((1, 2 * rate))
    strokes = noise * np.exp(-((time % 0.1) * 60))
    gaps = [Damage(rate, rate + 480)]
    kinds = [material(sound.astype(np.float32), rate, gaps) for sound in (tone, noise, strokes)]
    assert kinds == ["tonal", "noisy", "transient"]
