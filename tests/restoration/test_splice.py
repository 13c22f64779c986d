"""Windows and splices: what lies outside the faded edges stays as it is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.arithmetic import by_place, merge
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.spans import true_runs
from aidd_studio.damage.labels import read_labels
from aidd_studio.engines.engine import EngineInfo, Fill, Window
from aidd_studio.errors import DamageError, UsageError
from aidd_studio.progress import Progress
from aidd_studio.restoration.plan import plan
from aidd_studio.restoration.restore import best_first, fill_gaps, restore
from aidd_studio.restoration.splice import splice

RATE = 8000


class Oracle:
    """An engine that knows the truth and may render the surroundings differently: shifted, scaled, noisy."""

    def __init__(self, truth: np.ndarray, context: float = 0.05, gain: float = 1.0, noise: float = 0.0) -> None:
        self.truth, self.gain, self.noise = truth, gain, noise
        self.info = EngineInfo("oracle", "Oracle", "Knows.", True, None, 0.0, 1.0, context)

    def unavailable(self) -> str | None:
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        for index in range(candidates):
            rng = np.random.default_rng(seed + index)
            part = self.truth[:, window.offset : window.offset + window.frames]
            samples = self.gain * part + self.noise * rng.standard_normal(part.shape)
            yield Fill(samples.astype(np.float32), "oracle", seed + index, float(-index))


def music(frames: int = 8000, channels: int = 2) -> np.ndarray:
    time = np.arange(frames) / RATE
    rng = np.random.default_rng(0)
    tones = [np.sin(2 * np.pi * frequency * time + phase) for frequency, phase in ((220, 0), (331, 1), (523, 2))]
    return (0.2 * np.stack(tones[:channels]) + 0.01 * rng.standard_normal((channels, frames))).astype(np.float32)


gaps_in_a_second = st.lists(
    st.tuples(st.integers(0, 7900), st.integers(1, 400), st.sampled_from([None, (0,), (1,)])), min_size=1, max_size=6
).map(lambda rows: [Damage(start, min(8000, start + length), channels) for start, length, channels in rows])


@settings(max_examples=60, deadline=None)
@given(gaps_in_a_second, st.floats(0, 0.02), st.floats(0, 0.1))
def test_samples_outside_the_gaps_and_their_edges_are_bit_identical(
    gaps: list[Damage], crossfade: float, context: float
) -> None:
    truth = music()
    clip = Clip(truth, RATE)
    engine = Oracle(truth, context, gain=0.8, noise=0.01)
    result = restore(clip, gaps, engine, crossfade=crossfade)
    touched = np.zeros(truth.shape, bool)
    reach = round(crossfade * RATE)
    for gap in gaps:
        touched[list(gap.channel_indices(2)), max(0, gap.start - reach) : gap.end + reach] = True
    np.testing.assert_array_equal(result.clip.samples[~touched], truth[~touched])
    np.testing.assert_array_equal(clip.samples, truth)


@settings(max_examples=60, deadline=None)
@given(gaps_in_a_second, st.floats(0, 0.2))
def test_every_gap_lies_in_one_window_and_all_damage_is_missing(gaps: list[Damage], context: float) -> None:
    truth = music()
    clip = Clip(truth, RATE)
    windows = plan(clip, gaps, Oracle(truth, context))
    merged = merge(gaps, 2)
    assert sorted((gap for window in windows for gap in window.gaps), key=by_place) == merged
    for window in windows:
        damaged = np.zeros((2, clip.frames), bool)
        for gap in merged:
            damaged[list(gap.channel_indices(2)), gap.start : gap.end] = True
        inside = damaged[:, window.offset : window.offset + window.frames]
        np.testing.assert_array_equal(window.missing, inside)
        assert not window.samples[window.missing].any()


def test_overlapping_holes_of_two_channels_are_each_filled_with_the_other_channel_as_it_is() -> None:
    truth = music()
    gaps = [Damage(3000, 3300, (0,)), Damage(3200, 3500, (1,)), Damage(5000, 5100), Damage(5050, 5200, (1,))]
    result = restore(Clip(truth, RATE), gaps, Oracle(truth, gain=0.8, noise=0.05), crossfade=0.0)
    changed = [[(3000, 3300), (5000, 5100)], [(3200, 3500), (5000, 5200)]]
    for before, after, spans in zip(truth, result.clip.samples, changed, strict=True):
        assert true_runs(before != after) == spans
    assert [filled.gap for filled in result.gaps] == merge(gaps, 2)


@pytest.mark.parametrize(
    "asked", [{"candidates": 0}, {"candidates": 65}, {"crossfade": -0.001}, {"crossfade": 2.0}, {"crossfade": math.nan}]
)
def test_an_order_that_makes_no_sense_is_refused_in_a_sentence(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="must be between"):
        restore(Clip(music(), RATE), [Damage(3000, 3200)], Oracle(music()), **asked)


def test_gaps_may_come_from_anywhere_and_what_was_done_can_be_read_as_labels(tmp_path: Path) -> None:
    gaps = [Damage(3000, 3300, (1,)), Damage(5000, 5100)]
    result = restore(Clip(music(), RATE), iter(gaps), Oracle(music()))
    (tmp_path / "done.json").write_text(json.dumps(result.provenance()))
    assert [filled.gap for filled in result.gaps] == read_labels(tmp_path / "done.json", RATE) == gaps


def test_an_exact_rendition_changes_nothing_outside_the_gap() -> None:
    truth = music()
    patch = restore(Clip(truth, RATE), [Damage(3000, 3200)], Oracle(truth)).gaps[0].chosen.patch
    assert (patch.start, patch.end) == (3000, 3200)
    np.testing.assert_allclose(patch.samples, truth[:, 3000:3200], atol=1e-6)


def test_a_quieter_rendition_is_brought_to_the_level_of_its_surroundings() -> None:
    truth = music()
    patch = restore(Clip(truth, RATE), [Damage(3000, 3200)], Oracle(truth, gain=0.7)).gaps[0].chosen.patch
    inside = patch.samples[:, 3000 - patch.start : 3200 - patch.start]
    np.testing.assert_allclose(inside, truth[:, 3000:3200], atol=1e-3)


def test_a_late_rendition_is_moved_to_the_phase_of_its_surroundings() -> None:
    truth = music(channels=1)
    late = np.roll(truth, 7, axis=1)
    patch = restore(Clip(truth, RATE), [Damage(3000, 3200)], Oracle(late)).gaps[0].chosen.patch
    inside = patch.samples[:, 3000 - patch.start : 3200 - patch.start]
    np.testing.assert_allclose(inside, truth[:, 3000:3200], atol=2e-3)


@pytest.mark.parametrize("gap", [Damage(0, 300), Damage(7700, 8000)])
def test_gaps_at_the_ends_are_spliced_on_one_side(gap: Damage) -> None:
    truth = music()
    result = restore(Clip(truth, RATE), [gap], Oracle(truth, noise=0.01))
    patch = result.gaps[0].chosen.patch
    assert patch.start >= 0 and patch.end <= 8000
    assert patch.end - patch.start == gap.frames + round(0.006 * RATE)


def test_a_fill_with_nan_is_refused() -> None:
    truth = music()
    with pytest.raises(DamageError, match="no usable sound"):
        restore(Clip(truth, RATE), [Damage(100, 200)], Oracle(truth * np.float32("nan")))


def test_nan_in_the_context_never_reaches_the_engine() -> None:
    truth = music()
    broken = truth.copy()
    broken[0, 900] = np.inf
    broken[1, 950] = np.nan
    (window,) = plan(Clip(broken, RATE), [Damage(1000, 1100)], Oracle(truth))
    assert np.isfinite(window.samples).all()


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (Damage(7900, 8100), "outside the recording"),
        (Damage(0, 8000), "whole recording"),
        (Damage(10, 20, (5,)), "channel 6"),
    ],
)
def test_impossible_gaps_are_refused_in_a_sentence(gap: Damage, words: str) -> None:
    truth = music()
    with pytest.raises(DamageError, match=words):
        restore(Clip(truth, RATE), [gap], Oracle(truth))


@dataclass(frozen=True)
class Offer:
    engine: str
    score: float


def test_candidates_of_several_engines_are_ranked_where_their_scores_share_a_scale() -> None:
    neural, linear, unheard = Offer("aidd", 0.1), Offer("extrapolation", 0.4), Offer("unheard of", 0.9)
    assert best_first([neural, linear]) == [linear, neural]
    assert best_first([neural, linear, unheard]) == [neural, linear, unheard]


def test_candidates_come_best_first_and_do_not_depend_on_how_many_are_asked_for() -> None:
    truth = music()
    clip = Clip(truth, RATE)
    one = restore(clip, [Damage(1000, 1100)], Oracle(truth, noise=0.1), seed=4).gaps[0].candidates
    four = restore(clip, [Damage(1000, 1100)], Oracle(truth, noise=0.1), candidates=4, seed=4).gaps[0].candidates
    assert [candidate.score for candidate in four] == [0, -1, -2, -3]
    assert one[0].digest == four[0].digest and len({candidate.digest for candidate in four}) == 4
    with pytest.raises(UsageError, match="between 1 and 64"):
        restore(clip, [Damage(1000, 1100)], Oracle(truth), candidates=0)


def test_the_result_does_not_depend_on_where_in_a_list_a_gap_stands() -> None:
    truth = music()
    clip, gaps = Clip(truth, RATE), [Damage(1000, 1100), Damage(5000, 5100)]
    both = {c.gap: c.digest for c in fill_gaps(clip, gaps, Oracle(truth, noise=0.1))}
    alone = {c.gap: c.digest for gap in gaps for c in fill_gaps(clip, [gap], Oracle(truth, noise=0.1))}
    assert both == alone


def test_the_splice_reports_the_channels_of_its_gap_only() -> None:
    truth = music()
    (window,) = plan(Clip(truth, RATE), [Damage(1000, 1100, (1,))], Oracle(truth))
    fill = next(Oracle(truth).fill(window, 1, 0, Progress()))
    assert splice(window, fill, window.gaps[0]).channels == (1,)
