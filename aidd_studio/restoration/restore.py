"""Restoring a recording: find the gaps, fill each, place the best fill in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.arithmetic import by_place
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.settings import CONFIDENT, by_confidence
from aidd_studio.engines.auto.calibration import CALIBRATION
from aidd_studio.engines.auto.engine import AUTO
from aidd_studio.engines.engine import Engine, Fill, Window
from aidd_studio.engines.policy import Policy, as_policy, may_fill, refusal
from aidd_studio.engines.registry import create_engine, engine_info, is_generative
from aidd_studio.errors import DamageError, ModelNotInstalled, UsageError
from aidd_studio.progress import Progress
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.plan import plan
from aidd_studio.restoration.splice import CROSSFADE, splice

MOST_CANDIDATES = 64

LONGEST_CROSSFADE = 1.0
"""Seconds; a cross-fade replaces intact sound."""

GapListener = Callable[[Sequence[Damage], float, str], None]
"""Called with gaps that are filled together, the fraction done (0 to 1) and the stage."""

FILLED = "done"
"""The last stage of gaps: all their candidates are ready."""


@dataclass(frozen=True, eq=False)
class FilledGap:
    """A gap with its candidates, best first; the first one is in the restored clip."""

    gap: Damage
    candidates: tuple[Candidate, ...]

    @property
    def chosen(self) -> Candidate:
        return self.candidates[0]


@dataclass(frozen=True, eq=False)
class RestorationResult:
    """A restored clip with its gaps and how they were filled."""

    clip: Clip
    gaps: tuple[FilledGap, ...]
    engine: str
    seed: int
    policy: Policy = "any"
    uncertain: tuple[Damage, ...] = ()
    """Dropouts that were found with too little confidence to be filled."""

    def provenance(self) -> dict[str, Any]:
        """Everything needed to make the result again, as plain data for JSON; from such a file `read_labels` reads."""
        from aidd_studio.damage.labels import gap_as_data

        return {
            "engine": self.engine,
            "policy": self.policy,
            "seed": self.seed,
            "rate": self.clip.rate,
            "gaps": [
                gap_as_data(filled.gap, self.clip.rate)
                | {"candidates": [candidate.provenance() for candidate in filled.candidates]}
                for filled in self.gaps
            ],
        }


def restore(
    clip: Clip,
    gaps: Iterable[Damage] | None = None,
    engine: str | Engine = "auto",
    candidates: int = 1,
    seed: int = 0,
    *,
    settings: Mapping[str, Any] | None = None,
    crossfade: float = CROSSFADE,
    policy: Policy = "any",
    min_confidence: float = CONFIDENT,
    progress: Progress | None = None,
) -> RestorationResult:
    """Fill the gaps of a clip, or the dropouts found in it when `gaps` is None.

    engine: an engine's name ("auto", "autoregressive", ...) with its `settings`, or an engine.
    candidates: how many fills to make per gap (1 to 64); the best goes into the clip, all are returned.
    seed: with the same clip, gaps and settings the same seed gives the same result.
    crossfade: seconds outside each gap that may be faded over (0 to 1).
    min_confidence: dropouts found with less (0 to 1) are left alone and returned as `uncertain`; gaps that are given
        are always filled.
    policy: "signal" keeps generative engines out; `auto` then chooses among signal models.
    Raises DamageError, ModelNotInstalled, UsageError, Cancelled.
    """
    progress = progress or Progress()
    chosen = ready_engine(engine, settings, policy)
    uncertain: list[Damage] = []
    if gaps is None:
        from aidd_studio.damage.detection.dropouts import detect

        gaps, uncertain = by_confidence(detect(clip, progress.part(0.0, 0.2)), min_confidence)
        progress = progress.part(0.2, 1.0)
    found: dict[Damage, list[Candidate]] = {}
    for candidate in fill_gaps(clip, gaps, chosen, candidates, seed, crossfade=crossfade, progress=progress):
        found.setdefault(candidate.gap, []).append(candidate)
    filled = tuple(FilledGap(gap, tuple(best_first(found[gap]))) for gap in sorted(found, key=by_place))
    restored = clip.with_patches(*(item.chosen.patch for item in filled))
    progress.report(1.0, "done")
    return RestorationResult(restored, filled, chosen.info.name, seed, policy, tuple(uncertain))


def ready_engine(engine: str | Engine, settings: Mapping[str, Any] | None = None, policy: Policy = "any") -> Engine:
    """The engine itself, from a name where one is given.

    Raises ModelNotInstalled when it cannot work now, UsageError when the policy keeps it out.
    """
    policy = as_policy(policy)
    if not isinstance(engine, str):
        if settings:
            raise UsageError("Settings belong to an engine's name; this engine has its own already.")
        if policy == "signal" and engine.info.generative:
            raise UsageError(refusal(engine.info))
        return engine
    if policy == "signal":
        if not may_fill(engine_info(engine), policy):
            raise UsageError(refusal(engine_info(engine)))
        if engine == AUTO.name:
            settings = {**(settings or {}), "policy": policy}
    created = create_engine(engine, settings)
    reason = created.unavailable()
    if reason:
        raise ModelNotInstalled(reason)
    return created


@dataclass(frozen=True)
class FillRequest:
    """What is asked for of every gap: how many candidates, from which seed, faded over how many seconds outside.

    policy: which engines may fill it, where the engine is asked for by name.
    """

    candidates: int = 1
    seed: int = 0
    crossfade: float = CROSSFADE
    policy: Policy = "any"

    def __post_init__(self) -> None:
        if not 1 <= self.candidates <= MOST_CANDIDATES:
            raise UsageError(
                f"The number of candidates must be between 1 and {MOST_CANDIDATES}, not {self.candidates}."
            )
        if not 0 <= self.crossfade <= LONGEST_CROSSFADE:
            raise UsageError(
                f"The cross-fade must be between 0 and {LONGEST_CROSSFADE:g} seconds, not {self.crossfade}."
            )


def fill_gaps(
    clip: Clip,
    gaps: Iterable[Damage],
    engine: Engine,
    candidates: int = 1,
    seed: int = 0,
    *,
    crossfade: float = CROSSFADE,
    progress: Progress | None = None,
) -> Iterator[Candidate]:
    """Candidates of all gaps, one by one as they are finished. Raises DamageError when a gap gets none."""
    request = FillRequest(candidates, seed, crossfade)
    yield from fill_windows(plan(clip, gaps, engine), partial(fill_window, engine, request), progress or Progress())


def fill_windows(
    windows: Sequence[Window],
    fill_one: Callable[[Window, Progress], Iterator[Candidate]],
    progress: Progress,
    on_gaps: GapListener | None = None,
) -> Iterator[Candidate]:
    """Candidates of all windows, each filled by `fill_one`.

    on_gaps: called with the progress of the gaps that are being filled, beside the whole that `progress` reports.
    """
    for index, window in enumerate(windows):
        share = progress.part(index / len(windows), (index + 1) / len(windows))
        if on_gaps is not None:
            share = share.forward_to(partial(on_gaps, window.gaps))
        yield from fill_one(window, share)
        if on_gaps is not None:
            on_gaps(window.gaps, 1.0, FILLED)


def fill_window(engine: Engine, request: FillRequest, window: Window, progress: Progress) -> Iterator[Candidate]:
    """Candidates of one window's gaps. Raises DamageError when the engine finds none."""
    count = 0
    for fill in engine.fill(window, request.candidates, window_seed(window, request.seed), progress):
        progress.check()
        count += 1
        for gap in window.gaps:
            yield _candidate(engine, window, fill, gap, request.crossfade)
    if count == 0:
        at = window.gaps[0].start / window.rate
        raise DamageError(f"The engine {engine.info.name} found no fill for the gap at {at:.3f} s; try another.")


