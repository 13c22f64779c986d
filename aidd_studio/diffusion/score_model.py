"""The network: a diffusion transformer that gives log scores (Lou et al. 2024; Peebles & Xie 2023)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aidd_studio.diffusion.graph import AbsorbingGraph, Graph, UniformGraph

FREQUENCIES = 256


@dataclass(frozen=True)
class ScoreModelConfig:
    """Sizes of a score model.

    `tokens` counts real tokens; the absorbing graph adds one state, the mask. With `embedding_dim` the tokens are
    embedded through vectors of that size (a tokenizer's codebook, see `set_codebook`), projected to the hidden
    size; with `tied_output` the same vectors give the output, so that alike codes get alike scores.
    """

    tokens: int = 4095
    hidden_size: int = 768
    blocks: int = 12
    heads: int = 12
    cond_dim: int = 128
    dropout: float = 0.1
    graph: Literal["absorbing", "uniform"] = "absorbing"
    scale_by_sigma: bool = True
    embedding_dim: int | None = None
    tied_output: bool = False

    def __post_init__(self) -> None:
        if self.tied_output and self.embedding_dim is None:
            raise ValueError("a tied output needs an embedding_dim")

    @property
    def states(self) -> int:
        return self.build_graph().states

    def build_graph(self) -> Graph:
        return AbsorbingGraph(self.tokens) if self.graph == "absorbing" else UniformGraph(self.tokens)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ScoreModelConfig:
        """The inverse of `to_dict`. Raises TypeError for a name that is not a setting."""
        return cls(**values)


OFFICIAL = ScoreModelConfig()
"""The published AIDD network: 4095 tokens and the mask, 98.7 million parameters."""


class ScoreModel(nn.Module):
    """Log scores of every state for every position.

    The parameters' names and order are those of the published checkpoint, so that its state_dict loads as it is and
    its unnamed EMA list can be matched by position. Layers may be cast to bfloat16 or float16 by `set_precision`;
    the residual stream, the norms and the noise embedding stay in float32.
    """

    def __init__(self, config: ScoreModelConfig) -> None:
        super().__init__()
        self.config = config
        self.vocab_embed = _embedding(config)
        self.sigma_map = SigmaEmbedding(config.cond_dim)
        self.rotary_emb = Rotary(config.hidden_size // config.heads)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.output_layer = OutputLayer(config)

    def forward(
        self, tokens: Tensor, sigma: Tensor, positions: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """Log scores float32 [B, L, states] for tokens int64 [B, L] at noise levels sigma float32 [B].

        With `positions`, int64 [M] or of each row its own [B, M], only these are computed: [B, M, states]. With
        `lengths` int64 [B] a row's tokens from there on are filling that nothing looks at. The entry of a position's
        current state is 0.
        """
        seen = None
        if lengths is not None:
            seen = (torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None])[:, None, None]
        x = self.vocab_embed(tokens).float()
        condition = F.silu(self.sigma_map(sigma))
        rotation = self.rotary_emb(tokens.shape[1])
        for block in self.blocks:
            x = block(x, condition, rotation, seen)
        if positions is not None and positions.dim() == 1:
            x, tokens = x[:, positions], tokens[:, positions]
        elif positions is not None:
            x = x.gather(1, positions[..., None].expand(-1, -1, x.shape[-1]))
            tokens = tokens.gather(1, positions)
        table = self.vocab_embed.embedding if self.config.tied_output else None
        scores = self.output_layer(x, condition, table).float()
        if self.config.scale_by_sigma:
            scores = scores - (torch.log(torch.expm1(sigma)) + math.log(self.config.states - 1))[:, None, None]
        return scores.scatter(-1, tokens[..., None], 0.0)  # type: ignore[no-any-return]

    def set_precision(self, dtype: torch.dtype) -> None:
        """Run the matrix products in `dtype`."""
        for block in self.blocks:
            block.to(dtype)
        self.output_layer.to(dtype)

    @torch.no_grad()
    def set_codebook(self, codebook: Tensor) -> None:
        """Take the tokens' vectors from a codebook [codes, embedding_dim]; further states keep theirs."""
        shared = min(len(codebook), self.vocab_embed.embedding.shape[0])
        self.vocab_embed.embedding[:shared].copy_(codebook[:shared])


def _embedding(config: ScoreModelConfig) -> TokenEmbedding | ProjectedEmbedding:
    if config.embedding_dim is None:
        return TokenEmbedding(config.states, config.hidden_size)
    return ProjectedEmbedding(config.states, config.embedding_dim, config.hidden_size)


class TokenEmbedding(nn.Module):
    """One vector for each state: [...] to [..., dim]."""

    def __init__(self, states: int, dim: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(states, dim))
        nn.init.kaiming_uniform_(self.embedding, a=math.sqrt(5))

    def forward(self, tokens: Tensor) -> Tensor:
        return F.embedding(tokens, self.embedding)


class ProjectedEmbedding(TokenEmbedding):
    """A short vector for each state, projected: [...] to [..., dim]."""

    def __init__(self, states: int, embedding_dim: int, dim: int) -> None:
        super().__init__(states, embedding_dim)
        self.project = nn.Linear(embedding_dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.project(super().forward(tokens))  # type: ignore[no-any-return]


class SigmaEmbedding(nn.Module):
    """The noise level as sines and cosines through a small network: [B] to [B, cond_dim]."""

    def __init__(self, cond_dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(FREQUENCIES, cond_dim), nn.SiLU(), nn.Linear(cond_dim, cond_dim))

    def forward(self, sigma: Tensor) -> Tensor:
        return self.mlp(sigma_features(sigma))  # type: ignore[no-any-return]


def sigma_features(sigma: Tensor) -> Tensor:
    """Cosines, then sines, of sigma at geometrically spaced frequencies: [B] to [B, 256]."""
    half = FREQUENCIES // 2
    frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=sigma.device, dtype=torch.float32) / half)
    angles = sigma[:, None].float() * frequencies
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


