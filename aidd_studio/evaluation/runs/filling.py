"""Filling planted gaps: segments are damaged, engines fill them, every fill is measured."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from aidd_studio.audio.clip import Clip, Samples
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Engine, Window
from aidd_studio.errors import AiddError, Cancelled, DamageError, UsageError
from aidd_studio.evaluation.material.fill_protocols import Excerpt, FillProtocol, segments
from aidd_studio.evaluation.material.material import material
from aidd_studio.evaluation.material.recordings import Recordings
from aidd_studio.evaluation.metrics.measures import measure
from aidd_studio.evaluation.runs.baselines import engine
from aidd_studio.evaluation.runs.fill_cases import FillCase, FillOutcome, MeasuredFill, fill_cases
from aidd_studio.evaluation.runs.running import Outcome, run_cases
from aidd_studio.progress import Progress
from aidd_studio.restoration.candidate import Candidate


@dataclass(frozen=True)
class FillPlan:
    """What an evaluation of gap filling will do."""

    protocol: FillProtocol
    recordings: Recordings
    engines: tuple[str, ...]
    seed: int
    segments_per_recording: int
    cases: tuple[FillCase, ...]
    left_out: tuple[str, ...]  # recordings too short or too quiet for a segment

    @property
    def segment_count(self) -> int:
        return len({case.segment for case in self.cases})


def plan(
    chosen: FillProtocol,
    found: Recordings,
    engines: Sequence[str],
    seed: int = 0,
    segments_per_recording: int = 1,
    progress: Progress | None = None,
) -> FillPlan:
    """Draw the segments and lay out every case. Raises UsageError when no recording is long and loud enough."""
    progress = progress or Progress()
    engines = tuple(dict.fromkeys(engines))
    drawn: list[Excerpt] = []
    left_out: list[str] = []
    for index, path in enumerate(found.paths):
        progress.report(index / len(found.paths), "choosing segments")
        name = path.relative_to(found.folder).as_posix()
        these = segments(path, name, _recording(path), chosen, segments_per_recording, seed)
        drawn += these
        if not these:
            left_out.append(name)
    if not drawn:
        raise UsageError(
            f"No recording in {found.folder} has {chosen.seconds:g} s of sound in one piece; "
            "choose longer recordings or another protocol."
        )
    laid = fill_cases(chosen, drawn, engines, seed)
    for case in laid:
        chosen.gaps(round(case.segment.seconds * case.segment.rate), case.segment.rate, case.gap_ms)
    return FillPlan(chosen, found, engines, seed, segments_per_recording, tuple(laid), tuple(left_out))


def run(what: FillPlan, output: Path, jobs: int = 1, progress: Progress | None = None) -> list[FillOutcome]:
    """Run the cases that the journal in `output` does not hold yet; all outcomes, in the plan's order.

    A case that an engine refuses is an outcome with an error, which does not stop the others. Raises Cancelled; what
    is finished then stays in the journal.
    """
    (output / "audio").mkdir(parents=True, exist_ok=True)
    return [FillOutcome.from_json(outcome) for outcome in run_cases(what.cases, run_case, output, jobs, progress)]


def run_case(case: FillCase, output: Path, progress: Progress | None = None) -> Outcome:
    """Damage the segment, let the engine fill it, measure each fill; a FillOutcome as plain values."""
    progress = progress or Progress()
    original = _segment(case.segment)
    gaps = case.protocol.gaps(original.frames, original.rate, case.gap_ms)
    kind = material(original.samples, original.rate, gaps)
    segment = case.segment
    place = (case.key, segment.name, segment.start, segment.seconds, segment.rate, case.gap_ms, case.engine, kind)
    whole, first = _surroundings(segment, case.protocol.surroundings)
    shifted = [gap.moved(gap.start + first, gap.end + first) for gap in gaps]
    damaged = whole.copy()
    for gap in shifted:
        damaged[:, gap.start : gap.end] = 0.0
    clip = Clip(damaged, original.rate)
    try:
        _engine(case.engine)
        started = time.perf_counter()
        fills = _fills(clip, shifted, case, progress)
    except Cancelled:
        raise
    except AiddError as error:
        return FillOutcome(*place, error=str(error)).as_json()
    seconds = (time.perf_counter() - started) / (len(gaps) * len(fills))
    last = first + original.frames
    restored = [clip.with_patches(*(candidate.patch for candidate in fill)).read(first, last) for fill in fills]
    samples = tuple(
        MeasuredFill(
            measure(original.samples, sound, original.rate, gaps).as_dict(),
            _finite_score(fill),
            fill[0].engine,
        )
        for fill, sound in zip(fills, restored, strict=True)
    )
    best = max(range(len(samples)), key=lambda index: samples[index].score)
    return FillOutcome(
        *place,
        samples,
        seconds,
        _keep(output, f"audio/{case.segment_key}.flac", original.samples, original.rate),
        _keep(output, f"audio/{case.key}.flac", restored[best], original.rate),
        dict(fills[0][0].weights),
    ).as_json()


def _fills(clip: Clip, gaps: Sequence[Damage], case: FillCase, progress: Progress) -> list[list[Candidate]]:
    """Samples × gaps: the i-th candidate of every gap makes the i-th sample."""
    from aidd_studio.restoration.restore import fill_gaps

    by_gap: dict[int, list[Candidate]] = {gap.start: [] for gap in gaps}
    for candidate in fill_gaps(clip, gaps, _engine(case.engine), case.samples, case.seed, progress=progress):
        by_gap[candidate.gap.start].append(candidate)
    count = min(case.samples, *(len(candidates) for candidates in by_gap.values()))
    if count == 0:
        raise AiddError(f"The engine {case.engine} gave no fill.")
    return [[candidates[index] for candidates in by_gap.values()] for index in range(count)]


def _finite_score(fill: Sequence[Candidate]) -> float:
    score = float(np.mean([candidate.score for candidate in fill]))
    return score if math.isfinite(score) else 0.0


@lru_cache(maxsize=8)
def _engine(spec: str) -> Engine:
    """The engine, warmed up on a little noise so that loading is not taken for the time of a fill."""
    made = engine(spec)
    samples = np.random.default_rng(0).standard_normal((1, 24_000)).astype(np.float32) * 0.1
    missing = np.zeros(samples.shape, dtype=np.bool_)
    missing[:, 12_000:12_480] = True
    samples[missing] = 0.0
    with suppress(DamageError):
        next(made.fill(Window(samples, missing, 24_000, 0, (Damage(12_000, 12_480),)), 1, 0, Progress()), None)
    return made


@lru_cache(maxsize=2)
def _recording(path: Path) -> Clip:
    from aidd_studio.audio.files.reading import read

    return read(path)


def _segment(segment: Excerpt) -> Clip:
    """The segment, mixed to mono, at the comparison's rate."""
    return Clip(_surroundings(segment, 0.0)[0], segment.rate)


@lru_cache(maxsize=4)
def _surroundings(segment: Excerpt, seconds: float) -> tuple[Samples, int]:
    """The segment with up to `seconds` of its recording on each side, and where it begins."""
    recording = _recording(segment.path)
    first = round(segment.start * recording.rate)
    reach = round(seconds * recording.rate)
    begin, end = max(0, first - reach), first + round(segment.seconds * recording.rate) + reach
    mono: Samples = np.nan_to_num(recording.read(begin, end).mean(axis=0, keepdims=True))
    if recording.rate != segment.rate:
        from aidd_studio.audio.resampling import resample

        mono = resample(mono, recording.rate, segment.rate)
    return mono, round((first - begin) * segment.rate / recording.rate)


def _keep(output: Path, name: str, samples: Samples, rate: int) -> str:
    """Keep a sound for spectrograms, listening tests and embeddings: 24-bit FLAC; its name."""
    import soundfile

    path = output / name
    if not path.exists():
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        soundfile.write(unfinished, np.clip(samples, -1.0, 1.0).T, rate, "PCM_24", format="FLAC")
        unfinished.replace(path)
    return name
