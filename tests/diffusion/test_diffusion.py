"""What noise, graphs, masks, losses and the network promise."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from aidd_studio.diffusion.ema import ExponentialMovingAverage
from aidd_studio.diffusion.graph import AbsorbingGraph, Graph, UniformGraph
from aidd_studio.diffusion.losses import cross_entropy, derivative_regulariser, diffusion_loss, score_entropy
from aidd_studio.diffusion.masking import GeneratorDraws, SpanLengths, random_mask, span_mask
from aidd_studio.diffusion.noise import Geometric, LogLinear, Noise, sigma_of_masked_share
from aidd_studio.diffusion.score_model import OFFICIAL, ScoreModel, ScoreModelConfig

BUNDLED_LIKE = ScoreModelConfig(
    tokens=64, hidden_size=32, blocks=2, heads=2, cond_dim=16, dropout=0.1, embedding_dim=8, tied_output=True
)


@pytest.mark.parametrize("noise", [LogLinear(), Geometric()])
def test_the_rate_is_the_derivative_of_the_total(noise: Noise) -> None:
    t = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)
    slope = (noise.total(t + 1e-6) - noise.total(t - 1e-6)) / 2e-6
    torch.testing.assert_close(noise.rate(t), slope, rtol=1e-6, atol=1e-9)


def test_the_log_linear_schedule_masks_a_share_that_grows_linearly() -> None:
    t = torch.linspace(0, 1, 5, dtype=torch.float64)
    torch.testing.assert_close(1 - torch.exp(-LogLinear().total(t)), (1 - 1e-3) * t)
    torch.testing.assert_close(sigma_of_masked_share((1 - 1e-3) * t), LogLinear().total(t))


@pytest.mark.parametrize("graph", [AbsorbingGraph(5), UniformGraph(6)])
def test_transitions_are_the_exponential_of_the_rates(graph: Graph) -> None:
    x = torch.arange(graph.states)
    sigma = torch.tensor(0.7)
    forward = torch.linalg.matrix_exp(0.7 * graph.rate(x))
    torch.testing.assert_close(graph.transition(x, sigma), forward)
    torch.testing.assert_close(graph.transposed_transition(x, sigma), forward.T)
    torch.testing.assert_close(graph.transposed_rate(x), graph.rate(x).T)


@pytest.mark.parametrize("graph", [AbsorbingGraph(5), UniformGraph(6)])
def test_corrupted_tokens_follow_the_transition(graph: Graph) -> None:
    x = torch.full((100_000,), 2)
    corrupted = graph.sample_transition(x, torch.tensor(0.7), torch.Generator().manual_seed(0))
    shares = torch.bincount(corrupted, minlength=graph.states) / len(x)
    torch.testing.assert_close(shares, graph.transition(x[0], torch.tensor(0.7)), atol=0.006, rtol=0)


@pytest.mark.parametrize("graph", [AbsorbingGraph(5), UniformGraph(6)])
def test_score_entropy_is_zero_at_the_true_score_and_positive_elsewhere(graph: Graph) -> None:
    """The true score of a single known clean token is the ratio of transition probabilities."""
    clean, sigma = torch.tensor([[2, 2]]), torch.tensor([[0.7, 0.7]])
    corrupted = torch.tensor([[graph.states - 1, 2]])
    reached = graph.transition(clean, sigma)
    true = (reached / reached.gather(-1, corrupted[..., None])).clamp(min=1e-30).log()
    exact = score_entropy(graph, true, sigma, corrupted, clean)
    torch.testing.assert_close(exact, torch.zeros(1, 2), atol=1e-5, rtol=0)
    moved = true + 0.3 * torch.randn(true.shape, generator=torch.Generator().manual_seed(0))
    moved.scatter_(-1, corrupted[..., None], 0.0)
    assert (score_entropy(graph, moved, sigma, corrupted, clean)[0, 0] > 1e-3).all()


def test_a_visible_token_with_the_masks_id_costs_nothing_when_hidden_is_given() -> None:
    graph = AbsorbingGraph(5)
    tokens = torch.tensor([[5, 5]])
    hidden = torch.tensor([[True, False]])
    log_score = torch.randn(1, 2, 6)
    entropy = score_entropy(graph, log_score, torch.tensor([[0.5]]), tokens, torch.tensor([[1, 5]]), hidden)
    assert entropy[0, 0] != 0 and entropy[0, 1] == 0


def test_cross_entropy_is_that_of_hidden_tokens_only() -> None:
    graph = AbsorbingGraph(4)
    log_score = torch.zeros(1, 3, 5)
    log_score[0, 0, 1] = math.log(5.0)
    found = cross_entropy(log_score, torch.tensor([[1, 2, 3]]), torch.tensor([[True, True, False]]), graph)
    torch.testing.assert_close(found, torch.tensor((math.log(8 / 5) + math.log(4)) / 2))


def test_the_second_derivative_ignores_a_steady_drift_that_the_first_sees() -> None:
    embedding = torch.tensor([[0.0], [1.0], [2.0], [3.0], [0.0]])
    clean = torch.tensor([[0, 0, 0, 0]])
    log_score = torch.full((1, 4, 5), -1e9)
    for position in range(4):
        log_score[0, position, position] = 0.0  # predicts 0, 1, 2, 3
    hidden = torch.tensor([[False, True, True, False]])
    torch.testing.assert_close(derivative_regulariser(log_score, clean, hidden, embedding, 1), torch.tensor(1.0))
    torch.testing.assert_close(derivative_regulariser(log_score, clean, hidden, embedding, 2), torch.tensor(0.0))


def test_spans_fill_the_budget_and_obey_the_cap() -> None:
    draws = GeneratorDraws(torch.Generator().manual_seed(0))
    sigmas = [0.01, 0.3, 1.0, 5.0]
    hidden = span_mask(512, sigmas, SpanLengths(base=0.05, alpha=0.0, longest=20), draws)
    for row, sigma in zip(hidden, sigmas, strict=True):
        budget = int((1 - math.exp(-sigma)) * 512)
        assert budget <= row.sum() < budget + 20
    single = span_mask(512, [0.03], SpanLengths(base=0.05, alpha=0.0, longest=75), draws)[0]
    assert 5 < int(single.sum()) <= 75 + 15


def test_span_lengths_grow_with_the_noise() -> None:
    def mean_length(sigma: float) -> float:
        draws = GeneratorDraws(torch.Generator().manual_seed(1))
        spans = [
            span_mask(4000, [1e-3], SpanLengths(0.8 / (1 + 0.5 * sigma), 0.0, 30), draws)[0].sum() for _ in range(200)
        ]
        return float(torch.stack(spans).float().mean())

    assert mean_length(20.0) > mean_length(0.0)


def test_random_masks_hide_the_expected_share() -> None:
    hidden = random_mask(20_000, torch.tensor([0.1, 2.0]), torch.Generator().manual_seed(0))
    torch.testing.assert_close(hidden.float().mean(-1), torch.tensor([0.0952, 0.8647]), atol=0.01, rtol=0)


def test_an_average_is_in_place_only_for_a_while() -> None:
    parameter = nn.Parameter(torch.zeros(3))
    average = ExponentialMovingAverage([parameter])
    parameter.data += 1
    average.update([parameter])
    with average.in_place_of([parameter]):
        assert (parameter < 1).all()
    assert (parameter == 1).all()
    again = ExponentialMovingAverage([nn.Parameter(torch.zeros(3))])
    again.load_state_dict(average.state_dict())
    assert again.num_updates == 1 and torch.equal(again.shadow_params[0], average.shadow_params[0])


def test_sizes_of_a_score_model_survive_as_plain_values() -> None:
    for config in (OFFICIAL, BUNDLED_LIKE):
        assert ScoreModelConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize("graph", ["absorbing", "uniform"])
def test_every_parameter_of_a_tied_model_learns(graph: str) -> None:
    torch.manual_seed(0)
    config = ScoreModelConfig.from_dict({**BUNDLED_LIKE.to_dict(), "graph": graph})
    model = ScoreModel(config)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.2)
    model.set_codebook(torch.randn(64, 8))
    clean = torch.randint(64, (2, 20))
    hidden = torch.rand(2, 20) < 0.5
    corrupted = torch.where(hidden, 64, clean) if graph == "absorbing" else torch.where(hidden, clean.flip(0), clean)
    t = torch.tensor([0.4, 0.6])
    sigma, rate = LogLinear().total(t), LogLinear().rate(t)
    log_score = model(corrupted, sigma)
    losses = diffusion_loss(
        log_score, clean, corrupted, hidden, sigma, rate, config.build_graph(), model.vocab_embed.embedding, 1.0
    )
    losses.total.mean().backward()
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


def test_half_precision_stays_near_full_precision() -> None:
    torch.manual_seed(0)
    model = ScoreModel(ScoreModelConfig(tokens=63, hidden_size=64, blocks=3, heads=4, cond_dim=32)).eval()
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            nn.init.normal_(parameter, std=0.1)
    tokens, sigma = torch.randint(64, (2, 50)), torch.tensor([0.1, 2.0])
    with torch.no_grad():
        full = model(tokens, sigma).log_softmax(-1)
        model.set_precision(torch.bfloat16)
        half = model(tokens, sigma).log_softmax(-1)
    assert half.dtype == torch.float32
    assert (full - half).abs().mean() < 0.05


def test_the_codebooks_vectors_stand_for_the_tokens_and_not_for_the_mask() -> None:
    model = ScoreModel(BUNDLED_LIKE)
    before = model.vocab_embed.embedding[64].clone()
    codebook = torch.randn(64, 8)
    model.set_codebook(codebook)
    assert torch.equal(model.vocab_embed.embedding[:64], codebook)
    assert torch.equal(model.vocab_embed.embedding[64], before)
