"""Writing: formats, dither, limiting, and what the report says."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.audio.files.formats import Target
from aidd_studio.audio.files.reading import probe, read
from aidd_studio.audio.files.writing import write
from aidd_studio.errors import FileWriteError


def tone(frames: int = 40_000, level: float = 0.3, channels: int = 2) -> np.ndarray:
    return np.repeat(level * np.sin(np.arange(frames) * 0.05)[None, :], channels, axis=0).astype(np.float32)


def test_the_error_of_a_dithered_patch_is_noise_of_the_right_power_and_unrelated_to_the_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((100_000, 1)), 44100, subtype="PCM_16")
    quiet = tone(100_000, 0.7 / 32768, 1)
    report = write(read(tmp_path / "a.wav").with_patches(Patch(0, (0,), quiet)), tmp_path / "b.wav")
    error = (read(tmp_path / "b.wav").samples - quiet)[0] * 32768
    assert report.dithered > 99_000
    assert abs(np.var(error) - 0.25) < 0.01  # 1/12 of rounding + 1/6 of triangular dither, in steps squared
    assert abs(np.corrcoef(error, quiet[0])[0, 1]) < 0.02
    assert abs(np.mean(error)) < 0.01


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone().T, 44100)
    clip = read(tmp_path / "a.wav").with_patches(Patch(100, (1,), tone(5000, 0.1234, 1)))
    write(clip, tmp_path / "b.wav")
    write(clip, tmp_path / "c.wav")
    assert (tmp_path / "b.wav").read_bytes() == (tmp_path / "c.wav").read_bytes()


def test_a_conversion_to_fewer_bits_dithers_all_but_silence(tmp_path: Path) -> None:
    samples = tone()
    samples[:, 10_000:20_000] = 0.0
    soundfile.write(tmp_path / "a.wav", samples.T, 44100, subtype="PCM_24")
    report = write(read(tmp_path / "a.wav"), tmp_path / "b.wav", subtype="PCM_16")
    after = read(tmp_path / "b.wav").samples
    assert report.subtype == "PCM_16"
    assert report.dithered == np.count_nonzero(read(tmp_path / "a.wav").samples)
    assert not after[:, 10_000:20_000].any()
    assert np.abs(after - samples).max() <= 1.5 / 32768 + 1e-6


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
def test_samples_above_full_scale_are_limited_and_counted_never_wrapped(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((1000, 2)), 44100, subtype=subtype)
    loud = np.array([[1.5, -1.5, 2.0, -7.0, 0.5]], np.float32)
    report = write(read(tmp_path / "a.wav").with_patches(Patch(10, (1,), loud)), tmp_path / "b.wav")
    after = read(tmp_path / "b.wav").samples[1, 10:15]
    assert np.allclose(after, [1.0, -1.0, 1.0, -1.0, 0.5], atol=0.03)
    assert report.over_full_scale == 4
    assert report.peak_dbfs == pytest.approx(16.9, abs=0.01)


def test_float_files_keep_what_is_above_full_scale_and_say_so(tmp_path: Path) -> None:
    report = write(Clip(tone(100, 2.0), 44100), tmp_path / "b.wav", subtype="FLOAT")
    assert np.array_equal(read(tmp_path / "b.wav").samples, tone(100, 2.0))
    assert report.over_full_scale == 0
    assert any("+6.0" in note for note in report.notes)


def test_the_peak_of_silence_is_none(tmp_path: Path) -> None:
    assert write(Clip(np.zeros((1, 10), np.float32), 44100), tmp_path / "b.wav").peak_dbfs is None


def test_a_clip_without_a_source_keeps_its_samples_exactly(tmp_path: Path) -> None:
    clip = Clip(tone(), 44100)
    write(clip, tmp_path / "b.wav")
    assert np.array_equal(read(tmp_path / "b.wav").samples, clip.samples)


@pytest.mark.parametrize(
    ("source", "subtype", "target", "expected"),
    [
        ("a.wav", "FLOAT", "b.flac", ("FLAC", "PCM_24")),
        ("a.wav", "PCM_U8", "b.flac", ("FLAC", "PCM_S8")),
        ("a.wav", "PCM_32", "b.aiff", ("AIFF", "PCM_32")),
        ("a.flac", "PCM_16", "b.wav", ("WAV", "PCM_16")),
        ("a.ogg", "VORBIS", "b.wav", ("WAV", "FLOAT")),
        ("a.ogg", "VORBIS", "b.flac", ("FLAC", "PCM_24")),
        ("a.ogg", "VORBIS", "b.ogg", ("OGG", "VORBIS")),
        ("a.wav", "PCM_16", "b.mp3", ("MP3", "MPEG_LAYER_III")),
        ("a.wav", "PCM_16", "b.opus", ("OGG", "OPUS")),
        ("a.rf64", "PCM_16", "b.wav", ("RF64", "PCM_16")),
        ("a.wav", "IMA_ADPCM", "b.wav", ("WAV", "IMA_ADPCM")),
        ("a.caf", "ALAC_24", "b.caf", ("CAF", "PCM_24")),
    ],
)
def test_the_suffix_decides_the_container_and_the_source_the_rest(
    tmp_path: Path, source: str, subtype: str, target: str, expected: tuple[str, str]
) -> None:
    soundfile.write(tmp_path / source, tone().T, 48000, subtype=subtype)
    clip = read(tmp_path / source)
    report = write(clip, tmp_path / target)
    info = probe(tmp_path / target)
    assert (info.container, info.subtype) == expected == (report.container, report.subtype)
    assert (info.rate, info.channels, info.frames) == (48000, 2, clip.frames)
    expect_note = expected[1] in ("VORBIS", "OPUS", "MPEG_LAYER_III", "IMA_ADPCM")
    assert any("lossy" in note for note in report.notes) == expect_note


@pytest.mark.parametrize("suffix", [".ogg", ".mp3", ".opus"])
def test_a_lossy_recording_is_encoded_again_with_little_loss(tmp_path: Path, suffix: str) -> None:
    kind: dict[str, Any] = {"subtype": "OPUS", "format": "OGG"} if suffix == ".opus" else {}
    soundfile.write(tmp_path / f"a{suffix}", tone().T, 48000, **kind)
    clip = read(tmp_path / f"a{suffix}")
    write(clip, tmp_path / f"b{suffix}")
    again = read(tmp_path / f"b{suffix}")
    assert again.frames == clip.frames
    middle = slice(5000, 35_000)
    error = np.sum((again.samples - clip.samples)[:, middle] ** 2) / np.sum(clip.samples[:, middle] ** 2)
    assert 10 * np.log10(error) < -25


@pytest.mark.parametrize(
    ("name", "rate", "channels", "wanted", "says"),
    [
        ("b.opus", 44100, 2, None, "Opus cannot hold 44100"),
        ("b.mp3", 96000, 2, None, "MP3 cannot hold"),
        ("b.mp3", 44100, 6, None, "6 channels"),
        ("b.flac", 44100, 2, "FLOAT", "FLAC cannot hold FLOAT"),
        ("b.caf", 44100, 2, "ALAC_24", "choose PCM_24"),
    ],
)
def test_what_a_format_cannot_hold_is_reported(
    tmp_path: Path, name: str, rate: int, channels: int, wanted: str | None, says: str
) -> None:
    with pytest.raises(FileWriteError, match=says):
        write(Clip(tone(100, channels=channels), rate), tmp_path / name, subtype=wanted)
    assert list(tmp_path.iterdir()) == []


def test_more_than_4_gib_become_rf64_and_are_refused_where_nothing_holds_them() -> None:
    hours = 7 * 3600 * 44100
    target = Target("WAV", "PCM_16").checked(44100, 2, hours)
    assert target.container == "RF64"
    assert "RF64" in target.notes[0]
    assert Target("WAV", "PCM_16").checked(44100, 2, hours // 2).container == "WAV"
    with pytest.raises(FileWriteError, match="4 GiB"):
        Target("AIFF", "PCM_16").checked(44100, 2, hours)


@pytest.mark.parametrize("happened", ["changed", "gone"])
def test_a_source_of_32_bits_that_changed_meanwhile_is_not_guessed(tmp_path: Path, happened: str) -> None:
    samples = np.random.default_rng(0).integers(-(2**31), 2**31, (1000, 1)).astype(np.int32)
    source = tmp_path / "a.wav"
    soundfile.write(source, samples, 44100, subtype="PCM_32")
    clip = read(source)
    if happened == "gone":
        source.unlink()
    else:
        os.utime(source, ns=(1, 1))
    with pytest.raises(FileWriteError, match="PCM_24 or FLOAT"):
        write(clip, tmp_path / "b.wav")
    assert not (tmp_path / "b.wav").exists()
    write(clip, tmp_path / "b.wav", subtype="FLOAT")
    assert np.array_equal(read(tmp_path / "b.wav").samples, clip.samples)


def test_a_source_of_16_bits_is_written_exactly_even_when_it_is_gone(tmp_path: Path) -> None:
    source = tmp_path / "a.flac"
    soundfile.write(source, tone().T, 44100)
    clip = read(source)
    source.unlink()
    write(clip, tmp_path / "b.flac")
    assert np.array_equal(read(tmp_path / "b.flac").samples, clip.samples)


def test_a_clip_made_from_other_sound_is_written_as_it_is_and_not_as_its_source(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone().T, 44100, subtype="PCM_32")
    clip = read(tmp_path / "a.wav")
    other = replace(clip, base=tone(40_000, 0.11))
    write(other, tmp_path / "b.wav")
    assert np.allclose(read(tmp_path / "b.wav").samples, other.samples, atol=1e-6)
    shorter = replace(clip, base=clip.base[:, :500])
    write(shorter, tmp_path / "c.wav")
    assert np.array_equal(read(tmp_path / "c.wav").samples, shorter.samples)


def test_like_gives_the_format(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone().T, 44100, subtype="PCM_24")
    write(Clip(tone(), 44100), tmp_path / "b.wav", like=tmp_path / "a.wav")
    write(Clip(tone(), 44100), tmp_path / "c.wav", like=read(tmp_path / "a.wav"))
    assert probe(tmp_path / "b.wav").subtype == probe(tmp_path / "c.wav").subtype == "PCM_24"


def test_without_dither_samples_are_rounded_to_the_nearest_step(tmp_path: Path) -> None:
    wave = 0.2 * np.sin(np.arange(4800) / 7)
    soundfile.write(tmp_path / "fine.wav", wave, 48000, subtype="PCM_24")
    clip = read(tmp_path / "fine.wav")
    report = write(clip, tmp_path / "coarse.wav", subtype="PCM_16", dither=False)
    written, _ = soundfile.read(tmp_path / "coarse.wav", dtype="int16")
    assert report.dithered == 0
    assert np.array_equal(written, np.rint(clip.samples[0].astype(np.float64) * 2**15))
