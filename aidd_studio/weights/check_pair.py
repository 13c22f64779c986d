"""Which tokenizer does a score model belong to? The one whose tokens of real sound it finds likely.

The publication leaves open which WavTokenizer its checkpoints were trained on; tokens of any other one look like
noise to the network, at about log(number of tokens) nats each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aidd_studio import paths
from aidd_studio.errors import ModelNotInstalled, UsageError
from aidd_studio.progress import Progress
from aidd_studio.weights.loading import Loaded, load_score_model, load_tokenizer
from aidd_studio.weights.store import installed_models

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from aidd_studio.audio.clip import Clip
    from aidd_studio.diffusion.score_model import ScoreModel
    from aidd_studio.tokenizer.model import WavTokenizer

WINDOW = 512  # tokens seen at once, about 7 s
MASKED = 0.3  # share of them that is hidden
WINDOWS = 12  # at most, in all recordings together


@dataclass(frozen=True)
class PairFit:
    """How well a tokenizer's tokens are predicted: mean negative log-likelihood in nats per hidden token.

    error: the standard error of that mean. tokens: how many were hidden.
    """

    tokenizer: str
    nats: float
    error: float
    tokens: int


def check_pair(
    score: str, audio: Sequence[Path] = (), seed: int = 0, device: str = "cpu", progress: Progress | None = None
) -> list[PairFit]:
    """Every installed tokenizer that could belong to a score model, the most likely first.

    audio: recordings of real music; the program's demo recording when there are none. The same windows, hidden
    positions and noise level are used for all tokenizers. Raises ModelNotInstalled when there is no tokenizer to
    compare, UsageError when the recordings are too short.
    """
    progress = progress or Progress()
    model = load_score_model(score, device)
    if model.model.config.graph != "absorbing":
        raise UsageError(f"The score model {score} has no mask state, so its tokenizer cannot be found this way.")
    clips = [_read(path) for path in audio or demo()]
    names = [found.name for found in installed_models() if found.record.kind == "tokenizer"]
    fits = []
    for number, name in enumerate(names):
        tokenizer = load_tokenizer(name, device)
        if tokenizer.model.config.codebook_size - model.model.config.tokens in (0, 1):
            part = progress.part(number / len(names), (number + 1) / len(names))
            fits.append(_fit(model, tokenizer, clips, seed, part))
    if not fits:
        raise ModelNotInstalled(
            f"No tokenizer with {model.model.config.tokens} codes is installed to compare {score} with; get one with "
            "`aidd-studio models download`."
        )
    return sorted(fits, key=lambda fit: fit.nats)


def demo() -> list[Path]:
    """The recording that comes with the program."""
    return [paths.resources() / "demo" / "original.flac"]


def _read(path: Path) -> Clip:
    from aidd_studio.audio.files.reading import read

    return read(path)


def _fit(
    model: Loaded[ScoreModel], tokenizer: Loaded[WavTokenizer], clips: list[Clip], seed: int, progress: Progress
) -> PairFit:
    import torch

    windows = _windows(clips, tokenizer)
    losses = []
    with torch.inference_mode():
        for number, wave in enumerate(windows):
            progress.report(number / len(windows), f"comparing {tokenizer.name}")
            generator = torch.Generator().manual_seed(seed * 1009 + number)
            losses.append(hidden_nats(model, tokenizer.model.encode(wave[None])[0], generator))
    nats = torch.cat(losses)
    return PairFit(tokenizer.name, nats.mean().item(), nats.std().item() / math.sqrt(len(nats)), len(nats))


def hidden_nats(model: Loaded[ScoreModel], codes: Tensor, generator: torch.Generator) -> Tensor:
    """Negative log-likelihood float32 [M] of the tokens that are hidden at random among codes int64 [L].

    A code that has the mask's id (4095 in the published configuration) is never hidden: the network cannot write it.
    """
    import torch

    from aidd_studio.diffusion.noise import sigma_of_masked_share

    network = model.model
    mask = network.config.tokens
    chosen = torch.rand(len(codes), generator=generator) < MASKED
    hidden = chosen.to(codes.device) & (codes < mask)
    sigma = sigma_of_masked_share(hidden.float().mean()[None].clamp_min(1e-3))
    positions = hidden.nonzero()[:, 0]
    scores = network(torch.where(hidden, mask, codes)[None], sigma, positions)[0, :, :mask]
    likelihood = torch.log_softmax(scores.float(), dim=-1)
    return -likelihood.gather(1, codes[positions, None])[:, 0].cpu()


def _windows(clips: list[Clip], tokenizer: Loaded[WavTokenizer]) -> list[Tensor]:
    """Waves [T] in the tokenizer's rate, evenly taken from all recordings."""
    import torch

    from aidd_studio.audio.resampling import resample

    config = tokenizer.model.config
    length = WINDOW * config.hop
    waves = []
    for clip in clips:
        mono = resample(clip.base.mean(0, keepdims=True), clip.rate, config.sample_rate)[0]
        wave = torch.from_numpy(mono).to(next(tokenizer.model.parameters()).device)
        waves += [part for part in torch.split(wave, length) if len(part) >= length // 4]
    if not waves:
        raise UsageError(f"The recordings are too short; give at least {length / 4 / config.sample_rate:.1f} s.")
    step = max(1, len(waves) / WINDOWS)
    return [waves[int(number * step)] for number in range(min(WINDOWS, len(waves)))]
