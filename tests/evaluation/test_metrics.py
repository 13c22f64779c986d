"""The metrics behave as distances, ratios and click meters should."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidd_studio.evaluation.metrics import metrics

RATE = 24_000
GAP = (6_000, 9_000)


def music(seed: int = 0, channels: int = 1, frames: int = 16_000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / RATE
    tones = sum(np.sin(2 * np.pi * f * time + p) for f, p in zip((220, 440, 1100, 3000), rng.random(4), strict=True))
    return np.stack([0.1 * tones + 0.003 * rng.standard_normal(frames) for _ in range(channels)])


def damaged(x: np.ndarray, fill: float = 0.0) -> np.ndarray:
    y = x.copy()
    y[:, GAP[0] : GAP[1]] = fill
    return y


@pytest.mark.parametrize(
    "distance",
    [
        metrics.log_spectral_distance,
        lambda a, b: metrics.mel_distance(a, b, RATE, GAP),
        lambda a, b: metrics.spectral_convergence(a, b, GAP),
    ],
)
def test_a_distance_is_zero_for_equal_recordings_and_grows_with_the_damage(
    distance: Callable[[np.ndarray, np.ndarray], float],
) -> None:
    x = music()
    slight, strong = x.copy(), x.copy()
    noise = np.random.default_rng(1).standard_normal((1, GAP[1] - GAP[0]))
    slight[:, GAP[0] : GAP[1]] += 0.001 * noise
    strong[:, GAP[0] : GAP[1]] += 0.1 * noise
    assert distance(x, x) == 0.0
    assert 0.0 < distance(x, slight) < distance(x, strong)


def test_the_natural_and_the_common_log_spectral_distance_differ_by_the_logarithm_of_ten() -> None:
    x, y = music(), damaged(music())
    natural = metrics.log_spectral_distance(x, y)
    assert metrics.log_spectral_distance(x, y, "common") == pytest.approx(natural / math.log(10))


def test_the_log_spectral_distance_of_a_gain_is_the_logarithm_of_its_square() -> None:
    x = np.random.default_rng(0).standard_normal((2, 8_192))
    assert metrics.log_spectral_distance(x, 2 * x) == pytest.approx(math.log(4), rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1_000), level=st.floats(0.01, 10.0))
def test_snr_is_the_ratio_of_the_levels(seed: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1, 400))
    noise = rng.standard_normal((1, 400))
    noise *= level * np.linalg.norm(x) / np.linalg.norm(noise)
    assert metrics.snr(x, x + noise) == pytest.approx(-20 * math.log10(level), abs=1e-6)


def test_snr_looks_only_into_the_gap() -> None:
    x = music()
    y = x.copy()
    y[:, :100] = 5.0
    assert metrics.snr(x, y, GAP) == math.inf
    assert metrics.snr(x, damaged(x), GAP) == pytest.approx(0.0)


@settings(max_examples=15, deadline=None)
@given(start=st.integers(0, 3_900), frames=st.integers(1, 4_000))
def test_every_gap_has_finite_distances_even_at_the_edges_of_the_recording(start: int, frames: int) -> None:
    x = music(frames=4_000)
    gap = (start, min(4_000, start + frames))
    y = x.copy()
    y[:, gap[0] : gap[1]] = 0.0
    assert math.isfinite(metrics.mel_distance(x, y, RATE, gap))
    assert math.isfinite(metrics.spectral_convergence(x, y, gap))


def test_the_measures_of_two_channels_are_the_mean_of_each() -> None:
    x = music(channels=2)
    y = damaged(x)
    y[1] = x[1]
    alone = metrics.mel_distance(x[:1], y[:1], RATE, GAP)
    assert metrics.mel_distance(x, y, RATE, GAP) == pytest.approx(alone / 2)


def test_a_step_at_a_join_is_a_click_and_the_untouched_recording_has_none() -> None:
    x = music()
    stepped = x.copy()
    stepped[:, GAP[0] : GAP[1]] += 0.4
    assert metrics.boundary_click(x, GAP, RATE) < 6.0
    assert metrics.boundary_click(stepped, GAP, RATE) > 15.0


def test_a_softer_fill_is_measured_in_decibels_and_silence_has_a_bound() -> None:
    x = music()
    y = x.copy()
    y[:, GAP[0] : GAP[1]] *= 0.5
    assert metrics.level_difference(x, y, GAP) == pytest.approx(-6.02, abs=0.01)
    y[:, GAP[0] : GAP[1]] = 0
    assert metrics.level_difference(x, y, GAP) == -60
    assert metrics.level_difference(y, x, GAP) == 60
    assert metrics.level_difference(y, y, GAP) == 0


def test_silence_all_around_has_no_click() -> None:
    assert metrics.boundary_click(np.zeros((2, 1_000)), (400, 600), RATE) == -math.inf


def test_recordings_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        metrics.snr(np.zeros((1, 10)), np.zeros((1, 11)))
