"""Every sampler draws from the right distribution, keeps its promises, and stops when told to."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from aidd_studio.diffusion.graph import AbsorbingGraph, UniformGraph
from aidd_studio.diffusion.noise import LogLinear
from aidd_studio.diffusion.randomness import SeededRandomness, draw
from aidd_studio.diffusion.sampling import SAMPLER_NAMES, SamplerName, find_sampler
from aidd_studio.diffusion.sampling.canvas import SamplerProgress, shape
from aidd_studio.diffusion.sampling.revealing import confidence, entropy, first_hitting
from aidd_studio.diffusion.sampling.stepping import analytic, euler
from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.errors import Cancelled, UsageError

TOKENS, LENGTH, DRAWS = 3, 3, 8_000
SEQUENCES = torch.tensor(list(itertools.product(range(TOKENS), repeat=LENGTH)))  # all 27
JOINT = torch.from_numpy(np.random.default_rng(5).dirichlet([0.5] * len(SEQUENCES)) * 0.9 + 0.1 / len(SEQUENCES))
NOISE = LogLinear()


class BatchRandomness:
    """One generator for a whole batch: quicker than one for each of thousands of candidates."""

    def __init__(self, batch: int, seed: int) -> None:
        self._batch, self._generator = batch, torch.Generator().manual_seed(seed)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand((self._batch, *shape), generator=self._generator, dtype=torch.float64).clamp(min=1e-300)

    def categorical(self, weights: Tensor) -> Tensor:
        return draw(weights, self.uniform(weights.shape[1]))


STATES = torch.tensor(list(itertools.product(range(TOKENS + 1), repeat=LENGTH)))  # with the mask: all 64
FITS = ((STATES[:, None] == SEQUENCES) | (STATES[:, None] == TOKENS)).all(-1) * JOINT  # [64, 27]
MARGINALS = torch.einsum(
    "xs,slv->xlv", FITS / FITS.sum(-1, keepdim=True), torch.nn.functional.one_hot(SEQUENCES, TOKENS).double()
)


def exact_absorbing(tokens: Tensor, sigma: Tensor, positions: Tensor) -> Tensor:
    """The true log scores of JOINT under the absorbing graph."""
    marginal = MARGINALS[(tokens * torch.tensor([16, 4, 1])).sum(-1)]
    score = torch.nn.functional.pad(marginal / torch.expm1(sigma.double())[:, None, None], (0, 1), value=1.0)
    visible = (tokens != TOKENS)[..., None]
    score = torch.where(visible, torch.nn.functional.one_hot(tokens, TOKENS + 1), score)
    return score[:, positions].log().float()


def exact_uniform(tokens: Tensor, sigma: Tensor, positions: Tensor) -> Tensor:
    """The true log scores of JOINT under the uniform graph; all rows are at the same noise level."""
    kept = float(torch.exp(-sigma[0].double()))
    kernel = kept * torch.eye(TOKENS, dtype=torch.float64) + (1 - kept) / TOKENS
    noisy = JOINT.view(TOKENS, TOKENS, TOKENS)
    noisy = torch.einsum("abc,ax,by,cz->xyz", noisy, kernel, kernel, kernel)
    first, second, third = tokens.unbind(-1)
    ways = (noisy[:, second, third].T, noisy[first, :, third], noisy[first, second, :])
    score = torch.stack(ways, 1) / noisy[first, second, third][:, None, None]
    return score[:, positions].log().float()


def counted(drawn: Tensor) -> np.ndarray:
    """How often each of the 27 sequences was drawn."""
    index = (drawn * torch.tensor([9, 3, 1])).sum(-1)
    return torch.bincount(index, minlength=27).numpy()


def agrees(drawn: Tensor, expected: Tensor) -> float:
    """p-value of the draws under a distribution over the 27 sequences."""
    return float(chisquare(counted(drawn), (expected / expected.sum() * len(drawn)).numpy()).pvalue)


def nothing_known() -> tuple[Tensor, Tensor]:
    return torch.zeros(DRAWS, LENGTH, dtype=torch.int64), torch.ones(LENGTH, dtype=torch.bool)


@pytest.mark.parametrize(
    ("sampler", "settings"),
    [
        (first_hitting, {}),
        (confidence, {"steps": LENGTH}),
        (confidence, {"steps": LENGTH, "order_temperature": 0.0}),
        (entropy, {"bound": 0.0}),
        (analytic, {"steps": 150}),
        (euler, {"steps": 150}),
    ],
)
def test_draws_follow_the_joint_distribution_on_the_absorbing_graph(
    sampler: Callable[..., Tensor], settings: dict[str, float]
) -> None:
    tokens, fill = nothing_known()
    drawn = sampler(
        exact_absorbing,
        tokens,
        fill,
        AbsorbingGraph(TOKENS),
        NOISE,
        randomness=BatchRandomness(DRAWS, 1),
        **settings,
    )
    assert agrees(drawn, JOINT) > 1e-3


@pytest.mark.parametrize("sampler", [analytic, euler])
def test_draws_follow_the_joint_distribution_on_the_uniform_graph(sampler: Callable[..., Tensor]) -> None:
    tokens, fill = nothing_known()
    drawn = sampler(
        exact_uniform, tokens, fill, UniformGraph(TOKENS), NOISE, steps=150, randomness=BatchRandomness(DRAWS, 2)
    )
    assert agrees(drawn, JOINT) > 1e-3


@pytest.mark.parametrize("sampler", [first_hitting, confidence, entropy])
def test_everything_at_once_gives_the_product_of_the_marginals(sampler: Callable[..., Tensor]) -> None:
    tokens, fill = nothing_known()
    drawn = sampler(
        exact_absorbing,
        tokens,
        fill,
        AbsorbingGraph(TOKENS),
        NOISE,
        steps=1,
        randomness=BatchRandomness(DRAWS, 3),
    )
    cube = JOINT.view(TOKENS, TOKENS, TOKENS)
    product = torch.einsum("a,b,c->abc", cube.sum((1, 2)), cube.sum((0, 2)), cube.sum((0, 1))).flatten()
    assert agrees(drawn, product) > 1e-3
    assert agrees(drawn, JOINT) < 1e-6


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_known_tokens_condition_the_draw_and_stay(name: SamplerName) -> None:
    tokens, fill = nothing_known()
    tokens[:, 1] = 2
    fill[1] = False
    more: dict[str, Any] = {"bound": 0.0} if name == "entropy" else {}
    drawn = find_sampler(name)(
        exact_absorbing,
        tokens,
        fill,
        AbsorbingGraph(TOKENS),
        NOISE,
        steps=150 if name in ("analytic", "euler") else None,
        randomness=BatchRandomness(DRAWS, 4),
        **more,
    )
    assert (drawn[:, 1] == 2).all()
    given = JOINT * (SEQUENCES[:, 1] == 2)
    counts = counted(drawn)
    possible = (given > 0).numpy()
    assert counts[~possible].sum() == 0
    expected = (given / given.sum() * DRAWS).numpy()
    assert chisquare(counts[possible], expected[possible]).pvalue > 1e-3


def test_a_temperature_sharpens_every_conditional() -> None:
    tokens, fill = nothing_known()
    fill[1:] = False
    drawn = first_hitting(
        exact_absorbing,
        tokens,
        fill,
        AbsorbingGraph(TOKENS),
        NOISE,
        temperature=0.5,
        randomness=BatchRandomness(DRAWS, 5),
    )
    conditional = JOINT.view(TOKENS, TOKENS, TOKENS)[:, 0, 0] ** 2
    counts = torch.bincount(drawn[:, 0], minlength=TOKENS).numpy()
    assert chisquare(counts, (conditional / conditional.sum() * DRAWS).numpy()).pvalue > 1e-3


def test_top_p_leaves_out_the_unlikely_and_keeps_proportions() -> None:
    log_probability = torch.tensor([0.5, 0.3, 0.15, 0.05]).double().log()
    kept = shape(log_probability, 1.0, 0.7).exp()
    torch.testing.assert_close(kept, torch.tensor([0.625, 0.375, 0.0, 0.0]).double())
    torch.testing.assert_close(shape(log_probability, 1.0, 1e-9).exp(), torch.tensor([1.0, 0, 0, 0]).double())
    assert shape(log_probability, 0.0, 1.0).argmax() == 0


def test_categorical_draws_reach_tails_that_single_precision_cannot() -> None:
    weights = torch.tensor([1.0, 1e-10, 0.0], dtype=torch.float64)
    just_inside, tail = torch.tensor([1 - 1e-9, 1 - 5e-11], dtype=torch.float64)
    assert draw(weights, just_inside) == 0
    assert draw(weights, tail) == 1
    assert draw(torch.tensor([0.0, 1.0, 0.0]), torch.tensor(1e-300, dtype=torch.float64)) == 1


SMALL = ScoreModelConfig(tokens=31, hidden_size=32, blocks=1, heads=2, cond_dim=16, dropout=0.0)


@pytest.fixture(scope="module")
def network() -> ScoreModel:
    torch.manual_seed(3)
    model = ScoreModel(SMALL).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture
def clip() -> tuple[Tensor, Tensor]:
    """48 tokens of which 17 are to be filled; some known ones have the mask's id, as in the published setting."""
    tokens = torch.randint(32, (48,), generator=torch.Generator().manual_seed(0))
    tokens[[2, 40]] = 31
    fill = torch.zeros(48, dtype=torch.bool)
    fill[10:20] = True
    fill[30:37] = True
    return tokens, fill


