"""The autoregressive engine: what it fills, and what it must never do."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Engine, Window
from aidd_studio.engines.linear.autoregressive import interpolate
from aidd_studio.engines.linear.engine import (
    AutoregressiveEngine,
    AutoregressiveSettings,
    ExtrapolationEngine,
    ExtrapolationSettings,
)
from aidd_studio.errors import Cancelled, UsageError
from aidd_studio.progress import Progress

RATE = 44100


def tones(frames: int, channels: int = 1, rate: int = RATE, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    times = np.arange(frames) / rate
    rows = []
    for _ in range(channels):
        parts = [
            generator.uniform(0.05, 0.2) * np.sin(2 * np.pi * f * times + generator.uniform(0, 6.28))
            for f in (196.0, 392.3, 587.1, 784.9, 1174.7, 1567.0)
        ]
        rows.append(sum(parts) + 1e-5 * generator.standard_normal(frames))
    return np.stack(rows).astype(np.float32)


def window_of(samples: np.ndarray, *gaps: Damage, rate: int = RATE, offset: int = 0) -> Window:
    missing = np.zeros(samples.shape, dtype=bool)
    for gap in gaps:
        missing[list(gap.channel_indices(len(samples))), gap.start - offset : gap.end - offset] = True
    return Window(np.where(missing, np.float32(0), samples), missing, rate, offset, gaps)


def filled(window: Window, engine: Engine | None = None) -> np.ndarray:
    fills = list((engine or AutoregressiveEngine()).fill(window, 3, 0, Progress()))
    assert len(fills) == 1
    assert fills[0].samples.dtype == np.float32
    return fills[0].samples


def sdr(wanted: np.ndarray, found: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(wanted.astype(float) ** 2) / np.sum((wanted.astype(float) - found) ** 2)))


@pytest.mark.parametrize("engine", [AutoregressiveEngine(), ExtrapolationEngine()], ids=lambda engine: engine.info.name)
def test_twenty_milliseconds_of_tones_come_back_by_more_than_40_db(engine: Engine) -> None:
    sound = tones(12000)
    window = window_of(sound, Damage(5000, 5882))
    assert sdr(sound[:, 5000:5882], filled(window, engine)[:, 5000:5882]) > 40


def test_interpolation_beats_extrapolation_on_sound_that_has_a_model() -> None:
    from scipy.signal import lfilter  # type: ignore[attr-defined]

    noise = np.random.default_rng(7).standard_normal(40000)
    sound = lfilter([0.02], [1.0, -1.9, 1.4, -0.45], noise)[None].astype(np.float32)
    interpolating = AutoregressiveEngine(AutoregressiveSettings(order=32))
    extrapolating = ExtrapolationEngine(ExtrapolationSettings(order=32))
    window = window_of(sound, *(Damage(start, start + 12) for start in range(3000, 37000, 2000)))
    wanted = sound[window.missing]
    assert sdr(wanted, filled(window, interpolating)[window.missing]) > sdr(
        wanted, filled(window, extrapolating)[window.missing]
    )


def test_interpolation_solves_the_normal_equations() -> None:
    generator = np.random.default_rng(8)
    model = np.r_[1.0, 0.1 * generator.standard_normal(10)]
    sound = generator.standard_normal((1, 200))
    start, end = 90, 120
    found = sound.copy()
    found[:, start:end] = interpolate(sound, start, end, model)

    def errors(row: np.ndarray) -> float:
        return float(np.sum(np.convolve(row, model, mode="valid") ** 2))

    least = errors(found[0])
    for index in range(start, end):
        for change in (-1e-3, 1e-3):
            moved = found[0].copy()
            moved[index] += change
            assert errors(moved) > least


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, 8),
    st.sampled_from([8000, 22050, 44100]),
    st.floats(0.0, 1.0),
    st.integers(1, 9000),
    st.sampled_from(["noise", "tones", "silence", "half silence", "click", "loud"]),
)
def test_whatever_the_sound_the_fill_is_finite_bounded_and_leaves_the_rest(
    seed: int, channels: int, rate: int, place: float, length: int, kind: str
) -> None:
    generator = np.random.default_rng(seed)
    frames = 9500
    sound = generator.standard_normal((channels, frames)).astype(np.float32) * 0.1
    if kind == "tones":
        sound = tones(frames, channels, rate, seed)
    elif kind == "silence":
        sound[:] = 0
    elif kind == "half silence":
        sound[:, frames // 2 :] = 0
    elif kind == "click":
        sound[:] = 0
        sound[:, 100] = 1.0
    elif kind == "loud":
        sound *= 1e4
    start = round(place * (frames - length))
    window = window_of(sound, Damage(start, start + length), rate=rate)
    found = filled(window)
    assert np.all(np.isfinite(found))
    assert np.array_equal(found[~window.missing], window.samples[~window.missing])
    assert np.max(np.abs(found)) <= 1.5 * np.max(np.abs(window.samples))
    assert np.array_equal(found, filled(window))


def test_silence_around_gives_silence() -> None:
    window = window_of(np.zeros((2, 9000), dtype=np.float32), Damage(4000, 4500))
    assert not np.any(filled(window))


def test_identical_channels_get_identical_fills_and_inverted_stay_inverted() -> None:
    row = tones(10000) + 0.02 * np.random.default_rng(9).standard_normal((1, 10000)).astype(np.float32)
    for gap in (Damage(5000, 5900), Damage(2000, 7500)):
        found = filled(window_of(np.concatenate([row, row, -row]), gap))
        assert np.array_equal(found[0], found[1])
        assert np.allclose(found[0], -found[2], atol=1e-7)


def test_channels_keep_their_phase_to_each_other() -> None:
    sound = tones(10000)
    delayed = np.concatenate([sound[:, 20:], 0.5 * sound[:, :-20]])
    found = filled(window_of(delayed, Damage(5000, 5900)))
    assert sdr(delayed[:, 5000:5900], found[:, 5000:5900]) > 35


def test_an_intact_channel_predicts_what_a_damaged_one_lost() -> None:
    generator = np.random.default_rng(10)
    left = 0.1 * generator.standard_normal(12000)
    right = 0.7 * np.roll(left, 3) + 0.005 * generator.standard_normal(12000)
    sound = np.stack([left, right]).astype(np.float32)
    found = filled(window_of(sound, Damage(5000, 7000, channels=(1,))))
    assert np.array_equal(found[0], sound[0])
    assert sdr(sound[1, 5000:7000], found[1, 5000:7000]) > 15


def test_several_gaps_nearer_than_the_context_are_filled() -> None:
    sound = tones(14000, 2)
    gaps = [Damage(4000, 4400), Damage(5000, 5441, channels=(0,)), Damage(6200, 6600), Damage(6900, 7000)]
    found = filled(window_of(sound, *gaps))
    for gap in gaps:
        rows = list(gap.channel_indices(2))
        assert sdr(sound[rows, gap.start : gap.end], found[rows, gap.start : gap.end]) > 25


@pytest.mark.parametrize(("start", "end", "least"), [(0, 441, 20), (11559, 12000, 20), (3, 441, 6), (11559, 11998, 6)])
def test_gaps_at_the_file_s_edges_are_filled_from_one_side(start: int, end: int, least: float) -> None:
    sound = tones(12000)
    found = filled(window_of(sound, Damage(start, end)))
    assert sdr(sound[:, start:end], found[:, start:end]) > least


def test_a_gap_longer_than_its_context_fades_instead_of_exploding() -> None:
    sound = tones(90000, 2) + 0.01 * np.random.default_rng(11).standard_normal((2, 90000)).astype(np.float32)
    found = filled(window_of(sound, Damage(300, 88000)))
    assert np.max(np.abs(found)) <= 1.5 * np.max(np.abs(sound))
    assert np.all(np.isfinite(found))


def test_a_single_known_sample_is_enough_not_to_fail() -> None:
    found = filled(window_of(np.ones((1, 10), dtype=np.float32), Damage(1, 10)))
    assert np.all(np.isfinite(found))


def test_it_stops_within_a_gap_when_cancelled() -> None:
    """By the thread's own processor time, so that what other programs take does not count."""
    sound = np.random.default_rng(12).standard_normal((2, 60000)).astype(np.float32)
    window = window_of(sound, *(Damage(4000 + 7000 * i, 9000 + 7000 * i) for i in range(7)))
    started = time.thread_time()
    list(AutoregressiveEngine().fill(window, 1, 0, Progress()))
    whole = time.thread_time() - started
    told: list[float] = []

    def stop(fraction: float, stage: str) -> None:
        if not told:
            told.append(time.thread_time())
            progress.cancel()

    progress = Progress(stop)
    with pytest.raises(Cancelled):
        list(AutoregressiveEngine().fill(window, 1, 0, progress))
    assert time.thread_time() - told[0] < 0.3 * whole


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="order"):
        AutoregressiveSettings(order=0)
