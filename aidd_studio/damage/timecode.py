"""Times and gaps as people write them, to frames and back."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

from aidd_studio.damage.damage import Band, Damage
from aidd_studio.errors import DamageError, UsageError

TimeStyle = Literal["clock", "seconds", "samples"]
"""1:02.500, 62.5 or 2756250s."""

LONGEST_TEXT = 40
"""Most characters of a time, so that a megabyte of digits is not computed with."""

_SAMPLES = re.compile(r"([0-9]+)s")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_WHOLE = re.compile(r"[0-9]+")
_FREQUENCY = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+) ?(k?)(?:hz)?", re.IGNORECASE)


def parse_time(text: str, rate: int) -> int:
    """The frame nearest to a time: "12.5" (seconds), "1:02.500", "1:02:03.5" or "551250s" (samples).

    Raises UsageError for anything else.
    """
    text = text.strip()
    if text.startswith(("-", "−")):
        raise UsageError(f'The time "{_shown(text)}" is negative; a recording begins at 0.')
    if len(text) > LONGEST_TEXT:
        raise _nonsense(text)
    samples = _SAMPLES.fullmatch(text)
    if samples:
        return int(samples[1])
    return nearest_frame(parse_seconds(text), rate)


def parse_gap(text: str, rate: int) -> Damage:
    """The damage that "START:END" or "START:END@LOW-HIGH" names, the band in Hz ("200-3000", "0.2k-3k").

    Raises UsageError for nonsense, DamageError for a span or a band that is empty or does not fit the rate.
    """
    times, at, frequencies = text.partition("@")
    start, end = parse_span(times, rate)
    if not at:
        return Damage(start, end)
    band = _band(frequencies.strip())
    band.check_rate(rate)
    return Damage(start, end, band=band)


def parse_span(text: str, rate: int) -> tuple[int, int]:
    """First and last frame (half open) of "START:END" or "START-END".

    Joined by a colon, both times must be written alike ("12.5:12.8", "1:02.5:1:02.8", "551250s:551900s"), because
    they are split in the middle; joined by "-" they need not be ("59.5-1:02").
    Raises UsageError for nonsense, DamageError when the span does not end after it starts.
    """
    first, last = _halves(text.strip())
    start, end = parse_time(first, rate), parse_time(last, rate)
    if end < start:
        raise DamageError(
            f'The gap "{_shown(text)}" ends before it starts; write START:END with the earlier time first.'
        )
    if end == start:
        raise DamageError(f'The gap "{_shown(text)}" holds no sample; its end must lie after its start.')
    return start, end


def format_time(frame: int, rate: int, style: TimeStyle = "clock") -> str:
    """A frame as text that `parse_time` reads.

    "clock" is for people and rounds to milliseconds (1:02.500, from an hour on 1:02:03.500); "seconds" has enough
    decimals to come back to the same frame; "samples" is the frame itself.
    """
    if style == "samples":
        return f"{frame}s"
    if style == "seconds":
        return exact_seconds(frame, rate)
    milliseconds = _rounded_quotient(frame * 1000, rate)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}"
    return f"{minutes}:{seconds:02d}.{milliseconds:03d}"


def exact_seconds(frame: int, rate: int) -> str:
    """A frame in decimal seconds, with enough digits (six or more) to find the same frame again."""
    digits = max(6, len(str(2 * rate)))
    scaled = _rounded_quotient(frame * 10**digits, rate)
    whole, decimals = divmod(scaled, 10**digits)
    return f"{whole}.{decimals:0{digits}d}"


def nearest_frame(seconds: Fraction, rate: int) -> int:
    """The frame nearest to a time, halves upwards."""
    return _rounded_quotient(seconds.numerator * rate, seconds.denominator)


def _rounded_quotient(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def parse_seconds(text: str) -> Fraction:
    """Exact seconds of "12.5", "1:02.500" or "1:02:03.5". Raises UsageError for what is no time."""
    parts = text.split(":")
    *upper, last = parts
    if len(parts) > 3 or not _SECONDS.fullmatch(last) or not all(_WHOLE.fullmatch(part) for part in upper):
        raise _nonsense(text)
    total = Fraction(last if last[-1] != "." else last[:-1])
    if (upper and total >= 60) or (len(upper) == 2 and int(upper[1]) >= 60):
        raise UsageError(f'In the time "{text}" minutes and seconds must stay below 60.')
    for place, part in enumerate(reversed(upper), start=1):
        total += int(part) * 60**place
    return total


def _halves(text: str) -> tuple[str, str]:
    dashed = re.split(r"[-–]", text)
    if len(dashed) == 2 and all(dashed):
        return dashed[0], dashed[1]
    if "-" in text or "−" in text:
        raise UsageError(f'The gap "{_shown(text)}" holds a negative time; write START:END, both from 0 on.')
    parts = text.split(":")
    if len(parts) in (3, 5):
        raise UsageError(
            f'The gap "{_shown(text)}" can be split in several ways; write START-END, for instance 59.5-1:02.'
        )
    if len(parts) not in (2, 4, 6):
        raise UsageError(
            f'"{_shown(text)}" is not a gap; write START:END, for instance 12.5:12.8, 1:02.5:1:02.8 or 551250s:551900s.'
        )
    middle = len(parts) // 2
    return ":".join(parts[:middle]), ":".join(parts[middle:])


def _band(text: str) -> Band:
    if text.startswith(("-", "−")) or re.search(r"[-–][-−]", text):
        raise UsageError(f'The band "{_shown(text)}" holds a negative frequency; write LOW-HIGH in Hz, both from 0 on.')
    edges = [_FREQUENCY.fullmatch(part.strip()) for part in re.split(r"[-–]", text[: LONGEST_TEXT + 1])]
    if len(text) > LONGEST_TEXT or len(edges) != 2 or None in edges:
        raise UsageError(f'"{_shown(text)}" is not a band; write LOW-HIGH in Hz, for instance 200-3000 or 0.2k-3k.')
    low, high = (float(edge[1]) * (1000 if edge[2] else 1) for edge in edges if edge is not None)
    return Band(low, high)


def _nonsense(text: str) -> UsageError:
    return UsageError(
        f'"{_shown(text)}" is not a time; write seconds (12.5), m:ss.mmm (1:02.500) or whole samples (551250s).'
    )


def _shown(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
