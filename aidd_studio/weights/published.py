"""The published checkpoints (WavTokenizer's, AIDD's, VGGish's) as our tensors and our configuration."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from aidd_studio.errors import ModelError
from aidd_studio.weights.building import differences
from aidd_studio.weights.registry import Kind

if TYPE_CHECKING:
    from torch import Tensor

_GRAPHS: dict[str, Literal["absorbing", "uniform"]] = {"absorb": "absorbing", "uniform": "uniform"}

BUFFERS = ("rotary_emb.inv_freq",)
"""Tensors of AIDD's network that are no parameters, hence not among the moving averages."""


def wavtokenizer(checkpoint: Mapping[str, Any], name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and configuration of a WavTokenizer checkpoint (Lightning: the weights are under "state_dict").

    Sizes are taken from the tensors' shapes, since not every published file comes with its configuration. Losses,
    discriminators and the encodec decoder, which is never run, are left out. Raises ModelError naming what is wrong.
    """
    from aidd_studio.weights.layout import USED, from_official

    state = _tensors(checkpoint, "state_dict", name)
    used = {key: tensor.float() for key, tensor in state.items() if key.startswith(USED)}
    try:
        tensors = from_official(used)
        config = _tokenizer_config(tensors)
    except (KeyError, IndexError, ValueError) as error:
        missing = error.args[0] if isinstance(error, KeyError) else error
        raise ModelError(f"{name} is no WavTokenizer checkpoint: it lacks {missing}.") from error
    _check("tokenizer", config, tensors, name)
    return tensors, config


def vggish(checkpoint: Mapping[str, Any], name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors of a VGGish file as torchvggish publishes it: nothing but named weights. Raises ModelError."""
    tensors = {key: tensor.float() for key, tensor in _tensors({"state": checkpoint}, "state", name).items()}
    _check("embedding", {}, tensors, name)
    return tensors, {}


def aidd(
    checkpoint: Mapping[str, Any], config: Mapping[str, Any], name: str
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and configuration of an AIDD checkpoint, with the moving averages in place of the weights.

    checkpoint: "model" names every tensor, "ema" holds a list without names in the order of the model's parameters.
    config: the config.yaml beside it. Raises ModelError naming what is wrong.
    """

    from aidd_studio.diffusion.score_model import ScoreModelConfig

    state = _tensors(checkpoint, "model", name)
    tensors = with_averages(state, checkpoint.get("ema"), name)
    try:
        sizes, graph = config["model"], config["graph"]["type"]
        ours = ScoreModelConfig(
            tokens=int(config["tokens"]),
            hidden_size=int(sizes["hidden_size"]),
            blocks=int(sizes["n_blocks"]),
            heads=int(sizes["n_heads"]),
            cond_dim=int(sizes["cond_dim"]),
            dropout=float(sizes["dropout"]),
            graph=_GRAPHS[graph],
            scale_by_sigma=bool(sizes["scale_by_sigma"]),
        ).to_dict()
        _check("score", ours, tensors, name)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ModelError(f"The config.yaml of {name} is not that of an AIDD model ({error!r}).") from error
    return tensors, ours


def with_averages(state: Mapping[str, Tensor], ema: Any, name: str) -> dict[str, Tensor]:
    """The model's tensors, every parameter replaced by its moving average; raises ModelError when they do not match."""
    averages = ema.get("shadow_params") if isinstance(ema, dict) else None
    if not isinstance(averages, (list, tuple)):
        raise ModelError(f"{name} is no AIDD checkpoint: it lacks the moving averages (ema, shadow_params).")
    parameters = [key for key in state if not key.endswith(BUFFERS)]
    if len(parameters) != len(averages):
        raise ModelError(f"{name} has {len(averages)} moving averages for {len(parameters)} parameters; get it again.")
    averaged = dict(state)
    for key, average in zip(parameters, averages, strict=True):
        if getattr(average, "shape", None) != state[key].shape:
            raise ModelError(f"{name} has a moving average of another shape than {key}; get it again.")
        averaged[key] = average
    return {key: tensor.float() for key, tensor in averaged.items()}


def _tensors(checkpoint: Mapping[str, Any], key: str, name: str) -> Mapping[str, Tensor]:
    from torch import Tensor

    state = checkpoint.get(key)
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError(f"{name} is not one of the published checkpoints: it has no weights under {key!r}.")
    return state


def _check(kind: Kind, config: Mapping[str, Any], tensors: Mapping[str, Tensor], name: str) -> None:
    wrong = differences(kind, config, tensors)
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ModelError(f"{name} does not have the published layout: {'; '.join(wrong[:3])}{more}.")


def _tokenizer_config(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The sizes of a WavTokenizer, read off its tensors."""
    from aidd_studio.tokenizer.config import SEANetConfig, TokenizerConfig

    shape = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    stages = _count(shape, "encoder.stages.")
    strides = tuple(shape[f"encoder.stages.{stage}.down.conv.weight"][2] // 2 for stage in range(stages))
    lstm_layers = sum(key.startswith("encoder.lstm.weight_ih_l") for key in shape)
    codebook_size, codebook_dim = shape["quantizer.embed"]
    scales = shape.get("backbone.norm.scale.weight", (0,))
    return TokenizerConfig(
        hop=prod(strides),
        encoder=SEANetConfig(shape["encoder.first.conv.weight"][0], strides, lstm_layers),
        latent_dim=shape["encoder.last.conv.weight"][0],
        codebook_size=codebook_size,
        codebook_dim=codebook_dim,
        backbone_dim=shape["backbone.embed.weight"][0],
        backbone_intermediate_dim=shape["backbone.convnext.0.pwconv1.weight"][0],
        backbone_layers=_count(shape, "backbone.convnext."),
        position_net=any(key.startswith("backbone.pos_net.") for key in shape),
        adanorm_embeddings=scales[0],
        head_n_fft=shape["head.out.weight"][0] - 2,
    ).to_dict()


def _count(names: Mapping[str, Any], prefix: str) -> int:
    return len({name.removeprefix(prefix).split(".")[0] for name in names if name.startswith(prefix)})
