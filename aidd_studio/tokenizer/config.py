"""Sizes of a tokenizer: everything that is needed to build it, and nothing learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SEANetConfig:
    """The published encoder: strided convolutions on the wave, then an LSTM (Défossez et al. 2022)."""

    filters: int = 32
    strides: tuple[int, ...] = (2, 4, 5, 8)  # in the order in which they run
    lstm_layers: int = 2


@dataclass(frozen=True)
class SpectralEncoderConfig:
    """An encoder that works on short-time spectra, at the token rate throughout: fast to train and to run."""

    n_fft: int = 1280
    phase_bins: int = 256  # low bins whose phase advance is seen besides the magnitude
    dim: int = 256
    intermediate_dim: int = 768
    layers: int = 3
    kernel_size: int = 7
    normalise: bool = True  # latents of length 1


@dataclass(frozen=True)
class TokenizerConfig:
    """A WavTokenizer: encoder, one codebook, Vocos backbone, inverse-STFT head.

    `adanorm_embeddings` is 0 for plain LayerNorm. `codebook_dim` may be smaller than `latent_dim`; then linear
    projections stand around the quantizer.
    """

    sample_rate: int = 24_000
    hop: int = 320  # samples a token
    encoder: SEANetConfig | SpectralEncoderConfig = SEANetConfig()
    latent_dim: int = 512
    codebook_size: int = 4096
    codebook_dim: int = 512
    backbone_dim: int = 768
    backbone_intermediate_dim: int = 2304
    backbone_layers: int = 12
    position_net: bool = True
    adanorm_embeddings: int = 4
    head_n_fft: int = 1280

    def frames(self, samples: int) -> int:
        """How many tokens a wave of that many samples gives: ceil(samples / hop)."""
        return -(-samples // self.hop)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        kind = "seanet" if isinstance(self.encoder, SEANetConfig) else "spectral"
        return {**asdict(self), "encoder": {"kind": kind, **asdict(self.encoder)}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TokenizerConfig:
        """The inverse of `to_dict`. Raises TypeError for a name that is not a setting."""
        encoder = dict(values["encoder"])
        kind = encoder.pop("kind")
        if "strides" in encoder:
            encoder["strides"] = tuple(encoder["strides"])
        built = SEANetConfig(**encoder) if kind == "seanet" else SpectralEncoderConfig(**encoder)
        return cls(**{**values, "encoder": built})


OFFICIAL_75 = TokenizerConfig()
"""WavTokenizer small, medium and large at 75 tokens a second: they share all sizes and differ in training."""

OFFICIAL_40 = TokenizerConfig(hop=600, encoder=SEANetConfig(strides=(4, 5, 5, 6)), head_n_fft=2400)
"""WavTokenizer small, medium and large at 40 tokens a second."""

BUNDLED = TokenizerConfig(
    encoder=SpectralEncoderConfig(),
    latent_dim=16,
    codebook_dim=16,
    backbone_dim=384,
    backbone_intermediate_dim=1152,
    backbone_layers=8,
    position_net=False,
    adanorm_embeddings=0,
)
"""The tokenizer that ships with the program: 75 tokens a second, everything at the token rate."""
