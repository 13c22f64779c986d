"""Modules from a description (kind and configuration), and their weights from named tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aidd_studio.weights.registry import Kind

if TYPE_CHECKING:
    from torch import Tensor, nn

OPTIONAL = frozenset(
    {"quantizer.embed_avg", "quantizer.cluster_size", "quantizer.inited", "rotary_emb.inv_freq", "hann"}
)
"""What a file may leave out: a tokenizer's training statistics, which running it does not need, and constants."""


def build(kind: Kind, config: Mapping[str, Any]) -> nn.Module:
    """A module whose weights are still unset; `fill` sets them.

    Raises KeyError, TypeError or ValueError when the configuration is not one of that kind.
    """
    from aidd_studio.weights.initialisation import without_initialisation

    with without_initialisation():
        if kind == "tokenizer":
            from aidd_studio.tokenizer.config import TokenizerConfig
            from aidd_studio.tokenizer.model import WavTokenizer

            return WavTokenizer(TokenizerConfig.from_dict(config))
        if kind == "score":
            from aidd_studio.diffusion.score_model import ScoreModel, ScoreModelConfig

            return ScoreModel(ScoreModelConfig.from_dict(config))
        if kind == "embedding":
            from aidd_studio.weights.vggish import VGGish

            return VGGish(**config)
        from aidd_studio.tokenizer.refiner import Refiner, RefinerConfig

        return Refiner(RefinerConfig(**config))


def layout(kind: Kind, config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor that such a model has, without making them."""
    import torch

    with torch.device("meta"):
        model = build(kind, config)
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def differences(kind: Kind, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> list[str]:
    """What is missing, unknown or of the wrong shape among the tensors of a model, one phrase each."""
    wanted = layout(kind, config)
    missing = [f"{name} is missing" for name in wanted if name not in tensors and name not in OPTIONAL]
    unknown = [f"{name} is unknown" for name in tensors if name not in wanted]
    wrong = [
        f"{name} has the shape {list(tensors[name].shape)}, not {list(shape)}"
        for name, shape in wanted.items()
        if name in tensors and tuple(tensors[name].shape) != shape
    ]
    return missing + wrong + unknown


def fill(model: nn.Module, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Give a module its weights as float32, in evaluation mode and without gradients; nothing is copied needlessly.

    Raises RuntimeError naming a tensor that is missing, unknown or of the wrong shape.
    """
    ready = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    unmatched = model.load_state_dict(ready, strict=False, assign=True)
    missing = [name for name in unmatched.missing_keys if name not in OPTIONAL]
    if missing:
        raise RuntimeError(f"{missing[0]} is missing")
    if unmatched.unexpected_keys:
        raise RuntimeError(f"{unmatched.unexpected_keys[0]} is unknown")
    return model.eval().requires_grad_(False)
