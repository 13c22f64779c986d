"""The bundled encoder: short-time spectra through a few ConvNeXt blocks, at the token rate throughout."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aidd_studio.tokenizer.config import SpectralEncoderConfig
from aidd_studio.tokenizer.convnext import EPSILON, ConvNeXtBlock
from aidd_studio.tokenizer.spectrum import aligned_stft

FLOOR = 1e-3
"""Magnitudes below this (about -110 dB for a full-scale sine) are treated alike."""


class SpectralEncoder(nn.Module):
    """Log magnitudes and the low bins' phase advance, to one latent a token.

    Frame n is centred on the samples of token n. `shortcut` reads the latent linearly from the log magnitudes, so
    that it can be given a sensible start (see `start_from`) to which the blocks add.
    """

    def __init__(self, config: SpectralEncoderConfig, latent_dim: int, hop: int, sample_rate: int) -> None:
        super().__init__()
        self.config, self.hop, self.sample_rate = config, hop, sample_rate
        bins = config.n_fft // 2 + 1
        self.embed = nn.Linear(bins + 2 * config.phase_bins, config.dim)
        self.norm = nn.LayerNorm(config.dim, eps=EPSILON)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(config.dim, config.intermediate_dim, 1 / config.layers, kernel_size=config.kernel_size)
            for _ in range(config.layers)
        )
        self.final_norm = nn.LayerNorm(config.dim, eps=EPSILON)
        self.project = nn.Linear(config.dim, latent_dim)
        self.shortcut = nn.Linear(bins, latent_dim)

    def forward(self, wave: Tensor) -> Tensor:
        """Wave [B, T] to latents [B, ceil(T / hop), latent_dim]."""
        log_magnitude, advance = self.features(wave)
        x = self.norm(self.embed(torch.cat((log_magnitude, advance), dim=-1).to(self.embed.weight.dtype)))
        for block in self.blocks:
            x = block(x)
        latents = self.project(self.final_norm(x)) + self.shortcut(log_magnitude.to(self.shortcut.weight.dtype))
        return F.normalize(latents.float(), dim=-1) if self.config.normalise else latents

    def features(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Wave [B, T] to float32 log magnitudes [B, L, bins] and phase advances [B, L, 2 * phase_bins].

        The advance is the cosine and sine of how far a bin's phase moved beyond its centre frequency's motion since
        the frame before; the first frame has none and says 0.
        """
        spectrum = aligned_stft(wave.float(), self.config.n_fft, self.hop)
        log_magnitude = spectrum.abs().clamp(min=FLOOR).log()
        low = spectrum[..., : self.config.phase_bins]
        product = low[:, 1:] * low[:, :-1].conj()
        bins = torch.arange(self.config.phase_bins, device=wave.device)
        turns = (bins * self.hop % self.config.n_fft) / self.config.n_fft
        expected = torch.polar(torch.ones_like(turns), 2 * math.pi * turns)
        moved = product * expected.conj() / product.abs().clamp(min=FLOOR**2)
        advance = torch.cat((moved.real, moved.imag), dim=-1)
        return log_magnitude, F.pad(advance, (0, 0, 1, 0))

    @torch.no_grad()
    def start_from(self, wave: Tensor, bands: int = 64) -> None:
        """Make the shortcut a principal component analysis of mel-averaged log magnitudes of `wave` [B, T].

        From then on the latents mean something before any training; the blocks' share starts at nothing. Latents of
        length 1 are whitened. Others keep the components' proportions, so that a codebook spends its entries where the
        sound differs most (2048 codes: log-mel error 0.56 against 0.79 whitened, on renders).
        """
        log_magnitude = self.features(wave)[0].reshape(-1, self.config.n_fft // 2 + 1)
        mel = mel_averages(bands, self.config.n_fft, self.sample_rate).to(log_magnitude)
        averaged = log_magnitude @ mel.T
        mean = averaged.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov((averaged - mean).T.double()))
        kept = self.project.out_features
        spread = values[-kept:] if self.config.normalise else values[-kept:].mean()
        directions = (vectors[:, -kept:] / spread.clamp(min=1e-6).sqrt()).T.to(mel)
        self.shortcut.weight.copy_(directions @ mel)
        self.shortcut.bias.copy_(-directions @ mean)
        self.project.weight.zero_()
        self.project.bias.zero_()


def mel_averages(bands: int, n_fft: int, sample_rate: int) -> Tensor:
    """Weights [bands, n_fft // 2 + 1] of triangular averages, evenly spaced on the mel scale; each row sums to 1."""
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * sample_rate / n_fft
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    centres = 700 * (10 ** (torch.linspace(0, top, bands + 2, dtype=torch.float64) / 2595) - 1)
    # A triangle narrower than a bin would catch nothing, so its feet stand at least one bin from its centre.
    step = sample_rate / n_fft
    rising = (bins - centres[1:-1, None]) / (centres[1:-1] - centres[:-2]).clamp(min=step)[:, None]
    falling = (centres[1:-1, None] - bins) / (centres[2:] - centres[1:-1]).clamp(min=step)[:, None]
    weights = (1 + torch.minimum(rising, falling)).clamp(min=0)
    return (weights / weights.sum(1, keepdim=True)).float()
