"""The decoder's body: Vocos' ConvNeXt stack on quantized latents (Siuzdak 2024; Ji et al. 2024)."""

from __future__ import annotations

from torch import Tensor, nn

from aidd_studio.tokenizer.config import TokenizerConfig
from aidd_studio.tokenizer.convnext import EPSILON, ConvNeXtBlock, layer_norm
from aidd_studio.tokenizer.position_net import PositionNet


class Backbone(nn.Module):
    """Embedding convolution, optional position net, ConvNeXt blocks, norm."""

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
