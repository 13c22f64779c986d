"""A change that is confined to a band leaves the rest of the recording alone."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import Signal
from aidd_studio.damage.damage import Band
from aidd_studio.errors import DamageError
from aidd_studio.restoration.split import confine, reach, transition_width

RATES = [8000, 22050, 44100, 96000, 192_000]
PROMISE = -60.0
"""dB by which what lies outside the band may change at most, relative to its level (DESIGN.md, principle 1)."""


def music(frames: int, rate: int, channels: int, seed: int) -> Samples:
    """Noise whose spectrum falls like that of music: float32 [channels, frames]."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((channels, frames)))
    spectrum /= np.maximum(np.fft.rfftfreq(frames, 1 / rate), 30.0)
    sound = np.fft.irfft(spectrum, frames)
    return np.asarray(0.1 * sound / np.sqrt(np.mean(sound**2)), np.float32)


def third_octaves(rate: int, band: Band, width: float) -> list[tuple[float, float]]:
    """Those that lie wholly outside a band and its transitions."""
    centres = 25.0 * 2 ** (np.arange(40) / 3)
    edges = [(centre * 2 ** (-1 / 6), centre * 2 ** (1 / 6)) for centre in centres]
    outside = [(low, high) for low, high in edges if high <= band.low - width or low >= band.high + width]
    return [(low, high) for low, high in outside if high <= rate / 2]


