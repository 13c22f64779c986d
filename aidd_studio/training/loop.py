"""The training loop that all trainers share: schedule, averaging, checkpoints, resume, metrics."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from aidd_studio.diffusion.ema import ExponentialMovingAverage
from aidd_studio.errors import UsageError
from aidd_studio.training.devices import Devices
from aidd_studio.training.metrics_log import MetricsLog


@dataclass(frozen=True)
class LoopSettings:
    """How long and how to optimise; rates are per optimiser step.

    The run ends after `steps`, or, when `minutes` is above 0, after that much training time; the rate's decay follows
    whichever ends it. Only runs without `minutes` repeat to the last digit.
    """

    steps: int = 10_000
    minutes: float = 0.0
    rate: float = 5e-4
    final_share: float = 0.05  # of the rate, at the end of a cosine
    warmup: int = 100
    shape: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    accumulate: int = 1
    average: float = 0.999  # decay of the exponential moving average of the weights; 0 for none
    seed: int = 0
    checkpoint_minutes: float = 3.0
    report_steps: int = 20
    validate_steps: int = 500


def learning_rate(settings: LoopSettings, step: int, progress: float) -> float:
    """The rate of a step: a linear warm-up, then constant or a cosine. progress: share of the run that is done."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup))
    if settings.shape == "constant":
        return settings.rate * warm
    fall = 0.5 + 0.5 * math.cos(math.pi * min(1.0, progress))
    return settings.rate * warm * (settings.final_share + (1 - settings.final_share) * fall)


class Task(Protocol):
    """What is trained: a module and its loss. The loss must depend on nothing but weights, buffers, step and part."""

    tokens_per_step: int

    @property
    def module(self) -> nn.Module:
        """All weights and buffers of the training, trained or not."""
        ...

    def loss(self, step: int, part: int) -> tuple[Tensor, Mapping[str, float]]:
        """The loss of one accumulation part of a step, and figures to report."""
        ...

    def validate(self) -> Mapping[str, float]:
        """Figures on held-back data."""
        ...


class Loop:
    """One training run in a folder: `run()` starts it or goes on where its last checkpoint was."""

    def __init__(self, task: Task, settings: LoopSettings, folder: Path, devices: Devices) -> None:
        if settings.accumulate < 1 or settings.steps < 1:
            raise UsageError("steps and accumulate must be at least 1 in the recipe.")
        self.task, self.settings, self.folder, self.devices = task, settings, folder, devices
        self.parameters = [p for p in task.module.parameters() if p.requires_grad]
        decayed = [p for p in self.parameters if p.ndim >= 2]
        plain = [p for p in self.parameters if p.ndim < 2]
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.rate, betas=settings.betas)
        self.average = ExponentialMovingAverage(self.parameters, settings.average) if settings.average else None
        self.step, self.seconds = 0, 0.0
        self._stopping = False

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def run(self, say: Callable[[str], None] = print) -> bool:
        """Train to the end: True; or until Ctrl+C or SIGTERM, after a checkpoint: False."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.is_file():
            self.resume()
            say(f"going on from step {self.step}")
        journal = MetricsLog(self.folder, enabled=self.devices.is_main)
        began, saved = time.monotonic() - self.seconds, time.monotonic()
        with self._graceful():
            while self._progress() < 1.0 and not self._stopping:
                figures = self._one_step()
                self._agree(time.monotonic() - began)
                if self.step % self.settings.report_steps == 0:
                    journal.write(self.step, self.seconds, figures)
                    say(self._line(figures))
                if self.step % self.settings.validate_steps == 0:
                    self._validate(journal, say)
                if time.monotonic() - saved > self.settings.checkpoint_minutes * 60:
                    self.save()
                    saved = time.monotonic()
        self.save()
        finished = not self._stopping
        if finished:
            self._validate(journal, say)
        journal.close()
        return finished

    def _agree(self, seconds: float) -> None:
        """One clock and one stop flag for all processes, so that they take the same steps at the same rates."""
        summed = self.devices.sum([seconds if self.devices.is_main else 0.0, float(self._stopping)])
        self.seconds, self._stopping = summed[0], summed[1] > 0

    def _validate(self, journal: MetricsLog, say: Callable[[str], None]) -> None:
        with self.averaged():
            self.task.module.eval()
            held = {f"held_{name}": value for name, value in self.task.validate().items()}
            self.task.module.train()
        journal.write(self.step, self.seconds, held)
        say(f"step {self.step} held back: " + "  ".join(f"{k[5:]} {v:.4f}" for k, v in held.items()))

    def _one_step(self) -> dict[str, float]:
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.settings, self.step, self._progress())
        self.optimizer.zero_grad(set_to_none=True)
        figures: dict[str, float] = {}
        for part in range(settings.accumulate):
            loss, found = self.task.loss(self.step, part)
            (loss / settings.accumulate).backward()  # type: ignore[no-untyped-call]
            for name, value in {"loss": float(loss.detach()), **found}.items():
                figures[name] = figures.get(name, 0.0) + value / settings.accumulate
        self.devices.average_gradients(self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, settings.clip)
        if math.isfinite(float(norm)):
            self.optimizer.step()
        figures["gradient"] = float(norm)
        figures["rate"] = learning_rate(self.settings, self.step, self._progress())
        self.step += 1
        if self.average:
            self.average.update(self.parameters)
        return figures

    def _progress(self) -> float:
        by_steps = self.step / self.settings.steps
        by_time = self.seconds / (self.settings.minutes * 60) if self.settings.minutes else 0.0
        return max(by_steps, by_time)

    def _line(self, figures: Mapping[str, float]) -> str:
        rate = self.step * self.task.tokens_per_step * self.devices.count / max(1e-9, self.seconds)
        left = self.seconds * (1 / max(1e-9, self._progress()) - 1)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        return f"step {self.step}  {shown}  {rate:.0f} tokens/s  {left / 60:.1f} min left"

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The moving average in the place of the weights, for as long as the context lasts."""
        with self.average.in_place_of(self.parameters) if self.average else nullcontext():
            yield

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        if not self.devices.is_main:
            return
        state = {
            "module": self.task.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.shadow_params if self.average else [],
            "trained": [name for name, p in self.task.module.named_parameters() if p.requires_grad],
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.checkpoint.with_suffix(".part")
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.checkpoint)

    def resume(self) -> None:
        """Take up the checkpoint's weights, averages, optimiser and step."""
        state: dict[str, Any] = torch.load(self.checkpoint, map_location=self.devices.device, weights_only=True)
        self.task.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        if self.average and state["average"]:
            self.average.resume(state["average"], self.step)

    @contextmanager
    def _graceful(self) -> Iterator[None]:
        """Let Ctrl+C and SIGTERM end the run after the current step instead of in its middle."""

        def stop(number: int, frame: Any) -> None:
            self._stopping = True

        try:
            previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:  # not in the main thread, whose owner stops it
            yield
            return
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
