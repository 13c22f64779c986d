"""Training the tokenizer: reconstruct sound from one codebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.training.corpora.segments import Segments
from aidd_studio.training.devices import Devices
from aidd_studio.training.tasks.spectral_losses import multi_resolution_loss


@dataclass(frozen=True)
class TokenizerSettings:
    """Batch and loss weights. With `freeze_encoder` only the decoder learns, so that known codes keep their meaning."""

    batch: int = 16
    frames: int = 64  # tokens per stretch
    linear: float = 0.4
    commitment: float = 0.25
    hold_encoder: int = 600  # steps in which only the decoder learns: a fresh one would collapse the latents
    freeze_encoder: bool = False
    start_seconds: int = 600  # sound from which principal components and codebook are initialised
    validate_batches: int = 4
    seed: int = 0


class TokenizerTask:
    """The tokenizer's task: stretches of sound in, multi-resolution mel and log-magnitude distance out (stage A)."""

    def __init__(
        self, model: WavTokenizer, settings: TokenizerSettings, corpus: Segments, held: Segments, devices: Devices
    ) -> None:
        self.model, self.settings, self.devices = model.to(devices.device), settings, devices
        self.corpus, self.held = corpus, held
        self.tokens_per_step = settings.batch * settings.frames
        if settings.freeze_encoder:
            model.encoder.requires_grad_(False)
            model.quantizer.requires_grad_(False)
        model.train()
        self._run = devices.compiled(model)

    @property
    def module(self) -> nn.Module:
        return self.model

    def start(self) -> None:
        """Give encoder and codebook a start from real sound, unless they come from a trained model."""
        if self.model.quantizer.inited.item():
            return
        seconds, rate = self.settings.start_seconds, self.model.config.sample_rate
        wave = torch.from_numpy(self.corpus.batch([self.settings.seed, 3], max(1, seconds // 4), 4 * rate))
        generator = torch.Generator().manual_seed(self.settings.seed)
        self.model.start_from(wave.to(self.devices.device), generator)

    def loss(self, step: int, part: int) -> tuple[Tensor, Mapping[str, float]]:
        """Loss of one batch, drawn from the seed, the step, the part and this process's rank."""
        settings = self.settings
        key = [settings.seed, 1, step, part, self.devices.rank]
        wave = self._batch(self.corpus, key)
        torch.manual_seed(hash(tuple(key)) % 2**31)  # the quantizer re-seeds dead entries from torch's generator
        with self.devices.autocast():
            if settings.freeze_encoder or step < settings.hold_encoder:
                with torch.no_grad():
                    codes = self.model.encode(wave)
                made, commitment = self.model.decode(codes)[:, : wave.shape[1]], wave.new_zeros(())
            else:
                made, commitment, codes = self.model.forward_train(wave)
        mel, linear = multi_resolution_loss(made.float(), wave, self.model.config.sample_rate)
        loss = mel + settings.linear * linear + settings.commitment * commitment
        used = float(torch.unique(codes).numel()) / codes.numel()
        figures = {"mel": float(mel.detach()), "linear": float(linear.detach()), "used": used}
        return loss, figures | {"commitment": float(commitment.detach())}

    @torch.no_grad()
    def validate(self) -> Mapping[str, float]:
        """Mel and linear distance on held-back sound, and the perplexity of the codes there."""
        mels, linears, counts = 0.0, 0.0, torch.zeros(self.model.config.codebook_size)
        batches = self.settings.validate_batches
        for index in range(batches):
            wave = self._batch(self.held, [self.settings.seed, 2, index])
            with self.devices.autocast():
                codes = self.model.encode(wave)
                made = self.model.decode(codes)[:, : wave.shape[1]]
            mel, linear = multi_resolution_loss(made.float(), wave, self.model.config.sample_rate)
            mels, linears = mels + float(mel) / batches, linears + float(linear) / batches
            counts += torch.bincount(codes.flatten().cpu(), minlength=counts.numel())
        shares = counts / counts.sum()
        perplexity = float(torch.exp(-(shares * (shares + 1e-12).log()).sum()))
        return {"mel": mels, "linear": linears, "perplexity": perplexity}

    def _batch(self, segments: Segments, key: list[int]) -> Tensor:
        frames = self.settings.frames * self.model.config.hop
        return torch.from_numpy(segments.batch(key, self.settings.batch, frames)).to(self.devices.device)
