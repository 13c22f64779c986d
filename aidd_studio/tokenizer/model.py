"""WavTokenizer: a wave to discrete tokens and back (Ji et al. 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aidd_studio.tokenizer.backbone import Backbone
from aidd_studio.tokenizer.config import SEANetConfig, TokenizerConfig
from aidd_studio.tokenizer.head import ISTFTHead
from aidd_studio.tokenizer.quantizer import Quantizer
from aidd_studio.tokenizer.seanet import SEANetEncoder
from aidd_studio.tokenizer.spectral_encoder import SpectralEncoder


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
