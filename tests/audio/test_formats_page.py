"""docs/FORMATS.md says what is so: every suffix and sample format in its table is written, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip
from aidd_studio.audio.files.formats import SUFFIXES
from aidd_studio.audio.files.reading import probe
from aidd_studio.audio.files.writing import write

PAGE = (Path(__file__).parents[2] / "docs" / "FORMATS.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ((?:`\.\w+` ?)+) \| (\w+) \| ([\w, ]+) \|$", PAGE, re.MULTILINE)
WRITTEN = [
    (suffix, container, subtype)
    for suffixes, container, subtypes in ROWS
    for suffix in re.findall(r"\.\w+", suffixes)
    for subtype in subtypes.split(", ")
]


@pytest.mark.parametrize(("suffix", "container", "subtype"), WRITTEN)
def test_a_format_of_the_page_is_written_and_read_again(
    tmp_path: Path, suffix: str, container: str, subtype: str
) -> None:
    clip = Clip(0.2 * np.random.default_rng(0).standard_normal((1, 4800)).astype(np.float32), 48_000)
    report = write(clip, tmp_path / f"a{suffix}", subtype=subtype)
    info = probe(tmp_path / f"a{suffix}")
    assert (report.container, report.subtype, info.container, info.subtype) == (container, subtype) * 2
    assert info.frames == 4800 or container == "MP3" or subtype.endswith("ADPCM")


def test_the_page_has_every_suffix_that_can_be_written() -> None:
    assert {suffix for suffix, _, _ in WRITTEN} == set(SUFFIXES)
