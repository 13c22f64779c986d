"""One gap filled by the bundled models, by extrapolation and by controls, and the measures of each fill."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.files.reading import read
from aidd_studio.audio.resampling import resample
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Window
from aidd_studio.engines.linear.extrapolation import two_sided
from aidd_studio.evaluation.metrics.metrics import (
    boundary_click,
    level_difference,
    log_spectral_distance,
    mel_distance,
    spectral_convergence,
)
from aidd_studio.evaluation.metrics.noise_reference import noise_drawn_anew
from aidd_studio.evaluation.runs.running import Outcome
from aidd_studio.progress import Progress
from aidd_studio.restoration.restore import best_first

if TYPE_CHECKING:
    from aidd_studio.engines.aidd.models import Models
    from aidd_studio.engines.engine import Engine

RATE = 24_000
SECONDS = 4.17  # of a segment, as in the MusicNet protocol
ORDER, CONTEXT = 1024, 6000
"""The extrapolation that everything is compared with: order and samples of context (0.25 s) on each side, at 24 kHz."""

HIGH_ORDER, LONG_CONTEXT = 2048, 12_000
QUIETEST = 10 ** (-50 / 20)
CANDIDATES = 4
AUTO_BELOW = 0.08
"""Seconds; shorter gaps are filled as the program would by default, by the engine auto."""

Sound = NDArray[np.float32]
Measures = dict[str, float]


@dataclass(frozen=True)
class ModelCase:
    """One gap: where its segment lies in a file, and how long it is (seconds)."""

    group: str
    path: Path
    start: float
    gap: float
    seed: int
    models: str = ""  # identity of the models, so that new ones are measured again

    @property
    def key(self) -> str:
        return f"{self.group}|{self.path.name}|{self.start:.4f}|{self.gap}|{self.seed}|{self.models}"


def bundled_models() -> dict[str, Mapping[str, Any]]:
    """The records of the models that the program uses by default, by name."""
    from aidd_studio.weights.loading import default_pair, default_refiner
    from aidd_studio.weights.store import find_installed

    names = [*default_pair(), default_refiner()]
    return {name: asdict(find_installed(name).record) for name in names if name}


def models_identity() -> str:
    """A name for the bundled models that changes with their weights."""
    return " ".join(str(record["sha256"])[:16] for record in bundled_models().values())


def draw_cases(
    group: str, files: Sequence[Path], gaps: Sequence[float], count: int, seed: int, models: str = ""
) -> list[ModelCase]:
    """`count` gaps of every length at random places of the files, the files in turn; near-silent places are left out.

    Segments of shorter files are the whole file.
    """
    rng = np.random.default_rng(seed)
    cases = []
    for gap in gaps:
        for number in range(count):
            path = files[number % len(files)]
            sound = _sound(path)
            cases.append(ModelCase(group, path, _place(sound, gap, rng), gap, int(rng.integers(2**31)), models))
    return cases


def _place(sound: Sound, gap: float, rng: np.random.Generator) -> float:
    start = 0.0
    for _ in range(50):
        start = float(rng.uniform(0, max(0.0, len(sound) / RATE - SECONDS)))
        segment, begin, end = _segment(sound, start, gap)
        if float(np.sqrt(np.mean(segment[begin:end] ** 2))) >= QUIETEST:
            break
    return start


def _segment(sound: Sound, start: float, gap: float) -> tuple[Sound, int, int]:
    """The segment's sound, and where the gap in its middle begins and ends."""
    segment = sound[round(start * RATE) : round((start + SECONDS) * RATE)]
    frames = round(gap * RATE)
    begin = (len(segment) - frames) // 2
    return segment, begin, begin + frames


@lru_cache(maxsize=16)
def _sound(path: Path) -> Sound:
    clip = read(path)
    sound: Sound = resample(clip.samples.mean(0, keepdims=True), clip.rate, RATE)[0]
    return sound


def measure_models(case: ModelCase, output: Path, progress: Progress | None = None) -> Outcome:
    """Measures by name of the fill, and those of the candidates together."""
    (progress or Progress()).check()
    sound, begin, end = _segment(_sound(case.path), case.start, case.gap)
    fills: dict[str, Sound] = {
        "extrapolation": _filled(sound, begin, end, two_sided(sound.astype(float), begin, end, ORDER, CONTEXT)),
        "extrapolation 2048": _filled(
            sound, begin, end, two_sided(sound.astype(float), begin, end, HIGH_ORDER, LONG_CONTEXT)
        ),
    }
    candidates = _engine_fills("auto" if case.gap < AUTO_BELOW else "aidd", sound, begin, end, case.seed)
    fills["first"] = candidates[0]
    fills |= {f"{kind} tokens": _control(sound, begin, end, case.seed, kind) for kind in ("random", "shuffled", "true")}
    fills["noise redrawn"] = noise_drawn_anew(sound, begin, end, case.seed)
    measured = {name: _measures(sound, fill, begin, end) for name, fill in fills.items()}
    each = [_measures(sound, fill, begin, end) for fill in candidates]
    measured["mean of candidates"] = _mean(each)
    measured["best of candidates"] = min(each, key=lambda found: found["mel"])
    return {
        "group": case.group,
        "file": case.path.name,
        "gap": case.gap,
        "measures": measured,
        "diversity": _diversity(candidates, begin, end),
    }


