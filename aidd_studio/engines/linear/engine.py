"""The engines `autoregressive` and `extrapolation`: linear prediction from both sides of a gap."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from aidd_studio.engines.engine import EngineInfo, Fill, Window
from aidd_studio.errors import UsageError
from aidd_studio.progress import Progress

AUTOREGRESSIVE = EngineInfo(
    name="autoregressive",
    title="Autoregressive (Janssen)",
    summary="Continues the sound on both sides by linear prediction; the best there is for short gaps.",
    stochastic=False,
    rate=None,
    shortest=0.0,
    longest=0.1,
    context=0.1,
)
EXTRAPOLATION = EngineInfo(
    name="extrapolation",
    title="Extrapolation (Burg)",
    summary="Linear prediction from both sides, cross-faded: the literature's baseline.",
    stochastic=False,
    rate=None,
    shortest=0.0,
    longest=0.1,
    context=0.1,
)


@dataclass(frozen=True)
class AutoregressiveSettings:
    """order: of the model at 44.1 kHz, scaled with the rate. context: seconds of sound on each side.

    longest: gaps of more seconds than this are extrapolated only. iterations: rounds of Janssen's interpolation.
    """

    order: int = 1024
    context: float = 4096 / 44100
    longest: float = 0.16
    iterations: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.order <= 8192:
            raise UsageError(f"The order must be between 1 and 8192, not {self.order}.")
        if not 0 < self.context <= 10:
            raise UsageError(f"The context must be between 0 and 10 seconds, not {self.context}.")
        if not 0 <= self.iterations <= 100:
            raise UsageError(f"The iterations must be between 0 and 100, not {self.iterations}.")


class AutoregressiveEngine:
    """Fills gaps with the samples that minimise a linear predictor's error."""

    def __init__(self, settings: AutoregressiveSettings | None = None) -> None:
        self.settings = settings or AutoregressiveSettings()

    @property
    def info(self) -> EngineInfo:
        return AUTOREGRESSIVE

    def unavailable(self) -> str | None:
        """It needs nothing but numpy and scipy."""
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield the one fill there is; `candidates` and `seed` change nothing."""
        from aidd_studio.engines.linear.autoregressive import Prediction, fill_window

        started, given = time.perf_counter(), self.settings
        prediction = Prediction.at_rate(window.rate, given.order, given.context, given.longest, given.iterations)
        samples, score = fill_window(window, prediction, progress)
        progress.report(1.0, "interpolated")
        yield Fill(samples, self.info.name, seed, score, asdict(given), seconds=time.perf_counter() - started)


@dataclass(frozen=True)
class ExtrapolationSettings:
    """order: of the model at 44.1 kHz, scaled with the rate. context: seconds of sound on each side."""

    order: int = 2048
    context: float = 4096 / 44100

    def __post_init__(self) -> None:
        AutoregressiveSettings(self.order, self.context)


class ExtrapolationEngine(AutoregressiveEngine):
    """The baseline without interpolation: both sides extrapolated and cross-faded (Kauppinen & Roth 2002)."""

    def __init__(self, settings: ExtrapolationSettings | None = None) -> None:
        given = settings or ExtrapolationSettings()
        super().__init__(AutoregressiveSettings(given.order, given.context, longest=0.0, iterations=0))

    @property
    def info(self) -> EngineInfo:
        return EXTRAPOLATION