def run(name: SamplerName, model: ScoreModel, clip: tuple[Tensor, Tensor], seeds: list[int], **settings: Any) -> Tensor:
    tokens, fill = clip
    steps = 20 if name in ("analytic", "euler") else None
    defaults: dict[str, Any] = {"steps": steps, "randomness": SeededRandomness(seeds)}
    return find_sampler(name)(
        model,
        tokens.expand(len(seeds), -1),
        fill,
        model.config.build_graph(),
        NOISE,
        **(defaults | settings),
    )


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_positions_to_fill_are_the_given_ones_and_never_the_masks_id(
    name: SamplerName, network: ScoreModel, clip: tuple[Tensor, Tensor]
) -> None:
    tokens, fill = clip
    drawn = run(name, network, clip, [1, 2])
    assert torch.equal(drawn[:, ~fill], tokens[~fill].expand(2, -1))
    assert (drawn[:, fill] != 31).all()


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_a_candidate_is_the_same_alone_and_in_company(
    name: SamplerName, network: ScoreModel, clip: tuple[Tensor, Tensor]
) -> None:
    together = run(name, network, clip, [11, 12, 13, 14])
    assert torch.equal(run(name, network, clip, [13])[0], together[2])
    assert torch.equal(run(name, network, clip, [14, 11]), together[[3, 0]])
    assert not torch.equal(together[0], together[1])


