"""WavTokenizer: a wave to discrete tokens and back (Ji et al. 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aidd_studio.tokenizer.config import SEANetConfig, TokenizerConfig
from aidd_studio.tokenizer.convnext import EPSILON, ConvNeXtBlock, PositionNet, layer_norm
from aidd_studio.tokenizer.quantizer import Quantizer
from aidd_studio.tokenizer.seanet import SEANetEncoder
from aidd_studio.tokenizer.spectral_encoder import SpectralEncoder
from aidd_studio.tokenizer.spectrum import aligned_istft

LARGEST_MAGNITUDE = 100.0
"""The published safeguard against excessively large magnitudes."""


class WavTokenizer(nn.Module):
    """Encoder, one codebook, backbone, inverse-STFT head; L = ceil(T / hop) tokens for T samples."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = _encoder(config)
        self.quantizer = Quantizer(config.latent_dim, config.codebook_size, config.codebook_dim)
        self.backbone = Backbone(config)
        self.head = ISTFTHead(config.backbone_dim, config.head_n_fft, config.hop)

    def latents(self, wave: Tensor) -> Tensor:
        """Wave [B, T] to unquantized latents [B, L, latent_dim]."""
        return self.encoder(wave)  # type: ignore[no-any-return]

    def encode(self, wave: Tensor) -> Tensor:
        """Wave float32 [B, T] at the config's rate to codes int64 [B, L]."""
        return self.quantizer.encode(self.latents(wave))

    def embed(self, codes: Tensor) -> Tensor:
        """Codes int64 [B, L] to quantized latents [B, L, latent_dim]."""
        return self.quantizer.decode(codes)

    def decode(self, codes: Tensor, bandwidth_id: int = 0) -> Tensor:
        """Codes int64 [B, L] to wave float32 [B, L * hop]; `bandwidth_id` chooses the adaptive norms' embedding."""
        return self.decode_latents(self.embed(codes), bandwidth_id)

    def decode_latents(self, latents: Tensor, bandwidth_id: int = 0) -> Tensor:
        """Quantized latents [B, L, latent_dim] to wave float32 [B, L * hop]."""
        dtype = self.backbone.embed.weight.dtype
        return self.head(self.backbone(latents.to(dtype), bandwidth_id))  # type: ignore[no-any-return]

    def set_decoder_precision(self, dtype: torch.dtype) -> None:
        """Run the decoder's layers in `dtype`; the encoder, the codebook and the inverse STFT stay in float32."""
        self.backbone.to(dtype)
        self.head.out.to(dtype)

    def forward_train(self, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Wave [B, T] to (reconstruction [B, T], commitment loss [], codes [B, L]); the codebook moves."""
        quantized, commitment, codes = self.quantizer(self.latents(wave))
        return self.decode_latents(quantized)[:, : wave.shape[-1]], commitment, codes

    @torch.no_grad()
    def start_from(self, wave: Tensor, generator: torch.Generator | None = None) -> None:
        """Initialise from real sound [B, T]: principal components for a spectral encoder's latent, k-means codebook.

        The wave should hold at least a few times as many tokens as there are codes.
        """
        if isinstance(self.encoder, SpectralEncoder):
            self.encoder.start_from(wave)
        vectors = self.quantizer.project_in(self.latents(wave)).flatten(0, 1)
        self.quantizer.start_from(vectors, generator=generator)


def _encoder(config: TokenizerConfig) -> SEANetEncoder | SpectralEncoder:
    if isinstance(config.encoder, SEANetConfig):
        return SEANetEncoder(config.encoder, config.latent_dim)
    return SpectralEncoder(config.encoder, config.latent_dim, config.hop, config.sample_rate)


class Backbone(nn.Module):
    """Vocos' body (Siuzdak 2024): embedding convolution, optional position net, ConvNeXt blocks, norm."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        dim, layers, embeddings = config.backbone_dim, config.backbone_layers, config.adanorm_embeddings
        self.embed = nn.Conv1d(config.latent_dim, dim, 7, padding=3)
        self.pos_net = PositionNet(dim) if config.position_net else None
        self.norm = layer_norm(dim, embeddings)
        self.convnext = nn.ModuleList(
            ConvNeXtBlock(dim, config.backbone_intermediate_dim, 1 / layers, embeddings) for _ in range(layers)
        )
        self.final_layer_norm = nn.LayerNorm(dim, eps=EPSILON)

    def forward(self, latents: Tensor, bandwidth_id: int = 0) -> Tensor:
        """Latents [B, L, latent_dim] to features [B, L, backbone_dim]."""
        x = self.embed(latents.transpose(1, 2))
        if self.pos_net is not None:
            x = self.pos_net(x)
        x = self.norm(x.transpose(1, 2), bandwidth_id)
        for block in self.convnext:
            x = block(x, bandwidth_id)
        return self.final_layer_norm(x)  # type: ignore[no-any-return]


class ISTFTHead(nn.Module):
    """The decoder's end: a linear layer gives log magnitude and phase of each bin; an inverse STFT gives the wave."""

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
