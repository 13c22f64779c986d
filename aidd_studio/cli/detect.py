"""`aidd-studio detect`: where sound is missing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Optional

import typer

from aidd_studio.cli.console import errors_as_sentences, hint, progress_bar, say, say_json
from aidd_studio.damage.damage import Damage
from aidd_studio.errors import FileWriteError
from aidd_studio.text import plural


def detect_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The recording.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    labels: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Option("--labels", metavar="OUT", help="Write the gaps as labels: .txt (Audacity), .csv or .json."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the label file if it exists.")] = False,
) -> None:
    """Find the dropouts of a recording. The recording is not changed."""
    with errors_as_sentences(as_json):
        from aidd_studio.audio.files.reading import read
        from aidd_studio.damage.detection.dropouts import detect
        from aidd_studio.damage.labels import check_labels, gap_as_data, write_labels
        from aidd_studio.files.atomic import check_place

        if labels is not None:
            check_labels(labels)
            check_place(labels, overwrite=True)
            if os.path.lexists(labels) and not overwrite:
                raise FileWriteError(f"{labels} exists already; use --overwrite to replace it.")
            if labels.exists() and source.exists() and labels.samefile(source):
                raise FileWriteError(f"{labels} is the recording itself; give the labels another name.")
        with progress_bar(f"Reading {source.name}") as progress:
            clip = read(source, progress.part(0.0, 0.4))
            gaps = detect(clip, progress.part(0.4, 1.0))
        if labels is not None:
            write_labels(labels, gaps, clip.rate, overwrite=overwrite)
        if as_json:
            say_json(
                {
                    "path": str(source),
                    "rate": clip.rate,
                    "channels": clip.channels,
                    "seconds": clip.duration,
                    "notes": list(clip.notes),
                    "gaps": [gap_as_data(gap, clip.rate) for gap in gaps],
                }
            )
            return
        for note in clip.notes:
            hint(note)
        for gap in gaps:
            say(gap_as_line(gap, clip.rate))
        hint(f"{plural(len(gaps), 'dropout')} in {clip.duration:.1f} s of sound.")


def gap_as_line(gap: Damage, rate: int) -> str:
    """A gap as a line for a person."""
    from aidd_studio.damage.timecode import format_time

    where = "all channels" if gap.channels is None else "channel " + ", ".join(str(c + 1) for c in gap.channels)
    length = 1000 * gap.frames / rate
    line = f"{format_time(gap.start, rate)}  {length:8.1f} ms  {gap.kind:<12} {where:<12}  {gap.confidence:4.0%} sure"
    return line if gap.band is None else f"{line}  {gap.band}"
