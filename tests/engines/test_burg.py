"""Linear prediction: exact where sound is predictable, harmless where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidd_studio.engines.linear.burg import burg, coefficients, common_burg, common_reflections, reflections
from aidd_studio.engines.linear.extrapolation import (
    both_sides,
    extrapolate,
    extrapolate_back,
    predict,
    prefill,
    two_sided,
)

RATE = 44100


def mixture(frames: int, rate: int = RATE, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    times = np.arange(frames) / rate
    tones = [(f, generator.uniform(0, 6.28)) for f in (220.0, 331.7, 440.5, 883.0, 1319.0, 2637.5)]
    sound = 0.1 * np.sum([np.sin(2 * np.pi * f * times + phase) for f, phase in tones], axis=0)
    return sound.astype(np.float32).astype(np.float64)


def test_burg_finds_the_model_that_made_the_sound() -> None:
    model = np.array([1.0, -1.6, 1.2, -0.4])
    noise = np.random.default_rng(1).standard_normal(20000)
    sound = np.zeros(20000)
    for t in range(3, 20000):
        sound[t] = noise[t] - model[1:] @ sound[t - 3 : t][::-1]
    assert np.allclose(burg(sound, 3), model, atol=0.03)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31), st.integers(2, 600), st.integers(1, 300), st.sampled_from(["noise", "click", "tone", "held"])
)
def test_every_model_is_stable(seed: int, frames: int, order: int, kind: str) -> None:
    generator = np.random.default_rng(seed)
    sound = {
        "noise": generator.standard_normal(frames),
        "click": np.eye(1, frames, frames // 2)[0],
        "tone": np.sin(np.arange(frames) * 0.1),
        "held": np.full(frames, 0.5),
    }[kind]
    found = reflections(sound, order)
    assert np.all(np.abs(found) < 1.0)
    assert np.all(np.isfinite(coefficients(found)))


def plain_reflections(rows: np.ndarray, order: int) -> list[float]:
    """Burg's lattice as the books have it, every sum made anew."""
    forward, backward, found = rows.copy(), rows.copy(), []
    for _ in range(order):
        forward, backward = forward[:, 1:], backward[:, :-1]
        reflection = -2 * np.sum(forward * backward) / (np.sum(forward**2) + np.sum(backward**2))
        forward, backward = forward + reflection * backward, backward + reflection * forward
        found.append(reflection)
    return found


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("noise", [1.0, 1e-3, 1e-6])
def test_the_quick_lattice_finds_what_the_plain_one_finds(channels: int, noise: float) -> None:
    chance = np.random.default_rng(4)
    rows = np.stack([mixture(3000, seed=channel) for channel in range(channels)])
    rows += noise * 0.1 * chance.standard_normal(rows.shape)
    assert np.allclose(common_reflections(rows, 900), plain_reflections(rows, 900), atol=1e-7)


def test_rows_are_modelled_each_on_its_own() -> None:
    rows = np.random.default_rng(2).standard_normal((3, 2, 400))
    together = burg(rows, 20)
    assert together.shape == (3, 2, 21)
    assert np.array_equal(together[1, 1], burg(rows[1, 1], 20))


def test_a_common_model_ignores_the_sign_of_a_row() -> None:
    rows = np.random.default_rng(3).standard_normal((2, 500))
    assert np.array_equal(common_burg(rows, 30), common_burg(rows * [[1], [-1]], 30))


def test_a_model_leaves_less_than_the_sound_itself() -> None:
    sound = mixture(6000) + 1e-3 * np.random.default_rng(4).standard_normal(6000)
    errors = np.convolve(sound, burg(sound, 64), mode="valid")
    assert np.sum(errors**2) < 1e-3 * np.sum(sound**2)


def test_prediction_equals_the_recursion_that_defines_it() -> None:
    past, model = np.random.default_rng(5).standard_normal(50), np.array([1.0, -0.5, 0.3, 0.1])
    expected = list(past)
    for _ in range(20):
        expected.append(-sum(model[i] * expected[-i] for i in (1, 2, 3)))
    assert np.allclose(predict(past, model, 20), expected[50:])