def levels(sound: Signal, rate: int, bands: list[tuple[float, float]], taper: bool) -> Signal:
    """Energy of the sound in each band, in dB: [channels, bands]."""
    window = np.blackman(sound.shape[1]) if taper else np.ones(sound.shape[1])
    size = 1 << (4 * max(sound.shape[1], rate // 10) - 1).bit_length()
    power = np.abs(np.fft.rfft(sound * window, size)) ** 2 / np.mean(window**2)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    within = [(frequencies >= low) & (frequencies < high) for low, high in bands]
    return 10 * np.log10(np.stack([power[:, one].sum(axis=1) for one in within], axis=1) + 1e-30)


def worst_change(known: Samples, result: Samples, start: int, end: int, band: Band, rate: int) -> float:
    """Highest change of a third octave outside the band relative to its level around the region, in dB."""
    bands = third_octaves(rate, band, transition_width(band, end - start, rate))
    if not bands:
        return -np.inf
    around = slice(max(0, start - reach(band, end - start, rate)), end + reach(band, end - start, rate))
    before, after = (sound[:, around].astype(np.float64) for sound in (known, result))
    change = levels(after - before, rate, bands, taper=False) - levels(before, rate, bands, taper=True)
    return float(change.max())


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, int, int, int, Band]:
    rate, channels, seed = draw(st.sampled_from(RATES)), draw(st.integers(1, 2)), draw(st.integers(0, 10**6))
    frames = round(rate * draw(st.sampled_from([0.004, 0.02, 0.09, 0.1, 0.3])))
    edges = sorted(draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    low = edges[0] ** 2 * rate / 2
    return rate, channels, seed, frames, Band(low, min(rate / 2, low + 50 + edges[1] ** 2 * (rate / 2 - low)))


@pytest.mark.parametrize("bits", [None, 24])
@settings(max_examples=25, deadline=None)
@given(case=cases())
def test_what_lies_outside_the_band_stays_and_all_beyond_the_reach_is_identical(
    bits: int | None, case: tuple[int, int, int, int, Band]
) -> None:
    rate, channels, seed, frames, band = case
    beside = reach(band, frames, rate)
    start, end = beside + 100, beside + 100 + frames
    known = music(end + beside + 100, rate, channels, seed)
    if bits:
        known = np.round(known * 2 ** (bits - 1)).astype(np.float32) / np.float32(2 ** (bits - 1))
    fresh = known + 5 * music(known.shape[1], rate, channels, seed + 1)
    result = confine(known, fresh, start, end, band, rate)
    if bits:
        result = np.round(result * 2 ** (bits - 1)).astype(np.float32) / np.float32(2 ** (bits - 1))
    assert np.array_equal(result[:, : start - beside], known[:, : start - beside])
    assert np.array_equal(result[:, end + beside :], known[:, end + beside :])
    assert worst_change(known, result, start, end, band, rate) <= PROMISE


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [0.05, 0.5])
def test_inside_the_band_the_change_is_there_in_full(rate: int, seconds: float) -> None:
    band, tone = Band(500, 3000), 1500
    times = np.arange(2 * rate) / rate
    known = np.zeros((1, 2 * rate), np.float32)
    fresh = np.float32(0.5) * np.sin(2 * np.pi * tone * times, dtype=np.float64)[None].astype(np.float32)
    start, end = rate, rate + round(seconds * rate)
    result = confine(known, fresh, start, end, band, rate)
    middle = slice((start + end) // 2 - rate // 200, (start + end) // 2 + rate // 200)
    np.testing.assert_allclose(result[:, middle], fresh[:, middle], atol=2e-3)


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize(
    ("band", "kept"), [(Band(0, 1000), 4000), (Band(20, 1000), 4000), (Band(3000, 8000), 500), (Band(2000, 7950), 500)]
)
def test_an_edge_near_the_end_of_the_spectrum_is_open(rate: int, band: Band, kept: float) -> None:
    times = np.arange(rate) / rate
    change = 0.2 + np.sin(2 * np.pi * kept * times) + np.sin(2 * np.pi * (band.low + band.high) / 2 * times)
    known = np.zeros((1, rate), np.float32)
    start, end = rate // 4, 3 * rate // 4
    result = confine(known, change[None].astype(np.float32), start, end, band, rate)
    spectrum = np.abs(np.fft.rfft(result[0] * np.blackman(rate)))
    at = {
        name: spectrum[round(f)] for name, f in (("inside", (band.low + band.high) / 2), ("outside", kept), ("dc", 0))
    }
    assert at["outside"] < 1e-4 * at["inside"]
    assert (at["dc"] > 0.1 * at["inside"]) == (band.low < 100)


def test_the_whole_spectrum_is_just_the_windowed_change() -> None:
    known, fresh = (music(4000, 8000, 2, seed) for seed in (1, 2))
    result = confine(known, fresh, 1000, 2000, Band(0, 4000), 8000)
    np.testing.assert_allclose(result[:, 1000:2000], fresh[:, 1000:2000], atol=1e-7)
    assert np.array_equal(result[:, : 1000 - 48], known[:, : 1000 - 48])


@pytest.mark.parametrize(("start", "end"), [(0, 400), (7600, 8000), (0, 8000), (10, 7990)])
def test_a_region_at_the_ends_of_a_recording_is_confined_too(start: int, end: int) -> None:
    known, fresh = music(8000, 8000, 1, 1), music(8000, 8000, 1, 2)
    result = confine(known, fresh, start, end, Band(500, 1500), 8000)
    assert result.shape == known.shape and not np.array_equal(result, known)
    middle = slice((start + end) // 2 - 100, (start + end) // 2 + 100)
    assert np.abs(result - known)[:, middle].max() > 1e-4


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_region_that_is_not_finite_is_refused_in_a_sentence(value: float) -> None:
    known, fresh = music(8000, 8000, 1, 1), music(8000, 8000, 1, 2)
    known[0, 4100] = value
    with pytest.raises(DamageError, match=r"The region at 0\.500 s holds NaN or infinite values"):
        confine(known, fresh, 4000, 4400, Band(500, 1500), 8000)


@pytest.mark.parametrize("band", [Band(10, 4001), Band(5000, 6000)])
def test_a_band_beyond_the_recordings_spectrum_is_refused(band: Band) -> None:
    known = music(8000, 8000, 1, 1)
    with pytest.raises(DamageError, match="reaches beyond 4000 Hz"):
        confine(known, known, 4000, 4400, band, 8000)


def test_short_regions_widen_the_transition_so_that_the_filter_reaches_less_far() -> None:
    band = Band(1000, 2000)
    assert transition_width(band, 44100, 44100) == 100
    assert transition_width(band, 441, 44100) == pytest.approx(1140)
    assert transition_width(Band(1000, 1100), 44100, 44100) == 80
    assert transition_width(Band(1000, 9000), 44100, 44100) == 300
    assert reach(band, 44100, 44100) == pytest.approx(44100 * (0.006 + 3.55 / 100), rel=0.01)
    assert reach(band, 441, 44100) < 441


def test_twenty_seconds_at_192_khz_take_a_few_seconds_at_most() -> None:
    rate = 192_000
    known = np.zeros((1, 22 * rate), np.float32)
    fresh = np.ones_like(known)
    began = time.process_time()
    confine(known, fresh, rate, 21 * rate, Band(200, 900), rate)
    assert time.process_time() - began < 5
