"""Settings of the engine `aidd`: given by the user, else recommended by the model's card, else defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from aidd_studio.diffusion.sampling import SAMPLER_NAMES
from aidd_studio.errors import UsageError

NAME = "aidd"
"""The engine's name."""

PRECISIONS = ("auto", "fp32", "bf16", "fp16")

CARD = {"sampler": "confidence", "steps": None, "temperature": 1.0, "top_p": 1.0, "tokens": 1024, "recall": 0.0}
"""Defaults where neither the user nor the model's card says otherwise."""


@dataclass(frozen=True)
class AiddSettings:
    """None means what the model's card recommends.

    model: the score model; it names its tokenizer. sampler, steps, temperature, top_p: see diffusion.sampling.
    tokens: the longest context in tokens, gap included. device: auto, cpu, cuda or cuda:N. precision: of the matrix
    products. batch: candidates made at once, 0 to choose by device and size of the model. widen: tokens masked beyond
    those that touch the gap, on each side. edge: the longest cross-fade with linear prediction at each end of a gap in
    seconds, and edge_share as a share of the gap. refine: use the model's refiner where there is one.
    recall: weight of the cache model of the surroundings' own codes beside the score model (sampling.CacheModel).
    likeliest_first: whether the first candidate is the model's most likely fill instead of a sample; None means yes,
    unless a setting asks for a way of sampling.
    """

    model: str | None = None
    sampler: str | None = None
    steps: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tokens: int | None = None
    recall: float | None = None
    device: str = "auto"
    precision: str = "auto"
    batch: int = 0
    widen: int = 0
    edge: float = 0.05
    edge_share: float = 0.4
    refine: bool = True
    likeliest_first: bool | None = None

    def __post_init__(self) -> None:
        kinds = {"steps": int, "tokens": int, "temperature": float, "top_p": float, "recall": float}
        for name, kind in kinds.items():
            object.__setattr__(self, name, _number(name, getattr(self, name), kind))
        if self.sampler is not None and self.sampler not in SAMPLER_NAMES:
            raise UsageError(f"There is no sampler “{self.sampler}”; choose one of {', '.join(SAMPLER_NAMES)}.")
        if self.precision not in PRECISIONS:
            raise UsageError(f"There is no precision “{self.precision}”; choose one of {', '.join(PRECISIONS)}.")
        _within("steps", self.steps, 1, 100_000)
        _within("tokens", self.tokens, 16, 8192)
        _within("recall", self.recall, 0, 0.9)
        _within("temperature", self.temperature, 0, 10)
        _within("top_p", self.top_p, 0, 1)
        _within("batch", self.batch, 0, 64)
        _within("widen", self.widen, 0, 100)
        _within("edge", self.edge, 0.001, 1)
        _within("edge_share", self.edge_share, 0.01, 0.5)

    @property
    def expects_first(self) -> bool:
        """Whether the first candidate is to be the most likely one."""
        if self.likeliest_first is not None:
            return self.likeliest_first
        return self.sampler is None and self.steps is None and self.temperature is None and self.top_p is None

    def with_card(self, card: Mapping[str, Any]) -> AiddSettings:
        """The same settings with every None replaced by the recommendation of a model's card."""
        known = {field.name for field in fields(self)}
        defaults = {**CARD, **{name: value for name, value in card.items() if name in known}}
        return replace(self, **{name: value for name, value in defaults.items() if getattr(self, name) is None})


def _number(name: str, value: Any, kind: type[int] | type[float]) -> int | float | None:
    if value is None:
        return None
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise UsageError(f"The setting {name} of the engine aidd must be a number, not “{value}”.") from None


def _within(name: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not least <= value <= most:
        raise UsageError(f"The setting {name} must be between {least} and {most}, not {value}.")
