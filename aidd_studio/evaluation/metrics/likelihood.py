"""How likely the bundled score model finds the tokens of real gaps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.files.reading import read
from aidd_studio.audio.resampling import resample
from aidd_studio.tokenizer.refiner import LEVEL

TOKENS = 320
GAPS = (8, 23, 75)  # tokens: about 100, 300 and 1000 ms
SPEECH = ("librispeech", "speech", "whale")
ROWS = 12  # stretches of a file at most
FILES = 24  # of a folder at most


def measure_likelihood(files: Sequence[Path]) -> dict[str, list[float]]:
    """Nats a token of wholly masked gaps: for every kind of material, one value for each of GAPS.

    As the engine uses the score model: with the recall that its card asks for, and beside it, as "… without recall",
    the network alone. Files whose name says that they hold speech or animals are kept apart from music.
    """
    import torch

    from aidd_studio.diffusion.losses import cross_entropy
    from aidd_studio.diffusion.noise import sigma_of_masked_share
    from aidd_studio.engines.aidd.sampling import cache_model
    from aidd_studio.engines.aidd.settings import AiddSettings
    from aidd_studio.weights.loading import default_pair, load_score_model, load_tokenizer
    from aidd_studio.weights.store import find_installed

    names = default_pair()
    share = AiddSettings().with_card(find_installed(names[1]).record.defaults).recall
    tokenizer, score = load_tokenizer(names[0]).model, load_score_model(names[1]).model
    graph = score.config.build_graph()
    table = tokenizer.embed(torch.arange(tokenizer.config.codebook_size))
    values: dict[str, list[list[float]]] = {}
    for path in files[:FILES]:
        kind = "speech and animals" if any(word in path.name for word in SPEECH) else "music"
        for row in _rows(path, TOKENS * tokenizer.config.hop, tokenizer.config.sample_rate):
            with torch.inference_mode():
                clean = tokenizer.encode(torch.from_numpy(row)[None])
                alone, recalled = [], []
                for length in GAPS:
                    hidden = torch.zeros_like(clean, dtype=torch.bool)
                    start = (clean.shape[1] - length) // 2
                    hidden[:, start : start + length] = True
                    sigma = sigma_of_masked_share(hidden.float().mean(1))
                    log_score = score(torch.where(hidden, score.config.tokens, clean), sigma)
                    cache = cache_model(score, table, clean[~hidden], share)
                    alone.append(float(cross_entropy(log_score, clean, hidden, graph)))
                    recalled.append(float(cross_entropy(cache(log_score), clean, hidden, graph)))
            values.setdefault(kind, []).append(recalled)
            if share:
                values.setdefault(f"{kind}, without recall", []).append(alone)
    return {kind: [float(value) for value in np.mean(rows, axis=0)] for kind, rows in values.items()}


def _rows(path: Path, frames: int, rate: int) -> list[NDArray[np.float32]]:
    """Stretches of one file, evenly placed, at the models' level; near-silent ones are left out."""
    clip = read(path)
    sound = resample(clip.samples.mean(0, keepdims=True), clip.rate, rate)[0]
    count = min(ROWS, max(1, len(sound) // frames))
    rows = [sound[int(at) : int(at) + frames] for at in np.linspace(0, max(0, len(sound) - frames), count)]
    levels = [float(np.sqrt(np.mean(row**2))) for row in rows]
    return [(row * LEVEL / level).astype(np.float32) for row, level in zip(rows, levels, strict=True) if level > 1e-3]
