"""Tones that both sides foretell are kept; all else is left to the model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidd_studio.engines.aidd.rendering import Tones
from aidd_studio.engines.linear.extrapolation import both_sides

RATE = 24_000


def _tone(frequency: float, frames: int, phase: float = 0.0) -> np.ndarray:
    return 0.1 * np.sin(2 * np.pi * frequency * np.arange(frames) / RATE + phase)


@pytest.mark.parametrize("frames", [960, 2400, 7200, 24_000])
def test_a_steady_tone_is_kept_to_the_phase_and_what_the_model_adds_elsewhere_stays(frames: int) -> None:
    noise = 0.02 * np.random.default_rng(0).standard_normal(frames)
    high = np.fft.irfft(np.fft.rfft(noise) * (np.fft.rfftfreq(frames, 1 / RATE) > 3000), frames)
    wrong = 0.5 * _tone(440, frames, 2.0)
    true = _tone(440, frames)
    kept = Tones.of(true, true, true).keep_in(wrong + high)
    inner = slice(frames // 8, -frames // 8)
    assert np.sqrt(np.mean((kept - high - true)[inner] ** 2)) < 0.15 * np.sqrt(np.mean(true**2))
    change = (kept - wrong - high)[inner]
    spectrum = np.abs(np.fft.rfft(change * np.hanning(len(change))))
    assert spectrum[len(spectrum) // 4 :].max() < 0.03 * spectrum.max(), "nothing is changed above 3 kHz"


@pytest.mark.parametrize("frames", [960, 7200])
def test_where_the_sides_disagree_the_models_sound_stays(frames: int) -> None:
    made = _tone(700, frames)
    forward, backward = _tone(440, frames), _tone(440, frames, np.pi / 2)
    kept = Tones.of(forward, backward, (forward + backward) / 2).keep_in(made)
    assert np.allclose(kept, made, atol=1e-3)


def test_one_side_louder_than_the_other_is_no_agreement() -> None:
    made, tone = _tone(700, 7200), _tone(440, 7200)
    assert np.allclose(Tones.of(tone, 0.4 * tone, 0.7 * tone).keep_in(made), made, atol=1e-3)


def test_predictions_that_have_died_away_are_not_mistaken_for_agreement() -> None:
    made, silence = _tone(700, 7200), np.zeros(7200)
    assert np.array_equal(Tones.of(silence, silence, silence).keep_in(made), made)


@given(st.integers(2, 3000), st.integers(0, 2**31))
def test_gaps_of_any_length_stay_finite(frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = 0.1 * rng.standard_normal((3, frames))
    kept = Tones.of(rows[0], rows[1], rows[:2].mean(0)).keep_in(rows[2])
    assert kept.shape == (frames,) and np.all(np.isfinite(kept))
    assert np.abs(kept).max() < 2


def test_linear_prediction_of_a_chord_is_agreed_upon() -> None:
    sound = np.sum([_tone(frequency, 40_000) for frequency in (220.0, 277.2, 329.6)], axis=0)
    noisy = sound + 1e-4 * np.random.default_rng(1).standard_normal(40_000)
    sides = both_sides(noisy, 16_000, 19_600, 1000, 2400)
    kept = Tones.of(sides.forward, sides.backward, sides.crossed()).keep_in(np.zeros(3600))
    assert np.sqrt(np.mean((kept - sound[16_000:19_600]) ** 2)) < 0.1 * np.sqrt(np.mean(sound**2))
