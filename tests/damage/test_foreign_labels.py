"""Label files as other programs, other countries and other systems write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidd_studio.damage.damage import Damage
from aidd_studio.damage.labels import read_labels
from aidd_studio.errors import LabelError

RATE = 8000
GAP = [Damage(4000, 4160)]

REAPER = "#,Name,Start,End,Length,Color\n"
AUDITION = "\ufeffName\tStart\tDuration\tTime Format\tType\tDescription\n"


def read(folder: Path, name: str, content: str | bytes) -> tuple[list[Damage], list[str]]:
    """The gaps of a label file, and what was noted on the way."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    notes: list[str] = []
    return read_labels(path, RATE, notes.append), notes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("audacity.txt", "0,500000\t0,520000\tx\n"),
        ("short.txt", "0,5\t,52\tx\n"),
        ("semicolon.csv", "start;end\r\n0,5;0,52\r\n"),
        ("tab.csv", "start\tend\n0,5\t0,52\n"),
        ("quoted.csv", 'start,end\n"0,5","0,52"\n'),
        ("confidence.csv", "start;end;confidence\n0,5;0,52;1,0\n"),
    ],
)
def test_decimal_commas_are_read(tmp_path: Path, name: str, content: str) -> None:
    assert read(tmp_path, name, content) == (GAP, [])


@pytest.mark.parametrize("content", ["1.000,5\t1.000,7\tx\n", "1,000.5\t1,000.7\tx\n", "1,000,5\t2\tx\n"])
def test_a_number_with_thousands_separators_is_refused_rather_than_guessed(tmp_path: Path, content: str) -> None:
    with pytest.raises(LabelError, match=r"Line 1 of a.txt has no start time"):
        read(tmp_path, "a.txt", content)


@pytest.mark.parametrize(
    "content",
    [
        "0.500000\t0.520000\tGeräusch\n".encode("latin-1"),
        "0.5\t0.52\t“quoted” – dash\n".encode("cp1252"),
        "0.5\t0.52\tšum\n".encode("iso-8859-2"),
        "0.5\t0.52\tшум\n".encode("cp1251"),
        "\ufeff0.500000\t0.520000\tx\r\n".encode("utf-16-le"),
        "\ufeff0.5\t0.52\tшум\n".encode("utf-16-be"),
        "0.5\t0.52\tGeräusch\n".encode("utf-16-le"),
        "0.5\t0.52\tGeräusch\n".encode("utf-16-be"),
        "\ufeff0.5\t0.52\tшум\n".encode(),
    ],
)
def test_labels_in_another_encoding_are_read(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, "labels.txt", content) == (GAP, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_tables_and_json_in_another_encoding_are_read(tmp_path: Path, name: str, encoding: str) -> None:
    table = "start,end,name\n0.5,0.52,Geräusch\n"
    data = '[{"start": 0.5, "end": 0.52, "name": "Geräusch"}]'
    assert read(tmp_path, name, (table if name == "a.csv" else data).encode(encoding)) == (GAP, [])


@pytest.mark.parametrize("mark", ["\u0085", "\u2028", "\u2029", "\x0c", "\x0b"])
@pytest.mark.parametrize(
    ("name", "before", "behind"),
    [("a.txt", "0.5\t0.52\tone", "two\n"), ("a.csv", "start,end,name\n0.5,0.52,one", "two\n")],
)
def test_a_text_with_a_rare_line_separator_is_one_text(
    tmp_path: Path, name: str, before: str, behind: str, mark: str
) -> None:
    assert read(tmp_path, name, before + mark + behind) == (GAP, [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, "a.txt", end.join(["0.5\t0.52\tx", "1\t2\ty", ""]))[0] == [*GAP, Damage(8000, 16000)]
    assert read(tmp_path, "a.csv", end.join(["start,end", "0.5,0.52", ""])) == (GAP, [])


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("a.txt", "0.1\t0.1\tnote\n0.5\t0.52\tx\n", "Line 1 of a.txt marks a point, not a span; it was skipped."),
        ("a.csv", "start,end\n0.5,0.52\n0.6,0.6\n", "Line 3 of a.csv marks a point, not a span; it was skipped."),
        (
            "a.json",
            '[{"start": 1, "end": 1}, {"start": 0.5, "end": 0.52}]',
            "Gap 1 of a.json marks a point, not a span; it was skipped.",
        ),
        (
            "a.txt",
            "0.1\t0.1\tnote\n\\\t200\t300\n0.5\t0.52\tx\n0.7\t0.7\t\n",
            "2 labels of a.txt mark points, not spans, and were skipped; the first is that of line 1.",
        ),
    ],
)
def test_a_point_is_skipped_and_said(tmp_path: Path, name: str, content: str, note: str) -> None:
    assert read(tmp_path, name, content) == (GAP, [note])


