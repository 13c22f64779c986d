"""The engine `aidd`: tokens drawn by discrete diffusion (Dror et al. 2025), decoded and laid into the gap.

A gap's life here: the window is extrapolated by linear prediction; the damaged channels' mean goes to the models'
rate and becomes tokens; those that touch the gap are drawn anew, several candidates at once; the decoder's sound is
faded over from the extrapolation at the edges; band and image beyond the models' are drawn from the surroundings.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal
from aidd_studio.damage.detection.spans import true_runs
from aidd_studio.engines import catalogue
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.engine import EngineInfo, Fill, Window
from aidd_studio.engines.linear.autoregressive import AutoregressiveEngine, AutoregressiveSettings
from aidd_studio.engines.linear.companion import companion_part
from aidd_studio.engines.linear.extrapolation import prefill, scaled_order
from aidd_studio.engines.stretches import Stretch
from aidd_studio.errors import ModelError
from aidd_studio.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from aidd_studio.engines.aidd.models import Models
    from aidd_studio.engines.aidd.sampling import DrawnTokens
    from aidd_studio.engines.aidd.segment import Segment

__all__ = ["AiddEngine", "AiddSettings"]

NAME = catalogue.AIDD.name

ORDER = 1838
"""Order of the linear prediction at 44.1 kHz: 1000 at 24 kHz, as in the refiner's training."""

LARGE = 30_000_000
"""Parameters of a score model with which a candidate takes seconds on a CPU."""

FAR = 0.5
"""Seconds from the gaps to be filled beyond which what is missing only gets tokens: nothing else looks so far."""

FAR_ORDER = 256
"""Order, at 44.1 kHz, of the linear prediction by which tokens are guessed there before they are drawn."""

COMPANION_CONTEXT = 0.1
"""Seconds on each side of a gap in which intact channels are compared with damaged ones."""

TOLD = "the intact channels tell what is missing"


@dataclass(frozen=True, eq=False)
class _Part:
    """The channels of a window that are damaged at the same places.

    channels: float64 [m, frames], extrapolated. asked: bool [frames], where the models are to fill. far: bool
    [frames], what is missing too, and filled with other windows. segment: what they see, and codes int64 [L] its
    tokens; None when other channels tell already all that is missing.
    """

    rows: list[int]
    channels: Signal
    asked: NDArray[np.bool_]
    far: NDArray[np.bool_]
    segment: Segment | None = None
    codes: Tensor | None = None


class AiddEngine:
    """Fills gaps with what a neural model that knows music thinks fits."""

    def __init__(self, settings: AiddSettings | None = None) -> None:
        self.settings = settings or AiddSettings()
        self._on_cpu = False

    @property
    def info(self) -> EngineInfo:
        return catalogue.AIDD

    def unavailable(self) -> str | None:
        """Names the model that is missing."""
        from aidd_studio.weights.loading import pair_of

        try:
            pair_of(self.settings.model)
        except ModelError as error:
            return str(error)
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield candidates, those of a batch by falling score. Raises ModelNotInstalled, DeviceError, Cancelled."""
        work = _Work(self.settings, window, progress, self._on_cpu)
        seeds = [candidate_seed(seed, number) for number in range(candidates)]
        try:
            yield from work.fills(seeds)
        finally:  # whoever has enough does not ask for the end
            self._on_cpu = work.on_cpu


def candidate_seed(seed: int, number: int) -> int:
    """The seed of a candidate; candidate 0 of it is that very candidate."""
    if number == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}:{number}".encode()).digest()[:6], "big")


def _fitting_batch(models: Models, candidates: int) -> int:
    """How many candidates are made at once: all, but one by one where a large network runs on the CPU.

    There a batch takes as long as its members do one after the other, and the first is heard the sooner.
    """
    if models.runs_on == "cpu" and models.size > LARGE:
        return 1
    return candidates


def _short_of_memory(error: Exception) -> bool:
    """Whether an error tells of too little memory; torch has a class of its own for the GPU's alone."""
    import torch

    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


