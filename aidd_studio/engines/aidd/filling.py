"""How the engine `aidd` fills a window.

The window is extrapolated by linear prediction; the mean of the damaged channels is resampled to the models' rate and
tokenized; tokens that touch a gap are resampled, several candidates at once, and decoded; treble and stereo image,
which the models lack, are modelled on the surroundings. When memory runs out, batches shrink, then the CPU takes over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal
from aidd_studio.engines.aidd.channel_groups import ChannelGroup, EncodedSegment, prepare
from aidd_studio.engines.aidd.client import load_models
from aidd_studio.engines.aidd.memory import is_out_of_memory, remember_full, was_full
from aidd_studio.engines.aidd.models import Models, interrupted_by
from aidd_studio.engines.aidd.ranking import consensus_score, likelihood_score
from aidd_studio.engines.aidd.rendering import render
from aidd_studio.engines.aidd.sampling import DrawnTokens, draw_tokens, touched_tokens
from aidd_studio.engines.aidd.segment import Segment
from aidd_studio.engines.aidd.settings import NAME, AiddSettings
from aidd_studio.engines.engine import Fill, Window
from aidd_studio.progress import Progress
from aidd_studio.weights.loading import pair_of
from aidd_studio.weights.store import find_installed

LARGE = 30_000_000
"""Parameters of a score model with which a candidate takes seconds on a CPU."""

PREDICTED = "predicted from the intact channels"
ON_CPU = "ran on the CPU: the GPU's memory was full"


@dataclass(frozen=True)
class Candidate:
    """A fill to be made. most_likely: it is the model's most likely fill, without any sampling."""

    seed: int
    most_likely: bool = False


@dataclass(frozen=True, eq=False)
class Work:
    """A window with its channel groups, and the models that fill them. notes: remarks shown with the fills.

    settings: all decided, with the models' card. tokenizer: the name of the score model's own.
    """

    window: Window
    tokenizer: str
    settings: AiddSettings
    models: Models
    groups: list[ChannelGroup]
    notes: tuple[str, ...]

    def with_note(self, note: str) -> Work:
        return self if note in self.notes else replace(self, notes=(*self.notes, note))


def fills(given: AiddSettings, window: Window, seeds: Sequence[int], progress: Progress) -> Iterator[Fill]:
    """One fill for each seed, batch by batch, best of each batch first.

    Raises ModelNotInstalled, DeviceError, Cancelled; MemoryError when not even one fits into this machine's memory.
    """
    work = _begin(given, window, progress)
    expected_first = given.expects_first and _has_expectation(work)
    candidates = [Candidate(seed, expected_first and number == 0) for number, seed in enumerate(seeds)]
    size = work.settings.batch or _batch_size(work.models, len(seeds))
    done = 0
    while done < len(candidates):
        batch = candidates[done : done + size]
        start, end = (0.1 + 0.9 * count / len(candidates) for count in (done, done + len(batch)))
        try:
            fills = _fill(work, batch, progress.part(start, end))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            work, size = _with_less_memory(work, size, progress)
            continue
        yield from sorted(fills, key=lambda fill: -fill.score)
        done += len(batch)


def _begin(given: AiddSettings, window: Window, progress: Progress) -> Work:
    """Models and channel groups; on the CPU where they do not fit into the GPU's memory."""
    tokenizer, score = pair_of(given.model)
    settings = replace(given.with_card(find_installed(score).record.defaults), model=score)
    on_cpu = was_full(given.device)
    progress.report(0.0, "loading models")
    try:
        return _prepare(window, tokenizer, settings, progress, on_cpu)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if on_cpu or not isinstance(error, torch.OutOfMemoryError):
            raise MemoryError("the models do not fit into this machine's memory") from error
    torch.cuda.empty_cache()
    remember_full(given.device)
    return _prepare(window, tokenizer, settings, progress, on_cpu=True)


def _prepare(window: Window, tokenizer: str, settings: AiddSettings, progress: Progress, on_cpu: bool) -> Work:
    models = load_models(tokenizer, str(settings.model), settings, progress, on_cpu)
    groups = prepare(window, models, settings.tokens, progress)
    work = Work(window, tokenizer, settings, models, groups, (ON_CPU,) if on_cpu else ())
    return work.with_note(PREDICTED) if any(group.predicted for group in groups) else work


def _has_expectation(work: Work) -> bool:
    """Whether each gap as a whole fits into the models' context, so that they can say what they expect in it.

    A longer gap is filled piece by piece from one side; there the most likely codes would be silence.
    """
    if work.models.refiner is None:
        return False
    longest = (work.settings.tokens or work.window.frames) * work.models.tokenizer.config.hop
    gaps = [group.encoded.segment.gaps for group in work.groups if group.encoded is not None]
    return all(found[-1][1] - found[0][0] <= longest for found in gaps)


