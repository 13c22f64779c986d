"""Times and lengths as people read them."""

from __future__ import annotations

from typing import Literal

TimeFormat = Literal["clock", "seconds", "samples"]


def format_time(frame: float, rate: int, format: TimeFormat = "clock") -> str:
    """A time as h:m:s.ms, seconds or samples."""
    if format == "samples":
        return f"{round(frame):,}".replace(",", " ")
    if format == "seconds":
        return f"{frame / rate:.4f} s"
    total = round(frame / rate * 1000)
    hours, rest = divmod(total, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds, millis = divmod(rest, 1000)
    return f"{hours}:{minutes:02}:{seconds:02}.{millis:03}"


def format_length(frames: float, rate: int) -> str:
    """A length for people: milliseconds below a second."""
    seconds = frames / rate
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"


def rough_length(seconds: float) -> str:
    """A length of time as people say it of a wait: “12 s”, “3 min”, “1 h 05 min”."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
