"""Label files, both ways."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidd_studio.damage.damage import Band, Damage
from aidd_studio.damage.label_formats import KINDS, KNOWN
from aidd_studio.damage.labels import LARGEST_FILE, read_labels, write_labels
from aidd_studio.errors import AiddError, LabelError

SUFFIXES = [".txt", ".csv", ".json"]


@st.composite
def gaps(draw: st.DrawFn) -> Damage:
    start = draw(st.integers(0, 192_000 * 3600 * 10))
    channels = draw(st.none() | st.sets(st.integers(0, 7), min_size=1).map(lambda c: tuple(sorted(c))))
    confidence = draw(st.integers(0, 10_000)) / 10_000
    low, high = (draw(st.floats(*limits)) for limits in ((1e-6, 2000), (2001, 4000)))
    band = draw(st.sampled_from([None, Band(0.0, high), Band(low, high)]))
    kind, known = draw(st.sampled_from(KINDS)), draw(st.sampled_from(KNOWN))
    return Damage(start, start + draw(st.integers(1, 10**6)), channels, kind, confidence, band, known)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(some=st.lists(gaps(), max_size=8, unique_by=lambda gap: (gap.start, gap.end)), rate=st.integers(8000, 192_000))
def test_what_is_written_is_read_back_to_the_sample(tmp_path: Path, suffix: str, some: list[Damage], rate: int) -> None:
    path = tmp_path / f"labels{suffix}"
    write_labels(path, some, rate, overwrite=True)
    assert read_labels(path, rate) == sorted(some, key=lambda gap: (gap.start, gap.end))


def test_labels_are_sorted_by_time(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("start,end,channels\n2,3,\n2,3,1\n2,2.5,1\n1,2,\n")
    assert [gap.start for gap in read_labels(path, 100)] == [100, 200, 200, 200]


def test_an_audacity_track_with_spectral_selections_is_read(tmp_path: Path) -> None:
    path = tmp_path / "Label Track.txt"
    path.write_bytes(b"1.000000\t1.500000\tcough\r\n\\\t120.5\t3000.0\r\n\r\n2.5\t2.75\t\r\n3\t4\r\n")
    assert read_labels(path, 8000) == [
        Damage(8000, 12000, band=Band(120.5, 3000.0)),
        Damage(20000, 22000),
        Damage(24000, 32000),
    ]


@pytest.mark.parametrize(
    ("line", "band"),
    [
        ("\\\t120,5\t3000,0", Band(120.5, 3000)),
        ("\\\t-1.000000\t3000.0", Band(0, 3000)),
        ("\\\t500\t-1.000000", Band(500, 4000)),
        ("\\\t-1\t-1", None),
        ("\\", None),
        ("\\ another extension", None),
    ],
)
def test_an_edge_that_audacity_leaves_open_reaches_to_the_end_of_the_spectrum(
    tmp_path: Path, line: str, band: Band | None
) -> None:
    path = tmp_path / "labels.txt"
    path.write_text(f"1\t2\tcough\n{line}\n3\t4\t\n")
    assert read_labels(path, 8000) == [Damage(8000, 16000, band=band), Damage(24000, 32000)]


@pytest.mark.parametrize(
    ("row", "band", "known"),
    [
        ("1,2,200,3000,degraded", Band(200, 3000), "degraded"),
        ("1,2,,3000,", Band(0, 3000), "nothing"),
        ("1,2,200,,bounds", Band(200, 4000), "bounds"),
        ("1,2,,,", None, "nothing"),
        ("1,2", None, "nothing"),
    ],
)
def test_columns_of_a_csv_file_give_a_band(tmp_path: Path, row: str, band: Band | None, known: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"start,end,low,high,known\n{row}\n")
    (gap,) = read_labels(path, 8000)
    assert (gap.band, gap.known) == (band, known)


@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_a_list_of_dropouts_says_nothing_of_bands(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels{suffix}"
    write_labels(path, [Damage(100, 200, None, "silence", 0.9)], 8000)
    assert "low" not in path.read_text() and "\\" not in path.read_text()


def test_the_object_of_detect_json_is_read(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    row = {
        "start": 0.5,
        "end": 0.75,
        "start_frame": 1,
        "end_frame": 2,
        "channels": [2],
        "kind": "held",
        "confidence": 0.9,
    }
    path.write_text(json.dumps({"path": "x.wav", "rate": 8000, "channels": 2, "seconds": 3.0, "gaps": [row]}))
    assert read_labels(path, 1000) == [Damage(500, 750, (1,), "held", 0.9)]


def test_bare_lists_and_frames_alone_are_read(tmp_path: Path) -> None:
    path = tmp_path / "gaps.json"
    path.write_text('[{"start": 1, "end": 2}]')
    assert read_labels(path, 100) == [Damage(100, 200)]
    path.write_text('{"rate": 200, "gaps": [{"start_frame": 200, "end_frame": 401}]}')
    assert read_labels(path, 400) == [Damage(400, 802)]


def test_content_outweighs_a_wrong_suffix(tmp_path: Path) -> None:
    path = tmp_path / "gaps.txt"
    path.write_text("\ufeffStart;End;Channels\n1;2;1 2\n", encoding="utf-8")
    assert read_labels(path, 10) == [Damage(10, 20, (0, 1))]
    path.write_text('[{"start": 1, "end": 2}]')
    assert read_labels(path, 10) == [Damage(10, 20)]


def test_an_empty_file_holds_no_gaps(tmp_path: Path) -> None:
    for suffix in (".txt", ".csv"):
        path = tmp_path / f"empty{suffix}"
        path.write_text("\n")
        assert read_labels(path, 10) == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", b"1\t2\tok\n5\t4\tbackwards\n", "Line 2 of a.txt ends before it starts"),
        ("a.txt", b"1\t1.0000001\t\n", "Line 1 of a.txt is shorter than one sample"),
        ("a.txt", b"nan\t2\t\n", "Line 1 of a.txt has no start time"),
        ("a.txt", b"1\tinf\t\n", "Line 1 of a.txt has no end time"),
        ("a.txt", b"-1\t2\t\n", "Line 1 of a.txt lies before"),
        ("a.txt", b"1\t1e12\t\n", "Line 1 of a.txt lies more than three years"),
        ("a.txt", b"1\t1e9999\t\n", "Line 1 of a.txt has no end time"),
        ("a.txt", b"\nhello world\n", "Line 2 of a.txt is no Audacity label"),
        ("a.txt", b"1\t" + b"9" * 5000 + b"\n", "Line 1 of a.txt has no end time"),
        ("a.csv", b"1,2\n", "Line 1 of a.csv must be a header"),
        ("a.csv", b"start,end\n1,2\n1,x\n", "Line 3 of a.csv has no end time"),
        ("a.csv", b"start,end\n1,2,3\n", "Line 2 of a.csv has 3 columns"),
        ("a.csv", b"start,end\n1\n", "Line 2 of a.csv has no end time"),
        ("a.csv", b"start,end,channels\n1,2,0\n", "Line 2 of a.csv names no channels"),
        ("a.csv", b"start,end,channels\n1,2,left\n", "Line 2 of a.csv names no channels"),
        ("a.csv", b"start,end\n0,5,0,52\n", "decimal commas need another separator"),
        ("a.csv", b"start,end,low,high\n1,2,3000,200\n", "Line 2 of a.csv: The band 3000–200 Hz is empty"),
        ("a.csv", b"start,end,low,high\n1,2,200,200\n", "Line 2 of a.csv: The band 200–200 Hz is empty"),
        ("a.csv", b"start,end,low,high\n1,2,-5,200\n", "Line 2 of a.csv: The band -5–200 Hz begins below 0 Hz"),
        ("a.csv", b"start,end,low,high\n1,2,200,30000\n", "Line 2 of a.csv: The band 200–30000 Hz reaches beyond"),
        ("a.csv", b"start,end,low,high\n1,2,deep,300\n", "Line 2 of a.csv has no frequency in Hz"),
        ("a.csv", b"start,end,known\n1,2,maybe\n", "Line 2 of a.csv can say that nothing, bounds, degraded is known"),
        ("a.txt", b"1\t2\tx\n\\\t200\t30000\n", "Line 1 of a.txt: The band 200–30000 Hz reaches beyond 22050 Hz"),
        ("a.txt", b"1\t2\tx\n\\\tlow\thigh\n", "Line 2 of a.txt has no two frequencies in Hz"),
        ("a.txt", b"\\\t200\t3000\n1\t2\tx\n", "Line 1 of a.txt gives frequencies, but there is no label above it"),
        ("a.json", b'[{"start": 1, "end": 2, "band": [1, 2]}]', "Gap 1 of a.json has a band without edges"),
        ("a.json", b'[{"start": 1, "end": 2, "band": {"low": 9, "high": 1}}]', "Gap 1 of a.json: The band 9–1 Hz"),
        ("a.json", b'[{"start": 1, "end": 2, "band": {"low": NaN, "high": 1}}]', "Gap 1 of a.json has no frequency"),
        ("a.csv", b"start,end,confidence\n1,2,7\n", "Line 2 of a.csv needs a confidence"),
        ("a.csv", b'start,end\n"1,2\n', "not valid CSV"),
        ("a.json", b'{"gaps":\n[{]}', "Line 2 of a.json is not valid JSON"),
        ("a.json", b'{"gaps": 3}', "a.json holds no list of gaps"),
        ("a.json", b'{"gaps": [3]}', "Gap 1 of a.json is not an object"),
        ("a.json", b'{"gaps": [{"start": NaN, "end": 2}]}', "Gap 1 of a.json has no start time"),
        ("a.json", b'{"gaps": [{"start": true, "end": 2}]}', "Gap 1 of a.json has no start time"),
        ("a.json", b'{"gaps": [{"start": [1], "end": 2}]}', "Gap 1 of a.json has no start time"),
        ("a.json", b'{"gaps": [{"start_frame": 1, "end_frame": 2}]}', "needs a start and an end"),
        ("a.json", b"hello", "Line 1 of a.json is not valid JSON"),
        ("a.json", b"[" * 200_000, "a.json"),
        ("a.txt", b"RIFF\x00\x01\x02", "not a text file"),
        ("a.txt", b"\xff\xfe1\x00\t", "not a text file"),
        ("a.txt", b"\xff\xfb\x90\x64\x01\x02", "not a text file"),
        ("a.txt", b"ID3\x04\x00\x00", "not a text file"),
    ],
)
def test_bad_labels_are_refused_in_one_sentence_that_names_the_place(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LabelError) as caught:
        read_labels(path, 44100)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_label_errors(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="does not exist"):
        read_labels(tmp_path / "none.txt", 44100)
    with pytest.raises(LabelError, match="is a folder"):
        read_labels(tmp_path, 44100)
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(LabelError, match="larger than"):
        read_labels(huge, 44100)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    content=st.binary(max_size=80)
    | st.text(alphabet='0123456789.,;\t\n\\{}[]":-eEstartendgapsNaN', max_size=80).map(str.encode),
    suffix=st.sampled_from(SUFFIXES),
)
def test_no_content_does_anything_but_read_or_raise_a_label_error(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"fuzz{suffix}"
    path.write_bytes(content)
    try:
        read_labels(path, 44100)
    except LabelError as error:
        assert "\n" not in str(error)


def test_an_existing_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("mine")
    with pytest.raises(AiddError):
        write_labels(path, [Damage(0, 1)], 44100)
    assert path.read_text() == "mine"
    write_labels(path, [Damage(0, 1)], 44100, overwrite=True)
    assert path.read_text() != "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_suffix_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="says no label format"):
        write_labels(tmp_path / "labels.xml", [], 44100)
    assert list(tmp_path.iterdir()) == []
