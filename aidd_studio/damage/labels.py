"""Gaps as label files: Audacity label tracks, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from aidd_studio.damage.arithmetic import by_place
from aidd_studio.damage.damage import Damage, DamageKind
from aidd_studio.damage.timecode import exact_seconds, nearest_frame
from aidd_studio.errors import LabelError
from aidd_studio.files.atomic import atomic_path

LabelFormat = Literal["audacity", "csv", "json"]

LARGEST_FILE = 16 * 2**20
"""Bytes: some hundred thousand labels. What is larger is not a label file."""

LATEST = Decimal(10**8)
"""Seconds (three years): what lies later is a typing error."""

MOST_CHANNELS = 1024

KINDS: tuple[DamageKind, ...] = get_args(DamageKind)

_SUFFIXES: Mapping[str, LabelFormat] = {".txt": "audacity", ".csv": "csv", ".json": "json"}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_OUR_TEXT = re.compile(rf"({'|'.join(KINDS)})(?: ([01](?:\.[0-9]{{1,6}})?))?(?: channel ([0-9]+(?:\+[0-9]+)*))?")


def read_labels(path: Path | str, rate: int) -> list[Damage]:
    """The gaps of a label file, sorted, in frames of a recording with that rate.

    Audacity label tracks (start, end, text in seconds, tab separated), CSV with a header that names start and end
    (seconds; channels, kind and confidence are optional), JSON as `write_labels` and `aidd-studio detect --json`
    write it. Channels are counted from 1. Raises LabelError with one sentence that names the line.
    """
    path = Path(path)
    text = _text(path)
    kind = _format_of(path, text)
    rows = {"audacity": _audacity_rows, "csv": _csv_rows, "json": _json_rows}[kind](text, path.name)
    return sorted((_gap(row, where, rate) for where, row in rows), key=by_place)


def write_labels(path: Path | str, gaps: Iterable[Damage], rate: int, *, overwrite: bool = False) -> None:
    """Write gaps as a label file: Audacity (.txt), CSV (.csv) or JSON (.json); reading it gives the same frames.

    Raises LabelError for another suffix, FileWriteError when the file exists or cannot be written.
    """
    path = Path(path)
    write = {"audacity": _as_audacity, "csv": _as_csv, "json": _as_json}[check_labels(path)]
    content = write(sorted(gaps, key=by_place), rate)
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="")


def check_labels(path: Path) -> str:
    """The format that a label file's name asks for. Raises LabelError for a name that asks for none."""
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise LabelError(f'"{path.name}" says no label format; let its name end in .txt (Audacity), .csv or .json.')
    return kind


def _text(path: Path) -> str:
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
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise LabelError(f"{path} is not a text file; name an Audacity label track, a CSV or a JSON file.")
    return text


def _format_of(path: Path, text: str) -> LabelFormat:
    """By content first, since names lie; an empty or unclear file is what its suffix says."""
    if text.lstrip().startswith(("{", "[")):
        return "json"
    first = next((line for line in text.splitlines() if line.strip()), "")
    if {"start", "end"} <= {name.strip().strip('"').lower() for name in re.split(r"[,;\t]", first)}:
        return "csv"
    return _SUFFIXES.get(path.suffix.lower(), "audacity")


Row = tuple[str, Mapping[str, Any]]
"""Where it stands ("Line 3 of gaps.txt") and its fields as they were read."""