def window_seed(window: Window, seed: int) -> int:
    """A seed from the person's seed and the sound itself, so that neither file names nor order matter."""
    sha = hashlib.sha256(f"{seed}:{window.rate}:{window.samples.shape}".encode())
    sha.update(window.samples.tobytes())
    sha.update(window.missing.tobytes())
    return int.from_bytes(sha.digest()[:6], "big")


class Scored(Protocol):
    """What can be put in order: a candidate, or an engine's fill."""

    @property
    def engine(self) -> str: ...
    @property
    def score(self) -> float: ...


ScoredT = TypeVar("ScoredT", bound=Scored)


def best_first(candidates: Sequence[ScoredT]) -> list[ScoredT]:
    """Candidates by falling score.

    Those of several engines come from `auto`, which brings all scores onto one scale; with an engine that the scale
    does not know they keep the order in which they were offered.
    """
    engines = {candidate.engine for candidate in candidates}
    if len(engines) > 1 and not engines <= set(CALIBRATION):
        return list(candidates)
    return sorted(candidates, key=lambda candidate: -candidate.score)


def _candidate(engine: Engine, window: Window, fill: Fill, gap: Damage, crossfade: float) -> Candidate:
    return Candidate(
        gap,
        splice(window, fill, gap, crossfade),
        fill.engine,
        fill.seed,
        fill.score,
        fill.seconds,
        crossfade,
        fill.settings,
        fill.weights,
        fill.note,
        engine.info.generative if fill.engine == engine.info.name else is_generative(fill.engine),
    )
