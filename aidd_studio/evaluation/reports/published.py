"""Published results on the same protocols, for orientation only: they were measured on other segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SOURCE = """\
From the tables of the AIDD paper (Dror et al., “Token-Based Audio Inpainting via Discrete Diffusion”, ICLR 2026,
arXiv:2507.08333), **published on other segments of other recordings**: do not compare them with the numbers above
except for their order of magnitude. The paper's FAD uses another embedding, and its LSD and ODG other programs.
The paper itself could not be opened from here; the numbers are those that summaries of it transcribe (the repositories
nanless/audio-paper-digest-blog, twice, and zhaoyang97/Paper-Notes). All of them agree wherever they overlap, which is
on most of the rows of AIDD and CQT-Diff+ and on the means for MAESTRO; the other rows stand in the first alone.
"""


@dataclass(frozen=True)
class Table:
    """A published table: for each method one text a column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


MUSICNET = Table(
    "MusicNet, four gaps in each segment: FAD ↓ / LSD ↓ / ODG ↑",
    ("150 ms", "200 ms", "250 ms", "300 ms"),
    (
        (
            "masked",
            (
                "16.001 / 0.555 / −3.873",
                "18.244 / 0.763 / −3.881",
                "23.583 / 0.971 / −3.891",
                "33.342 / 1.162 / −3.897",
            ),
        ),
        (
            "LPC",
            ("3.172 / 0.184 / −3.351", "4.883 / 0.258 / −3.467", "7.934 / 0.336 / −3.512", "11.907 / 0.415 / −3.550"),
        ),
        (
            "A-SPAIN-L",
            (
                "6.121 / 0.198 / −3.668",
                "12.038 / 0.311 / −3.767",
                "16.181 / 0.445 / −3.801",
                "21.574 / 0.610 / −3.818",
            ),
        ),
        (
            "CQT-Diff+",
            ("1.525 / 0.164 / −3.559", "2.619 / 0.218 / −3.651", "3.202 / 0.272 / −3.891", "4.652 / 0.324 / −3.711"),
        ),
        (
            "AIDD",
            ("1.866 / 0.162 / −3.215", "2.391 / 0.209 / −3.250", "2.438 / 0.260 / −3.274", "3.549 / 0.297 / −3.284"),
        ),
    ),
)

MAESTRO = Table(
    "MAESTRO, one gap in each segment: ODG ↑",
    ("375 ms", "750 ms"),
    (
        ("GACELA", ("−3.232 ± 0.232", "−3.318 ± 0.202")),
        ("bin2bin", ("−2.892 ± 0.510", "−3.039 ± 0.495")),
        ("bin2bin-MIDI", ("−2.800 ± 0.491", "−2.976 ± 0.456")),
        ("AIDD", ("−2.303 ± 0.692", "−2.596 ± 1.300")),
    ),
)

TABLES: dict[str, tuple[Table, ...]] = {"musicnet": (MUSICNET,), "maestro": (MAESTRO,)}
"""By protocol; the paper has none for gaps as short as those of `short`."""


def published(protocol: str) -> Iterator[str]:
    """Markdown lines of the published tables for a protocol; nothing where there are none."""
    tables: Sequence[Table] = TABLES.get(protocol, ())
    if not tables:
        return
    yield "## Published results, for orientation\n"
    yield SOURCE
    for table in tables:
        yield f"{table.title} (published on other segments)\n"
        yield "| method | " + " | ".join(table.columns) + " |"
        yield "| --- |" + " --- |" * len(table.columns)
        for method, cells in table.rows:
            yield f"| {method} | " + " | ".join(cells) + " |"
        yield ""