def test_tones_are_continued_in_both_directions() -> None:
    sound = mixture(9000)
    assert np.max(np.abs(extrapolate(sound[:5000], 2000, 512) - sound[5000:7000])) < 0.01
    assert np.max(np.abs(extrapolate_back(sound[4000:], 2000, 512) - sound[2000:4000])) < 0.01


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.0, 0.5, 3.0, -3.0]))
def test_long_extrapolation_never_rises_above_its_context(seed: int, slope: float) -> None:
    generator = np.random.default_rng(seed)
    past = generator.standard_normal(1500) * np.exp(slope * np.linspace(0, 1, 1500))
    past += np.sin(np.arange(1500) * generator.uniform(0.01, 3.0)) * np.exp(slope * np.linspace(0, 2, 1500))
    found = extrapolate(past, 30000, 512)
    assert np.all(np.isfinite(found))
    assert np.max(np.abs(found)) <= 1.21 * np.max(np.abs(past))


def test_silence_and_nothing_continue_as_silence() -> None:
    assert not np.any(extrapolate(np.zeros(1000), 500, 100))
    assert not np.any(extrapolate(np.zeros((2, 0)), 500, 100))
    assert extrapolate(np.ones((2, 1)), 5, 100).shape == (2, 5)


def test_rounding_does_not_grow_where_almost_everything_is_empty() -> None:
    """Low tones in next to no noise: prediction by Fourier transform came out four times as loud as the sound."""
    rng, time = np.random.default_rng(3), np.arange(4300) / 24_000
    hertz, phase = np.sort(rng.uniform(60, 800, 20)), rng.uniform(0, 2 * np.pi, 20)
    decay = np.exp(-np.outer(rng.uniform(0.5, 3, 20), time))
    tones = np.sum(decay * np.sin(2 * np.pi * hertz[:, None] * time + phase[:, None]), axis=0)
    sound = 0.02 * tones + 1e-11 * rng.standard_normal(len(time))
    past, future = sound[:2400], sound[2400:]
    error = predict(past, burg(past, 1000), len(future)) - future
    assert np.sqrt(np.mean(error**2) / np.mean(future**2)) < 0.7


def test_two_sides_never_look_into_the_gap() -> None:
    sound = mixture(10000)
    spoiled = sound.copy()
    spoiled[5000:5400] = np.nan
    filled = two_sided(spoiled, 5000, 5400, 1024, 4096)
    assert np.max(np.abs(filled - sound[5000:5400])) < 1e-3


@pytest.mark.parametrize(("start", "end"), [(0, 300), (9700, 10000)])
def test_one_side_is_enough_at_the_edges(start: int, end: int) -> None:
    sound = mixture(10000)
    assert np.max(np.abs(two_sided(sound, start, end, 512, 4096) - sound[start:end])) < 1e-2


def test_hand_overs_hold_each_side_alone_over_most_of_the_gap() -> None:
    before, after = mixture(3400), mixture(3400, seed=7)[::-1]  # each goes on for 400 frames, one backwards
    missing = np.full(400, np.nan)
    sound = np.concatenate((before[:3000], missing, after[400:]))
    even, late, early = both_sides(sound, 3000, 3400, 512, 3000).hand_overs()
    assert np.max(np.abs(late[:300] - before[3000:3300])) < 1e-2
    assert np.max(np.abs(early[100:] - after[100:400])) < 1e-2
    assert np.max(np.abs(even[195:205] - (before[3195:3205] + after[195:205]) / 2)) < 2e-2


def test_hand_overs_at_an_end_are_the_one_side_there_is() -> None:
    sound = mixture(10000)
    fills = both_sides(sound, 0, 300, 512, 4096).hand_overs()
    assert np.array_equal(fills, np.stack([two_sided(sound, 0, 300, 512, 4096)] * 3))


def test_a_channel_without_gaps_is_left_alone_by_prefilling() -> None:
    sound = np.stack([mixture(6000, 24000, 1), mixture(6000, 24000, 2)])
    missing = np.zeros(sound.shape, dtype=bool)
    missing[1, 3000:3100] = True
    filled = prefill(sound, missing, 24000, 100)
    assert np.array_equal(filled[~missing], sound[~missing]) and np.any(filled[missing] != sound[missing])


def test_prefilling_fills_every_gap_of_every_channel_and_nothing_else() -> None:
    sound = np.stack([mixture(12000, 24000, 1), mixture(12000, 24000, 2)])
    missing = np.zeros(sound.shape, dtype=bool)
    missing[0, 3000:3400] = missing[:, 6000:6500] = missing[1, 11900:] = True
    filled = prefill(np.where(missing, 0, sound), missing, 24000)
    assert np.array_equal(filled[~missing], sound[~missing])
    assert np.max(np.abs(filled - sound)) < 0.02
