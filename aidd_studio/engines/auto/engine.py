"""The engine `auto`: asks the engines that measurement recommends for a gap's length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aidd_studio.damage.damage import Damage
from aidd_studio.engines import catalogue
from aidd_studio.engines.auto.routing import Route, calibrated, route
from aidd_studio.engines.engine import Engine, EngineInfo, Fill, Window
from aidd_studio.engines.policy import Policy, as_policy
from aidd_studio.engines.registry import create_engine
from aidd_studio.engines.window_parts import laid_over, narrowed, settled
from aidd_studio.errors import AiddError, Cancelled, DamageError
from aidd_studio.progress import Progress

MARGIN = 0.05
"""Seconds around a short gap in which another engine's rendition of the surroundings is of no use."""


LAST_RESORT = "extrapolation"
"""Who is asked when those of the routing table find nothing; it always finds something, and long gaps fade in it."""


@dataclass(frozen=True)
class AutoSettings:
    """Which engine is asked is the routing table's choice, among those that the policy allows.

    The rest is for the neural one, as AiddSettings says. Raises UsageError for an unknown policy.
    """

    device: str = "auto"
    likeliest_first: bool | None = None
    policy: Policy = "any"

    def __post_init__(self) -> None:
        as_policy(self.policy)


class AutoEngine:
    """Asks other engines, chosen by the length of the longest gap in a window.

    Fills come back under the name of the engine that made them, with the reason in their note, in the order of the
    routing table. Their scores are on one scale, so that they can be ranked across engines.
    """

    def __init__(self, settings: AutoSettings | None = None) -> None:
        self.settings = settings or AutoSettings()
        self._made: dict[str, Engine] = {}

    @property
    def info(self) -> EngineInfo:
        return catalogue.AUTO if self.settings.policy == "any" else replace(catalogue.AUTO, generative=False)

    def unavailable(self) -> str | None:
        """It always finds an engine that works."""
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield fills in the order of the routing table's row.

        Gaps that linear prediction settles are filled first and serve the longer ones as context. An engine that
        finds nothing or fails is passed over. Raises DamageError when none finds anything.
        """
        longest = max(gap.seconds(window.rate) for gap in window.gaps)
        row = route(longest)
        why_not_neural = self._why_not_neural() if "aidd" in row.engines else None
        slots = row.slots(candidates, why_not_neural is None)
        note = f"{_length(longest)}: {row.reason}"
        if why_not_neural:
            note += f" ({why_not_neural})"
        short = _settled_first(window, row)
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
            raise DamageError(failures[-1] if failures else "No engine found a fill for the gap; choose one by hand.")

    def _why_not_neural(self) -> str | None:
        """Why the neural engine is not asked; None when it is."""
        if self.settings.policy == "signal":
            return "the neural engine is kept out: signal models only"
        missing = self._engine("aidd").unavailable()
        return missing and f"the neural engine cannot work: {missing}"

    def _in_order(
        self, window: Window, slots: list[str], short: list[Damage], seed: int, progress: Progress, failures: list[str]
    ) -> Iterator[Fill]:
        """The fills of all slots as they are made; what engines that failed said is appended to `failures`."""
        seconds = max(gap.seconds(window.rate) for gap in window.gaps)
        running = {}
        for name in dict.fromkeys(slots):
            positions = [index for index, slot in enumerate(slots) if slot == name]
            share = progress.part(positions[0] / len(slots), (positions[-1] + 1) / len(slots))
            part = narrowed(window, window.gaps, self._engine(name).info.context)
            running[name] = part, self._engine(name).fill(part, len(positions), seed, share)
        for name in slots:
            if name not in running:
                continue
            part, fills = running[name]
            try:
                fill = next(fills, None)
            except Cancelled:
                raise
            except AiddError as error:
                failures.append(f"{name} was passed over: {error}")
                fill = None
            if fill is None:
                del running[name]
                continue
            samples = laid_over(window, part, fill.samples, short, round(MARGIN * window.rate))
            yield replace(fill, samples=samples, score=calibrated(fill.engine, fill.score, seconds))

    def _settle(self, window: Window, short: list[Damage], seed: int, progress: Progress) -> Window:
        fill = next(iter(self._engine("autoregressive").fill(window, 1, seed, progress.part(0.0, 0.0))))
        return settled(window, short, fill.samples)

    def _engine(self, name: str) -> Engine:
        if name not in self._made:
            neural = {"device": self.settings.device, "likeliest_first": self.settings.likeliest_first}
            self._made[name] = create_engine(name, neural if name == "aidd" else {})
        return self._made[name]


def _settled_first(window: Window, row: Route) -> list[Damage]:
    """The gaps that linear prediction alone fills, where a window also holds longer ones some way off."""
    short = [gap for gap in window.gaps if route(gap.seconds(window.rate)).engines == ("autoregressive",)]
    if row.engines == ("autoregressive",):
        return []
    others = [gap for gap in window.gaps if gap not in short]
    margin = round(MARGIN * window.rate)
    return [
        gap for gap in short if not any(gap.start < far.end + margin and far.start < gap.end + margin for far in others)
    ]


def _length(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
