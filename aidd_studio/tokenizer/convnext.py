"""The decoder's blocks: ConvNeXt in one dimension, laid out [batch, frames, channels] (Siuzdak 2024, Vocos), and the
position net before it, laid out [batch, channels, frames]."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-6
GROUPS = 32
"""Of the position net's norms."""


class AdaptiveLayerNorm(nn.Module):
    """Layer norm whose gain and offset are chosen by an identifier (the published model's bandwidth)."""

    def __init__(self, dim: int, embeddings: int) -> None:
        super().__init__()
        self.scale = nn.Embedding(embeddings, dim)
        self.shift = nn.Embedding(embeddings, dim)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, identifier: int) -> Tensor:
        """[..., dim] to [..., dim]."""
        return F.layer_norm(x, x.shape[-1:], self.scale.weight[identifier], self.shift.weight[identifier], EPSILON)


class PlainLayerNorm(nn.LayerNorm):
    """Layer norm with the call of the adaptive one; the identifier changes nothing."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim, eps=EPSILON)

    def forward(self, x: Tensor, identifier: int = 0) -> Tensor:
        """[..., dim] to [..., dim]."""
        return super().forward(x)


def layer_norm(dim: int, embeddings: int) -> AdaptiveLayerNorm | PlainLayerNorm:
    """The norm for that many adaptive embeddings; 0 gives the plain one."""
    return AdaptiveLayerNorm(dim, embeddings) if embeddings else PlainLayerNorm(dim)


class DepthwiseConv(nn.Conv1d):
    """One filter per channel, along the frames of [B, L, C]; odd kernel, same length."""

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B, L, C] to [B, L, C]."""
        # [B, C, 1, L] with the channels last in memory is a view of [B, L, C]: the fast path of the CPU kernels.
        image = x.contiguous().transpose(1, 2).unsqueeze(2)
        filtered = F.conv2d(
            image, self.weight[:, :, None], self.bias, padding=(0, self.kernel_size[0] // 2), groups=self.groups
        )
        return filtered.squeeze(2).transpose(1, 2)


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, norm, two linear layers with a GELU between, scaled and added to the input."""

    def __init__(
        self, dim: int, intermediate_dim: int, scale: float, embeddings: int = 0, kernel_size: int = 7
    ) -> None:
        super().__init__()
        self.dwconv = DepthwiseConv(dim, kernel_size)
        self.norm = layer_norm(dim, embeddings)
        self.pwconv1 = nn.Linear(dim, intermediate_dim)
        self.pwconv2 = nn.Linear(intermediate_dim, dim)
        self.gamma = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor, identifier: int = 0) -> Tensor:
        """[B, L, dim] to [B, L, dim]."""
        hidden = self.norm(self.dwconv(x), identifier)
        return x + self.gamma * self.pwconv2(F.gelu(self.pwconv1(hidden)))  # type: ignore[no-any-return]


def group_norm(dim: int) -> nn.GroupNorm:
    """The norm of all parts here; it pools over time."""
    return nn.GroupNorm(GROUPS, dim, eps=1e-6)


class PositionResidual(nn.Module):
    """Norm, swish, convolution, twice, added to the input."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm1 = group_norm(dim)
        self.conv1 = nn.Conv1d(dim, dim, 3, padding=1)
        self.norm2 = group_norm(dim)
        self.conv2 = nn.Conv1d(dim, dim, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, dim, L] to [B, dim, L]."""
        hidden = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(hidden)))  # type: ignore[no-any-return]


class PositionAttention(nn.Module):
    """Single-head attention over all frames, added to the input."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = group_norm(dim)
        self.q = nn.Conv1d(dim, dim, 1)
        self.k = nn.Conv1d(dim, dim, 1)
        self.v = nn.Conv1d(dim, dim, 1)
        self.proj_out = nn.Conv1d(dim, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, dim, L] to [B, dim, L]."""
        normed = self.norm(x)
        query, key, value = (part(normed).transpose(1, 2) for part in (self.q, self.k, self.v))
        attended = F.scaled_dot_product_attention(query, key, value)
        return x + self.proj_out(attended.transpose(1, 2))  # type: ignore[no-any-return]


class PositionNet(nn.Sequential):
    """What the published decoder runs before its ConvNeXt blocks (Ji et al. 2024); it attends over the whole clip.

    Two residual blocks, attention, two residual blocks, norm; [B, dim, L] to [B, dim, L].
    """

    def __init__(self, dim: int) -> None:
        blocks = (PositionResidual, PositionResidual, PositionAttention, PositionResidual, PositionResidual)
        super().__init__(*(block(dim) for block in blocks), group_norm(dim))
