"""The decoder's first part: residual blocks and one attention over the whole clip (Ji et al. 2024)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

GROUPS = 32


def group_norm(dim: int) -> nn.GroupNorm:
    """The norm of all parts here; it pools over time."""
    return nn.GroupNorm(GROUPS, dim, eps=1e-6)


class ResidualBlock(nn.Module):
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


class AttentionBlock(nn.Module):
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
    """Two residual blocks, attention, two residual blocks, norm; [B, dim, L] to [B, dim, L]."""

    def __init__(self, dim: int) -> None:
        blocks = (ResidualBlock, ResidualBlock, AttentionBlock, ResidualBlock, ResidualBlock)
        super().__init__(*(block(dim) for block in blocks), group_norm(dim))
