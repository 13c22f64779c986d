"""The networks of the engine `aidd` in one place for many: they answer questions, several gaps' in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.errors import AiddError
from aidd_studio.progress import Progress

if TYPE_CHECKING:
    from aidd_studio.engines.aidd.models import Models

ASKED = {("tokenizer", "encode"), ("tokenizer", "decode"), ("tokenizer", "embed"), ("score", ""), ("refiner", "")}
"""The parts of the models that answer, and their methods; "" calls the part itself."""


@dataclass(frozen=True)
class Pair:
    """Which models are meant, and where and how they run."""

    tokenizer: str
    score: str
    device: str = "auto"
    precision: str = "auto"
    refine: bool = True

    @staticmethod
    def of(tokenizer: str, score: str, settings: AiddSettings) -> Pair:
        return Pair(tokenizer, score, settings.device, settings.precision, settings.refine)

    @property
    def settings(self) -> AiddSettings:
        return AiddSettings(device=self.device, precision=self.precision, refine=self.refine)


@dataclass(frozen=True, eq=False)
class Question:
    """A call of one part of the models; its arguments are NumPy arrays and plain values."""

    pair: Pair
    part: str
    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Description:
    """What must be known of models without having them. configs: by part; the refiner's is missing without one."""

    configs: dict[str, Any]
    parameters: int  # of the score network
    weights: dict[str, str]
    device: str
    precision: str


class Networks:
    """Models by pair, each loaded once.

    joint: whether calls of the score network are put together; None to do so on anything but a CPU, where a single
    gap keeps the arithmetic busy.
    """

    def __init__(self, joint: bool | None = None) -> None:
        self._joint = joint
        self._models: dict[Pair, Models] = {}

    def describe(self, pair: Pair) -> Description:
        """Load the models. Raises ModelNotInstalled, DeviceError."""
        models = self._loaded(pair)
        parts = {"tokenizer": models.tokenizer, "score": models.score, "refiner": models.refiner}
        configs = {name: part.config for name, part in parts.items() if part is not None}
        parameters = sum(part.numel() for part in models.score.parameters())
        return Description(configs, parameters, models.weights, str(models.device), models.precision)

    def answer(self, questions: Sequence[Question]) -> list[Any]:
        """The answer to each question, a NumPy array, or the exception that came instead."""
        import torch

        answers: list[Any] = [None] * len(questions)
        together: dict[Pair, list[int]] = {}
        with torch.inference_mode():
            for number, question in enumerate(questions):
                if question.part == "score" and self._is_joint(question.pair):
                    together.setdefault(question.pair, []).append(number)
                else:
                    answers[number] = tried(self._alone, question)
            for pair, numbers in together.items():
                found = tried(self._together, pair, [questions[number] for number in numbers])
                for place, number in enumerate(numbers):
                    answers[number] = found if isinstance(found, BaseException) else found[place]
        return answers

    def _is_joint(self, pair: Pair) -> bool:
        if self._joint is not None:
            return self._joint
        models = self._models.get(pair)
        return models is not None and models.device.type != "cpu"

    def _loaded(self, pair: Pair) -> Models:
        if pair not in self._models:
            from aidd_studio.engines.aidd.models import load_here

            self._models[pair] = load_here(pair.tokenizer, pair.score, pair.settings, Progress())
        return self._models[pair]

    def _alone(self, question: Question) -> Any:
        if (question.part, question.method) not in ASKED:
            raise ValueError(f"nobody answers {question.part}.{question.method}")
        models = self._loaded(question.pair)
        part = getattr(models, question.part)
        work = getattr(part, question.method) if question.method else part
        return to_numpy(work(*(to_torch(value, models.device) for value in question.arguments)))

    def _together(self, pair: Pair, questions: Sequence[Question]) -> list[Any]:
        from aidd_studio.engines.aidd.batching import ScoreCall, joint_scores

        models = self._loaded(pair)
        calls = [ScoreCall(*(to_torch(value, models.device) for value in question.arguments)) for question in questions]
        return [to_numpy(scores) for scores in joint_scores(models.score, calls)]


def to_torch(value: Any, device: Any) -> Any:
    """An array as a tensor on a device; anything else as it is."""
    import numpy as np
    import torch

    return torch.from_numpy(value).to(device) if isinstance(value, np.ndarray) else value


def to_numpy(value: Any) -> Any:
    """A tensor as an array, of float32 where NumPy knows no such numbers; anything else as it is."""
    import torch

    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach().cpu()
    return (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).contiguous().numpy()


def tried(work: Callable[..., Any], *arguments: Any) -> Any:
    """What the work gives, or the exception that it raises, so that one gap's fault stays that gap's."""
    import torch

    try:
        return work(*arguments)
    except (torch.OutOfMemoryError, MemoryError):
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return MemoryError("the networks' memory is full")
    except AiddError as error:
        return error
    except Exception as error:  # which may hold what cannot be sent to another process
        return RuntimeError(f"{type(error).__name__}: {error}")
