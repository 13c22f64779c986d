"""What a score model learns from: denoising score entropy, and smoothness of the expected embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from aidd_studio.diffusion.graph import AbsorbingGraph, Graph


@dataclass(frozen=True)
class Losses:
    """`total` [B] is to be minimised; the others are parts of it or show how well it goes."""

    total: Tensor
    score_entropy: Tensor  # [B], nats a sequence: a bound on its negative log likelihood
    smoothness: Tensor  # []
    cross_entropy: Tensor  # [], nats a hidden token; comparable across runs


def diffusion_loss(
    log_score: Tensor,
    clean: Tensor,
    corrupted: Tensor,
    hidden: Tensor,
    sigma: Tensor,
    rate: Tensor,
    graph: Graph,
    embedding: Tensor | None = None,
    smoothness: float = 0.0,
    order: int = 1,
) -> Losses:
    """Diffusion-weighted denoising score entropy plus `smoothness` times the derivative regulariser.

    log_score [B, L, states]; clean, corrupted int64 [B, L]; hidden bool [B, L]; sigma, rate [B]; embedding
    [states, D] of the tokens, needed when smoothness is not 0. The regulariser is one number for the batch, added
    to every sample (Lou et al. 2024, eq. 10; Dror et al. 2025, eq. 8).
    """
    entropy = (rate[:, None] * score_entropy(graph, log_score, sigma[:, None], corrupted, clean, hidden)).sum(-1)
    rough = log_score.new_zeros(())
    if smoothness and embedding is not None:
        rough = derivative_regulariser(log_score, clean, hidden, embedding, order)
    return Losses(
        entropy + smoothness * rough, entropy.detach(), rough.detach(), cross_entropy(log_score, clean, hidden, graph)
    )


def score_entropy(
    graph: Graph, log_score: Tensor, sigma: Tensor, corrupted: Tensor, clean: Tensor, hidden: Tensor | None = None
) -> Tensor:
    """Exact denoising score entropy of every token: [B, L] (Lou et al. 2024, eq. 8).

    sigma broadcasts with the tokens. `hidden` says which tokens are masked; without it, every mask id counts.
    """
    if isinstance(graph, AbsorbingGraph):
        hidden = corrupted == graph.mask if hidden is None else hidden
        return _absorbing_score_entropy(log_score, sigma, clean, hidden)
    return _uniform_score_entropy(graph.states, log_score, sigma, corrupted, clean)


def _absorbing_score_entropy(log_score: Tensor, sigma: Tensor, clean: Tensor, hidden: Tensor) -> Tensor:
    ratio = (1 / torch.expm1(sigma)).expand_as(clean)  # the true score of the clean token
    negative = ratio * log_score.gather(-1, clean[..., None]).squeeze(-1)
    positive = log_score[..., :-1].exp().sum(-1)
    constant = ratio * (ratio.log() - 1)
    return torch.where(hidden, positive - negative + constant, 0.0)


def _uniform_score_entropy(states: int, log_score: Tensor, sigma: Tensor, corrupted: Tensor, clean: Tensor) -> Tensor:
    grown = torch.expm1(sigma).expand_as(clean)
    ratio = 1 - states / (grown + states)
    stayed = corrupted == clean
    score = log_score.exp()
    positive = score.mean(-1) - _at(score, corrupted) / states
    others = log_score.mean(-1) - _at(log_score, corrupted) / states
    negative = torch.where(stayed, ratio * others, _at(log_score, clean) / grown + others)
    constant = torch.where(
        stayed,
        (states - 1) / states * ratio * (ratio.log() - 1),
        ((-ratio.log() - 1) / ratio - (states - 2)) / states,
    )
    return positive - negative + constant


def derivative_regulariser(
    log_score: Tensor, clean: Tensor, hidden: Tensor, embedding: Tensor, order: int = 1
) -> Tensor:
    """Mean squared error of the expected embeddings' first or second difference along time: [].

    Differences that touch a hidden token count (Dror et al. 2025, section 3.2; the published code has order 1).
    """
    expected = torch.softmax(log_score, dim=-1) @ embedding.to(log_score.dtype)
    difference = expected - F.embedding(clean, embedding).to(log_score.dtype)
    touched = hidden
    for _ in range(order):
        difference = difference.diff(dim=1)
        touched = touched[:, 1:] | touched[:, :-1]
    return (difference.square().sum(-1) * touched).sum() / touched.sum().clamp(min=1)


@torch.no_grad()
def cross_entropy(log_score: Tensor, clean: Tensor, hidden: Tensor, graph: Graph) -> Tensor:
    """Mean -log p(clean token) over hidden tokens, in nats: []."""
    scores = log_score[..., : graph.tokens].float()
    known = hidden & (clean < graph.tokens)
    log_probability = _at(scores, clean.clamp(max=graph.tokens - 1)) - scores.logsumexp(-1)
    return -(log_probability * known).sum() / known.sum().clamp(min=1)


def _at(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(-1, index[..., None]).squeeze(-1)