def _engine_fills(name: str, sound: Sound, begin: int, end: int, seed: int) -> list[Sound]:
    fills = best_first(list(_engine(name).fill(_window(sound, begin, end), CANDIDATES, seed, Progress())))
    return [_filled(sound, begin, end, fill.samples[0, begin:end]) for fill in fills]


@lru_cache(maxsize=2)
def _engine(name: str) -> Engine:
    from aidd_studio.engines.registry import create_engine

    return create_engine(name)


def measure_settings(case: ModelCase, settings: Mapping[str, Any]) -> dict[str, float]:
    """Measures of the candidate that the engine aidd puts first with some settings, and what the candidates cost."""
    sound, begin, end = _segment(_sound(case.path), case.start, case.gap)
    engine = _aidd(tuple(sorted(settings.items())))
    window = _window(sound, begin, end)
    next(iter(engine.fill(window, 1, case.seed, Progress())))  # loads the models
    began = time.process_time()
    fills = list(engine.fill(window, CANDIDATES, case.seed, Progress()))
    seconds = time.process_time() - began
    candidates = [_filled(sound, begin, end, fill.samples[0, begin:end]) for fill in best_first(fills)]
    found = _measures(sound, candidates[0], begin, end)
    return {**found, "gap": case.gap, "diversity": _diversity(candidates, begin, end), "seconds": seconds}


@lru_cache(maxsize=1)
def _aidd(settings: tuple[tuple[str, Any], ...]) -> Engine:
    from aidd_studio.engines.aidd.engine import AiddEngine
    from aidd_studio.engines.aidd.settings import AiddSettings

    return AiddEngine(AiddSettings(**dict(settings)))


def _window(sound: Sound, begin: int, end: int) -> Window:
    missing = np.zeros((1, len(sound)), dtype=np.bool_)
    missing[:, begin:end] = True
    return Window(np.where(missing, np.float32(0), sound[None]), missing, RATE, 0, (Damage(begin, end),))


@lru_cache(maxsize=1)
def _models() -> Models:
    from aidd_studio.engines.aidd.client import load_models
    from aidd_studio.engines.aidd.settings import AiddSettings
    from aidd_studio.weights.loading import default_pair

    return load_models(*default_pair(), AiddSettings(), Progress())


def _control(sound: Sound, begin: int, end: int, seed: int, kind: str) -> Sound:
    """The same pipeline with tokens that nobody drew: random, shuffled (any of the surroundings'), or true ones."""
    import torch

    from aidd_studio.engines.aidd.rendering import render
    from aidd_studio.engines.aidd.sampling import DrawnTokens, touched_tokens
    from aidd_studio.engines.aidd.segment import cut_segment
    from aidd_studio.engines.aidd.settings import CARD, AiddSettings

    models, rng = _models(), np.random.default_rng(seed)
    config = models.tokenizer.config
    predicted = _filled(sound, begin, end, two_sided(sound.astype(float), begin, end, ORDER, CONTEXT))
    missing = _window(sound, begin, end).missing[0]
    segment = cut_segment(predicted.astype(float), missing, RATE, config.sample_rate, config.hop, 384)
    truth = sound[segment.offset : segment.offset + len(segment.wave)] * np.float32(segment.scale)
    with torch.inference_mode():
        codes = models.tokenizer.encode(torch.from_numpy(segment.wave).float()[None])
        inside = torch.from_numpy(touched_tokens(segment.missing, config.hop, 0))
        if kind == "true":
            codes[:, inside] = models.tokenizer.encode(torch.from_numpy(truth)[None])[:, inside]
        else:
            pool = np.arange(config.codebook_size) if kind == "random" else codes[0, ~inside].numpy()
            codes[0, inside] = torch.from_numpy(rng.choice(pool, int(inside.sum())))
        drawn = DrawnTokens(codes, models.tokenizer.embed(codes), np.zeros(1))
        made = render(models, segment, drawn, AiddSettings().with_card(CARD))
    start = int(np.argmax(segment.missing))
    return _filled(sound, begin, end, made[0, start : start + end - begin] / segment.scale)


def _filled(sound: Sound, begin: int, end: int, fill: NDArray[Any]) -> Sound:
    whole = sound.copy()
    whole[begin:end] = fill
    return whole


def _measures(sound: Sound, fill: Sound, begin: int, end: int) -> Measures:
    span = (begin, end)
    return {
        "lsd": log_spectral_distance(sound, fill),
        "mel": mel_distance(sound, fill, RATE, span),
        "convergence": spectral_convergence(sound, fill, span),
        "click": max(-60.0, boundary_click(fill, span, RATE)),
        "level": level_difference(sound, fill, span),
    }


def _mean(found: Sequence[Mapping[str, float]]) -> Measures:
    return {name: float(np.mean([measures[name] for measures in found])) for name in found[0]}


def _diversity(candidates: Sequence[Sound], begin: int, end: int) -> float:
    """Mean mel distance between two candidates."""
    pairs = [(a, b) for index, a in enumerate(candidates) for b in candidates[:index]]
    return float(np.mean([mel_distance(a, b, RATE, (begin, end)) for a, b in pairs])) if pairs else 0.0
