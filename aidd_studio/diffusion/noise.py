"""Noise schedules: how much corruption there is at time t in [0, 1] (Lou et al. 2024, appendix)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Noise(Protocol):
    """A schedule; both functions map times of any shape to that shape."""

    def total(self, t: Tensor) -> Tensor:
        """sigma(t): the noise gathered up to t. The absorbing graph has kept a token with probability exp(-sigma)."""
        ...

    def rate(self, t: Tensor) -> Tensor:
        """The derivative of sigma at t."""
        ...


@dataclass(frozen=True)
class LogLinear:
    """sigma(t) = -log(1 - (1 - eps) t): the share of masked tokens grows linearly."""

    eps: float = 1e-3

    def total(self, t: Tensor) -> Tensor:
        return -torch.log1p(-(1 - self.eps) * t)

    def rate(self, t: Tensor) -> Tensor:
        return (1 - self.eps) / (1 - (1 - self.eps) * t)


@dataclass(frozen=True)
class Geometric:
    """sigma(t) = sigma_min^(1 - t) sigma_max^t."""

    sigma_min: float = 1e-4
    sigma_max: float = 20.0

    def total(self, t: Tensor) -> Tensor:
        return self.sigma_min ** (1 - t) * self.sigma_max**t

    def rate(self, t: Tensor) -> Tensor:
        return self.total(t) * math.log(self.sigma_max / self.sigma_min)


MOST_MASKED = 1 - 1e-3
"""The largest share of masked tokens for which a noise level is given; the log-linear schedule ends there too."""


def sigma_of_masked_share(share: Tensor) -> Tensor:
    """The noise level at which the absorbing graph has masked that share of tokens; any shape."""
    return -torch.log1p(-share.clamp(max=MOST_MASKED))
