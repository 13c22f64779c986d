"""The engine `auto`: passes each window to the engines that did best on gaps of that length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aidd_studio.damage.damage import Damage
from aidd_studio.engines.aidd.engine import AIDD, AiddEngine
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.auto.routing import Route, calibrate, route
from aidd_studio.engines.engine import Engine, EngineInfo, Fill, Window
from aidd_studio.engines.linear.engine import AUTOREGRESSIVE, EXTRAPOLATION, AutoregressiveEngine, ExtrapolationEngine
from aidd_studio.engines.policy import CHOOSER, Policy, as_policy
from aidd_studio.engines.similar.engine import SIMILAR, SimilarEngine
from aidd_studio.engines.windows import narrow, overlay, settle
from aidd_studio.errors import AiddError, Cancelled, DamageError
from aidd_studio.progress import Progress

AUTO = EngineInfo(
    name=CHOOSER,
    title="Automatic",
    summary="Chooses an engine by the length of each gap, and says which and why.",
    stochastic=True,
    rate=None,
    shortest=0.0,
    longest=math.inf,
    context=12.0,
    generative=True,  # it may choose `aidd`
)

MARGIN = 0.05
"""Seconds around a short gap where the other engines' version of the surroundings is discarded."""

LAST_RESORT = EXTRAPOLATION.name
"""Fallback when the engines of the routing table find nothing: it always fills, though long gaps fade out."""


@dataclass(frozen=True)
class AutoSettings:
    """The routing table chooses among the engines that the policy allows.

    device and likeliest_first are for the neural engine, see AiddSettings. Raises UsageError for an unknown policy.
    """

    device: str = "auto"
    likeliest_first: bool | None = None
    policy: Policy = "any"

    def __post_init__(self) -> None:
        as_policy(self.policy)


class AutoEngine:
    """Delegates to other engines, chosen by the length of the longest gap in a window.

    Fills come back under the name of the engine that made them, with the reason in their note, in the order of the
    routing table. Their scores are calibrated to one scale, so they can be ranked across engines.
    """

    def __init__(self, settings: AutoSettings | None = None) -> None:
        self.settings = settings or AutoSettings()
        self._engines = engines_to_choose_from(self.settings)

    @property
    def info(self) -> EngineInfo:
        return AUTO if self.settings.policy == "any" else replace(AUTO, generative=False)

    def unavailable(self) -> str | None:
        """Never: some engine always works."""
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield fills in the order of the routing table's row.

        Gaps short enough for linear prediction alone are filled first and give the longer ones context. An engine
        that finds nothing or fails is skipped. Raises DamageError when none finds anything.
        """
        longest = max(gap.seconds(window.rate) for gap in window.gaps)
        row = route(longest)
        why_not_neural = self._why_not_neural() if AIDD.name in row.engines else None
        slots = row.slots(candidates, why_not_neural is None)
        note = "; ".join(filter(None, (f"{row.reason} (gap of {_length(longest)})", why_not_neural)))
        short = _short_gaps(window, row)
        if short:
            window = self._settle(window, short, seed, progress)
        failures: list[str] = []
        count = 0
        for fill in self._in_order(window, slots, short, seed, progress, failures):
            count += 1
            yield replace(fill, note="; ".join(filter(None, (note, *failures, fill.note))))
        if count == 0 and LAST_RESORT not in slots:
            for fill in self._in_order(window, [LAST_RESORT], short, seed, progress, failures):
                count += 1
                yield replace(fill, note="; ".join(filter(None, (note, *failures, fill.note))))
        if count == 0:
            raise DamageError(failures[-1] if failures else "No engine found a fill for the gap; choose one yourself.")

    def _why_not_neural(self) -> str | None:
        """Why the neural engine is not used; None when it is."""
        if self.settings.policy == "signal":
            return "the neural engine is excluded (signal models only)"
        missing = self._engines[AIDD.name].unavailable()
        return missing and f"the neural engine is not available: {missing}"

    def _in_order(
        self, window: Window, slots: list[str], short: list[Damage], seed: int, progress: Progress, failures: list[str]
    ) -> Iterator[Fill]:
        """The fills of all slots as they are finished; reasons of failure are appended to `failures`."""
        seconds = max(gap.seconds(window.rate) for gap in window.gaps)
        running = {}
        for name in dict.fromkeys(slots):
            positions = [index for index, slot in enumerate(slots) if slot == name]
            share = progress.part(positions[0] / len(slots), (positions[-1] + 1) / len(slots))
            part = narrow(window, window.gaps, self._engines[name].info.context)
            running[name] = part, self._engines[name].fill(part, len(positions), seed, share)
        for name in slots:
            if name not in running:
                continue
            part, fills = running[name]
            try:
                fill = next(fills, None)
            except Cancelled:
                raise
            except AiddError as error:
                failures.append(f"{name} was skipped: {error}")
                fill = None
            if fill is None:
                del running[name]
                continue
            samples = overlay(window, part, fill.samples, short, round(MARGIN * window.rate))
            yield replace(fill, samples=samples, score=calibrate(fill.engine, fill.score, seconds))

    def _settle(self, window: Window, short: list[Damage], seed: int, progress: Progress) -> Window:
        fill = next(iter(self._engines[AUTOREGRESSIVE.name].fill(window, 1, seed, progress.part(0.0, 0.0))))
        return settle(window, short, fill.samples)


def engines_to_choose_from(settings: AutoSettings) -> dict[str, Engine]:
    """The engines of the routing table, by name."""
    return {
        AIDD.name: AiddEngine(AiddSettings(device=settings.device, likeliest_first=settings.likeliest_first)),
        AUTOREGRESSIVE.name: AutoregressiveEngine(),
        EXTRAPOLATION.name: ExtrapolationEngine(),
        SIMILAR.name: SimilarEngine(),
    }


def _short_gaps(window: Window, row: Route) -> list[Damage]:
    """The gaps for linear prediction alone, in a window that also has longer ones at some distance."""
    short = [gap for gap in window.gaps if route(gap.seconds(window.rate)).engines == (AUTOREGRESSIVE.name,)]
    if row.engines == (AUTOREGRESSIVE.name,):
        return []
    longer = [gap for gap in window.gaps if gap not in short]
    margin = round(MARGIN * window.rate)
    return [
        gap for gap in short if not any(gap.start < one.end + margin and one.start < gap.end + margin for one in longer)
    ]


def _length(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
