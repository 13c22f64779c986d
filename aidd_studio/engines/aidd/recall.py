"""What a recording sounds like around a gap makes the same sounds likelier in it: a cache beside the score model.

After Kuhn & De Mori, "A cache-based natural language model for speech recognition" (IEEE PAMI 1990): what a network
holds of a code is mixed with how often that code, or one close to it, stands in the surroundings. It makes up for
recordings unlike those of the training, whose codes the network finds too unlikely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from aidd_studio.diffusion.score_model import ScoreModel

WIDTH = 0.25
"""How far a code counts for its neighbours: squared distance, as a share of that to its nearest neighbour."""

UNSEEN = 0.1
"""Share of what is recalled that goes to all codes alike."""


class CacheModel:
    """Mixes log scores of an absorbing graph's network with what its context recalls.

    known: int64 [n], the context's codes. table: [codes, D], the codes' vectors. share: of the cache, 0 for none.
    """

    def __init__(self, known: Tensor, table: Tensor, share: float) -> None:
        import torch

        self.share = share if len(known) else 0.0
        self._cache = table.new_zeros(0)
        if self.share:
            codes, counts = torch.unique(known, return_counts=True)
            distances = torch.cdist(table[codes].float(), table.float()).square()
            nearest = distances.topk(2, largest=False).values[:, 1:].clamp_min(1e-6)
            near = torch.softmax(-distances / (WIDTH * nearest), -1)
            seen = (counts / counts.sum()).to(near) @ near
            self._cache = ((1 - UNSEEN) * seen + UNSEEN / len(table)).log()

    def __call__(self, log_score: Tensor) -> Tensor:
        """[..., states] to the same; the scores' sum over the codes stays, and so do states that are no codes."""
        import torch

        if not self.share:
            return log_score
        count = len(self._cache)
        real = log_score[..., :count].float()
        total = real.logsumexp(-1, keepdim=True)
        kept = torch.log1p(torch.tensor(-self.share)) + real - total
        mixed = torch.logaddexp(kept, torch.log(torch.tensor(self.share)) + self._cache) + total
        return torch.cat((mixed.to(log_score), log_score[..., count:]), -1)


def recall_for(model: ScoreModel, table: Tensor, known: Tensor, share: float | None) -> CacheModel:
    """What a model's context recalls; nothing with another graph than the absorbing one, whose scores are odds.

    known: int64 [n]; table: [codes, D]. A code that the model takes for its mask is not recalled.
    """
    from aidd_studio.diffusion.graph import AbsorbingGraph

    real = model.config.tokens
    absorbing = isinstance(model.config.build_graph(), AbsorbingGraph)
    return CacheModel(known[known < real], table[:real], (share or 0.0) if absorbing else 0.0)
