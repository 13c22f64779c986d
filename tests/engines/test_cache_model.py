"""What stands around a gap becomes likelier in it, and nothing else changes."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.engines.aidd.sampling import CacheModel, cache_model

TABLE = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0], [6.0, 5.0], [20.0, 0.0], [21.0, 0.0]])


@settings(deadline=None)  # torch is slow at its first call
@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.floats(0.01, 0.9), st.integers(0, 1000))
def test_probabilities_are_the_mixture_and_the_scores_keep_their_sum(known: list[int], share: float, seed: int) -> None:
    scores = torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(seed))
    mixed = CacheModel(torch.tensor(known), TABLE, share)(scores)
    torch.testing.assert_close(mixed[..., :6].logsumexp(-1), scores[..., :6].logsumexp(-1), atol=1e-4, rtol=1e-4)
    assert torch.equal(mixed[..., 6], scores[..., 6]), "the mask is no code"
    added = mixed[..., :6].softmax(-1) - (1 - share) * scores[..., :6].softmax(-1)
    torch.testing.assert_close(added / share, added[0, 0].expand(2, 3, 6) / share, atol=1e-4, rtol=0)
    assert (added > 0).all()


def test_codes_of_the_context_and_those_like_them_gain_most() -> None:
    added = CacheModel(torch.tensor([2, 2, 2, 0]), TABLE, 0.5)(torch.zeros(7))[:6].softmax(-1)
    assert added[2] > added[0] > added[4], "by how often they were there"
    assert added[3] > added[4], "and a neighbour of one before a stranger"


def test_without_a_share_or_a_context_the_network_is_left_alone() -> None:
    scores = torch.randn(4, 7)
    assert CacheModel(torch.tensor([1]), TABLE, 0.0)(scores) is scores
    assert CacheModel(torch.zeros(0, dtype=torch.long), TABLE, 0.5)(scores) is scores


def test_a_uniform_graph_remembers_nothing_and_a_mask_among_the_codes_is_none() -> None:
    sizes: dict[str, Any] = {"hidden_size": 16, "blocks": 1, "heads": 2, "cond_dim": 8}
    table, known = torch.randn(9, 2), torch.tensor([1, 8])
    uniform = ScoreModel(ScoreModelConfig(tokens=9, graph="uniform", **sizes))
    assert cache_model(uniform, table, known, 0.5).share == 0
    published = ScoreModel(ScoreModelConfig(tokens=8, **sizes))  # whose mask is the tokenizer's last code
    scores = torch.randn(9)
    assert cache_model(published, table, known, 0.5)(scores)[8] == scores[8]
