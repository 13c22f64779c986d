"""Intact sound that looks damaged is left alone; real dropouts of the same size are still found."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.dropouts import detect
from aidd_studio.damage.detection.settings import CONFIDENT
from aidd_studio.evaluation.material.intact_sound import KINDS, Scene, case, music, tone
from aidd_studio.evaluation.material.planted_damage import quantised


def sixteen_bits(sound: NDArray[np.float64], rate: int) -> Clip:
    return quantised(Clip(np.atleast_2d(sound).astype(np.float32), rate), 16)


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
@pytest.mark.parametrize("waveform", ["sine", "saw", "triangle", "fm"])
def test_a_melody_of_whole_periods_is_no_dropout(rate: int, waveform: str) -> None:
    time = np.arange(round(0.2 * rate)) / rate
    notes = [0.4 * tone(waveform, pitch, time) for pitch in (220, 250, 260, 290, 330, 350, 400, 440)]
    assert detect(sixteen_bits(np.concatenate(notes), rate)) == []


@pytest.mark.parametrize("pitch, length, beat", [(997, 0.020, 0.5), (1200, 0.008, 0.3), (440, 0.050, 1.0)])
def test_a_metronome_is_no_dropout(pitch: float, length: float, beat: float) -> None:
    rate = 44100
    sound = np.zeros(8 * round(beat * rate))
    for click in range(8):
        time = np.arange(round(length * rate)) / rate
        sound[click * round(beat * rate) :][: len(time)] = 0.5 * np.sin(2 * np.pi * pitch * time)
    assert detect(sixteen_bits(sound, rate)) == []


@pytest.mark.parametrize("pause", [1.2, 2.0, 2.8])
def test_a_pause_between_tracks_is_no_dropout(pause: float) -> None:
    rate = 44100
    one, other = (music(Scene(rate, 3.0, np.random.default_rng(seed))) for seed in (1, 2))
    assert detect(sixteen_bits(np.concatenate([one, np.zeros(round(pause * rate)), other]), rate)) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_no_kind_of_intact_sound_is_filled_without_asking(kind: str, seed: int) -> None:
    found = detect(case(kind, seed, seconds=4.0))
    assert all(gap.confidence < CONFIDENT for gap in found)
    assert len(found) <= (1 if kind == "gated drums" else 0)  # a single rest between other hits may be uncertain


def partials(seconds: float, rate: int) -> NDArray[np.float64]:
    """Four steady partials with slow tremolo over soft noise."""
    time = np.arange(round(seconds * rate)) / rate
    swell = [1 + 0.3 * np.sin(2 * np.pi * 3.1 * time + part) for part in range(4)]
    tones = [
        0.12 * np.sin(2 * np.pi * pitch * time + pitch) * swell[part]
        for part, pitch in enumerate((220.0, 331.7, 440.9, 663.1))
    ]
    return np.asarray(np.sum(tones, axis=0) + 0.01 * np.random.default_rng(1).standard_normal(len(time)))


@pytest.mark.parametrize("rate, frames", [(48000, 128), (48000, 64), (44100, 128), (96000, 256)])
def test_buffers_below_3_ms_are_found(rate: int, frames: int) -> None:
    sound = partials(1.0, rate)
    starts = [round(place * rate) for place in np.arange(0.08, 0.9, 0.104)]
    for start in starts:
        sound[start : start + frames] = 0
    found = detect(sixteen_bits(sound, rate))
    assert [gap.kind for gap in found] == ["silence"] * 8
    assert all(abs(gap.start - start) <= 1 for gap, start in zip(found, starts, strict=True))


@pytest.mark.parametrize("milliseconds", [120, 186, 340])
def test_a_repeated_buffer_above_100_ms_is_found(milliseconds: int) -> None:
    rate = 44100
    sound = partials(4.0, rate)
    start, length = 2 * rate, round(milliseconds * rate / 1000)
    sound[start : start + length] = sound[start - length : start]
    (gap,) = detect(sixteen_bits(sound, rate))
    assert gap.overlaps(Damage(start, start + length)) and gap.kind == "held"
    assert abs(gap.start - start) <= 3 and abs(gap.end - start - length) <= 3


@pytest.mark.parametrize("milliseconds", [10, 20, 40])
def test_lost_packets_of_one_size_are_found(milliseconds: int) -> None:
    rate = 16000
    sound, rng = partials(6.0, rate), np.random.default_rng(7)
    length = round(milliseconds * rate / 1000)
    starts = np.sort(rng.choice(np.arange(2, 28), 5, replace=False)) * rate // 5
    for start in starts:
        sound[start : start + length] = 0
    found = detect(sixteen_bits(sound, rate))
    assert [(gap.start, gap.end) for gap in found] == [(start, start + length) for start in starts]