def test_whoever_asks_for_no_notes_gets_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("0.1\t0.1\tnote\n")
    with pytest.warns(UserWarning, match="marks a point"):
        assert read_labels(path, RATE) == []


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\r\nstart;end\r\n0.5;0.52\r\n",
        "\ufeffsep=;\nstart;end\n0,5;0,52\n",
        '"sep=,"\nstart,end\n0.5,0.52\n',
        "SEP=|\nstart|end\n0.5|0.52\n",
        "sep=\t\nstart\tend\n0.5\t0.52\n",
    ],
)
def test_excels_line_about_the_separator_is_understood(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, "excel.csv", content) == (GAP, [])


def test_lines_are_counted_with_excels_line_about_the_separator(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"Line 3 of a.csv has no end time"):
        read(tmp_path, "a.csv", "sep=;\nstart;end\n0.5;x\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("clock.csv", "start,end\n0:00.500,0:00.520\n"),
        ("hours.csv", "start,end\n0:00:00.500,00:00:00.520\n"),
        ("comma.csv", "start;end\n0:00,500;0:00,520\n"),
        ("clock.txt", "0:00.500\t0:00.520\tx\n"),
        ("clock.json", '[{"start": "0:00.5", "end": "0:00.52"}]'),
    ],
)
def test_clock_times_are_read(tmp_path: Path, name: str, content: str) -> None:
    assert read(tmp_path, name, content) == (GAP, [])


@pytest.mark.parametrize("time", ["0:61.0", "1:60:00", "1:2:3:4", "a:b", ":", "0:-1"])
def test_what_is_no_clock_time_is_refused(tmp_path: Path, time: str) -> None:
    with pytest.raises(LabelError, match=r"Line 2 of a.csv has no start time"):
        read(tmp_path, "a.csv", f"start,end\n{time},2:00\n")


@pytest.mark.parametrize(
    ("rows", "notes"),
    [
        ("R1,drop,0:00.500,0:00.520,0:00.020,\n", 0),
        ("R1,drop,0.500,0.520,0.020,\nM1,mark,0:00.900,,,\n", 1),
        ('R1,"drop, then crackle",0:00:00.500,0:00:00.520,0:00:00.020,FF0000\nM1,a,0:01,,,\nM2,b,0:02,,,\n', 1),
    ],
)
def test_regions_of_reaper_are_read_and_its_markers_skipped(tmp_path: Path, rows: str, notes: int) -> None:
    gaps, noted = read(tmp_path, "reaper.csv", REAPER + rows)
    assert gaps == GAP and len(noted) == notes


@pytest.mark.parametrize(
    ("rows", "notes"),
    [
        ("Marker 01\t0:00.500\t0:00.020\tdecimal\tCue\t\n", 0),
        ("Marker 01\t0:00.500\t0:00.020\tdecimal\tCue\ta, b\nMarker 02\t0:00.700\t0:00.000\tdecimal\tCue\t\n", 1),
        ("Marker 01\t0:00,500\t0:00,020\tDecimal\tSubclip\t\n", 0),
    ],
)
def test_markers_of_audition_last_as_long_as_it_says(tmp_path: Path, rows: str, notes: int) -> None:
    gaps, noted = read(tmp_path, "audition.csv", AUDITION + rows)
    assert gaps == GAP and len(noted) == notes
    assert read(tmp_path, "audition.txt", AUDITION + rows)[0] == GAP


@pytest.mark.parametrize("style", ["75 fps", "SMPTE Drop (29.97 fps)", "Samples"])
def test_markers_of_audition_in_frames_are_refused_with_the_way_out(tmp_path: Path, style: str) -> None:
    with pytest.raises(LabelError, match="set the time display to decimal"):
        read(tmp_path, "audition.csv", f"{AUDITION}Marker 01\t00:00:00\t00:00:10\t{style}\tCue\t\n")


@pytest.mark.parametrize("kind", ["click", "dropout", "Manual"])
def test_a_kind_that_is_not_known_is_read_as_marked_by_hand_and_said(tmp_path: Path, kind: str) -> None:
    gaps, notes = read(tmp_path, "kind.csv", f"start,end,kind\n0.5,0.52,{kind}\n")
    assert gaps == GAP
    assert notes == [f'kind.csv names unknown kinds of damage, which were read as manual: "{kind}".']
