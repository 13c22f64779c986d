"""Which states a token may change between, and how fast (Lou et al. 2024, section 3.3).

Rates and transitions are given as rows or columns for the current state: shape [..., states] for states [...].
`score` is the ratio p(y) / p(x) of every state y to the current one, and 1 at the current state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Graph(ABC):
    """`tokens` is the number of real tokens."""

    tokens: int

    @property
    @abstractmethod
    def states(self) -> int:
        """How many states a position has."""

    @abstractmethod
    def rate(self, x: Tensor) -> Tensor:
        """Q(x, .): how fast each state is reached from x."""

    @abstractmethod
    def transposed_rate(self, x: Tensor) -> Tensor:
        """Q(., x): how fast x is reached from each state."""

    @abstractmethod
    def transition(self, x: Tensor, sigma: Tensor) -> Tensor:
        """p(. | x) after noise sigma; sigma broadcasts with x."""

    @abstractmethod
    def transposed_transition(self, x: Tensor, sigma: Tensor) -> Tensor:
        """p(x | .) after noise sigma; sigma broadcasts with x."""

    @abstractmethod
    def staggered_score(self, score: Tensor, sigma: Tensor) -> Tensor:
        """Scores [..., states] carried back by noise sigma [...] (Lou et al. 2024, theorem 4.2)."""

    @abstractmethod
    def sample_transition(self, x: Tensor, sigma: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Each token corrupted by itself with noise sigma, which broadcasts with x."""

    @abstractmethod
    def sample_limit(self, uniform: Tensor) -> Tensor:
        """States where everything is noise, from uniform numbers in [0, 1) of the same shape."""

    def reverse_rate(self, x: Tensor, score: Tensor) -> Tensor:
        """The rates of the process that runs backwards in time; rows sum to 0."""
        rates = (self.transposed_rate(x) * score).scatter(-1, x[..., None], 0.0)
        return rates.scatter(-1, x[..., None], -rates.sum(-1, keepdim=True))

    def one_hot(self, x: Tensor) -> Tensor:
        """float32 [..., states]."""
        return F.one_hot(x, self.states).float()


@dataclass(frozen=True)
class AbsorbingGraph(Graph):
    """A token stays or turns into the mask, whose id is `tokens`; the mask never changes.

    The published configuration has 4095 tokens beside a codebook of 4096: the real code 4095 has the mask's id. The
    network cannot tell a visible 4095 from a hidden token, and never writes one. So that it does not matter
    elsewhere, samplers and losses here carry explicitly which positions are hidden.
    """

    @property
    def mask(self) -> int:
        return self.tokens

    @property
    def states(self) -> int:
        return self.tokens + 1

    def rate(self, x: Tensor) -> Tensor:
        return self.one_hot(torch.full_like(x, self.mask)) - self.one_hot(x)

    def transposed_rate(self, x: Tensor) -> Tensor:
        return (x == self.mask).float()[..., None] - self.one_hot(x)

    def transition(self, x: Tensor, sigma: Tensor) -> Tensor:
        kept = torch.exp(-sigma)[..., None]
        return kept * self.one_hot(x) + (1 - kept) * self.one_hot(torch.full_like(x, self.mask))

    def transposed_transition(self, x: Tensor, sigma: Tensor) -> Tensor:
        kept = torch.exp(-sigma)[..., None]
        from_anywhere = (x == self.mask)[..., None] * (1 - kept)
        return kept * self.one_hot(x) + from_anywhere

    def staggered_score(self, score: Tensor, sigma: Tensor) -> Tensor:
        grown = torch.exp(sigma)
        staggered = score * grown[..., None]
        staggered[..., -1] += (1 - grown) * score.sum(-1)
        return staggered

    def sample_transition(self, x: Tensor, sigma: Tensor, generator: torch.Generator | None = None) -> Tensor:
        moved = torch.rand(x.shape, generator=generator, device=x.device) < -torch.expm1(-sigma)
        return torch.where(moved, self.mask, x)

    def sample_limit(self, uniform: Tensor) -> Tensor:
        return torch.full(uniform.shape, self.mask, dtype=torch.int64, device=uniform.device)


@dataclass(frozen=True)
class UniformGraph(Graph):
    """A token may turn into every other one."""

    @property
    def states(self) -> int:
        return self.tokens

    def rate(self, x: Tensor) -> Tensor:
        return 1 / self.states - self.one_hot(x)

    def transposed_rate(self, x: Tensor) -> Tensor:
        return self.rate(x)

    def transition(self, x: Tensor, sigma: Tensor) -> Tensor:
        moved = -torch.expm1(-sigma)[..., None] / self.states
        return moved + torch.exp(-sigma)[..., None] * self.one_hot(x)

    def transposed_transition(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.transition(x, sigma)

    def staggered_score(self, score: Tensor, sigma: Tensor) -> Tensor:
        kept = torch.exp(-sigma)[..., None]
        return (kept - 1) / (self.states * kept) * score.sum(-1, keepdim=True) + score / kept

    def sample_transition(self, x: Tensor, sigma: Tensor, generator: torch.Generator | None = None) -> Tensor:
        moved = torch.rand(x.shape, generator=generator, device=x.device) < -torch.expm1(-sigma)
        drawn = torch.randint(self.states, x.shape, generator=generator, device=x.device)
        return torch.where(moved, drawn, x)

    def sample_limit(self, uniform: Tensor) -> Tensor:
        return (uniform * self.states).long().clamp(max=self.states - 1)
