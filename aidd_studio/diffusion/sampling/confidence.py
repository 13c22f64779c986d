"""Parallel reveal in the order of confidence, on a cosine schedule (Chang et al. 2022; Comunità et al. 2024)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from aidd_studio.diffusion.graph import Graph
from aidd_studio.diffusion.noise import Noise
from aidd_studio.diffusion.randomness import Randomness, gumbel
from aidd_studio.diffusion.sampling.canvas import (
    Callback,
    Conditioning,
    ScoreFunction,
    at,
    hidden_share_at_start,
    masked_canvas,
    most_hidden,
    rows,
    shaped,
    sigma_for,
    token_log_probabilities,
)


@torch.no_grad()
def confidence(
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
    conditioning: Conditioning = "share",
    order_temperature: float = 1.0,
) -> Tensor:
    """Reveal the surest positions first, more at a time as the work goes on; see the package for the signature.

    `steps` network calls (16 unless told). A position is as sure as its likeliest token is likely, plus Gumbel noise
    of `order_temperature` that fades to nothing. That does not look at the token drawn, other than in the papers:
    so the order favours no token, and with one position a step the draw is exact.
    """
    steps = min(16 if steps is None else steps, most_hidden(tokens, fill))
    canvas = masked_canvas(tokens, fill, graph, callback, steps)
    wanted = rows(tokens, fill).sum(-1)
    start = hidden_share_at_start(noise, tokens)
    for step in range(steps):
        done = (step + 1) / steps
        share = start * canvas.hidden.sum(-1) / wanted.clamp(min=1)
        sigma = sigma_for(canvas, conditioning, share)
        log_probability = token_log_probabilities(model(canvas.tokens, sigma, canvas.positions), graph)
        likely = shaped(log_probability, temperature, top_p)
        values = randomness.categorical(likely.exp())
        confidence = log_probability.amax(-1)
        gumbel_noise = order_temperature * (1 - done) * gumbel(randomness.uniform(canvas.hidden.shape[1]))
        remaining = _remaining(wanted, canvas.hidden.sum(-1), steps - step - 1, math.cos(math.pi / 2 * done))
        rank = (
            (confidence + gumbel_noise).masked_fill(~canvas.hidden, -torch.inf).argsort(-1, descending=True).argsort(-1)
        )
        chosen = rank < (canvas.hidden.sum(-1) - remaining)[:, None]
        canvas.reveal(chosen, values, at(log_probability, values))
        canvas.step()
    return canvas.tokens


def _remaining(wanted: Tensor, hidden: Tensor, steps_left: int, share: float) -> Tensor:
    """How many stay hidden after a step [B]: at least one a step left, at least one fewer than now."""
    planned = (wanted * share).floor().long() if steps_left else torch.zeros_like(wanted)
    return torch.minimum(planned.clamp(min=steps_left), (hidden - 1).clamp(min=0))
