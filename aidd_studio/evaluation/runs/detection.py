"""Measuring the dropout detector: python -m aidd_studio.evaluation.runs.detection FOLDER."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.dropouts import detect
from aidd_studio.evaluation.material.planted_damage import (
    DAMAGE_KINDS,
    GAP_KINDS,
    DamageSettings,
    PlantedKind,
    damage,
    quantised,
)
from aidd_studio.evaluation.material.recoding import RECODINGS, Recoding, moved, recoded

OVERLAP = 0.5
"""Share of the joint extent of a gap and a detection that both must cover to be a match."""

SURVIVING: tuple[PlantedKind, ...] = ("zero", "cut", "dithered")
"""Damage that can still be told when the recording was coded or resampled afterwards."""

ROUNDS = 4
"""How often each recording is damaged, each time at other places; every other time it is quantised to 16 bits."""


@dataclass
class Tally:
    """What was damaged, and what was found of it."""

    gaps: int = 0
    found: int = 0
    alarms: int = 0  # detections where nothing was damaged
    channels_right: int = 0
    border_errors: list[int] = field(default_factory=list)  # samples, of both borders of each gap found

    @property
    def recall(self) -> float:
        return self.found / self.gaps if self.gaps else 1.0

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.alarms) if self.found + self.alarms else 1.0

    def add(self, other: Tally) -> None:
        self.gaps += other.gaps
        self.found += other.found
        self.alarms += other.alarms
        self.channels_right += other.channels_right
        self.border_errors += other.border_errors


def tally(truth: Sequence[Damage], detected: Sequence[Damage], channels: int) -> Tally:
    """Compare gaps with detections: matched where both cover half of their joint extent and share a channel."""
    result = Tally(gaps=len(truth))
    free = list(detected)
    for gap in truth:
        match = next((other for other in free if _match(gap, other, channels)), None)
        if match is None:
            continue
        free.remove(match)
        result.found += 1
        result.channels_right += gap.channel_indices(channels) == match.channel_indices(channels)
        result.border_errors += [abs(match.start - gap.start), abs(match.end - gap.end)]
    result.alarms = len(free)
    return result


def measure(clip: Clip, kind: PlantedKind, seed: int, per_minute: float = 20.0) -> Tally:
    """Damage a recording in one way (16-bit for odd seeds) and tally what the detector finds."""
    source = quantised(clip, 16) if seed % 2 else clip
    damaged, truth = damage(source, np.random.default_rng(seed), DamageSettings(kinds=(kind,), per_minute=per_minute))
    if seed % 2:
        damaged = quantised(damaged, 16)
    return tally(truth, detect(damaged), clip.channels)


def measure_recoded(clip: Clip, how: Recoding, seed: int) -> Tally:
    """Damage a recording in each way that lasts, code or resample it, and tally; false alarms without damage, too."""
    total = Tally(alarms=len(detect(recoded(clip, how))))
    for kind in SURVIVING:
        damaged, truth = damage(clip, np.random.default_rng(seed), DamageSettings(kinds=(kind,)))
        heard = recoded(damaged, how)
        total.add(tally([moved(gap, clip.rate, heard.rate) for gap in truth], detect(heard), clip.channels))
    return total


def report(clips: Iterable[Clip], seed: int) -> str:
    """The figures for some recordings as Markdown."""
    by_kind = {kind: Tally() for kind in DAMAGE_KINDS}
    by_recoding = {how: Tally() for how in RECODINGS}
    seconds = spent = 0.0
    alarms: list[str] = []
    count = 0
    for clip in clips:
        count += 1
        started = time.process_time()
        for gap in detect(clip):
            name = clip.source.path.name if clip.source else "clip"
            alarms.append(
                f"{name} at {gap.start / clip.rate:.3f} s ({1000 * gap.seconds(clip.rate):.1f} ms, {gap.kind})"
            )
        spent += time.process_time() - started
        seconds += clip.duration
        for kind in DAMAGE_KINDS:
            for turn in range(ROUNDS):
                by_kind[kind].add(measure(clip, kind, seed + turn))
        for how in RECODINGS:
            by_recoding[how].add(measure_recoded(clip, how, seed))
    return _markdown(by_kind, count, seconds, spent, alarms) + "\n\n" + _recoded_markdown(by_recoding)


def _markdown(
    by_kind: dict[PlantedKind, Tally], recordings: int, seconds: float, spent: float, alarms: Sequence[str]
) -> str:
    total = Tally()
    lines = [
        "| damage | reported as | gaps | found | recall | precision | channels right | border error, samples |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for kind, own in by_kind.items():
        total.add(own)
        lines.append(_row(kind, GAP_KINDS[kind], own))
    lines.append(_row("**all**", "", total))
    lines += [
        "",
        f"{recordings} recordings, {seconds / 60:.1f} minutes, {total.gaps} gaps. Border error: median / 95th / 99th"
        " percentile.",
        "",
        f"False alarms in the undamaged recordings: {len(alarms)} ({len(alarms) / (seconds / 600):.2f} in 10 minutes)"
        + (": " + "; ".join(alarms) if alarms else "")
        + f". Speed: {seconds / spent:.0f} times real time on one core.",
    ]
    return "\n".join(lines)


def _recoded_markdown(by_recoding: dict[Recoding, Tally]) -> str:
    lines = [
        f"Coded or resampled after the damage ({', '.join(SURVIVING)}); precision counts alarms in the undamaged, too:",
        "",
        "| afterwards | reported as | gaps | found | recall | precision | channels right | border error, samples |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    return "\n".join(lines + [_row(how, "near-silence", own) for how, own in by_recoding.items()])


def _row(name: str, reported: str, own: Tally) -> str:
    errors = np.percentile(own.border_errors, [50, 95, 99]).round(0).astype(int) if own.border_errors else [0, 0, 0]
    right = own.channels_right / own.found if own.found else 1.0
    return (
        f"| {name} | {reported} | {own.gaps} | {own.found} | {own.recall:.4f} | {own.precision:.4f} | {right:.3f} | "
        f"{errors[0]} / {errors[1]} / {errors[2]} |"
    )


def _match(gap: Damage, other: Damage, channels: int) -> bool:
    common = min(gap.end, other.end) - max(gap.start, other.start)
    joint = max(gap.end, other.end) - min(gap.start, other.start)
    shared = set(gap.channel_indices(channels)) & set(other.channel_indices(channels))
    return common >= OVERLAP * joint and bool(shared)


def main() -> None:
    from aidd_studio.audio.files.reading import read

    parser = argparse.ArgumentParser(description="Measure the dropout detector on a folder of sound recordings.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1000)
    arguments = parser.parse_args()
    suffixes = {".ogg", ".wav", ".flac", ".mp3", ".aiff", ".aif"}
    files = sorted(path for path in arguments.folder.rglob("*") if path.suffix.lower() in suffixes)
    print(report((read(path) for path in files), arguments.seed))


if __name__ == "__main__":
    main()
