"""The engine `similar`: music that repeats comes back from its repetition."""

from __future__ import annotations

import numpy as np
import pytest

from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Window
from aidd_studio.engines.similar.engine import SimilarEngine, SimilarSettings
from aidd_studio.errors import DamageError, UsageError
from aidd_studio.progress import Progress

RATE = 16000


def melody(seed: int, notes: int = 12, channels: int = 2) -> np.ndarray:
    """Plucked notes of 0.25 s: float32 [channels, frames]."""
    generator = np.random.default_rng(seed)
    times = np.arange(RATE // 4) / RATE
    parts = []
    for pitch in generator.integers(45, 85, notes):
        frequency = 440 * 2 ** ((pitch - 69) / 12)
        tone = sum(np.sin(2 * np.pi * frequency * k * times) / k for k in range(1, 6))
        parts.append(0.2 * tone * np.exp(-6 * times))
    sound = np.concatenate(parts)
    return np.stack([sound * (1 - 0.3 * channel) for channel in range(channels)]).astype(np.float32)


def window_of(samples: np.ndarray, *gaps: Damage, offset: int = 0) -> Window:
    missing = np.zeros(samples.shape, dtype=bool)
    for gap in gaps:
        missing[list(gap.channel_indices(len(samples))), gap.start - offset : gap.end - offset] = True
    return Window(np.where(missing, np.float32(0), samples), missing, RATE, offset, gaps)


def repeated() -> tuple[np.ndarray, int]:
    first, between = melody(1), melody(2, 7)
    between = between[:, : between.shape[1] - 137]  # so that the repetition is on no grid
    return np.concatenate([first, between, 0.8 * first, melody(3, 5)], axis=1), first.shape[1] + between.shape[1]


def sdr(wanted: np.ndarray, found: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(wanted.astype(float) ** 2) / np.sum((wanted.astype(float) - found) ** 2)))


@pytest.mark.parametrize("in_repetition", [False, True])
def test_a_repetition_fills_the_gap_exactly_and_at_the_right_level(in_repetition: bool) -> None:
    sound, again = repeated()
    start = 24000 + (again if in_repetition else 0)
    fill = next(iter(SimilarEngine().fill(window_of(sound, Damage(start, start + 8000)), 1, 0, Progress())))
    assert sdr(sound[:, start : start + 8000], fill.samples[:, start : start + 8000]) > 30
    assert fill.score > 0.75


def test_candidates_are_distinct_ranked_and_do_not_depend_on_their_number() -> None:
    sound, _ = repeated()
    window = window_of(sound, Damage(24000, 30000))
    many = list(SimilarEngine(SimilarSettings(worst=40)).fill(window, 4, 0, Progress()))
    one = list(SimilarEngine(SimilarSettings(worst=40)).fill(window, 1, 5, Progress()))
    assert len(many) == 4
    assert np.array_equal(one[0].samples, many[0].samples)
    assert [fill.score for fill in many] == sorted((fill.score for fill in many), reverse=True)
    assert len({fill.samples.tobytes() for fill in many}) == 4


def test_only_the_gap_and_the_sound_beside_it_change() -> None:
    sound, _ = repeated()
    window = window_of(sound, Damage(24000, 30000, channels=(1,)), offset=0)
    fill = next(iter(SimilarEngine().fill(window, 1, 0, Progress())))
    changed = np.flatnonzero((fill.samples != window.samples).any(axis=0))
    assert changed.min() >= 24000 - 0.05 * RATE
    assert changed.max() < 30000 + 0.05 * RATE
    assert np.array_equal(fill.samples[0], sound[0])


def test_nothing_is_taken_from_another_gap() -> None:
    sound, again = repeated()
    gaps = Damage(24000, 28000), Damage(24000 + again, 28000 + again)
    for fill in SimilarEngine(SimilarSettings(worst=60)).fill(window_of(sound, *gaps), 3, 0, Progress()):
        for gap in gaps:
            assert np.mean(fill.samples[0, gap.start : gap.end] == 0) < 0.01


def test_a_gap_at_the_start_is_filled_from_what_follows_it() -> None:
    sound, _ = repeated()
    fill = next(iter(SimilarEngine().fill(window_of(sound, Damage(0, 6000)), 1, 0, Progress())))
    assert np.all(np.isfinite(fill.samples))
    assert np.any(fill.samples[:, :6000])


def test_a_short_recording_is_refused_with_the_reason() -> None:
    sound = melody(4, 3)
    with pytest.raises(DamageError, match="too short"):
        list(SimilarEngine().fill(window_of(sound, Damage(4000, 8000)), 1, 0, Progress()))


def test_sound_that_never_returns_is_refused_with_the_reason() -> None:
    times = np.arange(10 * RATE) / RATE
    sweep = np.sin(2 * np.pi * (100 * times + 350 * times**2))[None].astype(np.float32)
    with pytest.raises(DamageError, match="resembles"):
        list(SimilarEngine().fill(window_of(sweep, Damage(80000, 88000)), 1, 0, Progress()))


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError):
        SimilarSettings(border=0)
