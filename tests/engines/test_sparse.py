"""A-SPAIN and A-SPAIN-L."""

from __future__ import annotations

import numpy as np
import pytest

from aidd_studio.audio.signal import hann
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Window
from aidd_studio.engines.sparse.basis_learning import LearnedFourier, learn
from aidd_studio.engines.sparse.engine import SparseEngine, SparseSettings
from aidd_studio.engines.sparse.frames import RedundantFourier, Transform, cut, frame_starts, overlap_add
from aidd_studio.engines.sparse.spain import hard_threshold
from aidd_studio.errors import Cancelled, UsageError
from aidd_studio.progress import Progress

RATE = 16000


def chord(frames: int, channels: int = 1) -> np.ndarray:
    times = np.arange(frames) / RATE
    rows = [
        sum(0.1 * np.sin(2 * np.pi * f * times + f + channel) for f in (262.0, 330.0, 392.0))
        for channel in range(channels)
    ]
    return np.stack(rows).astype(np.float32)


def window_of(samples: np.ndarray, *gaps: Damage) -> Window:
    missing = np.zeros(samples.shape, dtype=bool)
    for gap in gaps:
        missing[list(gap.channel_indices(len(samples))), gap.start : gap.end] = True
    return Window(np.where(missing, np.float32(0), samples), missing, RATE, 0, gaps)


def learned() -> LearnedFourier:
    return learn(np.random.default_rng(0).standard_normal((20, 256)) * hann(256, symmetry="midpoint"), Progress())


@pytest.mark.parametrize("transform", [RedundantFourier(256), learned()], ids=["fourier", "learned"])
def test_the_frame_is_tight(transform: Transform) -> None:
    frames = np.random.default_rng(1).standard_normal((3, 256))
    spectra = transform.analysis(frames)
    assert np.allclose(np.sum(np.abs(spectra) ** 2, axis=1), np.sum(frames**2, axis=1))
    assert np.allclose(transform.synthesis(spectra), frames)
    other = np.random.default_rng(2).standard_normal(spectra.shape) * np.complex128(1 + 1j)
    other[:, [0, -1]] = other[:, [0, -1]].real
    inner = np.sum((spectra * other.conj()).real, axis=1)
    assert np.allclose(inner, np.sum(frames * transform.synthesis(other), axis=1))


def test_learning_makes_the_lessons_sparser() -> None:
    frames = np.asarray(cut(chord(6000)[0], list(range(0, 5000, 100)), 512)) * hann(512, symmetry="midpoint")
    plain, turned = RedundantFourier(512).analysis(frames), learn(frames, Progress()).analysis(frames)
    assert np.abs(turned).sum() < 0.95 * np.abs(plain).sum()


def test_hard_thresholding_keeps_the_largest() -> None:
    spectra = np.array([[1 + 0j, 3j, -2, 0.5]])
    assert np.array_equal(hard_threshold(spectra, 2), [[0, 3j, -2, 0]])


def test_frames_cover_every_missing_sample_and_join_again() -> None:
    row = np.random.default_rng(3).standard_normal(5000)
    missing = np.zeros(5000, dtype=bool)
    missing[:30] = missing[2000:2100] = missing[4990:] = True
    starts, window = frame_starts(missing, 512), hann(512, symmetry="midpoint")
    joined = overlap_add(np.asarray(cut(row, starts, 512)) * window, starts, window, 5000)
    assert np.allclose(joined[missing], row[missing])


@pytest.mark.parametrize("variant", ["aspain", "aspain-l"])
def test_tones_come_back_and_the_rest_stays(variant: str) -> None:
    sound = chord(9000, 2)
    window = window_of(sound, Damage(4000, 4320), Damage(4700, 4780, channels=(1,)))
    (fill,) = SparseEngine(SparseSettings(variant=variant)).fill(window, 1, 0, Progress())  # type: ignore[arg-type]
    error = np.sum((fill.samples - sound)[window.missing] ** 2)
    assert error < 0.01 * np.sum(sound[window.missing] ** 2)
    assert np.array_equal(fill.samples[~window.missing], sound[~window.missing])


@pytest.mark.parametrize("gap", [Damage(0, 500), Damage(2500, 3000), Damage(10, 2990)])
def test_edges_and_long_gaps_stay_finite_and_bounded(gap: Damage) -> None:
    sound = chord(3000)
    (fill,) = SparseEngine(SparseSettings(frame=0.02)).fill(window_of(sound, gap), 1, 0, Progress())
    assert np.all(np.isfinite(fill.samples))
    assert np.max(np.abs(fill.samples)) <= np.max(np.abs(sound))


def test_silence_stays_silent() -> None:
    (fill,) = SparseEngine().fill(window_of(np.zeros((1, 6000), np.float32), Damage(3000, 3300)), 1, 0, Progress())
    assert not np.any(fill.samples)


def test_it_can_be_stopped() -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        list(SparseEngine().fill(window_of(chord(9000), Damage(4000, 4300)), 1, 0, progress))


def test_unknown_variants_are_refused() -> None:
    with pytest.raises(UsageError, match="aspain-l"):
        SparseSettings(variant="dense")  # type: ignore[arg-type]
