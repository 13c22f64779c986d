"""Which holes are found, how exactly, and what is left alone."""

from __future__ import annotations

import functools
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection import dropouts as detection
from aidd_studio.damage.detection.dropouts import DetectionSettings, detect
from aidd_studio.errors import Cancelled
from aidd_studio.evaluation.material.planted_damage import DAMAGE_KINDS, PlantedKind, damage, quantised
from aidd_studio.evaluation.material.recoding import Recoding, moved, recoded
from aidd_studio.evaluation.runs.detection import measure, tally
from aidd_studio.progress import Progress

RATE = 44100


def music(seconds: float, rate: int = RATE, channels: int = 2, seed: int = 0) -> Clip:
    """Struck and bowed notes over soft noise, a little different in each channel."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * rate)
    sound = rng.normal(0, 0.003, (channels, frames))
    sound[:, 1:] += 0.9 * sound[:, :-1]
    place = 0.0
    while place < seconds:
        start = round(place * rate)
        time = np.arange(min(frames - start, round(rng.uniform(0.3, 1.5) * rate))) / rate
        pitch = 55 * 2 ** (rng.integers(0, 48) / 12)
        tone = np.zeros(len(time))
        for harmonic in range(1, 12):
            if harmonic * pitch < 0.45 * rate:
                tone += rng.uniform(0.2, 1) / harmonic * np.sin(2 * np.pi * harmonic * pitch * time + rng.uniform(0, 6))
        shape = np.exp(-3 * time) if rng.random() < 0.5 else np.minimum(1, time / 0.05) * (1 - time / (time[-1] + 1e-9))
        tone *= shape * np.minimum(1, time / 0.004) * np.minimum(1, (time[-1] - time) / 0.02) * rng.uniform(0.05, 0.2)
        sound[:, start : start + len(time)] += rng.uniform(0.3, 1, (channels, 1)) * tone
        place += rng.uniform(0.05, 0.3)
    return Clip(np.tanh(sound).astype(np.float32), rate)


def changed(clip: Clip, channel: int | None, start: int, end: int, values: NDArray[np.floating] | float) -> Clip:
    samples = clip.samples.copy()
    samples[slice(None) if channel is None else channel, start:end] = values
    return Clip(samples, clip.rate)


def near(gap: Damage, start: int, end: int, samples: int = 3) -> bool:
    return abs(gap.start - start) <= samples and abs(gap.end - end) <= samples


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 192000])
@pytest.mark.parametrize("milliseconds", [5, 40, 300])
@pytest.mark.parametrize("channel", [None, 1])
def test_digital_silence_is_found_to_the_sample(rate: int, milliseconds: int, channel: int | None) -> None:
    clip = music(2.0, rate, seed=rate)
    start, end = rate, rate + milliseconds * rate // 1000
    (gap,) = detect(changed(clip, channel, start, end, 0.0))
    assert near(gap, start, end)
    assert gap.kind == "silence"
    assert gap.channels == (None if channel is None else (channel,))
    assert 0.5 < gap.confidence <= 1


def test_level_cuts_held_samples_and_repeated_buffers_are_found() -> None:
    clip = music(6.0, seed=3)
    sound = clip.samples
    start, end = RATE, RATE + 1500
    for values, kind in (
        (sound[:, start:end] * 0.01, "near-silence"),
        (sound[:, start - 1 : start], "held"),
        (np.resize(sound[:, start - 700 : start].T, (1500, 2)).T, "held"),
        (np.random.default_rng(0).normal(0, 1e-4, (2, 1500)), "near-silence"),
    ):
        (gap,) = detect(changed(clip, None, start, end, values))
        assert near(gap, start, end, 5)
        assert gap.kind == kind
        assert gap.channels is None


@pytest.mark.parametrize("how", ["resampled", "MP3", "Vorbis", "Opus"])
def test_dropouts_are_found_after_the_recording_was_coded_or_resampled(how: Recoding) -> None:
    clip = music(12.0, seed=2)
    starts = [round(place * RATE) for place in np.arange(0.7, 11.5, 0.9)]
    lengths = np.geomspace(0.01, 0.3, len(starts))
    gaps = [Damage(start, start + round(length * RATE)) for start, length in zip(starts, lengths, strict=True)]
    for gap in gaps:
        clip = changed(clip, None, gap.start, gap.end, 0.0)
    heard = recoded(clip, how)
    truth, reported = [moved(gap, RATE, heard.rate) for gap in gaps], detect(heard)
    found = tally(truth, reported, 2)
    assert found.recall >= 0.75
    assert np.median(found.border_errors) <= 12  # a filter rings, a codec smears
    assert all(any(one.overlaps(gap) for gap in truth) for one in reported)


def test_a_channel_that_sounds_like_a_tone_joins_when_the_same_buffer_was_repeated_in_another() -> None:
    sound = music(3.0, seed=6).samples.copy()
    sound[1] = 0.2 * np.sin(2 * np.pi * 300 * np.arange(sound.shape[1]) / RATE)
    start, end, lag = RATE, RATE + 3000, 735  # five periods of the tone
    repeated = np.stack([np.resize(row[start - lag : start], end - start) for row in sound])
    (gap,) = detect(changed(Clip(sound, RATE), None, start, end, repeated))
    assert near(gap, start, end) and gap.channels is None
    (alone,) = detect(changed(Clip(sound, RATE), 0, start, end, repeated[0]))
    assert near(alone, start, end) and alone.channels == (0,)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_invalid_samples_are_found_wherever_they_are(value: float) -> None:
    clip = music(2.0)
    for start, end in ((0, 10), (RATE, RATE + 1), (RATE, RATE + 4000), (clip.frames - 7, clip.frames)):
        (gap,) = detect(changed(clip, 0, start, end, value))
        assert (gap.start, gap.end, gap.kind, gap.channels) == (start, end, "invalid", (0,))
        assert gap.confidence == 1


@pytest.mark.parametrize("kind", DAMAGE_KINDS)
def test_random_damage_is_found_and_nothing_else(kind: PlantedKind) -> None:
    clip = music(20.0, seed=17)
    total = measure(clip, kind, 4, 150.0)
    total.add(measure(clip, kind, 5, 150.0))
    assert total.gaps > 60
    assert total.recall >= 0.98
    assert total.precision >= 0.98
    assert np.median(total.border_errors) <= 1


def dropped_to_zero(clip: Clip, start: int, end: int, fade: int) -> Clip:
    """The clip with a pause of digital silence, faded out and in over some frames."""
    gain = np.ones(clip.frames)
    gain[start:end] = 0
    gain[start - fade : start] = np.linspace(1, 0, fade)
    gain[end : end + fade] = np.linspace(0, 1, fade)
    return quantised(Clip((clip.samples * gain).astype(np.float32), clip.rate), 16)


@functools.cache
def natural_sounds() -> dict[str, Clip]:
    clip = music(4.0, seed=5)
    time = np.arange(4 * RATE) / RATE
    zeros = np.zeros_like(clip.samples)
    gated = np.where(np.sin(2 * np.pi * 3 * time) > 0, 1.0, 0.0)
    gated = np.convolve(gated, np.hanning(441) / np.hanning(441).sum(), mode="same")
    decays = np.exp(-25 * (time % 0.5)) * np.sin(2 * np.pi * 220 * time)
    return {
        "as it is": clip,
        "in 16 bits": quantised(clip, 16),
        "in 8 bits": quantised(clip, 8),
        "very soft in 8 bits": quantised(Clip(clip.samples * 0.02, RATE), 8),
        "very soft in 16 bits": quantised(Clip(clip.samples * 0.0005, RATE), 16),
        "silent": Clip(zeros, RATE),
        "constant": Clip(zeros + 0.3, RATE),
        "silent first": changed(clip, None, 0, RATE, 0.0),
        "silent last": changed(clip, None, 3 * RATE, 4 * RATE, 0.0),
        "hard-panned": changed(clip, 1, 0, 4 * RATE, 0.0),
        "pause with short fades": dropped_to_zero(clip, RATE, 2 * RATE, 400),
        "tracks with long fades": dropped_to_zero(clip, 2 * RATE, 3 * RATE, RATE // 2),
        "noise gate": quantised(Clip((clip.samples * gated).astype(np.float32), RATE), 16),
        "notes that ring out and begin abruptly": quantised(Clip((0.8 * decays).astype(np.float32), RATE), 16),
        "clipped": Clip(np.clip(clip.samples * 20, -1, 1), RATE),
        "grossly clipped": Clip(np.clip(clip.samples * 400, -1, 1), RATE),
        "square wave": Clip((0.5 * np.sign(np.sin(2 * np.pi * 110 * time))).astype(np.float32), RATE),
        "low square wave": Clip((0.5 * np.sign(np.sin(2 * np.pi * 41 * time + 1))).astype(np.float32), RATE),
        "sine of whole period": quantised(Clip((0.5 * np.sin(2 * np.pi * 441 * time)).astype(np.float32), RATE), 16),
        "low sine": Clip((0.9 * np.sin(2 * np.pi * 20 * time)).astype(np.float32), RATE),
        "white noise": Clip(np.random.default_rng(1).normal(0, 0.1, (1, 4 * RATE)).astype(np.float32), RATE),
        "clicks": Clip((time * RATE % 4410 == 7).astype(np.float32), RATE),
    }


@pytest.mark.parametrize("name", natural_sounds())
def test_natural_sounds_are_left_alone(name: str) -> None:
    assert detect(natural_sounds()[name]) == []


@pytest.mark.parametrize("seconds", [0.4, 1.0, 3.7])
def test_gaps_do_not_depend_on_where_blocks_end(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    clip = quantised(music(12.0, seed=8), 16)
    damaged, truth = damage(clip, np.random.default_rng(6))
    whole = detect(damaged)
    assert len(whole) == len(truth)
    monkeypatch.setattr(detection, "BLOCK", seconds)
    assert detect(damaged) == whole


def test_gaps_longer_than_a_block_are_found_when_they_are_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "BLOCK", 0.5)
    clip = changed(music(6.0), None, RATE, 5 * RATE, np.nan)
    assert detect(clip) == [Damage(RATE, 5 * RATE, None, "invalid", 1.0)]


def test_long_digital_silence_is_a_pause() -> None:
    clip = changed(music(6.0), None, RATE, 5 * RATE, 0.0)
    assert detect(clip) == []
    (gap,) = detect(clip, settings=DetectionSettings(longest=10.0))
    assert near(gap, RATE, 5 * RATE)


def test_a_file_of_nan_is_one_gap() -> None:
    assert detect(Clip(np.full((2, 1000), np.nan), RATE)) == [Damage(0, 1000, None, "invalid", 1.0)]
    assert detect(Clip(np.full((1, 1), np.nan), RATE)) == [Damage(0, 1, None, "invalid", 1.0)]


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 10, 100, 500, 1000])
@pytest.mark.parametrize("rate", [8000, 192000])
def test_tiny_files_hold_no_gaps(frames: int, rate: int) -> None:
    rng = np.random.default_rng(0)
    assert detect(Clip(rng.normal(0, 0.1, (1, frames)).astype(np.float32), rate)) == []
    assert detect(Clip(np.zeros((1, frames), np.float32), rate)) == []


def test_eight_channels_are_kept_apart() -> None:
    clip = music(2.0, channels=8, seed=2)
    clip = changed(clip, None, RATE // 2, RATE // 2 + 900, 0.0)
    for channel in (2, 5):
        clip = changed(clip, channel, RATE, RATE + 700, 0.0)
    common, some = detect(clip)
    assert common.channels is None
    assert near(common, RATE // 2, RATE // 2 + 900)
    assert some.channels == (2, 5)
    assert near(some, RATE, RATE + 700)


def test_absurd_numbers_do_no_harm() -> None:
    clip = changed(music(2.0), 0, RATE, RATE + 3, 3e38)
    clip = changed(clip, None, RATE // 2, RATE // 2 + 441, 0.0)
    with np.errstate(all="raise"):
        gaps = detect(clip)
    assert any(near(gap, RATE // 2, RATE // 2 + 441) for gap in gaps)


def test_patches_of_a_clip_are_seen() -> None:
    clip = music(2.0)
    clip = clip.with_patches(Patch(RATE, (0, 1), np.zeros((2, 800), dtype=np.float32)))
    (gap,) = detect(clip)
    assert near(gap, RATE, RATE + 800)


def test_progress_is_reported_and_stopping_works() -> None:
    told: list[float] = []
    detect(music(1.0), Progress(lambda fraction, stage: told.append(fraction)))
    assert told == sorted(told)
    assert told[-1] == 1
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        detect(music(1.0), progress)


def test_memory_does_not_grow_with_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "BLOCK", 2.0)

    def peak(seconds: float) -> int:
        clip = Clip(np.tile(music(5.0, 16000).samples, (1, round(seconds / 5))), 16000)
        tracemalloc.start()
        try:
            detect(clip)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(60) < 1.2 * peak(15)


def test_the_tally_counts_matches_misses_and_false_alarms() -> None:
    truth = [Damage(0, 100), Damage(200, 300, (0,)), Damage(400, 500)]
    found = [Damage(2, 100), Damage(200, 300, (1,)), Damage(460, 800)]
    result = tally(truth, found, 2)
    assert (result.gaps, result.found, result.alarms) == (3, 1, 2)
    assert result.border_errors == [2, 0]
    assert result.recall == pytest.approx(1 / 3)
    assert result.precision == pytest.approx(1 / 3)


def test_damage_changes_exactly_its_gaps_and_comes_from_the_seed() -> None:
    clip = music(10.0, seed=9)
    damaged, truth = damage(clip, np.random.default_rng(1))
    again, same = damage(clip, np.random.default_rng(1))
    assert same == truth
    assert np.array_equal(damaged.samples, again.samples, equal_nan=True)
    outside = np.ones(clip.samples.shape, dtype=bool)
    for gap in truth:
        channels = list(gap.channel_indices(2))
        outside[channels, gap.start : gap.end] = False
        first, last = damaged.samples[:, gap.start], damaged.samples[:, gap.end - 1]
        assert np.any(first != clip.samples[:, gap.start])
        assert np.any(last != clip.samples[:, gap.end - 1])
    assert np.array_equal(damaged.samples[outside], clip.samples[outside])
