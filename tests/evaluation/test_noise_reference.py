"""The original with its noise redrawn."""

from __future__ import annotations

import numpy as np

from aidd_studio.evaluation.metrics.noise_reference import noise_drawn_anew

RATE, BEGIN, END = 24_000, 20_000, 27_200


def _level(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(sound**2)))


def test_other_noise_comes_at_the_same_level_and_nothing_changes_outside() -> None:
    sound = (0.05 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)
    made = noise_drawn_anew(sound, BEGIN, END, 1)
    assert np.array_equal(made[:BEGIN], sound[:BEGIN]) and np.array_equal(made[END:], sound[END:])
    assert abs(_level(made[BEGIN:END]) - _level(sound[BEGIN:END])) < 1
    assert abs(np.corrcoef(made[BEGIN + 500 : END - 500], sound[BEGIN + 500 : END - 500])[0, 1]) < 0.2
    assert np.array_equal(made, noise_drawn_anew(sound, BEGIN, END, 1))
    assert not np.array_equal(made, noise_drawn_anew(sound, BEGIN, END, 2))


def test_tones_stay_to_the_phase() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 700 * np.arange(2 * RATE) / RATE)
    noise = 0.001 * np.random.default_rng(0).standard_normal(2 * RATE)
    made = noise_drawn_anew((tone + noise).astype(np.float32), BEGIN, END, 1)
    assert _level(made[BEGIN:END] - tone[BEGIN:END]) < -55