@pytest.mark.parametrize(
    ("name", "steps", "calls"),
    [
        ("first-hitting", None, 17),
        ("first-hitting", 5, 5),
        ("confidence", None, 16),
        ("confidence", 4, 4),
        ("confidence", 100, 17),
        ("entropy", 6, 6),
        ("analytic", 9, 10),
        ("euler", 9, 10),
    ],
)
def test_network_calls_are_as_promised_and_reported_one_by_one(
    name: SamplerName, steps: int | None, calls: int, network: ScoreModel, clip: tuple[Tensor, Tensor]
) -> None:
    seen: list[SamplerProgress] = []
    run(name, network, clip, [1, 2, 3], steps=steps, callback=seen.append)
    assert len(seen) <= calls if name == "entropy" else len(seen) == calls
    assert [progress.calls for progress in seen] == list(range(1, len(seen) + 1))
    assert not seen[-1].hidden.any()
    hidden = [int(progress.hidden.sum()) for progress in seen]
    assert hidden == sorted(hidden, reverse=True)
    assert (seen[-1].log_likelihood < 0).all() and seen[-1].log_likelihood.isfinite().all()


def test_a_generous_entropy_bound_needs_one_call(network: ScoreModel, clip: tuple[Tensor, Tensor]) -> None:
    seen: list[SamplerProgress] = []
    run("entropy", network, clip, [1], bound=1e9, callback=seen.append)
    assert len(seen) == 1


def test_the_likelihood_is_that_of_the_tokens_at_their_reveal(network: ScoreModel, clip: tuple[Tensor, Tensor]) -> None:
    tokens, fill = clip
    seen: list[SamplerProgress] = []
    drawn = run("confidence", network, clip, [7], steps=1, conditioning="share", callback=seen.append)
    hidden = torch.where(fill, 31, tokens)[None]
    share = fill.float().mean()
    scores = network(hidden, -torch.log1p(-share)[None])[0, fill, :31].log_softmax(-1)
    expected = scores.gather(-1, drawn[0, fill, None]).sum()
    torch.testing.assert_close(seen[-1].log_likelihood[0], expected.double(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_a_callback_can_stop_the_work(name: SamplerName, network: ScoreModel, clip: tuple[Tensor, Tensor]) -> None:
    def stop_at_second(progress: SamplerProgress) -> None:
        if progress.calls == 2:
            raise Cancelled()

    with pytest.raises(Cancelled):
        run(name, network, clip, [1], callback=stop_at_second)


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_rows_may_have_different_gaps(name: SamplerName, network: ScoreModel, clip: tuple[Tensor, Tensor]) -> None:
    tokens, _ = clip
    fill = torch.zeros(3, 48, dtype=torch.bool)
    fill[0, 5:9] = True
    fill[1, 20:32] = True
    drawn = run(name, network, (tokens, fill), [1, 2, 3])
    assert torch.equal(torch.where(fill, -1, drawn), torch.where(fill, -1, tokens.expand(3, -1)))
    assert (drawn[fill] != 31).all()


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_nothing_to_fill_costs_nothing(name: SamplerName, network: ScoreModel, clip: tuple[Tensor, Tensor]) -> None:
    tokens, _ = clip
    drawn = run(name, network, (tokens, torch.zeros(48, dtype=torch.bool)), [1])
    assert torch.equal(drawn[0], tokens)


def test_samplers_that_need_a_mask_say_so() -> None:
    with pytest.raises(UsageError, match="analytic"):
        first_hitting(
            exact_uniform,
            *nothing_known(),
            UniformGraph(TOKENS),
            NOISE,
            randomness=BatchRandomness(DRAWS, 1),
        )
