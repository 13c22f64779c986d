"""Resampling keeps time, level and type."""

from __future__ import annotations

import numpy as np
import pytest

from aidd_studio.audio.resampling import resample, resampled_length


@pytest.mark.parametrize(("rate_in", "rate_out"), [(44100, 24000), (24000, 44100), (96000, 24000), (8000, 192000)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_tone_keeps_its_phase_and_level(rate_in: int, rate_out: int, dtype: type) -> None:
    frequency = 440.0
    samples: np.ndarray = np.stack([np.sin(2 * np.pi * frequency * np.arange(rate_in) / rate_in)] * 2).astype(dtype)
    result = resample(samples, rate_in, rate_out)
    expected = np.sin(2 * np.pi * frequency * np.arange(rate_out) / rate_out)
    assert result.dtype == dtype
    assert result.shape == (2, rate_out)
    edge = rate_out // 20
    assert np.abs(result[:, edge:-edge] - expected[edge:-edge]).max() < 2e-5


@pytest.mark.parametrize("frames", [0, 1, 2, 7, 100, 44101])
def test_the_length_is_exact(frames: int) -> None:
    result = resample(np.ones((3, frames), np.float32), 44100, 24000)
    assert result.shape == (3, resampled_length(frames, 44100, 24000))
    assert abs(result.shape[1] - frames * 24000 / 44100) <= 0.5


def test_one_dimension_stays_one_dimension_and_the_same_rate_changes_nothing() -> None:
    samples = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    assert np.array_equal(resample(samples, 44100, 44100), samples)
    assert resample(samples, 44100, 22050).shape == (500,)
