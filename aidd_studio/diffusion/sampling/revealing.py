"""Samplers that reveal hidden tokens one by one or several at once; all need a graph with a mask.

They differ in which positions a network call reveals: those that the reverse process would (`first_hitting`), those
that the network is surest of (`confidence`), or as many as are nearly independent of each other (`entropy`).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from aidd_studio.diffusion.graph import Graph
from aidd_studio.diffusion.noise import Noise
from aidd_studio.diffusion.randomness import Randomness, gumbel
from aidd_studio.diffusion.sampling.canvas import (
    Callback,
    Canvas,
    Conditioning,
    ScoreFunction,
    at,
    hidden_share_at_start,
    masked_canvas,
    most_hidden,
    rows,
    shape,
    sigma_for,
    token_log_probabilities,
)


@torch.no_grad()
def first_hitting(
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
) -> Tensor:
    """First-hitting sampling: draw the times at which tokens appear and call the network only then.

    Zheng et al. 2025; exact for the absorbing graph. A hidden token changes once, so between two appearances nothing
    happens and the infinitely fine reverse process can jump: with n tokens hidden, the share s that is hidden at the
    next event is s * u^(1/n). Without `steps` the result is exact; fewer steps than tokens reveal several at once, in
    random order, as if they were independent. With the conditioning "time" the network gets the process's own noise
    level; true scores do not depend on it.
    """
    most = most_hidden(tokens, fill)
    calls = most if steps is None else min(steps, most)
    canvas = masked_canvas(tokens, fill, graph, callback, calls)
    share = hidden_share_at_start(noise, tokens)
    for left in range(calls, 0, -1):
        count = canvas.hidden.sum(-1)
        share = share * randomness.uniform() ** (1 / count.clamp(min=1))
        sigma = sigma_for(canvas, conditioning, share)
        log_probability = token_log_probabilities(model(canvas.tokens, sigma, canvas.positions), graph)
        values = randomness.categorical(shape(log_probability, temperature, top_p).exp())
        chosen = _any_of(canvas, -(-count // left), randomness.uniform(canvas.hidden.shape[1]))
        canvas.reveal(chosen, values, at(log_probability, values))
        canvas.step()
    return canvas.tokens


def _any_of(canvas: Canvas, count: Tensor, keys: Tensor) -> Tensor:
    """bool [B, M]: `count` [B] hidden positions of each row, those with the smallest keys [B, M]."""
    rank = keys.masked_fill(~canvas.hidden, 2.0).argsort(-1).argsort(-1)
    return rank < count[:, None]


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
    """Reveal the most confident positions first, on a cosine schedule (Chang et al. 2022; Comunità et al. 2024).

    `steps` network calls, 16 by default. The confidence of a position is the probability of its most likely token,
    plus Gumbel noise of `order_temperature` that fades to nothing. Unlike in the papers, it does not depend on the
    token drawn: so the order favours no token, and with one position a step the draw is exact.
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
        likely = shape(log_probability, temperature, top_p)
        values = randomness.categorical(likely.exp())
        gumbel_noise = order_temperature * (1 - done) * gumbel(randomness.uniform(canvas.hidden.shape[1]))
        keys = (log_probability.amax(-1) + gumbel_noise).masked_fill(~canvas.hidden, -torch.inf)
        rank = keys.argsort(-1, descending=True).argsort(-1)
        remaining = _remaining(wanted, canvas.hidden.sum(-1), steps - step - 1, math.cos(math.pi / 2 * done))
        chosen = rank < (canvas.hidden.sum(-1) - remaining)[:, None]
        canvas.reveal(chosen, values, at(log_probability, values))
        canvas.step()
    return canvas.tokens


def _remaining(wanted: Tensor, hidden: Tensor, steps_left: int, share: float) -> Tensor:
    """How many stay hidden after a step [B]: at least one a step left, at least one fewer than now."""
    planned = (wanted * share).floor().long() if steps_left else torch.zeros_like(wanted)
    return torch.minimum(planned.clamp(min=steps_left), (hidden - 1).clamp(min=0))


@torch.no_grad()
def entropy(
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
    bound: float = 1.0,
) -> Tensor:
    """Entropy-bounded sampling: reveal at once as many positions as are nearly independent (Ben-Hamu et al. 2025).

    In the order of their entropy, positions are taken while the sum of the entropies less the largest, which bounds
    what treating them as independent costs, stays below `bound` nats. At least one a call, and as many as needed to
    be done within `steps` calls.
    """
    most = most_hidden(tokens, fill)
    steps = most if steps is None else min(steps, most)
    canvas = masked_canvas(tokens, fill, graph, callback, steps)
    wanted = rows(tokens, fill).sum(-1)
    start = hidden_share_at_start(noise, tokens)
    for left in range(steps, 0, -1):
        hidden = canvas.hidden.sum(-1)
        if not hidden.any():
            break
        sigma = sigma_for(canvas, conditioning, start * hidden / wanted.clamp(min=1))
        log_probability = token_log_probabilities(model(canvas.tokens, sigma, canvas.positions), graph)
        likely = shape(log_probability, temperature, top_p)
        values = randomness.categorical(likely.exp())
        entropies = torch.special.entr(likely.exp()).sum(-1).masked_fill(~canvas.hidden, torch.inf)
        chosen = _affordable(entropies, bound, -(-hidden // left))
        canvas.reveal(chosen, values, at(log_probability, values))
        canvas.step()
    return canvas.tokens


def _affordable(entropies: Tensor, bound: float, least: Tensor) -> Tensor:
    """bool [B, M]: the longest run of positions of least entropy within the bound, at least `least` [B] of them."""
    ordered, order = entropies.sort(-1)
    # Sorted upwards, the largest of the first k is the k-th, so the sum less the largest is the sum before it.
    cost = ordered.cumsum(-1) - ordered
    taken = (cost <= bound) & ordered.isfinite()
    taken |= torch.arange(entropies.shape[1], device=entropies.device) < least[:, None]
    return torch.zeros_like(taken).scatter(-1, order, taken)
