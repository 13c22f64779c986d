"""Training the context decoder: fill gaps from tokens, surroundings and extrapolation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from aidd_studio.diffusion.noise import sigma_of_masked_share
from aidd_studio.diffusion.score_model import ScoreModel
from aidd_studio.tokenizer.context_decoder import CONTEXT as CONTEXT_SEEN
from aidd_studio.tokenizer.context_decoder import ContextDecoder
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.training.devices import Devices
from aidd_studio.training.gap_examples import CONTEXT, GapExamples, load_examples
from aidd_studio.training.rendering import RATE
from aidd_studio.training.spectral_losses import log_mel_loss, magnitudes


@dataclass(frozen=True)
class ContextSettings:
    """Batch, loss weights, and what the tokens in the gap are: none at all, damaged, drawn by a score model, or true.

    Tokens that a score model draws teach how far such tokens are to be trusted; they are drawn in one call, each by
    itself, at a random temperature.
    """

    tokens: int = 1200  # token frames in a batch
    convergence: float = 0.5
    distance: float = 0.4
    no_codes: float = 0.15  # share of batches that see no tokens
    damaged: float = 0.5  # share of batches whose tokens are partly wrong
    drawn: float = 0.0  # share of batches whose tokens a score model draws
    context: int = CONTEXT_SEEN  # samples seen on each side
    seed: int = 0


class ContextTask:
    """The context decoder's task. Codes come from a frozen tokenizer."""

    def __init__(
        self,
        model: ContextDecoder,
        tokenizer: WavTokenizer | None,
        settings: ContextSettings,
        examples: Path,
        devices: Devices,
        score: ScoreModel | None = None,
    ) -> None:
        self.model, self.settings, self.devices = model.to(devices.device), settings, devices
        self.tokenizer = tokenizer.to(devices.device).eval().requires_grad_(False) if tokenizer else None
        self.score = score.to(devices.device).eval().requires_grad_(False) if score else None
        self.examples, self.held = load_examples(examples, "train"), load_examples(examples, "held")
        self.tokens_per_step = settings.tokens
        model.train()

    @property
    def module(self) -> nn.Module:
        return self.model

    def loss(self, step: int, part: int) -> tuple[Tensor, Mapping[str, float]]:
        """Loss of one batch of one gap length."""
        rng = np.random.default_rng([self.settings.seed, 1, step, part, self.devices.rank])
        lengths = sorted(self.examples)
        return self._batch(self.examples[int(rng.choice(lengths))], rng, None)

    @torch.no_grad()
    def validate(self) -> Mapping[str, float]:
        """Losses on held-back sound for 100, 300 and 1000 ms, with true tokens and with none."""
        found: dict[str, float] = {}
        for length in (2400, 7200, 24_000):
            if length not in self.held:
                continue
            for name, codes in (("true", "true"), ("none", "none"), *((("drawn", "drawn"),) if self.score else ())):
                rng = np.random.default_rng([self.settings.seed, 2, length])
                _, figures = self._batch(self.held[length], rng, codes)
                found |= {f"{key}_{length // 24}_{name}": value for key, value in figures.items()}
        return found

    def _batch(
        self, examples: GapExamples, rng: np.random.Generator, codes: str | None
    ) -> tuple[Tensor, Mapping[str, float]]:
        settings = self.settings
        hop = self.model.config.hop
        frames = -(-(2 * settings.context + examples.length) // hop) * hop
        count = max(2, settings.tokens * hop // frames)
        rows = rng.choice(len(examples.scale), min(count, len(examples.scale)), replace=False)
        offset = CONTEXT - settings.context - int(rng.integers(0, hop))
        true, filled = (
            torch.from_numpy(part[:, offset : offset + frames].copy()).to(self.devices.device)
            for part in examples.take(rows)
        )
        start = CONTEXT - offset
        end = start + examples.length
        kind = codes or self._draw_kind(rng)
        with self.devices.autocast():
            vectors = self._vectors(true, filled, start, end, kind, rng)
            made = self.model(filled, start, end, vectors)
        return self._distance(made.float(), true, start, end)

    def _draw_kind(self, rng: np.random.Generator) -> str:
        chance = float(rng.random())
        if chance < self.settings.no_codes:
            return "none"
        if self.score is not None and chance > 1 - self.settings.drawn:
            return "drawn"
        return "damaged" if chance < self.settings.no_codes + self.settings.damaged else "true"

    @torch.no_grad()
    def _vectors(
        self, true: Tensor, filled: Tensor, start: int, end: int, kind: str, rng: np.random.Generator
    ) -> Tensor | None:
        """Code vectors of the window: what an engine would have, with some of the gap's tokens replaced."""
        if self.tokenizer is None or kind == "none":
            return None
        hop = self.model.config.hop
        codes = self.tokenizer.encode(filled)
        inside = slice(start // hop, -(-end // hop))
        codes[:, inside] = self.tokenizer.encode(true)[:, inside]
        if kind == "damaged":
            codes[:, inside] = self._damage(codes, inside, rng)
        if kind == "drawn" and self.score is not None:
            codes[:, inside] = self._draw(self.score, codes, inside, rng)
        return self.tokenizer.embed(codes)

    def _draw(self, score: ScoreModel, codes: Tensor, inside: slice, rng: np.random.Generator) -> Tensor:
        """The gap's tokens as a score model draws them."""
        hidden = codes.clone()
        hidden[:, inside] = score.config.tokens
        share = torch.full((len(codes),), (inside.stop - inside.start) / codes.shape[1], device=codes.device)
        positions = torch.arange(inside.start, inside.stop, device=codes.device)
        logits: Tensor = score(hidden, sigma_of_masked_share(share), positions)[..., : score.config.tokens].float()
        noise = torch.from_numpy(rng.gumbel(size=logits.shape).astype(np.float32)).to(codes.device)
        return (logits + float(rng.uniform(0.2, 1.0)) * noise).argmax(-1)

    def _damage(self, codes: Tensor, inside: slice, rng: np.random.Generator) -> Tensor:
        """Replace a share of the gap's tokens by others of the same window, as a score model's plausible errors."""
        gap = codes[:, inside].clone()
        share = float(rng.uniform(0.1, 1.0))
        wrong = torch.from_numpy(rng.random(gap.shape) < share).to(gap.device)
        picks = torch.from_numpy(rng.integers(0, codes.shape[1], gap.shape)).to(gap.device)
        return torch.where(wrong, codes.gather(1, picks), gap)

    def _distance(self, made: Tensor, true: Tensor, start: int, end: int) -> tuple[Tensor, Mapping[str, float]]:
        """Log-mel L1 at three resolutions, log-spectral distance and spectral convergence around the gap."""
        settings = self.settings
        mel = made.new_zeros(())
        convergence = made.new_zeros(())
        resolutions = ((512, 64), (1024, 80), (2048, 128))
        for size, bands in resolutions:
            near = slice(max(0, start - size // 2), end + size // 2)
            with torch.no_grad():
                b = magnitudes(true[:, near], size, size // 4, center=False)
            a = magnitudes(made[:, near], size, size // 4, center=False)
            mel = mel + log_mel_loss(a, b, size, bands, RATE) / len(resolutions)
            error = (a - b).square().sum((1, 2)).sqrt() / b.square().sum((1, 2)).sqrt().clamp_min(1e-3)
            convergence = convergence + error.mean() / len(resolutions)
        difference = 2 * ((a + 1e-4).log() - (b + 1e-4).log())
        distance = difference.square().mean(-1).add(1e-6).sqrt().mean()
        loss = mel + settings.convergence * convergence + settings.distance * distance
        figures = {"mel": mel, "convergence": convergence, "distance": distance}
        return loss, {name: float(value.detach()) for name, value in figures.items()}
