"""Damage as label files: Audacity label tracks, CSV and JSON."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from aidd_studio.damage.arithmetic import by_place
from aidd_studio.damage.damage import Band, Damage, DamageKind, Known
from aidd_studio.damage.label_formats import KINDS, KNOWN, SUFFIXES, decimal, read_rows
from aidd_studio.damage.timecode import exact_seconds, nearest_frame, parse_seconds
from aidd_studio.errors import DamageError, LabelError, UsageError
from aidd_studio.files.atomic import atomic_path

LARGEST_FILE = 16 * 2**20
"""Bytes: some hundred thousand labels. What is larger is not a label file."""

LATEST = Decimal(10**8)
"""Seconds (three years); anything later is a typing error."""

MOST_CHANNELS = 1024


def read_labels(path: Path | str, rate: int, on_note: Callable[[str], None] | None = None) -> list[Damage]:
    """The damage that a label file marks, sorted, in frames of a recording with that rate.

    Audacity label tracks (start, end, text in seconds, tab separated, spectral selections as bands), CSV with a header
    that names start and end or length (channels, kind, confidence, low, high and known are optional; lists of markers
    from Reaper and Audition are such files), JSON as `write_labels` and `aidd-studio detect --json` write it. Times are
    seconds or clock times, frequencies Hz, channels counted from 1; decimal commas are read, too.

    on_note: called with a sentence about what was skipped, such as labels that mark a point; without it that is a
    Python warning. Raises LabelError with one sentence that names the line.
    """
    path = Path(path)
    reading = _Reading(path.name, rate)
    gaps = [gap for row, where in _rows(path) if (gap := reading.gap(row, where)) is not None]
    for note in reading.notes():
        if on_note is None:
            warnings.warn(note, stacklevel=2)
        else:
            on_note(note)
    return sorted(gaps, key=by_place)


def write_labels(path: Path | str, gaps: Iterable[Damage], rate: int, *, overwrite: bool = False) -> None:
    """Write damage as a label file: Audacity (.txt), CSV (.csv) or JSON (.json); reading it gives the same damage.

    Raises LabelError for another suffix, FileWriteError when the file exists or cannot be written.
    """
    path = Path(path)
    write = {"audacity": _as_audacity, "csv": _as_csv, "json": _as_json}[check_labels(path)]
    content = write(sorted(gaps, key=by_place), rate)
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="")


def check_labels(path: Path) -> str:
    """The format given by a label file's suffix. Raises LabelError for any other suffix."""
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise LabelError(f'"{path.name}" says no label format; let its name end in .txt (Audacity), .csv or .json.')
    return kind


def gap_as_data(gap: Damage, rate: int) -> dict[str, Any]:
    """Damage as plain data for JSON, which `read_labels` reads: seconds, frames, channels (counted from 1), band."""
    return {
        "start": gap.start / rate,
        "end": gap.end / rate,
        "start_frame": gap.start,
        "end_frame": gap.end,
        "channels": None if gap.channels is None else _counted_from_one(gap),
        "kind": gap.kind,
        "confidence": _rounded(gap.confidence),
        "band": band_as_data(gap.band),
        "known": gap.known,
    }


def band_as_data(band: Band | None) -> dict[str, float] | None:
    """A band as plain data for JSON: its edges in Hz, or None for the whole spectrum."""
    return None if band is None else {"low": band.low, "high": band.high}


def _rows(path: Path) -> list[tuple[Mapping[str, Any], str]]:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise LabelError(f"The label file {path} does not exist; check its name.") from None
    except IsADirectoryError:
        raise LabelError(f"{path} is a folder, not a label file; name a .txt, .csv or .json file.") from None
    except OSError as error:
        raise LabelError(f"The label file {path} cannot be read: {error.strerror or error}.") from None
    if len(raw) > LARGEST_FILE:
        raise LabelError(f"{path} is larger than {LARGEST_FILE // 2**20} MiB, so it cannot be a label file.")
    return [(row, where) for where, row in read_rows(path, raw)]


class _Reading:
    """Turns rows into damage, and remembers what it skipped."""

    def __init__(self, name: str, rate: int) -> None:
        self._name, self._rate = name, rate
        self._points: list[str] = []
        self._kinds: set[str] = set()

    def gap(self, row: Mapping[str, Any], where: str) -> Damage | None:
        """The damage of a row; None for a point. Raises LabelError."""
        start = _seconds(row.get("start"), "start", where)
        if "length" in row:
            end = start + _seconds(row["length"], "length", where)
        else:
            end = _seconds(row.get("end"), "end", where)
        if end < start:
            raise LabelError(f"{where} ends before it starts; put the earlier time first.")
        if end == start:
            self._points.append(where)
            return None
        first, last = nearest_frame(start, self._rate), nearest_frame(end, self._rate)
        if last == first:
            raise LabelError(f"{where} is shorter than one sample; remove it or make it longer.")
        return Damage(
            first,
            last,
            _channels(row.get("channels"), where),
            self._kind(row.get("kind")),
            _confidence(row.get("confidence"), where),
            _band(row.get("low"), row.get("high"), self._rate, where),
            _known(row.get("known"), where),
        )

    def notes(self) -> list[str]:
        """A sentence for each sort of label that was skipped."""
        notes = []
        if len(self._points) == 1:
            notes.append(f"{self._points[0]} marks a point, not a span; it was skipped.")
        elif self._points:
            notes.append(
                f"{len(self._points)} labels of {self._name} mark points, not spans, and were skipped; "
                f"the first is that of {self._points[0].lower().removesuffix(' of ' + self._name.lower())}."
            )
        if self._kinds:
            kinds = ", ".join(_shown(kind) for kind in sorted(self._kinds)[:5])
            notes.append(f"{self._name} names unknown kinds of damage, which were read as manual: {kinds}.")
        return notes

    def _kind(self, value: Any) -> DamageKind:
        text = "" if value is None else str(value).strip()
        for kind in KINDS:
            if text == kind:
                return kind
        if text:
            self._kinds.add(text)
        return "manual"


