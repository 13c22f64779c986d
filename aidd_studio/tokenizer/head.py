"""The decoder's end: features to a complex spectrum to a wave (Siuzdak 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aidd_studio.tokenizer.spectrum import aligned_istft

LARGEST_MAGNITUDE = 100.0
"""The published safeguard against excessively large magnitudes."""


class ISTFTHead(nn.Module):
    """A linear layer gives log magnitude and phase of each bin; an inverse STFT gives the wave."""

    window: Tensor

    def __init__(self, dim: int, n_fft: int, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.out = nn.Linear(dim, n_fft + 2)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def spectrum(self, features: Tensor) -> Tensor:
        """Features [B, L, dim] to complex float32 [B, L, n_fft // 2 + 1]."""
        log_magnitude, phase = self.out(features).float().chunk(2, dim=-1)
        size = log_magnitude.exp().clamp(max=LARGEST_MAGNITUDE)
        return torch.complex(size * phase.cos(), size * phase.sin())

    def forward(self, features: Tensor) -> Tensor:
        """Features [B, L, dim] to wave float32 [B, L * hop]."""
        return aligned_istft(self.spectrum(features), self.window.float(), self.hop)
