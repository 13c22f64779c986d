"""Measuring the dropout detector: what it finds of planted damage, and what it reports in intact sound."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.dropouts import detect
from aidd_studio.evaluation.material.planted_damage import (
    DAMAGE_KINDS,
    DamageSettings,
    PlantedKind,
    damage,
    quantised,
)
from aidd_studio.evaluation.material.recoding import RECODINGS, Recoding, moved, recoded
from aidd_studio.evaluation.runs.running import Outcome
from aidd_studio.progress import Progress

OVERLAP = 0.5
"""Share of the joint extent of a gap and a detection that both must cover to be a match."""

SURVIVING: tuple[PlantedKind, ...] = ("zero", "cut", "dithered")
"""Damage that survives coding or resampling."""

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
        received = recoded(damaged, how)
        total.add(tally([moved(gap, clip.rate, received.rate) for gap in truth], detect(received), clip.channels))
    return total


@dataclass(frozen=True)
class DetectionCase:
    """One recording, intact, damaged in one way, or damaged and then coded or resampled."""

    path: Path
    size: int  # bytes, so that a changed recording is measured again
    seed: int
    kind: PlantedKind | None = None
    recoding: Recoding | None = None

    @property
    def key(self) -> str:
        return f"{self.path.name}|{self.size}|{self.seed}|{self.kind}|{self.recoding}"


def detection_cases(files: Sequence[Path], seed: int) -> list[DetectionCase]:
    """For every recording: it intact, every kind of damage ROUNDS times, every recoding."""
    cases = []
    for path in files:
        size = path.stat().st_size
        cases.append(DetectionCase(path, size, seed))
        cases += [DetectionCase(path, size, seed + turn, kind=kind) for kind in DAMAGE_KINDS for turn in range(ROUNDS)]
        cases += [DetectionCase(path, size, seed, recoding=how) for how in RECODINGS]
    return cases


def run_detection_case(case: DetectionCase, output: Path, progress: Progress | None = None) -> Outcome:
    """The tally of a damaged recording; of an intact one its length, the CPU seconds, and every false alarm."""
    (progress or Progress()).check()
    return measure_case(case, _recording(case.path))


def measure_case(case: DetectionCase, clip: Clip) -> Outcome:
    """The outcome of a case for a recording that has been read already."""
    labelled = {"recording": case.path.name, "kind": case.kind, "recoding": case.recoding}
    if case.kind is not None:
        return labelled | {"tally": asdict(measure(clip, case.kind, case.seed))}
    if case.recoding is not None:
        return labelled | {"tally": asdict(measure_recoded(clip, case.recoding, case.seed))}
    started = time.process_time()
    found = detect(clip)
    spent = time.process_time() - started
    alarms = [
        f"{case.path.name} at {gap.start / clip.rate:.3f} s ({1000 * gap.seconds(clip.rate):.1f} ms, {gap.kind})"
        for gap in found
    ]
    return labelled | {"alarms": alarms, "seconds": clip.duration, "spent": spent}


@lru_cache(maxsize=1)
def _recording(path: Path) -> Clip:
    from aidd_studio.audio.files.reading import read

    return read(path)


def _match(gap: Damage, other: Damage, channels: int) -> bool:
    common = min(gap.end, other.end) - max(gap.start, other.start)
    joint = max(gap.end, other.end) - min(gap.start, other.start)
    shared = set(gap.channel_indices(channels)) & set(other.channel_indices(channels))
    return common >= OVERLAP * joint and bool(shared)