def _seconds(value: Any, name: str, where: str) -> Fraction:
    if isinstance(value, Fraction):
        return value
    number: Decimal | Fraction | None = decimal(value)
    if number is None and isinstance(value, str) and ":" in value:
        try:
            number = parse_seconds(value.strip().replace(",", ".")[:60])
        except UsageError:
            number = None
    if number is None:
        raise LabelError(f"{where} has no {name} time in seconds: {_shown(value)}.")
    if number < 0:
        raise LabelError(f"{where} lies before the recording's beginning ({name} is {_shown(value)}).")
    if number > LATEST:
        raise LabelError(f"{where} lies more than three years after the recording's beginning; correct its {name}.")
    return Fraction(number)


def _channels(value: Any, where: str) -> tuple[int, ...] | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "all")):
        return None
    parts = value if isinstance(value, list) else re.split(r"[\s+]+", str(value).strip())
    numbers = [decimal(part) for part in parts]
    whole = [int(number) for number in numbers if number is not None and number == number.to_integral_value()]
    if not whole or len(whole) != len(numbers) or not all(1 <= number <= MOST_CHANNELS for number in whole):
        raise LabelError(f"{where} names no channels, counted from 1: {_shown(value)}.")
    return tuple(number - 1 for number in whole)


def _confidence(value: Any, where: str) -> float:
    if _is_blank(value):
        return 1.0
    number = decimal(value)
    if number is None or not 0 <= number <= 1:
        raise LabelError(f"{where} needs a confidence from 0 to 1, not {_shown(value)}.")
    return float(number)


def _band(low: Any, high: Any, rate: int, where: str) -> Band | None:
    """The band between two edges, of which one may be left open."""
    if _is_blank(low) and _is_blank(high):
        return None
    edges = [
        Decimal(0) if _is_blank(low) else decimal(low),
        Decimal(rate) / 2 if _is_blank(high) else decimal(high),
    ]
    if edges[0] is None or edges[1] is None:
        raise LabelError(f"{where} has no frequency in Hz: {_shown(low if edges[0] is None else high)}.")
    try:
        band = Band(float(edges[0]), float(edges[1]))
        band.check_rate(rate)
    except DamageError as error:
        raise LabelError(f"{where}: {error}") from None
    return band


def _known(value: Any, where: str) -> Known:
    if _is_blank(value):
        return "nothing"
    for known in KNOWN:
        if str(value).strip() == known:
            return known
    raise LabelError(f"{where} can say that {', '.join(KNOWN)} is known, not {_shown(value)}.")


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'


def _as_audacity(gaps: Sequence[Damage], rate: int) -> str:
    lines = []
    for gap in gaps:
        channels = "" if gap.channels is None else " channel " + "+".join(map(str, _counted_from_one(gap)))
        known = "" if gap.known == "nothing" else f" {gap.known}"
        text = f"{gap.kind} {_rounded(gap.confidence)}{channels}{known}"
        lines.append(f"{exact_seconds(gap.start, rate)}\t{exact_seconds(gap.end, rate)}\t{text}\n")
        if gap.band is not None:
            lines.append(f"\\\t{_plain(gap.band.low)}\t{_plain(gap.band.high)}\n")
    return "".join(lines)


def _as_csv(gaps: Sequence[Damage], rate: int) -> str:
    """The last three columns appear only where needed, so that lists of dropouts keep their format of 0.1.0."""
    is_plain = all(gap.band is None and gap.known == "nothing" for gap in gaps)
    lines = ["start,end,channels,kind,confidence" + ("" if is_plain else ",low,high,known")]
    for gap in gaps:
        channels = "all" if gap.channels is None else " ".join(map(str, _counted_from_one(gap)))
        times = f"{exact_seconds(gap.start, rate)},{exact_seconds(gap.end, rate)}"
        band = "," if gap.band is None else f"{_plain(gap.band.low)},{_plain(gap.band.high)}"
        more = "" if is_plain else f",{band},{gap.known}"
        lines.append(f"{times},{channels},{gap.kind},{_rounded(gap.confidence)}{more}")
    return "".join(line + "\n" for line in lines)


def _as_json(gaps: Sequence[Damage], rate: int) -> str:
    return json.dumps({"rate": rate, "gaps": [gap_as_data(gap, rate) for gap in gaps]}, indent=2) + "\n"


def _counted_from_one(gap: Damage) -> list[int]:
    return [channel + 1 for channel in gap.channels or ()]


def _plain(frequency: float) -> str:
    """A frequency without an exponent, which reads back to the same float."""
    return format(Decimal(repr(float(frequency))), "f")


def _rounded(confidence: float) -> float:
    return round(confidence, 4)
