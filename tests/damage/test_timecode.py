"""Times as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidd_studio.damage.damage import Band, Damage
from aidd_studio.damage.timecode import format_time, parse_gap, parse_span, parse_time
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


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("12.5:12.8", None),
        ("12.5:12.8@200-3000", Band(200, 3000)),
        ("12.5-12.8@200–3000", Band(200, 3000)),
        ("551250s:564480s@0.2k-3k", Band(200, 3000)),
        ("12.5:12.8 @ 200 Hz - 3 kHz", Band(200, 3000)),
        ("0:12.5:0:12.8@0-22050", Band(0, 22050)),
        ("12.5:12.8@.5-22.05K", Band(0.5, 22050)),
    ],
)
def test_a_gap_may_name_its_band(text: str, band: Band | None) -> None:
    assert parse_gap(text, 44100) == Damage(551250, 564480, band=band)


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("1:2@3000-200", DamageError, "The band 3000–200 Hz is empty; its upper edge must lie above its lower edge."),
        ("1:2@300-300", DamageError, "The band 300–300 Hz is empty"),
        (
            "1:2@200-22051",
            DamageError,
            "The band 200–22051 Hz reaches beyond 22050 Hz, half the recording's sample rate",
        ),
        ("1:2@20k-30k", DamageError, "reaches beyond 22050 Hz"),
        ("1:2@-5-300", UsageError, 'The band "-5-300" holds a negative frequency'),
        ("1:2@5--300", UsageError, 'The band "5--300" holds a negative frequency'),
        ("1:2@", UsageError, '"" is not a band; write LOW-HIGH in Hz'),
        ("1:2@300", UsageError, '"300" is not a band'),
        ("1:2@low-high", UsageError, '"low-high" is not a band'),
        ("1:2@1-2-3", UsageError, '"1-2-3" is not a band'),
        ("1:2@1e3-2e3", UsageError, '"1e3-2e3" is not a band'),
        ("1:2@200-300@400-500", UsageError, "is not a band"),
        ("2:1@200-300", DamageError, "ends before it starts"),
    ],
)
def test_a_band_that_makes_no_sense_is_one_sentence(text: str, error: type[AiddError], sentence: str) -> None:
    with pytest.raises(error) as caught:
        parse_gap(text, 44100)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


@given(st.text(alphabet="0123456789.:-–@kHz ", max_size=40), RATES)
def test_no_text_at_all_does_anything_but_name_damage_or_raise_our_errors(text: str, rate: int) -> None:
    try:
        gap = parse_gap(text, rate)
    except AiddError:
        return
    assert gap.band is None or 0 <= gap.band.low < gap.band.high <= rate / 2


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
