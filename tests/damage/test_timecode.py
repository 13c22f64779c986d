"""Times as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidd_studio.damage.timecode import format_time, parse_span, parse_time
from aidd_studio.errors import AiddError, DamageError, UsageError

RATES = st.sampled_from([8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000, 176400, 192000])
FRAMES = st.integers(0, 192_000 * 3600 * 20)


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("0", 0),
        ("12.5", 551250),
        (".5", 22050),
        ("3.", 132300),
        ("1:02.500", 62.5 * 44100),
        ("90:00", 5400 * 44100),
        ("1:02:03.5", 3723.5 * 44100),
        ("551250s", 551250),
        (" 12.5 ", 551250),
    ],
)
def test_every_documented_way_to_write_a_time_is_understood(text: str, frame: float) -> None:
    assert parse_time(text, 44100) == frame


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1e3",
        "nan",
        "inf",
        "12.5s",
        "1:2:3:4",
        "1:-2",
        "-1",
        "1:60",
        "1:60:00",
        "1.5:00",
        "12,5",
        "٣",
        "1" * 99,
    ],
)
def test_nonsense_is_one_sentence_about_usage(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_time(text, 44100)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 160


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("12.5:12.8", (551250, 564480)),
        ("12.5-12.8", (551250, 564480)),
        ("1:02.5:1:02.8", (62.5 * 44100, 62.8 * 44100)),
        ("0:01:02.5:0:01:02.8", (62.5 * 44100, 62.8 * 44100)),
        ("551250s:551900s", (551250, 551900)),
        ("59.5-1:02", (59.5 * 44100, 62 * 44100)),
        ("0–100s", (0, 100)),
    ],
)
def test_spans_are_split_in_the_middle_or_at_the_dash(text: str, span: tuple[float, float]) -> None:
    assert parse_span(text, 44100) == span


@pytest.mark.parametrize("text", ["12.8:12.5", "5:5", "100s:100s", "1:02-1:01", "0.0000001:0.0000002"])
def test_a_span_that_does_not_end_after_its_start_is_a_gap_error(text: str) -> None:
    with pytest.raises(DamageError):
        parse_span(text, 44100)


@pytest.mark.parametrize("text", ["", "5", "1:2:3", "1:2:3:4:5", "-1:2", "1:-2", "1--2", "a:b", ":", "1:", "-", "–5"])
def test_a_span_that_cannot_be_understood_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_span(text, 44100)


@given(st.text(max_size=30), RATES)
def test_no_text_at_all_does_anything_but_parse_or_raise_our_errors(text: str, rate: int) -> None:
    try:
        start, end = parse_span(text, rate)
    except AiddError:
        return
    assert 0 <= start < end


@given(FRAMES, RATES)
def test_seconds_and_samples_come_back_to_the_same_frame(frame: int, rate: int) -> None:
    assert parse_time(format_time(frame, rate, "seconds"), rate) == frame
    assert parse_time(format_time(frame, rate, "samples"), rate) == frame


@given(FRAMES, RATES)
def test_the_clock_is_right_to_half_a_millisecond(frame: int, rate: int) -> None:
    assert abs(parse_time(format_time(frame, rate), rate) - frame) <= rate / 2000 + 1


def test_the_clock_shows_hours_only_when_there_are_some() -> None:
    assert format_time(0, 44100) == "0:00.000"
    assert format_time(44100 * 62 + 22050, 44100) == "1:02.500"
    assert format_time(44100 * 3600, 44100) == "1:00:00.000"
    assert format_time(44100 * 60 - 1, 44100) == "1:00.000"