def _audacity_rows(text: str, name: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("\\"):  # a backslash starts the spectral selection of the label above
            continue
        where = f"Line {number} of {name}"
        fields = line.split("\t", 2)
        if len(fields) < 2:
            raise LabelError(f"{where} is no Audacity label; it needs start, end and text, separated by tabs.")
        row: dict[str, Any] = {"start": fields[0], "end": fields[1]}
        ours = _OUR_TEXT.fullmatch(fields[2].strip()) if len(fields) == 3 else None
        if ours:
            row |= {"kind": ours[1], "confidence": ours[2], "channels": ours[3]}
        yield where, row


def _csv_rows(text: str, name: str) -> Iterator[Row]:
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    try:
        for fields in reader:
            where = f"Line {reader.line_num} of {name}"
            if not any(field.strip() for field in fields):
                continue
            if header is None:
                header = [field.strip().lower() for field in fields]
                if not {"start", "end"} <= set(header):
                    raise LabelError(f"{where} must be a header that names the columns start and end.")
                continue
            if len(fields) > len(header):
                raise LabelError(f"{where} has {len(fields)} columns, but the header names {len(header)}.")
            yield where, dict(zip(header, fields, strict=False))
    except csv.Error as error:
        raise LabelError(f"Line {reader.line_num} of {name} is not valid CSV: {error}.") from None


def _json_rows(text: str, name: str) -> Iterator[Row]:
    try:
        data = json.loads(text, parse_float=Decimal, parse_int=_json_integer)
    except json.JSONDecodeError as error:
        raise LabelError(f"Line {error.lineno} of {name} is not valid JSON: {error.msg}.") from None
    except RecursionError:
        raise LabelError(f"{name} is nested too deeply to be a label file.") from None
    entries = data.get("gaps") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise LabelError(f'{name} holds no list of gaps; it needs {{"gaps": [{{"start": 1.0, "end": 1.2}}]}}.')
    for number, entry in enumerate(entries, start=1):
        where = f"Gap {number} of {name}"
        if not isinstance(entry, dict):
            raise LabelError(f"{where} is not an object with start and end.")
        if not {"start", "end"} & set(entry) and isinstance(data, dict):
            entry = _seconds_from_frames(entry, data.get("rate"), where)
        yield where, entry


def _json_integer(digits: str) -> Decimal:
    return Decimal(digits)


def _seconds_from_frames(entry: Mapping[str, Any], rate: Any, where: str) -> Mapping[str, Any]:
    """An entry that gives only start_frame and end_frame, at the rate that the file names."""
    frames = [entry.get("start_frame"), entry.get("end_frame")]
    numbers = [_decimal(value) for value in (*frames, rate)]
    if any(number is None for number in numbers) or not numbers[2]:
        raise LabelError(f"{where} needs a start and an end in seconds.")
    start, end, per_second = (Fraction(number) for number in numbers if number is not None)
    return dict(entry) | {"start": start / per_second, "end": end / per_second}


def _gap(row: Mapping[str, Any], where: str, rate: int) -> Damage:
    start, end = (_seconds(row.get(name), name, where) for name in ("start", "end"))
    if end < start:
        raise LabelError(f"{where} ends before it starts; put the earlier time first.")
    if end == start:
        raise LabelError(f"{where} is a point, not a span; a gap needs an end after its start.")
    first, last = nearest_frame(start, rate), nearest_frame(end, rate)
    if last == first:
        raise LabelError(f"{where} is shorter than one sample; remove it or make it longer.")
    return Damage(
        first,
        last,
        _channels(row.get("channels"), where),
        _kind(row.get("kind"), where),
        _confidence(row.get("confidence"), where),
    )


def _seconds(value: Any, name: str, where: str) -> Fraction:
    if isinstance(value, Fraction):
        return value
    number = _decimal(value)
    if number is None:
        raise LabelError(f"{where} has no {name} time in seconds: {_shown(value)}.")
    if number < 0:
        raise LabelError(f"{where} lies before the recording's beginning ({name} is {_shown(value)}).")
    if number > LATEST:
        raise LabelError(f"{where} lies more than three years after the recording's beginning; correct its {name}.")
    return Fraction(number)


def _decimal(value: Any) -> Decimal | None:
    """A finite number of sane size, or None."""
    text = str(value).strip() if isinstance(value, (str, Decimal)) else ""
    if len(text) > 60 or not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number == 0 or -100 <= number.adjusted() <= 100 else None


def _channels(value: Any, where: str) -> tuple[int, ...] | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "all")):
        return None
    parts = value if isinstance(value, list) else re.split(r"[\s+]+", str(value).strip())
    numbers = [_decimal(part) for part in parts]
    whole = [int(number) for number in numbers if number is not None and number == number.to_integral_value()]
    if not whole or len(whole) != len(numbers) or not all(1 <= number <= MOST_CHANNELS for number in whole):
        raise LabelError(f"{where} names no channels, counted from 1: {_shown(value)}.")
    return tuple(number - 1 for number in whole)


def _kind(value: Any, where: str) -> DamageKind:
    text = "" if value is None else str(value).strip()
    if not text:
        return "manual"
    for kind in KINDS:
        if text == kind:
            return kind
    raise LabelError(f"{where} has the unknown kind {_shown(value)}; known are {', '.join(KINDS)}.")


def _confidence(value: Any, where: str) -> float:
    if value is None or (isinstance(value, str) and not value.strip()):
        return 1.0
    number = _decimal(value)
    if number is None or not 0 <= number <= 1:
        raise LabelError(f"{where} needs a confidence from 0 to 1, not {_shown(value)}.")
    return float(number)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'


def _as_audacity(gaps: Sequence[Damage], rate: int) -> str:
    lines = []
    for gap in gaps:
        channels = "" if gap.channels is None else " channel " + "+".join(map(str, _counted_from_one(gap)))
        text = f"{gap.kind} {_rounded(gap.confidence)}{channels}"
        lines.append(f"{exact_seconds(gap.start, rate)}\t{exact_seconds(gap.end, rate)}\t{text}\n")
    return "".join(lines)


def _as_csv(gaps: Sequence[Damage], rate: int) -> str:
    lines = ["start,end,channels,kind,confidence\n"]
    for gap in gaps:
        channels = "all" if gap.channels is None else " ".join(map(str, _counted_from_one(gap)))
        times = f"{exact_seconds(gap.start, rate)},{exact_seconds(gap.end, rate)}"
        lines.append(f"{times},{channels},{gap.kind},{_rounded(gap.confidence)}\n")
    return "".join(lines)


def _as_json(gaps: Sequence[Damage], rate: int) -> str:
    return json.dumps({"rate": rate, "gaps": [gap_as_data(gap, rate) for gap in gaps]}, indent=2) + "\n"


def gap_as_data(gap: Damage, rate: int) -> dict[str, Any]:
    """A gap as plain data for JSON, which `read_labels` reads: seconds, frames, channels (counted from 1), kind."""
    return {
        "start": gap.start / rate,
        "end": gap.end / rate,
        "start_frame": gap.start,
        "end_frame": gap.end,
        "channels": None if gap.channels is None else _counted_from_one(gap),
        "kind": gap.kind,
        "confidence": _rounded(gap.confidence),
    }


def _counted_from_one(gap: Damage) -> list[int]:
    return [channel + 1 for channel in gap.channels or ()]


def _rounded(confidence: float) -> float:
    return round(confidence, 4)
