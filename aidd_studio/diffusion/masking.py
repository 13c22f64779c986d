"""Which tokens are hidden in training: single tokens, or spans as in real gaps (Dror et al. 2025, section 3.3)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class SpanLengths:
    """Span lengths are geometric with success probability base / (1 + alpha * sigma), and capped."""

    base: float = 0.8
    alpha: float = 0.5
    longest: int = 30  # tokens; the published cap


class SpanDraws(Protocol):
    """Where span masking takes its chances from; the order of calls is length, start, length, start, ..."""

    def uniform(self) -> float:
        """A number in (0, 1)."""
        ...

    def below(self, bound: int) -> int:
        """A number in [0, bound)."""
        ...


class GeneratorDraws:
    """Chances from a torch generator."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator

    def uniform(self) -> float:
        drawn = torch.rand((), generator=self._generator, dtype=torch.float64).item()
        return max(drawn, 1e-300)

    def below(self, bound: int) -> int:
        return int(torch.randint(bound, (), generator=self._generator).item())


def span_mask(length: int, sigmas: list[float], lengths: SpanLengths, draws: SpanDraws) -> Tensor:
    """Hidden positions bool [len(sigmas), length]: spans until at least the share 1 - exp(-sigma) of a row is hidden.

    Spans may overlap; the last one may hide more than is needed, as published. Spans are never longer than the row.
    """
    hidden = np.zeros((len(sigmas), length), dtype=np.bool_)
    for row, sigma in zip(hidden, sigmas, strict=True):
        missing = int(-math.expm1(-sigma) * length)
        fails = math.log1p(-lengths.base / (1 + lengths.alpha * sigma))
        while missing > 0:
            span = min(1 + int(math.log(draws.uniform()) / fails), lengths.longest, length)
            start = draws.below(length - span + 1)
            missing -= span - int(np.count_nonzero(row[start : start + span]))
            row[start : start + span] = True
    return torch.from_numpy(hidden)


def random_mask(length: int, sigma: Tensor, generator: torch.Generator) -> Tensor:
    """Hidden positions bool [B, length] for sigma [B]: each one by itself, with probability 1 - exp(-sigma)."""
    chances = torch.rand(len(sigma), length, generator=generator).to(sigma.device)
    return chances < -torch.expm1(-sigma)[:, None]
