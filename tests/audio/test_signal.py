"""Windows, fades, levels, lags and mel bands do what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from aidd_studio.audio.signal import best_lag, correlation, hann, level_gain, mel_bank, mel_edges, rise, rms


def test_shifted_periodic_windows_add_up_to_a_constant() -> None:
    window = hann(64, symmetry="periodic")
    np.testing.assert_allclose(window + np.roll(window, 32), 1.0)
    assert window[0] == 0.0 and window[32] == 1.0


@pytest.mark.parametrize("size", [5, 64, 1024])
def test_midpoint_and_symmetric_windows_read_the_same_from_both_ends(size: int) -> None:
    midpoint, symmetric = hann(size, symmetry="midpoint"), hann(size, symmetry="symmetric")
    np.testing.assert_allclose(midpoint, midpoint[::-1], atol=1e-12)
    assert np.array_equal(symmetric, np.hanning(size))
    assert symmetric[0] == 0.0 and midpoint[0] > 0.0


@pytest.mark.parametrize("frames", [1, 2, 7, 480])
def test_a_rise_and_its_reverse_add_up_to_one(frames: int) -> None:
    curve = rise(frames)
    assert np.all(np.diff(curve) > 0) and 0 < curve[0] <= curve[-1] < 1
    np.testing.assert_allclose(curve + curve[::-1], 1.0)


def test_a_rise_of_no_frames_is_empty() -> None:
    assert rise(0).shape == (0,)


def test_the_level_of_quiet_float32_sound_is_exact() -> None:
    assert rms(np.full(1_000_000, 1e-3, np.float32)) == pytest.approx(1e-3, rel=1e-7)
    assert rms(np.zeros((2, 0))) == 0.0


@pytest.mark.parametrize(("factor", "gain"), [(0.8, 1.25), (1.0, 1.0), (0.1, 2.0), (10.0, 0.5)])
def test_a_gain_restores_the_level_within_its_bounds(factor: float, gain: float) -> None:
    sound = np.random.default_rng(0).standard_normal((2, 500))
    assert level_gain(sound, factor * sound, 2.0) == pytest.approx(gain)


@pytest.mark.parametrize(("wanted", "present"), [(0.0, 1.0), (1.0, 0.0), (1e-8, 1e-8)])
def test_silence_asks_for_no_gain(wanted: float, present: float) -> None:
    assert level_gain(np.full(10, wanted), np.full(10, present), 4.0) == 1.0


def test_correlation_does_not_depend_on_levels() -> None:
    sound = np.random.default_rng(1).standard_normal(400)
    assert correlation(sound, 3 * sound) == pytest.approx(1.0)
    assert correlation(sound, -0.1 * sound) == pytest.approx(-1.0)
    assert correlation(sound, np.zeros(400)) == 0.0


@pytest.mark.parametrize("lag", [-7, 0, 12])
def test_the_best_lag_finds_a_shift(lag: int) -> None:
    sound = np.random.default_rng(2).standard_normal(1000)
    moved = np.roll(sound, lag)
    assert best_lag(lambda k: correlation(sound[100:200], moved[100 + k : 200 + k]), range(-20, 21)) == lag


def test_among_equal_lags_the_first_wins_and_a_margin_must_be_beaten() -> None:
    assert best_lag(lambda lag: 0.5, (0, -1, 1)) == 0
    assert best_lag(lambda lag: 0.5 + 0.001 * lag, (0, 1, 2), margin=0.01) == 0
    assert best_lag(lambda lag: 0.5 + 0.1 * lag, (0, 1, 2), margin=0.01) == 2


def test_mel_edges_lie_denser_at_low_frequencies() -> None:
    edges = mel_edges(60.0, 16_000.0, 40)
    assert len(edges) == 42
    assert edges[0] == pytest.approx(60.0) and edges[-1] == pytest.approx(16_000.0)
    assert np.all(np.diff(edges, 2) > 0)


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100, 96_000])
def test_every_mel_band_holds_a_bin(rate: int) -> None:
    bank = mel_bank(rate, 1024, 80)
    assert bank.shape == (513, 80)
    assert np.all(bank.sum(axis=0) > 0) and np.all(bank >= 0)


def test_widened_mel_bands_change_by_at_most_one_from_bin_to_bin() -> None:
    assert np.abs(np.diff(mel_bank(44_100, 512, 80, narrow="widened"), axis=0)).max() <= 1.0 + 1e-9


def test_a_mel_bank_stays_between_its_edges() -> None:
    bank = mel_bank(44_100, 4096, 20, lowest=200.0, highest=5000.0)
    hertz = np.arange(2049) * 44_100 / 4096
    assert not bank[(hertz < 200) | (hertz > 5000)].any()
