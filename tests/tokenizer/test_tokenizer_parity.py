"""The tokenizer computes what the published implementation computes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from aidd_studio.tokenizer import config as sizes
from aidd_studio.tokenizer.config import SEANetConfig, TokenizerConfig
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.weights.layout import from_official

PARITY = Path(__file__).parents[1] / "data" / "parity"

SMALL = TokenizerConfig(
    encoder=SEANetConfig(filters=4),
    latent_dim=32,
    codebook_size=64,
    codebook_dim=32,
    backbone_dim=64,
    backbone_intermediate_dim=80,
    backbone_layers=2,
)


@pytest.fixture(scope="module")
def model() -> WavTokenizer:
    tokenizer = WavTokenizer(SMALL).eval()
    tokenizer.load_state_dict(from_official(load_file(PARITY / "wavtokenizer_small.safetensors")))
    return tokenizer


@pytest.fixture(scope="module")
def vectors() -> dict[str, Tensor]:
    return load_file(PARITY / "wavtokenizer_small_io.safetensors")


def near(value: Tensor, expected: Tensor, limit: float) -> None:
    torch.testing.assert_close(value, expected, rtol=0, atol=limit)


@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
@torch.no_grad()
def test_encoding_gives_the_published_latents_and_codes(
    model: WavTokenizer, vectors: dict[str, Tensor], case: str
) -> None:
    wave = vectors[f"{case}.wav"]
    near(model.latents(wave), vectors[f"{case}.encoder_out"].transpose(1, 2), 3e-5)
    assert torch.equal(model.encode(wave), vectors[f"{case}.codes"][0])
    near(model.embed(model.encode(wave)), vectors[f"{case}.quantized"].transpose(1, 2), 0)


@pytest.mark.parametrize(("case", "bandwidth"), [("a", 0), ("b", 0), ("b", 2), ("c", 0), ("e", 0)])
@torch.no_grad()
def test_decoding_gives_the_published_features_and_wave(
    model: WavTokenizer, vectors: dict[str, Tensor], case: str, bandwidth: int
) -> None:
    codes = vectors[f"{case}.codes"][0]
    if bandwidth == 0:
        near(model.backbone(model.embed(codes)), vectors[f"{case}.backbone_out"], 5e-5)
    near(model.decode(codes, bandwidth), vectors[f"{case}.audio_bw{bandwidth}"], 1e-5)


def test_an_official_checkpoint_at_full_size_loads_strictly() -> None:
    layout = json.loads((PARITY / "official_layout.json").read_text())["wavtokenizer"]
    tensors = {
        entry["key"]: torch.empty(entry["shape"], dtype=getattr(torch, entry["dtype"]), device="meta")
        for entry in layout["keys"] + layout["ignored_keys"]
    }
    with torch.device("meta"):
        model = WavTokenizer(sizes.OFFICIAL_75)
    model.load_state_dict(from_official(tensors), assign=True)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert parameters + model.quantizer.embed.numel() == layout["counts"]["folded_inference_parameters"]
