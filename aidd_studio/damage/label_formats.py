"""The text of label files as rows of fields: Audacity label tracks, CSV (Reaper and Audition write some), JSON."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from aidd_studio.damage.damage import DamageKind, Known
from aidd_studio.errors import LabelError

LabelFormat = Literal["audacity", "csv", "json"]

SUFFIXES: Mapping[str, LabelFormat] = {".txt": "audacity", ".csv": "csv", ".json": "json"}

KINDS: tuple[DamageKind, ...] = get_args(DamageKind)
KNOWN: tuple[Known, ...] = get_args(Known)

_NUMBER = re.compile(r"[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]{1,4})?")
_LINE_END = re.compile(r"\r\n|\n|\r")  # and no other: a text may hold what str.splitlines takes for one
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SEPARATOR = re.compile(r"\ufeff?\"?sep=([^\r\n])\"?[ \t]*(?:\r\n|\n|\r|$)", re.IGNORECASE)
_OUR_TEXT = re.compile(
    rf"({'|'.join(KINDS)})(?: ([01](?:\.[0-9]{{1,6}})?))?(?: channel ([0-9]+(?:\+[0-9]+)*))?(?: ({'|'.join(KNOWN)}))?"
)
_OPEN = -1
"""What Audacity writes for an edge of a spectral selection that is not set."""

Row = tuple[str, Mapping[str, Any]]
"""Where it stands ("Line 3 of gaps.txt") and its fields as they were read."""


def read_rows(path: Path, raw: bytes) -> Iterator[Row]:
    """The labels that a file of those bytes holds, in whatever format. Raises LabelError."""
    text = _decoded(raw)
    if text is None:
        raise LabelError(f"{path} is not a text file; name an Audacity label track, a CSV or a JSON file.")
    rows = {"audacity": _audacity_rows, "csv": _csv_rows, "json": _json_rows}[_format_of(path, text)]
    return rows(text, path.name)


def decimal(value: Any) -> Decimal | None:
    """A finite number of sane size, written with a decimal point or comma, or None."""
    text = str(value).strip() if isinstance(value, (str, Decimal)) else ""
    if len(text) > 60 or not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return number if number == 0 or -100 <= number.adjusted() <= 100 else None


def _decoded(raw: bytes) -> str | None:
    """Text in UTF-8, UTF-16 or, since any bytes are that, Latin-1; None for what is no text."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif len(raw) > 1 and (raw[0] == 0) != (raw[1] == 0):  # without a byte order mark; labels begin in ASCII
        encodings = ["utf-16-be" if raw[0] == 0 else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "latin-1"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        is_binary = _BINARY.search(text) if encoding == "latin-1" else "\0" in text
        return None if is_binary else text
    return None


def _format_of(path: Path, text: str) -> LabelFormat:
    """By content first, since suffixes may be wrong; by suffix for an empty or ambiguous file."""
    if text.lstrip().startswith(("{", "[")):
        return "json"
    if _SEPARATOR.match(text) or _is_header(_Table.of(text).names):
        return "csv"
    return SUFFIXES.get(path.suffix.lower(), "audacity")


def _audacity_rows(text: str, name: str) -> Iterator[Row]:
    """A line for each label; one that begins with a backslash is the spectral selection of the label above."""
    label: Row | None = None
    for number, line in enumerate(_LINE_END.split(text), start=1):
        where = f"Line {number} of {name}"
        if line.startswith("\\"):
            edges = _spectral_edges(line, where)
            if edges and label is None:
                raise LabelError(f"{where} gives frequencies, but there is no label above it.")
            label = label and (label[0], {**label[1], **edges})
        elif line.strip():
            if label is not None:
                yield label
            label = where, _audacity_label(line, where)
    if label is not None:
        yield label


def _audacity_label(line: str, where: str) -> dict[str, Any]:
    fields = line.split("\t", 2)
    if len(fields) < 2:
        raise LabelError(f"{where} is no Audacity label; it needs start, end and text, separated by tabs.")
    row: dict[str, Any] = {"start": fields[0], "end": fields[1]}
    ours = _OUR_TEXT.fullmatch(fields[2].strip()) if len(fields) == 3 else None
    if ours:
        row |= {"kind": ours[1], "confidence": ours[2], "channels": ours[3], "known": ours[4]}
    return row


def _spectral_edges(line: str, where: str) -> dict[str, Any]:
    """The edges that a line of a spectral selection sets; nothing for one that is another extension of the format."""
    fields = line.split("\t")
    if len(fields) < 3:
        return {}
    edges = [decimal(field) for field in fields[1:3]]
    if None in edges:
        raise LabelError(f"{where} has no two frequencies in Hz: {' and '.join(fields[1:3])[:40]}.")
    low, high = ("" if edge == _OPEN else edge for edge in edges)
    return {"low": low, "high": high}


@dataclass(frozen=True)
class _Table:
    """The layout of a CSV file: its separator, the columns of its header, and the lines before that."""

    delimiter: str
    names: tuple[str, ...]
    begin: int  # the index of the first character behind a line "sep=;", as Excel writes it
    skipped: int  # lines before that

    @staticmethod
    def of(text: str) -> _Table:
        separator = _SEPARATOR.match(text)
        begin = separator.end() if separator else 0
        first = next((line for line in _LINE_END.split(text[begin : begin + 10_000]) if line.strip()), "")
        delimiter = separator[1] if separator else max(",;\t", key=first.count)
        names = tuple(name.strip().strip('"').lower() for name in first.split(delimiter))
        return _Table(delimiter, names, begin, 1 if separator else 0)


def _is_header(names: tuple[str, ...]) -> bool:
    """Whether columns say where a label begins, and where it ends or how long it is."""
    return "start" in names and not {"end", "duration", "length"}.isdisjoint(names)


def _csv_rows(text: str, name: str) -> Iterator[Row]:
    table = _Table.of(text)
    try:
        reader = csv.reader(io.StringIO(text[table.begin :], newline=""), delimiter=table.delimiter, strict=True)
    except (TypeError, ValueError):
        raise LabelError(f"Line 1 of {name} names no separator that a CSV file can have.") from None
    header: list[str] | None = None
    try:
        for fields in reader:
            where = f"Line {reader.line_num + table.skipped} of {name}"
            if not any(field.strip() for field in fields):
                continue
            if header is None:
                header = [field.strip().lower() for field in fields]
                if not _is_header(tuple(header)):
                    raise LabelError(f"{where} must be a header that names the columns start and end.")
                continue
            if any(field.strip() for field in fields[len(header) :]):
                raise LabelError(
                    f"{where} has {len(fields)} columns, but the header names {len(header)}; "
                    "decimal commas need another separator than a comma, or quotes."
                )
            row: dict[str, Any] = dict(zip(header, fields, strict=False))
            _refuse_other_times(row, where)
            if {"duration", "length"} & set(header) and not row.get("end", "").strip():
                row["length"] = (row.get("duration") or row.get("length") or "").strip() or "0"
            else:
                row.pop("length", None)
            yield where, row
    except csv.Error as error:
        raise LabelError(f"Line {reader.line_num + table.skipped} of {name} is not valid CSV: {error}.") from None


def _refuse_other_times(row: Mapping[str, Any], where: str) -> None:
    """Raise LabelError for Audition's times in frames of a film or in samples."""
    style = str(row.get("time format", "")).strip().lower()
    if style not in ("", "decimal"):
        raise LabelError(f'{where} has times as "{style[:40]}"; set the time display to decimal and export it again.')


def _json_rows(text: str, name: str) -> Iterator[Row]:
    try:
        data = json.loads(text, parse_float=Decimal, parse_int=Decimal)
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
        yield where, _with_edges(entry, where)


def _seconds_from_frames(entry: Mapping[str, Any], rate: Any, where: str) -> dict[str, Any]:
    """An entry that gives only start_frame and end_frame, at the rate that the file names."""
    frames = [entry.get("start_frame"), entry.get("end_frame")]
    numbers = [decimal(value) for value in (*frames, rate)]
    if any(number is None for number in numbers) or not numbers[2]:
        raise LabelError(f"{where} needs a start and an end in seconds.")
    start, end, per_second = (Fraction(number) for number in numbers if number is not None)
    return dict(entry) | {"start": start / per_second, "end": end / per_second}


def _with_edges(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """An entry with the edges of its band beside its other fields."""
    band = entry.get("band")
    if band is None:
        return dict(entry)
    if not isinstance(band, dict) or not {"low", "high"} <= set(band):
        raise LabelError(f'{where} has a band without edges; it needs {{"low": 200, "high": 3000}} in Hz.')
    return dict(entry) | {"low": band["low"], "high": band["high"]}
