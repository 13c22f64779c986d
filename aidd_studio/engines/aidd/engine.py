"""The engine `aidd`: tokens sampled by discrete diffusion (Dror et al. 2025), decoded into the gap."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from aidd_studio.engines.aidd.settings import NAME, AiddSettings
from aidd_studio.engines.engine import EngineInfo, Fill, Window
from aidd_studio.errors import ModelError
from aidd_studio.progress import Progress

AIDD = EngineInfo(
    name=NAME,
    title="Neural (AIDD)",
    summary="A neural model that knows music makes up what fits; for long gaps.",
    stochastic=True,
    rate=24000,
    shortest=0.02,
    longest=2.0,
    context=2.0,
    needs_weights=True,
    generative=True,
)


class AiddEngine:
    """Fills gaps with sound from a neural model of music."""

    def __init__(self, settings: AiddSettings | None = None) -> None:
        self.settings = settings or AiddSettings()

    @property
    def info(self) -> EngineInfo:
        return AIDD

    def unavailable(self) -> str | None:
        """Which model is missing."""
        from aidd_studio.weights.loading import pair_of

        try:
            pair_of(self.settings.model)
        except ModelError as error:
            return str(error)
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield candidates, best of each batch first. Raises ModelNotInstalled, DeviceError, Cancelled."""
        from aidd_studio.engines.aidd.filling import fills

        seeds = [candidate_seed(seed, number) for number in range(candidates)]
        yield from fills(self.settings, window, seeds, progress)


def candidate_seed(seed: int, number: int) -> int:
    """The seed of a candidate; used as a seed of its own, its candidate 0 is the same one."""
    if number == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}:{number}".encode()).digest()[:6], "big")
