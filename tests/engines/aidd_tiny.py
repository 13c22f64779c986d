"""Tiny random models, installed as real ones are, for tests of the engine aidd."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig
from aidd_studio.tokenizer.config import BUNDLED, SEANetConfig, SpectralEncoderConfig, TokenizerConfig
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.refiner import Refiner, RefinerConfig
from aidd_studio.weights.registry import DEFAULT_REFINER
from aidd_studio.weights.store import ModelRecord, models_folder, write_model

SPECTRAL = dataclasses.replace(
    BUNDLED,
    encoder=SpectralEncoderConfig(dim=32, intermediate_dim=48, layers=1),
    codebook_size=128,
    backbone_dim=32,
    backbone_intermediate_dim=48,
    backbone_layers=1,
)
SEANET = TokenizerConfig(
    encoder=SEANetConfig(filters=4),
    latent_dim=32,
    codebook_size=128,
    codebook_dim=32,
    backbone_dim=64,
    backbone_intermediate_dim=80,
    backbone_layers=1,
)


def install(config: TokenizerConfig = SPECTRAL, tokenizer_name: str = "tiny-tokenizer", **defaults: Any) -> str:
    """Install a tiny pair of models and return the score model's name; `defaults` are its card's."""
    torch.manual_seed(0)
    tokenizer = WavTokenizer(config)
    sizes = ScoreModelConfig(tokens=128, hidden_size=32, blocks=2, heads=2, cond_dim=16, dropout=0.0)
    score = ScoreModel(sizes)
    for parameter in score.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    common: dict[str, Any] = {"title": "tiny", "version": "1", "licence": "MIT", "source": "tests"}
    folder = models_folder()
    write_model(
        folder, ModelRecord(tokenizer_name, "tokenizer", config=config.to_dict(), **common), tokenizer.state_dict()
    )
    record = ModelRecord(
        "tiny-score", "score", config=sizes.to_dict(), tokenizer=tokenizer_name, defaults=defaults, **common
    )
    write_model(folder, record, score.state_dict())
    return "tiny-score"


def install_refiner() -> None:
    """Install a tiny random refiner in the place of the bundled one."""
    torch.manual_seed(1)
    sizes = RefinerConfig(width=32, hidden=48, layers=1)
    record = ModelRecord(DEFAULT_REFINER, "refiner", "tiny", "1", "MIT", "tests", config=dataclasses.asdict(sizes))
    write_model(models_folder(), record, Refiner(sizes).state_dict())
