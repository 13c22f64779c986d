"""The published checkpoints' names for a tokenizer's tensors, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from aidd_studio.tokenizer.seanet import folded_weight

ENCODER = "feature_extractor.encodec.encoder.model."
CODEBOOK = "feature_extractor.encodec.quantizer.vq.layers.0._codebook."
USED = (ENCODER, CODEBOOK, "backbone.", "head.out.")
"""Prefixes of the tensors that inference needs. The encodec decoder, the losses and the discriminators are not
among them, nor is the head's window, which is a constant."""


def from_official(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A published state_dict under our names, weight norm folded, everything that inference never uses left out.

    The result loads strictly into WavTokenizer. Raises KeyError when half of a weight norm pair is missing.
    """
    stages = _stages(tensors)
    ours: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if not name.startswith(USED) or name.endswith(".weight_v"):
            continue
        if name.endswith(".weight_g"):
            stem = name.removesuffix("_g")
            ours[_our_name(stem, stages)] = folded_weight(tensor, tensors[stem + "_v"])
        else:
            ours[_our_name(name, stages)] = tensor
    return ours


def _our_name(name: str, stages: int) -> str:
    if name.startswith(CODEBOOK):
        return "quantizer." + name.removeprefix(CODEBOOK)
    if not name.startswith(ENCODER):
        return name
    number, rest = name.removeprefix(ENCODER).split(".", 1)
    return "encoder." + _encoder_part(int(number), rest, stages)


# The published encoder is one sequence: convolution 0; for stage s a residual block 3s + 1, an activation and the
# strided convolution 3s + 3; after S stages the LSTM 3S + 1, an activation and the last convolution 3S + 3.
def _encoder_part(number: int, rest: str, stages: int) -> str:
    if rest.startswith("lstm."):
        return rest
    if rest.startswith(("block.", "shortcut.")):
        return f"stages.{number // 3}.residual." + _residual_part(rest)
    parameter = rest.removeprefix("conv.")
    if number == 0:
        return "first." + parameter
    return f"stages.{number // 3 - 1}.down." + parameter if number <= 3 * stages else "last." + parameter


def _residual_part(rest: str) -> str:
    named = rest.replace("block.1.", "narrow.").replace("block.3.", "widen.")
    return named.replace(".conv.conv.", ".conv.")


def _stages(tensors: Mapping[str, Tensor]) -> int:
    lstm = re.compile(re.escape(ENCODER) + r"(\d+)\.lstm\.")
    numbers = [int(match[1]) for match in map(lstm.match, tensors) if match]
    return (numbers[0] - 1) // 3 if numbers else 0
