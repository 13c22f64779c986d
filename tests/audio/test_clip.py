"""A clip made of an array: shared where it can be, refused where it would be misunderstood."""

from __future__ import annotations

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip, Patch


def test_float32_samples_are_shared_and_cannot_be_changed_through_the_clip() -> None:
    samples = np.zeros((2, 100), np.float32)
    clip = Clip(samples, 8000)
    assert np.shares_memory(clip.samples, samples)
    with pytest.raises(ValueError, match="read-only"):
        clip.samples[0, 0] = 1.0
    assert samples.flags.writeable


def test_one_dimension_is_one_channel_and_float64_is_converted() -> None:
    clip = Clip(np.linspace(0.0, 1.0, 100), 8000)  # type: ignore[arg-type]  # as whoever does not check types
    assert (clip.channels, clip.frames, clip.samples.dtype) == (1, 100, np.dtype(np.float32))


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8, np.bool_, np.complex64])
def test_samples_of_unknown_full_scale_are_refused(dtype: type) -> None:
    with pytest.raises(ValueError, match="floating point"):
        Clip(np.zeros((1, 100), dtype), 8000)


def test_samples_that_lie_the_other_way_are_refused() -> None:
    with pytest.raises(ValueError, match="transpose"):
        Clip(np.zeros((44100, 2), np.float32), 44100)
    assert Clip(np.zeros((8, 1), np.float32), 44100).channels == 8  # eight channels of one frame


@pytest.mark.parametrize("shape", [(), (0, 100), (1, 2, 100)])
def test_samples_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="channels"):
        Clip(np.zeros(shape, np.float32), 8000)


def test_patches_are_laid_over_in_order_and_taken_off_again() -> None:
    clip = Clip(np.zeros((2, 10), np.float32), 8000)
    ones, halves = np.ones((1, 4), np.float32), np.full((2, 1), 0.5, np.float32)
    patched = clip.with_patches(Patch(2, (1,), ones), Patch(4, (0, 1), halves))
    assert patched.samples.tolist() == [[0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0.5, 1, 0, 0, 0, 0]]
    assert patched.read(4, 5).tolist() == [[0.5], [0.5]]
    assert not patched.without_patches().samples.any() and not clip.samples.any()


def test_a_patch_outside_the_clip_is_refused() -> None:
    clip = Clip(np.zeros((2, 10), np.float32), 8000)
    ones = np.ones((1, 4), np.float32)
    for patch in (Patch(-1, (0,), ones), Patch(7, (0,), ones), Patch(0, (2,), ones)):
        with pytest.raises(ValueError, match="inside"):
            clip.with_patches(patch)
