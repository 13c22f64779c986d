"""Training the refiner: fill gaps from tokens, surroundings and extrapolation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from aidd_studio.diffusion.noise import sigma_of_masked_share
from aidd_studio.diffusion.score_model import ScoreModel
from aidd_studio.evaluation.metrics.metrics import LSD_WINDOW
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.refiner import CONTEXT as CONTEXT_SEEN
from aidd_studio.tokenizer.refiner import Refiner
from aidd_studio.training.corpora.gap_examples import CONTEXT, GapExamples, load_examples
from aidd_studio.training.corpora.rendering import RATE
from aidd_studio.training.devices import Devices
from aidd_studio.training.tasks.spectral_losses import level_loss, log_mel_loss, magnitudes, power_loss

SHORT, LONG = 0.3, 0.5
"""Seconds of the longest gap whose losses are weighed as a short one's, and of the shortest long one."""

LEVEL_BANDS, POWER_BANDS = 24, 40
"""Mel bands, of up to 12 kHz, whose levels are compared, stretch by stretch and over the middle half of the gap."""


@dataclass(frozen=True)
class ContextSettings:
    """Batch, loss weights, and what the tokens in the gap are: none at all, damaged, guessed by a score model, or true.

    Guesses are encoded as in the engine: the expectation of the code vectors under the score model. They teach the
    refiner how far to trust a score model, which true tokens cannot.
    """

    tokens: int = 1200  # token frames in a batch
    convergence: float = 0.5
    distance: float = 0.4
    distance_long: float | None = None  # from half a second on; None for the same
    level: float = 0.0
    level_long: float | None = None
    power: float = 0.0
    power_long: float | None = None
    no_codes: float = 0.15  # share of batches that see no tokens
    damaged: float = 0.5  # share of batches whose tokens are partly wrong
    guessed: float = 0.0  # share of batches whose tokens a score model guesses
    context: int = CONTEXT_SEEN  # samples seen on each side
    seed: int = 0


