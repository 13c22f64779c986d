"""The recording is sacred: what no patch changed is identical to the source, in every format."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.writing import write

SUFFIX = {
    "WAV": ".wav",
    "WAVEX": ".wav",
    "RF64": ".rf64",
    "W64": ".w64",
    "AIFF": ".aiff",
    "FLAC": ".flac",
    "CAF": ".caf",
    "AU": ".au",
}
EXACT = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "ALAC_16")
VARIANTS = ("WAVEX", "RF64", "AU")  # they share their codecs with WAV
FORMATS = [
    (container, subtype)
    for container in SUFFIX
    for subtype in (("PCM_16", "PCM_32", "FLOAT") if container in VARIANTS else EXACT)
    if soundfile.check_format(container, subtype)
]
BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_24": 24, "PCM_32": 32}


def native(subtype: str) -> Any:
    return {"FLOAT": "float32", "DOUBLE": "float64"}.get(subtype, "int32")


def random_samples(subtype: str, frames: int, channels: int, seed: int) -> NDArray[Any]:
    """Samples that use the whole precision of a subtype, extremes included: [frames, channels]."""
    generator = np.random.default_rng(seed)
    if native(subtype) != "int32":
        samples = generator.standard_normal((frames, channels)).astype(native(subtype))
        samples[generator.random(samples.shape) < 0.01] = np.nan
        samples[generator.random(samples.shape) < 0.01] = np.inf
        samples[generator.random(samples.shape) < 0.01] = -0.0
        return samples
    whole = generator.integers(-(2**31), 2**31, (frames, channels)).astype(np.int32)
    whole[generator.random(whole.shape) < 0.05] = 2**31 - 1
    whole[generator.random(whole.shape) < 0.05] = -(2**31)
    shift = 32 - BITS.get(subtype, 16)
    return (whole >> shift) << shift


def stored(path: Path, subtype: str) -> NDArray[Any]:
    samples, _ = soundfile.read(path, dtype=native(subtype), always_2d=True)
    return samples


def bits(samples: NDArray[Any]) -> NDArray[Any]:
    return samples.view({4: np.int32, 8: np.int64}[samples.itemsize])


@st.composite
def patches(draw: st.DrawFn, frames: int, channels: int) -> list[Patch]:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, frames - 1))
        end = draw(st.integers(start + 1, frames))
        rows = draw(st.sets(st.integers(0, channels - 1), min_size=1))
        loud = draw(st.sampled_from([0.0, 0.3, 3.0]))
        samples = np.random.default_rng(start).standard_normal((len(rows), end - start)) * loud
        found.append(Patch(start, tuple(sorted(rows)), samples.astype(np.float32)))
    return found


@pytest.mark.parametrize(("container", "subtype"), FORMATS)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_samples_outside_the_patches_are_bit_identical(container: str, subtype: str, data: st.DataObject) -> None:
    frames = data.draw(st.sampled_from([1, 2, 333, 5000]))
    channels = data.draw(st.sampled_from([1, 2, 5]))
    if container == "CAF" and subtype == "ALAC_16":
        channels = min(channels, 2)
    laid = data.draw(patches(frames, channels))
    with tempfile.TemporaryDirectory() as folder:
        source, target = (Path(folder) / (name + SUFFIX[container]) for name in ("source", "target"))
        given_samples = random_samples(subtype, frames, channels, seed=frames + channels)
        soundfile.write(source, given_samples, 44100, format=container, subtype=subtype)
        report = write(read(source).with_patches(*laid), target)
        before, after = stored(source, subtype), stored(target, subtype)
        info = soundfile.info(target)
    if subtype not in ("ULAW", "ALAW"):
        # libsndfile takes the padding of an odd number of bytes in AIFF for one more sample
        assert np.array_equal(bits(before[:frames]), bits(given_samples))
    assert (info.format, info.subtype, info.samplerate) == (container, subtype, 44100)
    assert after.shape == before.shape
    if native(subtype) == "int32":
        assert report.dithered <= sum(patch.samples.size for patch in laid)
    touched = np.zeros(before.shape, dtype=bool)
    for patch in laid:
        touched[patch.start : patch.end, list(patch.channels)] = True
    assert np.array_equal(bits(before)[~touched], bits(after)[~touched])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_a_patch_that_equals_the_source_changes_nothing(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", random_samples(subtype, 2000, 2, 1), 44100, subtype=subtype)
    clip = read(tmp_path / "a.wav")
    write(clip.with_patches(Patch(100, (0, 1), clip.read(100, 900).copy())), tmp_path / "b.wav")
    assert np.array_equal(bits(stored(tmp_path / "a.wav", subtype)), bits(stored(tmp_path / "b.wav", subtype)))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_32", "DOUBLE"])
def test_a_part_of_a_recording_is_as_exact_as_the_whole(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", random_samples(subtype, 200_000, 2, 2), 44100, subtype=subtype)
    write(read(tmp_path / "a.wav"), tmp_path / "b.wav", span=(12_345, 150_001))
    whole, part = stored(tmp_path / "a.wav", subtype), stored(tmp_path / "b.wav", subtype)
    assert np.array_equal(bits(whole[12_345:150_001]), bits(part))


def test_every_untouched_sample_survives_across_block_borders(tmp_path: Path) -> None:
    samples = random_samples("PCM_32", 300_000, 1, 3)
    soundfile.write(tmp_path / "a.wav", samples, 44100, subtype="PCM_32")
    patch = Patch(65_000, (0,), np.full((1, 2000), 0.1, np.float32))
    write(read(tmp_path / "a.wav").with_patches(patch), tmp_path / "b.wav")
    after = stored(tmp_path / "b.wav", "PCM_32")
    changed = np.flatnonzero(after[:, 0] != samples[:, 0])
    assert (changed.min(), changed.max(), len(changed)) == (65_000, 66_999, 2000)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("a.wav", "b.flac"),
        ("a.wav", "b.aiff"),
        ("a.wav", "b.caf"),
        ("a.flac", "b.wav"),
        ("a.aiff", "b.w64"),
        ("a.rf64", "b.wav"),
    ],
)
def test_another_lossless_container_holds_the_same_samples(tmp_path: Path, source: str, target: str) -> None:
    soundfile.write(tmp_path / source, random_samples("PCM_24", 3000, 2, 4), 48000, subtype="PCM_24")
    write(read(tmp_path / source), tmp_path / target)
    assert np.array_equal(stored(tmp_path / source, "PCM_24"), stored(tmp_path / target, "PCM_24"))


def test_integers_of_32_bits_survive_in_float64(tmp_path: Path) -> None:
    samples = random_samples("PCM_32", 3000, 1, 5)
    soundfile.write(tmp_path / "a.wav", samples, 44100, subtype="PCM_32")
    write(read(tmp_path / "a.wav"), tmp_path / "b.wav", subtype="DOUBLE")
    assert np.array_equal(stored(tmp_path / "b.wav", "DOUBLE") * 2.0**31, samples)


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
def test_the_byte_order_is_kept(tmp_path: Path, endian: str) -> None:
    samples = random_samples("PCM_16", 100, 2, 6)
    soundfile.write(tmp_path / "a.aiff", samples, 44100, subtype="PCM_16", endian=endian)
    clip: Clip = read(tmp_path / "a.aiff")
    write(clip, tmp_path / "b.aiff")
    assert (tmp_path / "b.aiff").read_bytes() == (tmp_path / "a.aiff").read_bytes()
