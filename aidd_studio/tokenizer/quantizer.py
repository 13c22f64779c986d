"""One codebook: the nearest entry stands for a latent (van den Oord et al. 2017, with moving-average updates)."""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F


class Quantizer(nn.Module):
    """Euclidean vector quantization.

    The codebook is no parameter: in training mode it follows the latents by exponential moving averages, starts
    by k-means on the first batch, and re-seeds entries that are hardly used. With torch.distributed running, all
    processes see the same statistics and keep the same codebook.
    """

    embed: Tensor
    embed_avg: Tensor
    cluster_size: Tensor
    inited: Tensor

    def __init__(
        self, latent_dim: int, codebook_size: int, codebook_dim: int, decay: float = 0.99, dead_below: float = 0.03
    ) -> None:
        """`dead_below`: an entry used less than this share of the average use is re-seeded from the batch."""
        super().__init__()
        self.decay, self.dead_below = decay, dead_below
        projected = codebook_dim != latent_dim
        self.project_in = nn.Linear(latent_dim, codebook_dim) if projected else nn.Identity()
        self.project_out = nn.Linear(codebook_dim, latent_dim) if projected else nn.Identity()
        self.register_buffer("embed", torch.randn(codebook_size, codebook_dim))
        self.register_buffer("embed_avg", self.embed.clone())
        self.register_buffer("cluster_size", torch.ones(codebook_size))
        self.register_buffer("inited", torch.zeros(1))

    @property
    def codebook_size(self) -> int:
        return int(self.embed.shape[0])

    def encode(self, latents: Tensor) -> Tensor:
        """Latents [..., latent_dim] to codes int64 [...]."""
        vectors = self.project_in(latents).float()
        return nearest(vectors.flatten(0, -2), self.embed).view(vectors.shape[:-1])

    def decode(self, codes: Tensor) -> Tensor:
        """Codes int64 [...] to latents [..., latent_dim]."""
        return self.project_out(F.embedding(codes, self.embed))  # type: ignore[no-any-return]

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latents [B, L, latent_dim] to (quantized [B, L, latent_dim], commitment loss [], codes [B, L]).

        The gradient passes straight through to the latents. In training mode the codebook moves.
        """
        with torch.autocast(latents.device.type, enabled=False):
            vectors = self.project_in(latents.float())
            flat = vectors.detach().flatten(0, -2)
            if self.training and not self.inited.item():
                self.start_from(flat)
            codes = nearest(flat, self.embed)
            entries = F.embedding(codes, self.embed).view_as(vectors)
            commitment = F.mse_loss(vectors, entries)
            quantized = self.project_out(vectors + (entries - vectors).detach())
            if self.training:
                self._follow(flat, codes)
        return quantized, commitment, codes.view(vectors.shape[:-1])

    @torch.no_grad()
    def start_from(self, vectors: Tensor, iterations: int = 20, generator: torch.Generator | None = None) -> None:
        """Set the codebook by k-means on vectors [N, codebook_dim]; in a group, process 0 decides."""
        centres, sizes = k_means(vectors.float(), self.codebook_size, iterations, generator)
        for tensor in (centres, sizes):
            if _in_group():
                distributed.broadcast(tensor, 0)
        self.embed.copy_(centres)
        self.cluster_size.copy_(sizes / sizes.mean())
        self.embed_avg.copy_(centres * self.cluster_size[:, None])
        self.inited.fill_(1)

    @torch.no_grad()
    def _follow(self, vectors: Tensor, codes: Tensor) -> None:
        counts, sums = _gather(vectors, codes, self.codebook_size)
        candidates = vectors[torch.randint(len(vectors), (self.codebook_size,), device=vectors.device)]
        if _in_group():
            distributed.all_reduce(counts)
            distributed.all_reduce(sums)
            distributed.broadcast(candidates, 0)
        self.cluster_size.lerp_(counts, 1 - self.decay)
        self.embed_avg.lerp_(sums, 1 - self.decay)
        average = self.cluster_size.mean()
        dead = self.cluster_size < self.dead_below * average
        self.cluster_size[dead] = average
        self.embed_avg[dead] = candidates[dead] * average
        self.embed.copy_(self.embed_avg / self.cluster_size[:, None].clamp(min=1e-12))


def nearest(vectors: Tensor, codebook: Tensor) -> Tensor:
    """Index of the nearest codebook row for each vector: [N, D] and [K, D] to int64 [N]."""
    return (codebook.square().sum(1) - 2 * vectors @ codebook.T).argmin(1)


def k_means(
    vectors: Tensor, clusters: int, iterations: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Lloyd's algorithm on [N, D]: centres [clusters, D] and how many vectors each one has [clusters].

    With fewer vectors than clusters some centres are repeated, a little apart.
    """
    chosen = torch.randperm(len(vectors), generator=generator, device=vectors.device)[:clusters]
    centres = vectors[chosen]
    if len(chosen) < clusters:
        extra = torch.randint(len(vectors), (clusters - len(chosen),), generator=generator, device=vectors.device)
        spread = 1e-3 * vectors.std()
        apart = spread * torch.randn(len(extra), vectors.shape[1], generator=generator, device=vectors.device)
        centres = torch.cat((centres, vectors[extra] + apart))
    counts = vectors.new_zeros(clusters)
    for _ in range(iterations):
        counts, sums = _gather(vectors, nearest(vectors, centres), clusters)
        used = counts > 0
        centres[used] = sums[used] / counts[used, None]
    return centres, counts


def _gather(vectors: Tensor, codes: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """How many vectors [N, D] each code got [size], and their sums [size, D]."""
    counts = torch.bincount(codes, minlength=size).to(vectors.dtype)
    sums = vectors.new_zeros(size, vectors.shape[1]).index_add_(0, codes, vectors)
    return counts, sums


def _in_group() -> bool:
    return distributed.is_available() and distributed.is_initialized()