class Rotary(nn.Module):
    """Rotations of query and key by their position (Su et al. 2021)."""

    inv_freq: Tensor

    def __init__(self, head_dim: int) -> None:
        super().__init__()
        self.register_buffer("inv_freq", 1 / 10_000 ** (torch.arange(0, head_dim, 2).float() / head_dim))

    def forward(self, length: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines [length, head_dim / 2]."""
        positions = torch.arange(length, device=self.inv_freq.device, dtype=torch.float32)
        angles = torch.outer(positions, self.inv_freq.float())
        return angles.cos(), angles.sin()


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """x [..., length, head_dim] with its halves (not interleaved pairs) rotated; keeps the dtype."""
    cosine, sine = rotation
    first, second = x.float().chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1).to(x.dtype)


class LayerNorm(nn.Module):
    """Layer norm with a gain and no offset, in float32: [..., dim] to float32 [..., dim]."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x.float(), x.shape[-1:], self.weight.float())


class Block(nn.Module):
    """Attention and a two-layer network, each normed, modulated and gated by the condition."""

    def __init__(self, config: ScoreModelConfig) -> None:
        super().__init__()
        hidden, self.heads, self.dropout = config.hidden_size, config.heads, config.dropout
        self.norm1 = LayerNorm(hidden)
        self.attn_qkv = nn.Linear(hidden, 3 * hidden, bias=False)
        self.attn_out = nn.Linear(hidden, hidden, bias=False)
        self.norm2 = LayerNorm(hidden)
        self.mlp = nn.Sequential(nn.Linear(hidden, 4 * hidden), nn.GELU("tanh"), nn.Linear(4 * hidden, hidden))
        self.adaLN_modulation = _zeroed(nn.Linear(config.cond_dim, 6 * hidden))

    def forward(
        self, x: Tensor, condition: Tensor, rotation: tuple[Tensor, Tensor], seen: Tensor | None = None
    ) -> Tensor:
        """x float32 [B, L, hidden], condition [B, cond_dim]; seen, bool [B, 1, 1, L]: what may be attended to."""
        modulation = _apply(self.adaLN_modulation, condition).float()[:, None]
        shift1, scale1, gate1, shift2, scale2, gate2 = modulation.chunk(6, dim=-1)
        attended = self._attend(self.norm1(x) * (1 + scale1) + shift1, rotation, seen)
        x = x + gate1 * F.dropout(attended, self.dropout, self.training)
        hidden = self.norm2(x) * (1 + scale2) + shift2
        hidden = self.mlp(hidden.to(self.mlp[0].weight.dtype))
        return x + gate2 * F.dropout(hidden, self.dropout, self.training)

    def _attend(self, x: Tensor, rotation: tuple[Tensor, Tensor], seen: Tensor | None) -> Tensor:
        batch, length, hidden = x.shape
        packed = _apply(self.attn_qkv, x).view(batch, length, 3, self.heads, -1)
        query, key, value = packed.permute(2, 0, 3, 1, 4)  # each [B, heads, L, head_dim]
        attended = F.scaled_dot_product_attention(rotate(query, rotation), rotate(key, rotation), value, seen)
        return _apply(self.attn_out, attended.transpose(1, 2).reshape(batch, length, hidden))


class OutputLayer(nn.Module):
    """Norm, modulation and a linear layer to the states; through the tokens' vectors when the output is tied."""

    def __init__(self, config: ScoreModelConfig) -> None:
        super().__init__()
        outputs = config.states if not config.tied_output or config.embedding_dim is None else config.embedding_dim
        self.norm_final = LayerNorm(config.hidden_size)
        self.linear = _zeroed(nn.Linear(config.hidden_size, outputs))
        self.adaLN_modulation = _zeroed(nn.Linear(config.cond_dim, 2 * config.hidden_size))
        self.state_bias = nn.Parameter(torch.zeros(config.states)) if config.tied_output else None

    def forward(self, x: Tensor, condition: Tensor, table: Tensor | None) -> Tensor:
        """x [B, M, hidden] to [B, M, states]; `table` [states, embedding_dim] when the output is tied."""
        shift, scale = _apply(self.adaLN_modulation, condition).float()[:, None].chunk(2, dim=-1)
        out = _apply(self.linear, self.norm_final(x) * (1 + scale) + shift)
        if table is None or self.state_bias is None:
            return out
        return out.float() @ table.float().T + self.state_bias.float()


def _apply(layer: nn.Linear, x: Tensor) -> Tensor:
    """The layer in its own precision."""
    return F.linear(x.to(layer.weight.dtype), layer.weight, layer.bias)


def _zeroed(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
