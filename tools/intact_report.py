"""Count what the dropout detector finds in intact sound: python tools/intact_report.py [FOLDER...] [--list LIST]."""

from __future__ import annotations

import argparse
import csv
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from aidd_studio.audio.clip import Clip
from aidd_studio.audio.files.reading import read
from aidd_studio.damage.detection.dropouts import detect
from aidd_studio.damage.detection.settings import CONFIDENT
from aidd_studio.evaluation.material.intact_sound import cases

SUFFIXES = frozenset({".ogg", ".wav", ".flac", ".mp3", ".aiff", ".aif", ".opus"})

FIRST_SEED = 1000
"""Far from the seeds that the thresholds were chosen with."""


def recordings(folders: Sequence[Path], names: Mapping[str, str]) -> Iterator[tuple[str, Clip]]:
    """The recordings in some folders whose SHA-256 has a name; all when no names are given."""
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if names else ""
        if digest in names or not names:
            yield names.get(digest, path.name), read(path)


def listed(path: Path) -> dict[str, str]:
    """A list of recordings (tab-separated: source, file, seconds, sha256) as SHA-256 to name."""
    with path.open(encoding="utf-8", newline="") as rows:
        return {row["sha256"]: f"{row['source']}: {row['file']}" for row in csv.DictReader(rows, delimiter="\t")}


def report(named: Iterable[tuple[str, Clip]]) -> str:
    """Minutes, alarms and speed, with a line for each recording in which something was found."""
    seconds = spent = 0.0
    count = 0
    alarms = []
    for name, clip in named:
        started = time.process_time()
        found = detect(clip)
        spent += time.process_time() - started
        seconds += clip.duration
        count += 1
        if found:
            filled = sum(gap.confidence >= CONFIDENT for gap in found)
            alarms.append(f"- {name}: {len(found)} listed, {filled} of them with enough confidence to be filled")
    speed = seconds / spent if spent else 0.0
    head = f"{count} recordings, {seconds / 60:.1f} minutes; {len(alarms)} with an alarm; {speed:.0f} times real time."
    return "\n".join([head, *alarms])


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what the dropout detector finds in intact sound.")
    parser.add_argument("folders", nargs="*", type=Path, help="recordings; without any, generated sound is measured")
    parser.add_argument("--list", type=Path, help="measure only the recordings of this list, by their hashes")
    parser.add_argument("--seeds", type=int, default=9, help="how often each kind of sound is generated")
    arguments = parser.parse_args()
    if arguments.folders:
        print(report(recordings(arguments.folders, listed(arguments.list) if arguments.list else {})))
        return
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.seeds)
    print(report(item for seed in seeds for item in cases(seed)))


if __name__ == "__main__":
    main()
