"""Peaks show what the samples hold, however they are built and looked at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidd_studio.audio.peaks import BIN, Peaks


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(frames).standard_normal((channels, frames)).astype(np.float32)


def complete(samples: np.ndarray) -> Peaks:
    peaks = Peaks(*samples.shape)
    for _ in peaks.build(samples, piece=100_000):
        pass
    return peaks


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 300_000), data=st.data())
def test_an_envelope_holds_the_extremes_of_exactly_its_columns(frames: int, data: st.DataObject) -> None:
    samples = noise(frames)
    start = data.draw(st.integers(0, frames - 1))
    end = data.draw(st.integers(start + 1, frames))
    points = data.draw(st.integers(1, 300))
    first, low, high = complete(samples).envelope(start, end, points)
    width = int(first[1] - first[0]) if len(first) > 1 else max(BIN, 1 << (max(1, end - start) - 1).bit_length())
    assert len(first) <= points + 1
    assert first[0] <= start
    assert all(frame % BIN == 0 for frame in first)
    for column, frame in enumerate(first[:-1]):
        part = samples[:, frame : frame + width]
        assert np.array_equal(low[:, column], part.min(axis=1))
        assert np.array_equal(high[:, column], part.max(axis=1))
    assert high[:, -1].max() <= samples[:, first[-1] :].max()


@settings(max_examples=15, deadline=None)
@given(pieces=st.lists(st.integers(1, 5000), min_size=1, max_size=20))
def test_the_size_of_the_pieces_does_not_matter(pieces: list[int]) -> None:
    samples = noise(sum(pieces))
    peaks, place = Peaks(*samples.shape), 0
    for count in pieces:
        peaks.add(samples[:, place : place + count])
        place += count
    whole = complete(samples)
    assert peaks.is_complete
    edges = np.linspace(0, samples.shape[1], 9).astype(np.int64)
    for ours, theirs in zip(peaks.of_columns(edges), whole.of_columns(edges), strict=True):
        assert np.array_equal(ours, theirs)


def test_panning_shows_the_same_columns() -> None:
    peaks = complete(noise(1_000_000))
    first, low, _ = peaks.envelope(0, 400_000, 500)
    moved, moved_low, _ = peaks.envelope(12_345, 412_345, 500)
    common = np.intersect1d(first, moved)
    assert len(common) > 300
    assert np.array_equal(low[:, np.isin(first, common)], moved_low[:, np.isin(moved, common)])


def test_what_is_not_read_yet_is_unknown_and_the_rest_is_there() -> None:
    samples = noise(1_000_000)
    peaks = Peaks(2, 1_000_000)
    peaks.grow(samples, 400_000)
    assert (peaks.known, peaks.is_complete) == (400_000, False)
    first, low, high = peaks.envelope(0, 1_000_000, 100)
    known = first + (first[1] - first[0]) <= 400_000 - BIN
    assert np.isfinite(low[:, known]).all()
    assert np.isfinite(high[:, known]).all()
    assert np.isnan(low[:, first > 400_000]).all()


def test_nan_and_inf_count_as_silence() -> None:
    samples = noise(10_000, 1)
    samples[0, 1000:1010] = np.nan
    samples[0, 2000] = np.inf
    peaks = complete(samples)
    samples[~np.isfinite(samples)] = 0
    low, high = peaks.of_columns(np.array([0, 10_112]))
    assert low[0, 0] == samples.min()
    assert high[0, 0] == samples.max()


def test_kept_arrays_give_the_same_peaks() -> None:
    peaks = complete(noise(200_000))
    again = Peaks.from_arrays(peaks.as_arrays())
    (first, low, high), theirs = peaks.envelope(0, 200_000, 50), again.envelope(0, 200_000, 50)
    assert np.array_equal(first, theirs[0])
    assert np.array_equal(low, theirs[1]) and np.array_equal(high, theirs[2])
    broken = peaks.as_arrays() | {"frames": np.array([900_000])}
    with pytest.raises(ValueError, match="fit"):
        Peaks.from_arrays(broken)