def _batch_size(models: Models, candidates: int) -> int:
    """How many candidates are made at once: all, except one by one for a large network on the CPU.

    There a batch saves no time, and the first candidate is ready sooner.
    """
    return 1 if models.runs_on == "cpu" and models.size > LARGE else candidates


def _with_less_memory(work: Work, batch: int, progress: Progress) -> tuple[Work, int]:
    """Half the batch; the CPU when a single candidate was too large. Raises MemoryError when already on the CPU."""
    if work.models.device.type == "cuda":
        torch.cuda.empty_cache()
    if batch > 1:
        return work.with_note(f"memory was short: {batch // 2} at a time"), batch // 2
    if work.models.runs_on == "cpu":
        raise MemoryError("a single candidate does not fit into this machine's memory")
    remember_full(work.settings.device)
    models = load_models(work.tokenizer, str(work.settings.model), work.settings, progress, on_cpu=True)
    return replace(work, models=models).with_note(ON_CPU), 1


def _fill(work: Work, batch: Sequence[Candidate], progress: Progress) -> list[Fill]:
    """One fill for each candidate."""
    started = time.perf_counter()
    window, models, groups = work.window, work.models, work.groups
    samples = [window.samples.astype(np.float64) for _ in batch]
    scores = np.zeros(len(batch))
    for number, group in enumerate(groups):
        share = progress.part(number / len(groups), (number + 1) / len(groups))
        filled = [group.sound] * len(batch)
        if group.encoded is not None:
            waves, group_scores = _make_waves(work, group.encoded, batch, share)
            filled = []
            for wave, candidate in zip(waves, batch, strict=True):
                share.check()
                filled.append(group.with_wave(wave, window, candidate.seed))
            scores += group_scores / len(groups)
        missing = window.missing[group.rows]
        for whole, channels in zip(samples, filled, strict=True):
            whole[group.rows] = np.where(missing, channels, whole[group.rows])
    progress.report(1.0, "filled")
    seconds = (time.perf_counter() - started) / len(batch)
    settings = {**asdict(work.settings), "device": models.runs_on, "precision": models.precision}
    note = "; ".join(work.notes)
    return [
        Fill(
            whole.astype(np.float32),
            NAME,
            candidate.seed,
            float(score),
            {**settings, "likeliest_first": candidate.most_likely},
            models.weights,
            seconds,
            note,
        )
        for whole, candidate, score in zip(samples, batch, scores, strict=True)
    ]


def _make_waves(
    work: Work, encoded: EncodedSegment, batch: Sequence[Candidate], progress: Progress
) -> tuple[Signal, NDArray[np.float64]]:
    """The segment's wave for each candidate, float64 [B, T], and their scores [B]."""
    models, segment, settings = work.models, encoded.segment, work.settings
    config = models.tokenizer.config
    most_likely = [candidate.most_likely for candidate in batch]
    drawing = progress.part(0.0, 0.9)
    with torch.inference_mode(), interrupted_by(progress):
        drawing.report(0.0, "generating")
        drawn = draw_tokens(
            models.score,
            models.tokenizer.embed(torch.arange(config.codebook_size, device=models.device)),
            encoded.codes.to(models.device),
            touched_tokens(segment.missing, config.hop, settings.widen),
            [candidate.seed for candidate in batch],
            settings,
            lambda done: drawing.report(done, "generating"),
            most_likely,
        )
        progress.report(0.9, "decoding")
        waves = render(models, segment, drawn, settings)
        return waves, _scores(models, segment, drawn, waves, most_likely, settings)


def _scores(
    models: Models,
    segment: Segment,
    drawn: DrawnTokens,
    waves: Signal,
    most_likely: Sequence[bool],
    settings: AiddSettings,
) -> NDArray[np.float64]:
    """The consensus score of each wave; its likelihood score where the models have no expectation."""
    if models.refiner is None or drawn.expected is None:
        pairs = zip(drawn.log_likelihood, waves, strict=True)
        return np.array([likelihood_score(float(value), segment, wave) for value, wave in pairs])
    if any(most_likely):
        expected = waves[list(most_likely).index(True)]
    else:
        alone = replace(drawn, codes=drawn.codes[:1], vectors=drawn.expected[None])
        expected = render(models, segment, alone, settings)[0]
    return np.array([consensus_score(segment, wave, expected) for wave in waves])
