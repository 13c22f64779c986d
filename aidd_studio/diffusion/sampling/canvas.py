"""What all samplers share: the state of the work, and how a network's answer becomes probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from aidd_studio.diffusion.graph import AbsorbingGraph, Graph
from aidd_studio.diffusion.noise import Noise, sigma_of_masked_share
from aidd_studio.diffusion.randomness import Randomness
from aidd_studio.errors import UsageError

ScoreFunction = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(tokens int64 [B, L], sigma float32 [B], positions int64 [M]) -> log scores [B, M, states]."""


@dataclass(frozen=True)
class SamplerProgress:
    """What a callback gets after each network call; to cancel, it raises."""

    calls: int
    expected_calls: int
    tokens: Tensor  # int64 [B, L], as far as they are known; a preview
    hidden: Tensor  # bool [B, L], still to be drawn
    log_likelihood: Tensor  # float64 [B], sum over the tokens drawn so far, at temperature 1


Callback = Callable[[SamplerProgress], None]

Conditioning = Literal["time", "share"]
"""Which noise level the network gets where the sampler is free to choose: that of the process's own time, which
starts at the end of the schedule however little is hidden, or that at which as large a share of the whole sequence
would be hidden as is now. The second is what a network sees in training."""


class Sampler(Protocol):
    """The signature of all samplers; further settings have defaults."""

    def __call__(
        self,
        model: ScoreFunction,
        tokens: Tensor,
        fill: Tensor,
        graph: Graph,
        noise: Noise,
        *,
        steps: int | None = None,
        randomness: Randomness,
        temperature: float = 1.0,
        top_p: float = 1.0,
        callback: Callback | None = None,
    ) -> Tensor: ...


class Canvas:
    """The tokens while they are being drawn.

    `positions` [M] are those that any row wants drawn; `hidden` [B, M] says which of them a row still lacks.
    """

    def __init__(self, tokens: Tensor, fill: Tensor, start: Tensor, callback: Callback | None, calls: int) -> None:
        """`start` [B, M]: states that the positions to be filled begin with."""
        self.fill = fill
        self.positions = fill.any(0).nonzero().flatten()
        self.hidden = fill[:, self.positions].clone()
        self.tokens = tokens.clone()
        self.tokens[:, self.positions] = torch.where(self.hidden, start, tokens[:, self.positions])
        self.log_likelihood = torch.zeros(len(tokens), dtype=torch.float64, device=tokens.device)
        self.calls, self.expected_calls = 0, calls
        self._callback = callback

    @property
    def drawn(self) -> Tensor:
        """The states at `positions`: int64 [B, M]."""
        return self.tokens[:, self.positions]

    def reveal(self, chosen: Tensor, values: Tensor, log_probability: Tensor) -> None:
        """Write values [B, M] where chosen [B, M]; log_probability [B, M] is that of the values."""
        chosen = chosen & self.hidden
        self.tokens[:, self.positions] = torch.where(chosen, values, self.drawn)
        self.hidden &= ~chosen
        self.log_likelihood += torch.where(chosen, log_probability, 0.0).sum(-1)

    def overwrite(self, values: Tensor) -> None:
        """Write values [B, M] at every position that a row wants filled; nothing is final by that."""
        wanted = self.fill[:, self.positions]
        self.tokens[:, self.positions] = torch.where(wanted, values, self.drawn)

    def share_hidden(self) -> Tensor:
        """The share of the whole sequence that is hidden: float32 [B]."""
        return self.hidden.sum(-1).float() / self.tokens.shape[1]

    def step(self) -> None:
        """Count a network call and report it to the callback."""
        self.calls += 1
        if self._callback is None:
            return
        hidden = torch.zeros_like(self.fill)
        hidden[:, self.positions] = self.hidden
        expected = max(self.expected_calls, self.calls)
        self._callback(SamplerProgress(self.calls, expected, self.tokens.clone(), hidden, self.log_likelihood.clone()))


def rows(tokens: Tensor, fill: Tensor) -> Tensor:
    """The fill mask as bool [B, L]."""
    return fill.bool().expand(tokens.shape)


def masked_canvas(tokens: Tensor, fill: Tensor, graph: Graph, callback: Callback | None, calls: int) -> Canvas:
    """A canvas with the mask at the positions to be filled, expecting that many network calls at most.

    Raises UsageError for a graph without a mask.
    """
    if not isinstance(graph, AbsorbingGraph):
        raise UsageError("This sampler needs a model with a mask token; choose the sampler analytic or euler.")
    fill = rows(tokens, fill)
    start = graph.sample_limit(torch.zeros(len(tokens), int(fill.any(0).sum()), device=tokens.device))
    return Canvas(tokens, fill, start, callback, calls)


def most_hidden(tokens: Tensor, fill: Tensor) -> int:
    """The largest number of positions to fill in any row."""
    return int(rows(tokens, fill).sum(-1).max()) if len(tokens) else 0


def token_log_probabilities(log_score: Tensor, graph: Graph) -> Tensor:
    """The probabilities of each hidden token: log, float64 [B, M, tokens], from log scores of a masked state."""
    return log_score[..., : graph.tokens].double().log_softmax(-1)


def shape(log_probability: Tensor, temperature: float, top_p: float) -> Tensor:
    """Log probabilities [..., K] sharpened by a temperature and cut to the most likely states that make up top_p."""
    if temperature <= 0:
        best = log_probability.argmax(-1, keepdim=True)
        return torch.full_like(log_probability, -torch.inf).scatter(-1, best, 0.0)
    if temperature != 1:
        log_probability = (log_probability / temperature).log_softmax(-1)
    if top_p >= 1:
        return log_probability
    ordered, order = log_probability.sort(-1, descending=True)
    before = ordered.exp().cumsum(-1) - ordered.exp()
    kept = ordered.masked_fill(before >= top_p, -torch.inf)
    kept[..., 0] = ordered[..., 0]
    return torch.empty_like(kept).scatter(-1, order, kept).log_softmax(-1)


def at(values: Tensor, index: Tensor) -> Tensor:
    """values [..., K] at index [...]."""
    return values.gather(-1, index[..., None]).squeeze(-1)


def sigma_for(canvas: Canvas, conditioning: Conditioning, process_share: Tensor) -> Tensor:
    """The noise level [B] for the network; process_share [B]: the chance to be hidden at the process's time."""
    share = process_share.float() if conditioning == "time" else canvas.share_hidden()
    # A row that is done waits for the others; its noise level must only be valid.
    return sigma_of_masked_share(share.clamp(min=1e-4))


def hidden_share_at_start(noise: Noise, tokens: Tensor) -> Tensor:
    """How likely a token is hidden at the end of the schedule: float64 [B]."""
    ones = torch.ones(len(tokens), dtype=torch.float64, device=tokens.device)
    return -torch.expm1(-noise.total(ones))
