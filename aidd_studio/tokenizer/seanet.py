"""The published encoder: SEANet, strided convolutions with residual blocks and an LSTM (Défossez et al. 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aidd_studio.tokenizer.config import SEANetConfig
from aidd_studio.tokenizer.spectrum import reflect


class PaddedConv(nn.Module):
    """A convolution whose output has ceil(T / stride) frames; both ends are reflected."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[B, in, T] to [B, out, ceil(T / stride)]."""
        stride = self.conv.stride[0]
        total = self.conv.kernel_size[0] - stride
        right = total // 2
        extra = -x.shape[-1] % stride
        return self.conv(reflect(x, total - right, right + extra))  # type: ignore[no-any-return]


class ResidualBlock(nn.Module):
    """Two convolutions through half the channels, beside a 1x1 shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = PaddedConv(channels, channels // 2, 3)
        self.widen = PaddedConv(channels // 2, channels, 1)
        self.shortcut = PaddedConv(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] to [B, C, T]."""
        narrow = self.narrow(nn.functional.elu(x))
        return self.shortcut(x) + self.widen(nn.functional.elu(narrow))  # type: ignore[no-any-return]


class Stage(nn.Module):
    """A residual block and a strided convolution that doubles the channels."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.residual = ResidualBlock(channels)
        self.down = PaddedConv(channels, 2 * channels, 2 * stride, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] to [B, 2C, ceil(T / stride)]."""
        return self.down(nn.functional.elu(self.residual(x)))  # type: ignore[no-any-return]


class SEANetEncoder(nn.Module):
    """Wave to latents, one a token. The receptive field is 50 ms to each side, plus the LSTM's whole past."""

    def __init__(self, config: SEANetConfig, latent_dim: int) -> None:
        super().__init__()
        channels = config.filters
        self.first = PaddedConv(1, channels, 7)
        self.stages = nn.ModuleList()
        for stride in config.strides:
            self.stages.append(Stage(channels, stride))
            channels *= 2
        self.lstm = nn.LSTM(channels, channels, config.lstm_layers, batch_first=True)
        self.last = PaddedConv(channels, latent_dim, 7)

    def forward(self, wave: Tensor) -> Tensor:
        """Wave [B, T] to latents [B, ceil(T / hop), latent_dim]."""
        x = self.first(wave[:, None])
        for stage in self.stages:
            x = stage(x)
        sequence = x.transpose(1, 2)
        sequence = sequence + self.lstm(sequence)[0]
        return self.last(nn.functional.elu(sequence.transpose(1, 2))).transpose(1, 2)  # type: ignore[no-any-return]


def folded_weight(length: Tensor, direction: Tensor) -> Tensor:
    """The convolution weight g * v / ||v|| of legacy weight norm; length [out, 1, 1], direction [out, in, k]."""
    norm: Tensor = torch.linalg.vector_norm(direction, dim=(1, 2), keepdim=True)
    return length * direction / norm
