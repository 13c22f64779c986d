"""Training the score model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aidd_studio.diffusion.graph import AbsorbingGraph
from aidd_studio.diffusion.losses import cross_entropy, diffusion_loss
from aidd_studio.diffusion.masking import GeneratorDraws, SpanLengths, random_mask, span_mask
from aidd_studio.diffusion.noise import LogLinear, sigma_of_masked_share
from aidd_studio.diffusion.score_model import ScoreModel
from aidd_studio.training.devices import Devices


@dataclass(frozen=True)
class ScoreSettings:
    """Batch, masks and the derivative regulariser.

    The objective "cross-entropy" (absorbing graph only) has the same minimum and weights as "score-entropy" but learns
    the scores' sum through its logarithm, which is far calmer early on. `spans` and `gaps` are the shares of rows that
    get span masks as published, and gaps of up to `longest_gap` tokens; the other rows get random masks.
    `smoothness` is λ and `order` k of the derivative regulariser.
    """

    batch: int = 6
    tokens: int = 384
    spans: float = 1.0
    gaps: float = 0.0
    span_base: float = 0.8
    span_alpha: float = 0.5
    span_cap: int = 30
    longest_gap: int = 90
    objective: Literal["score-entropy", "cross-entropy"] = "score-entropy"
    smoothness: float = 0.0
    order: int = 1
    freeze_embedding: bool = False
    validate_rows: int = 64
    seed: int = 0


class ScoreTask:
    """The score model's task: diffusion-weighted denoising score entropy on masked (or, uniform graph, noised) rows."""

    def __init__(
        self,
        model: ScoreModel,
        settings: ScoreSettings,
        rows: NDArray[np.int64],
        held: NDArray[np.int64],
        devices: Devices,
    ) -> None:
        self.model, self.settings, self.devices = model.to(devices.device), settings, devices
        self.rows, self.held = rows, held
        self.graph = model.config.build_graph()
        self.noise = LogLinear()
        self.tokens_per_step = settings.batch * settings.tokens
        if settings.freeze_embedding:
            model.vocab_embed.embedding.requires_grad_(False)
        model.train()
        self._run = devices.compiled(model)

    @property
    def module(self) -> nn.Module:
        return self.model

    def loss(self, step: int, part: int) -> tuple[Tensor, Mapping[str, float]]:
        """Loss of one batch: nats a token, times the regulariser's share where that is wanted."""
        settings = self.settings
        key = [settings.seed, 1, step, part, self.devices.rank]
        rng = np.random.default_rng(key)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        torch.manual_seed(int(rng.integers(2**62)))  # dropout draws from torch's own generator
        clean = self._draw(rng)
        if isinstance(self.graph, AbsorbingGraph):
            hidden, sigma, rate = self._hide(rng, generator)
            corrupted = torch.where(hidden, self.graph.mask, clean)
        else:
            sigma, rate = self._noise_levels(settings.batch, rng)
            corrupted = self.graph.sample_transition(clean.cpu(), sigma.cpu()[:, None], generator).to(clean.device)
            hidden = torch.ones_like(clean, dtype=torch.bool)
        with self.devices.autocast():
            log_score = self._run(corrupted, sigma)
        scores = log_score.float()
        if settings.objective == "cross-entropy":
            total, nll = _weighted_cross_entropy(scores, clean, hidden, sigma, rate)
            return total.mean() / settings.tokens, {"nll": float(nll)}
        table = self.model.vocab_embed.embedding if settings.smoothness else None
        losses = diffusion_loss(
            scores, clean, corrupted, hidden, sigma, rate, self.graph, table, settings.smoothness, settings.order
        )
        figures = {"nll": float(losses.cross_entropy), "smoothness": float(losses.smoothness)}
        return losses.total.mean() / settings.tokens, figures

    @torch.no_grad()
    def validate(self) -> Mapping[str, float]:
        """Cross-entropy in nats a token for wholly masked gaps of 100, 300 and 1000 ms (at 75 tokens a second)."""
        found: dict[str, float] = {}
        if not isinstance(self.graph, AbsorbingGraph):
            return found
        clean = torch.from_numpy(self.held[: self.settings.validate_rows, : self.settings.tokens])
        for name, length in (("100", 8), ("300", 23), ("1000", 75)):
            length = min(length, self.settings.tokens // 2)
            found[f"nll_{name}"] = masked_gap_nll(self.model, clean.to(self.devices.device), length, self.devices)
        return found

    def _draw(self, rng: np.random.Generator) -> Tensor:
        settings = self.settings
        chosen = rng.integers(0, len(self.rows), settings.batch)
        starts = rng.integers(0, self.rows.shape[1] - settings.tokens + 1, settings.batch)
        rows = [self.rows[row, start : start + settings.tokens] for row, start in zip(chosen, starts, strict=True)]
        return torch.from_numpy(np.stack(rows)).to(self.devices.device)

    def _noise_levels(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Noise and its rate at times spread evenly over the batch (antithetic sampling)."""
        times = ((float(rng.random()) + np.arange(count) / count) % 1.0) * (1 - 1e-3) + 1e-3
        t = torch.from_numpy(rng.permutation(times)).float().to(self.devices.device)
        return self.noise.total(t), self.noise.rate(t)

    def _hide(self, rng: np.random.Generator, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Hidden positions bool [B, L], and noise level and rate [B] that go with how many there are."""
        settings = self.settings
        sigma, rate = self._noise_levels(settings.batch, rng)
        random = random_mask(settings.tokens, sigma.cpu(), generator)
        lengths = SpanLengths(settings.span_base, settings.span_alpha, settings.span_cap)
        hidden = []
        for row in range(settings.batch):
            chance = float(rng.random())
            if chance < settings.gaps:
                mask = _gap_mask(settings.tokens, settings.longest_gap, rng)
                share = mask.float().mean().clamp(1e-3, 0.999)
                sigma[row] = sigma_of_masked_share(share)
                rate[row] = torch.exp(sigma[row])  # of the log-linear schedule at that share
            elif chance < settings.gaps + settings.spans:
                mask = span_mask(settings.tokens, [float(sigma[row])], lengths, GeneratorDraws(generator))[0]
            else:
                mask = random[row]
            hidden.append(mask)
        return torch.stack(hidden).to(self.devices.device), sigma, rate


def _weighted_cross_entropy(
    scores: Tensor, clean: Tensor, hidden: Tensor, sigma: Tensor, rate: Tensor
) -> tuple[Tensor, Tensor]:
    """Score entropy [B] with its normaliser's term to second order, and the mean nats of a hidden token [].

    With Z the sum of the scores times expm1(sigma), the score entropy of a masked token is its cross-entropy plus
    Z - 1 - log Z, and the latter is log(Z)²/2 near Z = 1.
    """
    row = torch.nonzero(hidden)[:, 0]
    logits, truth = scores[hidden][:, :-1], clean[hidden]
    log_sum = logits.logsumexp(-1)
    entropy = log_sum - logits.gather(1, truth[:, None])[:, 0]
    growth = torch.expm1(sigma)
    log_z = log_sum + growth.log()[row]
    value = (entropy + 0.5 * log_z.clamp(-4, 4).square()) * (rate / growth)[row]
    return torch.zeros_like(sigma).index_add(0, row, value), entropy.detach().mean()


def _gap_mask(tokens: int, longest: int, rng: np.random.Generator) -> Tensor:
    """Realistic gaps, masked completely or, as in the middle of sampling, in part.

    Every third row has one gap; the others have several, since only masked tokens contribute to the loss.
    """
    inside = np.zeros(tokens, bool)
    wanted = 0.0 if rng.random() < 1 / 3 else float(rng.uniform(0.1, 0.5))
    while True:
        length = int(np.exp(rng.uniform(np.log(3), np.log(min(longest, tokens - 2) + 1))))
        start = int(rng.integers(0, tokens - length + 1))
        inside[start : start + length] = True
        if inside.mean() >= wanted:
            break
    if rng.random() < 0.4:
        inside &= rng.random(tokens) < rng.uniform(0.2, 1.0)
        inside[start] = True
    return torch.from_numpy(inside)


@torch.no_grad()
def masked_gap_nll(model: ScoreModel, clean: Tensor, length: int, devices: Devices) -> float:
    """Mean cross-entropy in nats of the tokens of one wholly masked gap in the middle. clean: int64 [B, L]."""
    graph = model.config.build_graph()
    hidden = torch.zeros_like(clean, dtype=torch.bool)
    start = (clean.shape[1] - length) // 2
    hidden[:, start : start + length] = True
    corrupted = torch.where(hidden, model.config.tokens, clean)
    sigma = sigma_of_masked_share(torch.full((len(clean),), length / clean.shape[1], device=clean.device))
    values = []
    for at in range(0, len(clean), 16):
        part = slice(at, at + 16)
        with devices.autocast():
            log_score = model(corrupted[part], sigma[part])
        values.append(float(cross_entropy(log_score.float(), clean[part], hidden[part], graph)) * len(clean[part]))
    return sum(values) / len(clean)
