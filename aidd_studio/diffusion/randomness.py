"""Chances for sampling: one stream per candidate, so that a candidate does not depend on its company."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor


class Randomness(Protocol):
    """Where samplers take their chances from; the batch size is known to it."""

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in (0, 1), float64 [B, *shape]."""
        ...

    def categorical(self, weights: Tensor) -> Tensor:
        """Indices int64 [B, M] drawn from weights float64 [B, M, K], which need not sum to 1."""
        ...


class SeededRandomness:
    """One generator per candidate, on the CPU whatever the device, so that a seed means the same everywhere."""

    def __init__(self, seeds: Sequence[int], device: torch.device | str = "cpu") -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._device = device

    def uniform(self, *shape: int) -> Tensor:
        drawn = [torch.rand(shape, generator=generator, dtype=torch.float64) for generator in self._generators]
        return torch.stack(drawn).clamp(min=1e-300).to(self._device)

    def categorical(self, weights: Tensor) -> Tensor:
        return draw(weights, self.uniform(weights.shape[1]))


def draw(weights: Tensor, uniform: Tensor) -> Tensor:
    """Where uniform numbers [...] fall on the cumulative weights [..., K]: int64 [...].

    In float64: float32 Gumbel noise has too few distinct large values and so lowers the temperature
    (Zheng et al. 2025, "Masked diffusion models are secretly time-agnostic masked models").
    """
    cumulative = weights.double().cumsum(-1)
    threshold = uniform.double()[..., None] * cumulative[..., -1:]
    # A weight of 0 is never drawn: the first index whose cumulative weight exceeds the threshold has one.
    found = torch.searchsorted(cumulative, threshold, right=True).squeeze(-1)
    return found.clamp(max=weights.shape[-1] - 1)


def gumbel(uniform: Tensor) -> Tensor:
    """Gumbel noise from uniform numbers in (0, 1), float64."""
    return -torch.log(-torch.log(uniform.double()))