class _Work:
    """One window's work: models, extrapolated parts, and batches that shrink when memory runs out."""

    def __init__(self, settings: AiddSettings, window: Window, progress: Progress, on_cpu: bool) -> None:
        from aidd_studio.weights.loading import pair_of
        from aidd_studio.weights.store import find_installed

        self.window, self.progress, self.on_cpu = window, progress, on_cpu
        self.names = pair_of(settings.model)
        card = find_installed(self.names[1]).record.defaults
        self.settings = replace(settings.with_card(card), model=self.names[1])
        self.expects_first = settings.expects_first
        self.notes: list[str] = []

    def _seen_whole(self, part: _Part, hop: int) -> bool:
        """Whether the models see the part's gaps with their surroundings at once.

        Of a longer gap only the pieces are, from one side; there the likeliest codes of all would be silence.
        """
        segment = part.segment
        if segment is None:
            return True
        gaps = segment.gaps
        return not self.settings.tokens or gaps[-1][1] - gaps[0][0] <= self.settings.tokens * hop

    def fills(self, seeds: Sequence[int]) -> Iterator[Fill]:
        """Candidates, batch by batch. Raises MemoryError when not even one fits into this machine's memory."""
        models, parts = self._ready()
        batch = self.settings.batch or _fitting_batch(models, len(seeds))
        hop = models.tokenizer.config.hop
        expected = self.expects_first and models.refiner is not None
        expected = expected and all(self._seen_whole(part, hop) for part in parts)
        done = 0
        while done < len(seeds):
            part = seeds[done : done + batch]
            likeliest = [expected and done + number == 0 for number in range(len(part))]
            share = self.progress.part(0.1 + 0.9 * done / len(seeds), 0.1 + 0.9 * (done + len(part)) / len(seeds))
            try:
                made = self._made(models, parts, part, likeliest, share)
            except (RuntimeError, MemoryError) as error:
                if not _short_of_memory(error):
                    raise
                batch, models = self._with_less_memory(batch, models)
                continue
            yield from sorted(made, key=lambda fill: -fill.score)
            done += len(part)

    def _ready(self) -> tuple[Models, list[_Part]]:
        """The models and the window's parts; on the CPU where the GPU's memory does not even hold these."""
        import torch

        self.progress.report(0.0, "loading models")
        try:
            models = self._models()
            return models, self._parts(models)
        except (RuntimeError, MemoryError) as error:
            if not _short_of_memory(error):
                raise
            if self.on_cpu or not isinstance(error, torch.OutOfMemoryError):
                raise MemoryError("the models do not fit into this machine's memory") from error
            torch.cuda.empty_cache()
            models = self._models_on_cpu()
            return models, self._parts(models)

    def _models(self) -> Models:
        from aidd_studio.engines.aidd.models import load_models

        return load_models(*self.names, self.settings, self.progress, self.on_cpu)

    def _with_less_memory(self, batch: int, models: Models) -> tuple[int, Models]:
        """Half the batch; the CPU when a single candidate was too much. Raises MemoryError when that was the CPU."""
        import torch

        if models.device.type == "cuda":
            torch.cuda.empty_cache()
        if batch > 1:
            self._tell(f"memory was short: {batch // 2} at a time")
            return batch // 2, models
        if models.runs_on == "cpu":
            raise MemoryError("a single candidate does not fit into this machine's memory")
        return 1, self._models_on_cpu()

    def _tell(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _models_on_cpu(self) -> Models:
        self.on_cpu = True
        self._tell("ran on the CPU: the GPU's memory was full")
        return self._models()

    def _parts(self, models: Models) -> list[_Part]:
        """The window extrapolated, and its damaged channels grouped by where near the gaps they are damaged."""
        from aidd_studio.engines.aidd.segment import cut_segment

        config = models.tokenizer.config
        far = _far(self.window)
        near = self.window.missing & ~far
        sound = self._extrapolated(far)
        parts = []
        for rows in _alike(near):
            part = _Part(rows, sound[rows], self._untold(sound, near, rows), np.asarray(far[rows].any(axis=0)))
            if part.asked.any():
                longest = self.settings.tokens or self.window.frames
                common = part.channels.mean(axis=0)
                segment = cut_segment(
                    common, part.asked, self.window.rate, config.sample_rate, config.hop, longest, part.far
                )
                part = replace(part, segment=segment, codes=self._encoded(models, segment))
            parts.append(part)
        return parts

    def _extrapolated(self, far: NDArray[np.bool_]) -> Signal:
        """The window with everything that is missing extrapolated: float64 [channels, frames]."""
        window = self.window
        if far.any():
            order = scaled_order(window.rate, FAR_ORDER)
            guess = prefill(window.samples, far, window.rate, order, progress=self.progress)
            samples = np.where(far, guess, window.samples).astype(np.float32)
            window = replace(window, samples=samples, missing=window.missing & ~far)
        extrapolating = AutoregressiveEngine(AutoregressiveSettings(ORDER, longest=0.0, iterations=0))
        fill = next(extrapolating.fill(window, 1, 0, self.progress.part(0.02, 0.08)))
        return fill.samples.astype(np.float64)

    def _encoded(self, models: Models, segment: Segment) -> Tensor:
        """The segment's tokens: int64 [L]."""
        import torch

        from aidd_studio.engines.aidd.models import interrupted_by

        self.progress.report(0.08, "encoding")
        wave = torch.from_numpy(segment.wave).float().to(models.device)
        with torch.inference_mode(), interrupted_by(self.progress):
            return models.tokenizer.encode(wave[None])[0]

    def _untold(self, sound: Signal, missing: NDArray[np.bool_], rows: list[int]) -> NDArray[np.bool_]:
        """Where these channels are missing and intact ones do not predict them well: bool [frames].

        missing: bool [channels, frames], the damage near the gaps.
        """
        rate = self.window.rate
        untold: NDArray[np.bool_] = missing[rows[0]].copy()
        for start, end in true_runs(untold) if len(rows) < len(missing) else []:
            hole = Stretch(start, end, tuple(rows))
            part = companion_part(sound, missing, hole, round(COMPANION_CONTEXT * rate), rate)
            if part.any(axis=1).all():
                untold[start:end] = False
                self._tell(TOLD)
        return untold

    def _made(
        self,
        models: Models,
        parts: Sequence[_Part],
        seeds: Sequence[int],
        likeliest: Sequence[bool],
        progress: Progress,
    ) -> list[Fill]:
        """One fill for each seed; `likeliest` tells which of them are expected rather than drawn."""
        started = time.perf_counter()
        samples = [self.window.samples.astype(np.float64) for _ in seeds]
        scores = np.zeros(len(seeds))
        for number, part in enumerate(parts):
            share = progress.part(number / len(parts), (number + 1) / len(parts))
            drawn = [part.channels] * len(seeds)
            if part.segment is not None and part.codes is not None:
                drawn, part_scores = self._part_made(models, part, part.segment, part.codes, seeds, likeliest, share)
                scores += part_scores / len(parts)
            missing = self.window.missing[part.rows]
            for whole, channels in zip(samples, drawn, strict=True):
                whole[part.rows] = np.where(missing, channels, whole[part.rows])
        progress.report(1.0, "filled")
        seconds = (time.perf_counter() - started) / len(seeds)
        settings = {**asdict(self.settings), "device": models.runs_on, "precision": models.precision}
        fills = []
        for whole, seed, value, expected in zip(samples, seeds, scores, likeliest, strict=True):
            used = {**settings, "likeliest_first": expected}
            made = whole.astype(np.float32)
            fills.append(Fill(made, NAME, seed, float(value), used, models.weights, seconds, "; ".join(self.notes)))
        return fills

    def _part_made(
        self,
        models: Models,
        part: _Part,
        segment: Segment,
        codes: Tensor,
        seeds: Sequence[int],
        likeliest: Sequence[bool],
        progress: Progress,
    ) -> tuple[list[Signal], NDArray[np.float64]]:
        """The part's channels, float64 [m, frames] for each seed, and the scores."""
        import torch

        from aidd_studio.engines.aidd.models import interrupted_by
        from aidd_studio.engines.aidd.rendering import render
        from aidd_studio.engines.aidd.sampling import draw_tokens, touched_tokens

        with torch.inference_mode(), interrupted_by(progress):
            fill = touched_tokens(segment.missing, models.tokenizer.config.hop, self.settings.widen)
            codes = codes.to(models.device)
            table = models.tokenizer.embed(torch.arange(models.tokenizer.config.codebook_size, device=models.device))
            drawing = progress.part(0.0, 0.9)
            drawing.report(0.0, "drawing tokens")
            drawn = draw_tokens(
                models.score,
                table,
                codes,
                fill,
                seeds,
                self.settings,
                lambda done: drawing.report(done, "drawing tokens"),
                likeliest,
            )
            progress.report(0.9, "decoding")
            made = render(models, segment, drawn, self.settings)
            scores = self._scores(models, segment, drawn, made, likeliest)
        channels = [self._channels(part, segment, row, seed) for row, seed in zip(made, seeds, strict=True)]
        return channels, scores

    def _scores(
        self, models: Models, segment: Segment, drawn: DrawnTokens, made: Signal, likeliest: Sequence[bool]
    ) -> NDArray[np.float64]:
        """How near each row of `made` comes to what the models expect; how likely it is where they expect nothing."""
        from aidd_studio.engines.aidd.ranking import likely, near
        from aidd_studio.engines.aidd.rendering import render

        if models.refiner is None or drawn.expected is None:
            pairs = zip(drawn.log_likelihood, made, strict=True)
            return np.array([likely(float(value), segment, row) for value, row in pairs])
        if any(likeliest):
            expected = made[list(likeliest).index(True)]
        else:
            alone = replace(drawn, codes=drawn.codes[:1], vectors=drawn.expected[None])
            expected = render(models, segment, alone, self.settings)[0]
        return np.array([near(segment, row, expected) for row in made])

    def _channels(self, part: _Part, segment: Segment, made: Signal, seed: int) -> Signal:
        """The part's channels at the source's rate, from the models' wave float64 [T]."""
        from aidd_studio.engines.aidd.segment import lay_back
        from aidd_studio.engines.aidd.stereo import complete, sight

        self.progress.check()
        rate, change = self.window.rate, made - segment.wave
        channels = part.channels.copy()
        for start, end in true_runs(part.asked):
            first, last = max(0, start - sight(rate)), min(self.window.frames, end + sight(rate))
            around = slice(first, last)
            common = part.channels[:, around].mean(axis=0) + lay_back(change, segment, first, last, rate)
            rng = np.random.default_rng([seed, start])
            filled = complete(channels[:, around], common, start - first, end - first, rate, segment.rate, rng)
            channels[:, start:end] = filled[:, start - first : end - first]
        return channels


def _far(window: Window) -> NDArray[np.bool_]:
    """What is missing far from all gaps that are to be filled: bool [channels, frames]."""
    places = [window.local(gap) for gap in window.gaps]
    reach = round(FAR * window.rate)
    far = np.zeros(window.missing.shape, dtype=np.bool_)
    for channel, row in enumerate(window.missing):
        for start, end in true_runs(row):
            far[channel, start:end] = all(end + reach <= first or last + reach <= start for first, last in places)
    return far


def _alike(missing: NDArray[np.bool_]) -> list[list[int]]:
    """The damaged channels, those that miss the same frames together. missing: bool [channels, frames]."""
    groups: dict[bytes, list[int]] = {}
    for channel, row in enumerate(missing):
        if row.any():
            groups.setdefault(np.packbits(row).tobytes(), []).append(channel)
    return list(groups.values())
