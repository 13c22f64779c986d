"""The score network is asked for several gaps at once, and no gap notices."""

from __future__ import annotations

import pytest
import torch

from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.engines.aidd.batching import ROWS, ScoreCall, joint_scores


@pytest.fixture(params=["fp32", "bf16"])
def model(request: pytest.FixtureRequest) -> ScoreModel:
    torch.manual_seed(0)
    made = ScoreModel(ScoreModelConfig(tokens=100, hidden_size=64, blocks=2, heads=4, cond_dim=16)).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    if request.param == "bf16":
        made.set_precision(torch.bfloat16)
    return made


def call(seed: int, length: int, count: int = 1, hidden: int = 9) -> ScoreCall:
    chance = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, 100, (count, length), generator=chance)
    positions = torch.randint(0, length - hidden, (1,), generator=chance) + torch.arange(hidden)
    tokens[:, positions] = 100
    return ScoreCall(tokens, torch.rand(count, generator=chance) + 0.1, positions)


@torch.inference_mode()
def test_a_joint_call_says_what_single_calls_say(model: ScoreModel) -> None:
    calls = [call(1, 100), call(2, 121, 3), call(3, 40, 1, 35), call(4, 64, ROWS + 2)]
    tolerance = 1e-4 if next(model.blocks.parameters()).dtype == torch.float32 else 0.1
    for asked, scores in zip(calls, joint_scores(model, calls), strict=True):
        alone = model(asked.tokens, asked.sigma, asked.positions)
        assert scores.shape == alone.shape
        torch.testing.assert_close(scores, alone, atol=tolerance, rtol=tolerance)


@torch.inference_mode()
def test_a_gaps_scores_are_the_same_to_the_bit_in_any_company(model: ScoreModel) -> None:
    asked = call(1, 100, 2)
    (alone,) = joint_scores(model, [asked])
    for company in range(1, 12):
        others = [call(10 + number, 70 + number, 1, 9 + number % 3) for number in range(company)]
        for place in (0, company // 2, company):
            calls = [*others[:place], asked, *others[place:]]
            assert torch.equal(joint_scores(model, calls)[place], alone)


@torch.inference_mode()
def test_gaps_share_calls_of_the_network(model: ScoreModel) -> None:
    counted: list[int] = []
    model.register_forward_pre_hook(lambda _, arguments: counted.append(len(arguments[0])))
    joint_scores(model, [call(number, 70 + 5 * number) for number in range(8)])
    assert counted == [ROWS]
