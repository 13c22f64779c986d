"""Graphs, network, samplers, losses and masking compute what the published implementation computes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from aidd_studio.diffusion import score_model as network
from aidd_studio.diffusion.ema import ExponentialMovingAverage
from aidd_studio.diffusion.graph import AbsorbingGraph, Graph, UniformGraph
from aidd_studio.diffusion.losses import derivative_regulariser, diffusion_loss, score_entropy
from aidd_studio.diffusion.masking import SpanLengths, span_mask
from aidd_studio.diffusion.noise import Geometric, LogLinear
from aidd_studio.diffusion.sampling.canvas import SamplerProgress
from aidd_studio.diffusion.sampling.stepping import analytic, analytic_weights, denoising_weights, euler_weights
from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig

PARITY = Path(__file__).parents[1] / "data" / "parity"
SMALL = ScoreModelConfig(tokens=63, hidden_size=64, blocks=2, heads=4, cond_dim=32, dropout=0.0)
ABSORBING, UNIFORM, NOISE = AbsorbingGraph(63), UniformGraph(64), LogLinear()


@pytest.fixture(scope="module")
def v() -> dict[str, Tensor]:
    return load_file(PARITY / "sedd_small_io.safetensors")


@pytest.fixture(scope="module")
def checkpoint() -> dict[str, Tensor]:
    return load_file(PARITY / "sedd_small.safetensors")


@pytest.fixture(scope="module")
def model(checkpoint: dict[str, Tensor]) -> ScoreModel:
    built = ScoreModel(SMALL).eval()
    built.load_state_dict({name: value for name, value in checkpoint.items() if not name.startswith("ema.")})
    return built


@pytest.fixture(scope="module")
def averaged(checkpoint: dict[str, Tensor]) -> ScoreModel:
    built = ScoreModel(SMALL).eval()
    average = ExponentialMovingAverage(built.parameters())
    shadow = [value for name, value in sorted(checkpoint.items()) if name.startswith("ema.")]
    average.load_state_dict({"decay": 0.9999, "num_updates": 3, "shadow_params": shadow})
    average.copy_to(built.parameters())
    return built


def near(value: Tensor, expected: Tensor, limit: float, relative: float = 0.0) -> None:
    torch.testing.assert_close(value, expected, rtol=relative, atol=limit)


@torch.no_grad()
def test_the_network_matches_from_the_noise_embedding_to_the_last_layer(
    model: ScoreModel, v: dict[str, Tensor]
) -> None:
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda _module, _input, output: seen.__setitem__(name, output)

    parts: dict[str, nn.Module] = {
        "sigma_map_out": model.sigma_map,
        "block0_out": model.blocks[0],
        "block1_out": model.blocks[1],
        "output_layer_out": model.output_layer,
    }
    hooks = [part.register_forward_hook(keep(name)) for name, part in parts.items()]
    log_score = model(v["in.indices"], v["in.sigma"])
    for hook in hooks:
        hook.remove()
    near(network.sigma_features(v["in.sigma"]), v["model.timestep_embedding"], 1e-6)
    for name in parts:
        near(seen[name], v[f"model.{name}"], 2e-5)
    near(log_score, v["model.log_score"], 2e-5)


@torch.no_grad()
def test_the_averaged_weights_are_found_by_their_order(averaged: ScoreModel, v: dict[str, Tensor]) -> None:
    near(averaged(v["in.indices"], v["in.sigma"]), v["model.log_score_ema"], 2e-5)


@torch.no_grad()
def test_scores_at_a_few_positions_are_those_of_the_whole(model: ScoreModel, v: dict[str, Tensor]) -> None:
    positions = torch.tensor([3, 17, 18])
    some = model(v["in.indices"], v["in.sigma"], positions)
    near(some, v["model.log_score"][:, positions], 2e-5)


def test_parameters_stand_in_the_order_of_the_published_checkpoint() -> None:
    order = json.loads((PARITY / "vectors.json").read_text())["sedd_small"]["info"]["ema"]["order"]
    assert [name for name, _ in ScoreModel(SMALL).named_parameters()] == order


def test_the_published_checkpoint_at_full_size_loads_strictly() -> None:
    layout = json.loads((PARITY / "official_layout.json").read_text())["aidd"]
    tensors = {entry["key"]: torch.empty(entry["shape"], device="meta") for entry in layout["keys"]}
    with torch.device("meta"):
        model = ScoreModel(network.OFFICIAL)
    model.load_state_dict(tensors, assign=True)
    assert sum(parameter.numel() for parameter in model.parameters()) == layout["counts"]["parameters"]


@pytest.mark.parametrize(("name", "noise"), [("loglinear", LogLinear()), ("geometric", Geometric())])
def test_noise_schedules_match(v: dict[str, Tensor], name: str, noise: LogLinear | Geometric) -> None:
    near(noise.total(v["noise.t"]), v[f"noise.{name}.total"], 1e-6, 1e-5)
    near(noise.rate(v["noise.t"]), v[f"noise.{name}.rate"], 1e-6, 1e-5)


@pytest.mark.parametrize(("name", "graph"), [("absorb", ABSORBING), ("uniform", UNIFORM)])
def test_graphs_match(v: dict[str, Tensor], name: str, graph: Graph) -> None:
    x, score = v["in.indices"], v["graph.in.log_score"].exp()
    sigma = v["graph.dsigma"].expand_as(x)
    near(graph.rate(x), v[f"graph.{name}.rate"], 1e-6)
    near(graph.transposed_rate(x), v[f"graph.{name}.transp_rate"], 1e-6)
    near(graph.reverse_rate(x, score), v[f"graph.{name}.reverse_rate"], 1e-5, 1e-5)
    near(graph.staggered_score(score, sigma), v[f"graph.{name}.staggered_score"], 1e-5, 1e-5)
    near(graph.transposed_transition(x, sigma), v[f"graph.{name}.transp_transition"], 1e-6)


@pytest.mark.parametrize("source", ["model", "given"])
@torch.no_grad()
def test_the_weights_of_a_reverse_step_match(model: ScoreModel, v: dict[str, Tensor], source: str) -> None:
    x, t, size = v["in.indices"], v["sampler.t"], 1 / 64
    score = model(x, NOISE.total(t)[:, 0]).exp() if source == "model" else v["graph.in.log_score"].exp()
    near(analytic_weights(ABSORBING, NOISE, x, score, t, size), v[f"sampler.{source}.analytic_probs"], 2e-6, 1e-5)
    near(euler_weights(ABSORBING, NOISE, x, score, t, size), v[f"sampler.{source}.euler_probs"], 2e-6, 1e-5)
    near(denoising_weights(ABSORBING, NOISE, x, score, t), v[f"sampler.{source}.denoiser_probs"], 2e-6, 1e-5)


def recorded_draw(weights: Tensor, uniform: Tensor) -> Tensor:
    """The published draw, from the uniform numbers that were recorded."""
    return (weights / (1e-10 - torch.log(uniform + 1e-10))).argmax(-1)


def test_the_recorded_draw_is_the_published_one(v: dict[str, Tensor]) -> None:
    assert torch.equal(recorded_draw(v["categorical.probs"], v["categorical.u"]), v["categorical.draw"])


class Recorded:
    """The recorded chances of the published loop, at the positions to be filled."""

    def __init__(self, v: dict[str, Tensor], positions: Tensor) -> None:
        self._uniforms = [u[:, positions] for u in v["loop.u"]] + [v["loop.u_denoise"][:, positions]]

    def uniform(self, *shape: int) -> Tensor:
        return torch.full((2, *shape), 0.5, dtype=torch.float64)

    def categorical(self, weights: Tensor) -> Tensor:
        return recorded_draw(weights, self._uniforms.pop(0))


def test_the_whole_published_sampling_loop_is_repeated_token_by_token(
    averaged: ScoreModel, v: dict[str, Tensor]
) -> None:
    fill = v["loop.mask"].bool()
    trace: list[Tensor] = []

    def keep(progress: SamplerProgress) -> None:
        trace.append(progress.tokens)

    tokens = v["loop.tokens"].expand(2, -1)
    recorded = Recorded(v, fill.nonzero().flatten())
    final = analytic(averaged, tokens, fill, ABSORBING, NOISE, steps=6, randomness=recorded, callback=keep)
    assert torch.equal(final, v["loop.final"])
    for step, expected in enumerate(v["loop.trace"]):
        known_or_drawn = torch.where(fill, trace[step], expected)
        assert torch.equal(known_or_drawn, expected), step
        assert torch.equal(trace[step][:, ~fill], tokens[:, ~fill])


def test_score_entropy_matches_for_the_absorbing_graph(v: dict[str, Tensor]) -> None:
    sigma = v["in.sigma"][:, None]
    entropy = score_entropy(ABSORBING, v["model.log_score"], sigma, v["in.indices"], v["in.x0"])
    near(entropy, v["loss.absorb.score_entropy"], 1e-5, 1e-5)
    collision = score_entropy(
        ABSORBING, v["loss.collision.log_score"], sigma, v["loss.collision.x"], v["loss.collision.x0"]
    )
    near(collision, v["loss.collision.score_entropy"], 1e-5, 1e-5)


def test_score_entropy_matches_for_the_uniform_graph(v: dict[str, Tensor]) -> None:
    entropy = score_entropy(
        UNIFORM, v["loss.uniform.log_score"], v["in.sigma"][:, None], v["loss.uniform.x"], v["loss.uniform.x0"]
    )
    near(entropy, v["loss.uniform.score_entropy"], 1e-5, 1e-5)


@torch.no_grad()
def test_the_regulariser_and_the_whole_loss_match(model: ScoreModel, v: dict[str, Tensor]) -> None:
    embedding, hidden = model.vocab_embed.embedding, v["in.indices"] == 63
    smoothness = derivative_regulariser(v["model.log_score"], v["in.x0"], hidden, embedding)
    near(smoothness, v["loss.deriv_reg"][0], 0, 1e-5)
    nothing = derivative_regulariser(v["model.log_score"], v["in.x0"], torch.zeros_like(hidden), embedding)
    near(nothing, v["loss.deriv_reg_nomask"][0], 0)
    t = v["loss.t"]
    sigma, rate = NOISE.total(t), NOISE.rate(t)
    log_score = model(v["in.indices"], sigma)
    for weight in (0, 500):
        losses = diffusion_loss(
            log_score, v["in.x0"], v["in.indices"], hidden, sigma, rate, ABSORBING, embedding, float(weight)
        )
        near(losses.total, v[f"loss.total_lamda{weight}"], 0, 1e-5)


def test_the_average_follows_as_published(v: dict[str, Tensor]) -> None:
    parameter = nn.Parameter(v["ema.params"][0].clone())
    average = ExponentialMovingAverage([parameter])
    for value, expected in zip(v["ema.params"][1:], v["ema.shadow"][1:], strict=True):
        parameter.data.copy_(value)
        average.update([parameter])
        near(average.shadow_params[0], expected, 1e-6)


class RecordedSpans:
    """The recorded draws of span masking; they must be asked for in the recorded ranges."""

    def __init__(self, v: dict[str, Tensor]) -> None:
        self._uniforms, self._starts = iter(v["span.u"].tolist()), iter(v["span.start"].tolist())
        self._bounds = iter(v["span.randint_high"].tolist())

    def uniform(self) -> float:
        return float(next(self._uniforms))

    def below(self, bound: int) -> int:
        assert bound == next(self._bounds)
        return int(next(self._starts))

    def exhausted(self) -> bool:
        return next(self._uniforms, None) is None


def test_span_masking_matches_draw_by_draw(v: dict[str, Tensor]) -> None:
    draws = RecordedSpans(v)
    hidden = span_mask(300, v["span.sigma"].flatten().tolist(), SpanLengths(0.8, 0.5, 30), draws)
    assert torch.equal(torch.where(hidden, 63, v["span.x"]), v["span.out"])
    assert draws.exhausted()
