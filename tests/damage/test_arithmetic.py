"""Joining, trimming, moving and checking gaps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidd_studio.damage.arithmetic import by_place, clamp, group, invert, merge, shift, snap, validate
from aidd_studio.damage.damage import Band, Damage, DamageKind, Known
from aidd_studio.damage.detection.spans import true_runs
from aidd_studio.errors import DamageError

CHANNELS = 3
FRAMES = 200


@st.composite
def gaps(draw: st.DrawFn) -> Damage:
    start = draw(st.integers(0, FRAMES - 1))
    end = draw(st.integers(start + 1, min(FRAMES, start + 40)))
    channels = draw(st.none() | st.sets(st.integers(0, CHANNELS - 1), min_size=1).map(lambda c: tuple(sorted(c))))
    kinds: list[DamageKind] = ["manual", "silence", "held"]
    kind = draw(st.sampled_from(kinds))
    return Damage(start, end, channels, kind, draw(st.floats(0, 1)))


def counted(some: list[Damage]) -> np.ndarray:
    """How many gaps hold each sample: [channels, frames]."""
    count = np.zeros((CHANNELS, FRAMES), dtype=int)
    for gap in some:
        count[list(gap.channel_indices(CHANNELS)), gap.start : gap.end] += 1
    return count


@given(st.lists(gaps(), max_size=12))
def test_merged_gaps_hold_every_damaged_sample_once_and_no_other(some: list[Damage]) -> None:
    merged = merge(some, CHANNELS)
    assert np.array_equal(counted(merged), counted(some) > 0)
    assert merged == merge(merged, CHANNELS)
    assert merged == sorted(merged, key=by_place)


@given(st.lists(gaps(), max_size=12), st.integers(1, 10))
def test_joining_near_gaps_fills_only_short_bridges_in_their_own_channel(some: list[Damage], distance: int) -> None:
    merged = merge(some, CHANNELS, distance)
    assert merged == merge(merged, CHANNELS, distance)
    assert counted(merged).max(initial=0) <= 1
    for before, after in zip(counted(some) > 0, counted(merged) > 0, strict=True):
        assert np.all(after[before])
        for bridge in true_runs(after & ~before):
            assert bridge[1] - bridge[0] < distance
            assert before[bridge[0] - 1]
            assert before[bridge[1]]


@given(st.lists(gaps(), max_size=12))
def test_a_gap_that_overlaps_no_other_comes_back_as_it_is(some: list[Damage]) -> None:
    alone = [gap for gap in some if counted(some)[list(gap.channel_indices(CHANNELS)), gap.start : gap.end].max() == 1]
    extents = [(gap.start, gap.end) for gap in some]
    kept = merge(some, CHANNELS)
    assert all(gap in kept for gap in alone if extents.count((gap.start, gap.end)) == 1)


def test_near_gaps_join_only_below_the_distance() -> None:
    assert merge([Damage(0, 10), Damage(15, 20)], 1, 6) == [Damage(0, 20)]
    assert merge([Damage(0, 10), Damage(15, 20)], 1, 5) == [Damage(0, 10), Damage(15, 20)]
    assert merge([Damage(0, 10), Damage(10, 20)], 1, 1) == [Damage(0, 20)]
    assert merge([Damage(0, 10), Damage(10, 20)], 1) == [Damage(0, 10), Damage(10, 20)]


def test_a_hole_in_one_channel_makes_none_in_another() -> None:
    left, right = Damage(0, 10, (0,)), Damage(5, 15, (1,))
    assert merge([right, left], 2) == [left, right]
    assert merge([Damage(0, 10), right], 2) == [Damage(0, 10, (0,)), Damage(0, 15, (1,))]


def test_channels_that_are_damaged_over_the_same_frames_share_a_gap() -> None:
    assert merge([Damage(0, 10, (0,)), Damage(0, 10, (1,))], 2) == [Damage(0, 10)]
    assert merge([Damage(0, 10, (0,)), Damage(0, 10, (1,))], 3) == [Damage(0, 10, (0, 1))]


def test_a_mark_by_hand_outweighs_a_detection() -> None:
    joined = merge([Damage(0, 100, None, "silence", 0.5), Damage(90, 110, None, "manual", 1.0)], 2)
    assert joined == [Damage(0, 110, None, "manual", 1.0)]


def test_only_gaps_of_the_same_band_become_one() -> None:
    low, high = Band(100, 500), Band(400, 2000)
    apart = [Damage(0, 10), Damage(5, 15, band=low), Damage(5, 15, band=high)]
    assert merge(apart, 1) == apart
    assert merge([Damage(0, 10, band=low), Damage(5, 15, band=low)], 1) == [Damage(0, 15, band=low)]
    assert merge([Damage(0, 9, (0,), band=low), Damage(0, 9, (1,), band=low)], 2) == [Damage(0, 9, band=low)]
    assert merge([Damage(0, 9, (0,), band=low), Damage(0, 9, (1,), band=high)], 2) == [
        Damage(0, 9, (0,), band=low),
        Damage(0, 9, (1,), band=high),
    ]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("degraded", "degraded", "degraded"),
        ("bounds", "bounds", "bounds"),
        ("degraded", "nothing", "nothing"),
        ("degraded", "bounds", "nothing"),
    ],
)
def test_of_joined_gaps_no_more_is_known_than_of_each(first: Known, second: Known, joined: Known) -> None:
    assert merge([Damage(0, 10, known=first), Damage(5, 15, known=second)], 1) == [Damage(0, 15, known=joined)]


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        (Damage(0, 10), Damage(5, 15, band=Band(0, 100)), True),
        (Damage(0, 10, band=Band(50, 200)), Damage(5, 15, band=Band(0, 100)), True),
        (Damage(0, 10, band=Band(100, 200)), Damage(5, 15, band=Band(0, 100)), False),
        (Damage(0, 10, band=Band(50, 200)), Damage(10, 15, band=Band(50, 200)), False),
        (Damage(0, 10, (0,), band=Band(50, 200)), Damage(5, 15, (1,), band=Band(50, 200)), False),
    ],
)
def test_damage_overlaps_in_time_channel_and_frequency(first: Damage, second: Damage, overlap: bool) -> None:
    assert first.overlaps(second) is overlap
    assert second.overlaps(first) is overlap


@pytest.mark.parametrize(
    "edges", [(300, 200), (200, 200), (-1, 200), (float("nan"), 200), (0, float("inf")), (float("-inf"), 5)]
)
def test_a_band_without_frequencies_is_refused(edges: tuple[float, float]) -> None:
    with pytest.raises(DamageError):
        Band(*edges)


def test_a_band_over_the_whole_recording_leaves_sound_to_fill_from() -> None:
    validate([Damage(0, 100, band=Band(50, 200))], 100, 2, 8000)
    with pytest.raises(DamageError, match="The band 50–4001 Hz reaches beyond 4000 Hz"):
        validate([Damage(0, 10, band=Band(50, 4001))], 100, 2, 8000)


def test_clamping_trims_to_the_recording_and_refuses_what_is_outside() -> None:
    assert clamp(Damage(90, 110), 100) == Damage(90, 100)
    assert clamp(Damage(-5, 110), 100) == Damage(0, 100)
    with pytest.raises(DamageError, match="outside the recording"):
        clamp(Damage(100, 110), 100)


@pytest.mark.parametrize(
    ("some", "sentence"),
    [
        ([Damage(90, 101)], "outside the recording"),
        ([Damage(-1, 5)], "outside the recording"),
        ([Damage(0, 5, (2,))], "names channel 3"),
        ([Damage(0, 100)], "cover the whole recording"),
        ([Damage(0, 60), Damage(60, 100)], "cover the whole recording"),
        ([Damage(0, 100, (1,)), Damage(5, 10)], "cover the whole"),
        ([Damage(0, 100, (1,)), Damage(5, 10, (0,))], "cover the whole channel 2"),
        ([Damage(0, 100, None, "invalid")], "The recording holds no valid sample, only NaN"),
        ([Damage(0, 100, (1,), "invalid"), Damage(5, 10, (0,))], "Channel 2 of the recording holds no valid sample"),
    ],
)
def test_gaps_that_cannot_be_restored_are_refused_with_a_reason(some: list[Damage], sentence: str) -> None:
    with pytest.raises(DamageError, match=sentence):
        validate(some, 100, 2)


def test_sound_gaps_are_accepted() -> None:
    validate([Damage(0, 99), Damage(50, 100, (1,))][:1], 100, 2)
    validate([Damage(0, 60, (0,)), Damage(40, 100, (1,))], 100, 2, 44100)
    validate([], 0, 1)


def test_sentences_speak_of_seconds_when_the_rate_is_known() -> None:
    with pytest.raises(DamageError, match=r"0\.500–1\.500 s lies outside the recording, which is 1\.000 s long"):
        validate([Damage(22050, 66150)], 44100, 1, 44100)


def test_borders_snap_to_the_nearest_edge_in_reach() -> None:
    edges = [10, 20, 50]
    assert snap(Damage(12, 47), edges, 5) == Damage(10, 50)
    assert snap(Damage(14, 40), edges, 3) == Damage(14, 40)
    assert snap(Damage(19, 21), edges, 5) == Damage(19, 21)
    assert snap(Damage(19, 21), [], 5) == Damage(19, 21)
    assert snap(Damage(60, 70), np.array(edges).tolist(), 10) == Damage(50, 70)


@given(st.lists(gaps(), max_size=12))
def test_the_inverse_is_what_no_gap_touches(some: list[Damage]) -> None:
    touched = counted(some).any(axis=0)
    sound = np.zeros(FRAMES, dtype=bool)
    for gap in invert(some, FRAMES):
        sound[gap.start : gap.end] = True
    assert np.array_equal(sound, ~touched)


@given(st.lists(gaps(), max_size=12), st.integers(0, 30))
def test_groups_hold_all_gaps_and_keep_their_distance(some: list[Damage], distance: int) -> None:
    groups = group(some, distance)
    assert sorted(gap.start for part in groups for gap in part) == sorted(gap.start for gap in some)
    for before, after in itertools.pairwise(groups):
        assert after[0].start - max(gap.end for gap in before) >= distance
    for part in groups:
        reach = part[0].end
        for gap in part[1:]:
            assert gap.start - reach < distance
            reach = max(reach, gap.end)


@given(gaps(), st.integers(-FRAMES, FRAMES))
def test_shifting_keeps_the_length_and_never_leaves_the_beginning(gap: Damage, frames: int) -> None:
    if gap.start + frames < 0:
        with pytest.raises(DamageError):
            shift(gap, frames)
    else:
        assert shift(shift(gap, frames), -frames) == gap


def test_a_gap_in_seconds_lies_at_the_nearest_frames() -> None:
    assert Damage.from_seconds(1.00004, 1.2, 8000, [1, 0]) == Damage(8000, 9600, (0, 1))
    assert Damage.from_seconds(0.0, 0.4 / 8000 + 1 / 8000, 8000) == Damage(0, 1)
    for start, end in ((float("nan"), 1.0), (0.0, float("inf")), (1.0, 1.0), (2.0, 1.0)):
        with pytest.raises(DamageError):
            Damage.from_seconds(start, end, 8000)
