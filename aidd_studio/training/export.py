"""From a training run to a model that the program can load: half precision, with a record that says what it is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aidd_studio.diffusion.score_model import ScoreModel
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.refiner import Refiner
from aidd_studio.weights.registry import Kind
from aidd_studio.weights.store import InstalledModel, ModelRecord, write_model

EXACT = ("quantizer.embed", "encoder.", "vocab_embed.embedding")
"""Kept in float32: rounding these would move sounds from one token to another."""

LEFT_OUT = ("quantizer.embed_avg", "quantizer.cluster_size", "quantizer.inited", "inv_freq")


def export_model(
    model: nn.Module,
    folder: Path,
    name: str,
    title: str,
    *,
    version: str = "1",
    licence: str = "MIT",
    source: str = "trained for this program; see docs/MODELS.md",
    tokenizer: str | None = None,
    defaults: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    note: str = "",
) -> InstalledModel:
    """Write a trained tokenizer, score model or refiner as NAME.safetensors and NAME.json into a folder."""
    kind, config = _describe(model)
    record = ModelRecord(
        name, kind, title, version, licence, source, tokenizer, config, defaults or {}, note, details or {}
    )
    tensors = {key: _slim(key, value) for key, value in model.state_dict().items() if not key.endswith(LEFT_OUT)}
    return write_model(folder, record, tensors)


def _describe(model: nn.Module) -> tuple[Kind, dict[str, Any]]:
    if isinstance(model, WavTokenizer):
        return "tokenizer", model.config.to_dict()
    if isinstance(model, ScoreModel):
        return "score", model.config.to_dict()
    if isinstance(model, Refiner):
        return "refiner", asdict(model.config)
    raise TypeError(f"a {type(model).__name__} is no model of this program")


def _slim(name: str, value: Tensor) -> Tensor:
    exact = name.startswith(EXACT) or not value.is_floating_point()
    return value.detach().cpu().clone().contiguous().to(value.dtype if exact else torch.float16)