class RefinerTask:
    """The refiner's task. Codes come from a frozen tokenizer."""

    def __init__(
        self,
        model: Refiner,
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
            for name, codes in (("true", "true"), ("none", "none"), *((("guessed", "guessed"),) if self.score else ())):
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
        parts = examples.take(rows)
        true, filled = (
            torch.from_numpy(part[:, offset : offset + frames].copy()).to(self.devices.device) for part in parts[:2]
        )
        sides = torch.from_numpy(parts[2]).to(self.devices.device)
        start = CONTEXT - offset
        end = start + examples.length
        kind = codes or self._draw_kind(rng)
        with self.devices.autocast():
            vectors = self._vectors(true, filled, start, end, kind, rng)
            made = self.model(filled, start, end, vectors, sides)
        return self.distance(made.float(), true, start, end)

    def _draw_kind(self, rng: np.random.Generator) -> str:
        chance = float(rng.random())
        if chance < self.settings.no_codes:
            return "none"
        if self.score is not None and chance > 1 - self.settings.guessed:
            return "guessed"
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
        vectors = self.tokenizer.embed(codes)
        if kind == "guessed" and self.score is not None:
            table = self.tokenizer.embed(torch.arange(self.score.config.tokens, device=codes.device))
            vectors[:, inside] = guess(self.score, table, codes, inside, rng).to(vectors)
        return vectors

    def _damage(self, codes: Tensor, inside: slice, rng: np.random.Generator) -> Tensor:
        """Replace a share of the gap's tokens by others of the same window, as a score model's plausible errors."""
        gap = codes[:, inside].clone()
        share = float(rng.uniform(0.1, 1.0))
        wrong = torch.from_numpy(rng.random(gap.shape) < share).to(gap.device)
        picks = torch.from_numpy(rng.integers(0, codes.shape[1], gap.shape)).to(gap.device)
        return torch.where(wrong, codes.gather(1, picks), gap)

    def distance(self, made: Tensor, true: Tensor, start: int, end: int) -> tuple[Tensor, Mapping[str, float]]:
        """Log-mel L1 at three resolutions, log-spectral distance, spectral convergence and levels around the gap."""
        settings = self.settings
        mel = made.new_zeros(())
        convergence = made.new_zeros(())
        resolutions = ((512, 64), (1024, 80), (2048, 128))
        for size, bands in resolutions:
            reach = size // 2 if size < LSD_WINDOW else size - size // 4  # all frames that the gap changes
            near = slice(max(0, start - reach), end + reach)
            with torch.no_grad():
                b = magnitudes(true[:, near], size, size // 4, center=False)
            a = magnitudes(made[:, near], size, size // 4, center=False)
            mel = mel + log_mel_loss(a, b, size, bands, RATE) / len(resolutions)
            error = (a - b).square().sum((1, 2)).sqrt() / b.square().sum((1, 2)).sqrt().clamp_min(1e-3)
            convergence = convergence + error.mean() / len(resolutions)
        difference = 2 * ((a + 1e-4).log() - (b + 1e-4).log())
        distance = difference.square().mean(-1).add(1e-6).sqrt().mean()
        level = level_loss(a, b, size, LEVEL_BANDS, RATE)
        inner = middle_frames(start - near.start, end - near.start, size, a.shape[1])
        power = power_loss(a[:, inner], b[:, inner], size, POWER_BANDS, RATE)
        share = min(1.0, max(0.0, ((end - start) / RATE - SHORT) / (LONG - SHORT)))
        loss = mel + settings.convergence * convergence
        loss = loss + _between(settings.distance, settings.distance_long, share) * distance
        loss = loss + _between(settings.level, settings.level_long, share) * level
        loss = loss + _between(settings.power, settings.power_long, share) * power
        figures = {"mel": mel, "convergence": convergence, "distance": distance, "level": level, "power": power}
        return loss, {name: float(value.detach()) for name, value in figures.items()}


def middle_frames(start: int, end: int, size: int, frames: int) -> slice:
    """The frames, `size` samples long and a quarter of that apart, whose centres lie in the middle half of a gap."""
    hop, middle, quarter = size // 4, (start + end) / 2, (end - start) / 4
    first = max(0, round((middle - quarter - size / 2) / hop))
    last = min(frames - 1, round((middle + quarter - size / 2) / hop))
    return slice(min(first, last), last + 1)


def _between(short: float, long: float | None, share: float) -> float:
    return short if long is None else short + share * (long - short)


@torch.no_grad()
def guess(score: ScoreModel, table: Tensor, codes: Tensor, inside: slice, rng: np.random.Generator) -> Tensor:
    """Mean code vectors [B, gap, D] of a gap as a sampler comes to them in two calls. table: the codes' vectors [K, D].

    A random part is guessed from the surroundings alone and drawn; the rest is guessed from that, too.
    """
    hidden = codes.clone()
    hidden[:, inside] = score.config.tokens
    first = _probabilities(score, hidden, inside)
    known = torch.from_numpy(rng.random(first.shape[:2]) < rng.random((len(codes), 1))).to(codes.device)
    noise = torch.from_numpy(rng.gumbel(size=first.shape).astype(np.float32)).to(codes.device)
    hidden[:, inside] = torch.where(known, (first.log() + noise).argmax(-1), score.config.tokens)
    second = _probabilities(score, hidden, inside)
    return torch.where(known[..., None], first, second) @ table


def _probabilities(score: ScoreModel, hidden: Tensor, inside: slice) -> Tensor:
    """What the network holds of every code at the positions of a gap: float32 [B, gap, K]."""
    share = (hidden == score.config.tokens).float().mean(1)
    positions = torch.arange(inside.start, inside.stop, device=hidden.device)
    logits: Tensor = score(hidden, sigma_of_masked_share(share), positions)[..., : score.config.tokens]
    return logits.float().softmax(-1)
