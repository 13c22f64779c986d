"""The networks of the engine `aidd` in one process for many workers, batching requests for several gaps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, wait
from typing import Any, cast

from aidd_studio.engines.aidd.models import Models, load_here
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.errors import AiddError
from aidd_studio.progress import Progress

METHODS = {("tokenizer", "encode"), ("tokenizer", "decode"), ("tokenizer", "embed"), ("score", ""), ("refiner", "")}
"""The methods that may be called on each network; "" calls the network itself."""

PATIENCE = 0.02
"""Seconds between two checks for the server's end."""


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
    """A call of one network; its arguments are NumPy arrays and plain values."""

    pair: Pair
    network: str
    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Description:
    """What a proxy must know of the models. configs: by network, the refiner's only where there is one."""

    configs: dict[str, Any]
    parameters: int  # of the score network
    weights: dict[str, str]
    device: str
    precision: str


class Networks:
    """Models by pair, each loaded once.

    joint: whether calls of the score network are batched; None means on a GPU only, as a single gap keeps a CPU busy.
    """

    def __init__(self, joint: bool | None = None) -> None:
        self._joint = joint
        self._models: dict[Pair, Models] = {}

    def describe(self, pair: Pair) -> Description:
        """Load the models. Raises ModelNotInstalled, DeviceError."""
        models = self._loaded(pair)
        networks = {"tokenizer": models.tokenizer, "score": models.score, "refiner": models.refiner}
        configs = {name: network.config for name, network in networks.items() if network is not None}
        return Description(configs, models.size, models.weights, str(models.device), models.precision)

    def answer(self, questions: Sequence[Question]) -> list[Any]:
        """For each question a NumPy array, or the exception that it raised."""
        import torch

        answers: list[Any] = [None] * len(questions)
        together: dict[Pair, list[int]] = {}
        with torch.inference_mode():
            for number, question in enumerate(questions):
                if question.network == "score" and self._is_joint(question.pair):
                    together.setdefault(question.pair, []).append(number)
                else:
                    answers[number] = attempt(self._alone, question)
            for pair, numbers in together.items():
                found = attempt(self._together, pair, [questions[number] for number in numbers])
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
            self._models[pair] = load_here(pair.tokenizer, pair.score, pair.settings, Progress())
        return self._models[pair]

    def _alone(self, question: Question) -> Any:
        if (question.network, question.method) not in METHODS:
            raise ValueError(f"there is no {question.network}.{question.method}")
        models = self._loaded(question.pair)
        network = getattr(models, question.network)
        work = getattr(network, question.method) if question.method else network
        return to_numpy(work(*(to_torch(value, models.device) for value in question.arguments)))

    def _together(self, pair: Pair, questions: Sequence[Question]) -> list[Any]:
        from aidd_studio.engines.aidd.batching import ScoreCall, joint_scores

        models = self._loaded(pair)
        calls = [ScoreCall(*(to_torch(value, models.device) for value in question.arguments)) for question in questions]
        return [to_numpy(scores) for scores in joint_scores(models.score, calls)]


def serve(networks: Networks, listener: Listener, stopped: Callable[[], bool]) -> None:
    """Serve all connections until `stopped` returns True; questions that arrive together are answered together."""
    connections: list[Connection] = []
    threading.Thread(target=_welcome, args=(listener, connections, stopped), name="welcome", daemon=True).start()
    while not stopped():
        ready = cast(list[Connection], wait(list(connections), timeout=PATIENCE))
        asked = []
        for connection in ready:
            try:
                asked.append((connection, connection.recv()))
            except (EOFError, OSError):
                connections.remove(connection)
        answers = answer_all(networks, [what for _, what in asked])
        for (connection, _), answer in zip(asked, answers, strict=True):
            try:
                connection.send(answer)
            except (OSError, ValueError):
                connections.remove(connection)


def _welcome(listener: Listener, connections: list[Connection], stopped: Callable[[], bool]) -> None:
    while not stopped():
        try:
            connections.append(listener.accept())
        except (AuthenticationError, EOFError):
            continue  # wrong key
        except OSError:
            return


def answer_all(networks: Networks, asked: Sequence[Pair | Question]) -> list[Any]:
    """The answers, or the exceptions raised, in the order of the questions."""
    questions = [what for what in asked if isinstance(what, Question)]
    answers = iter(networks.answer(questions) if questions else [])
    return [next(answers) if isinstance(what, Question) else attempt(networks.describe, what) for what in asked]


def to_torch(value: Any, device: Any) -> Any:
    """An array as a tensor on a device; anything else as it is."""
    import numpy as np
    import torch

    return torch.from_numpy(value).to(device) if isinstance(value, np.ndarray) else value


def to_numpy(value: Any) -> Any:
    """A tensor as an array, float32 where NumPy lacks its type; anything else as it is."""
    import torch

    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach().cpu()
    return (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).contiguous().numpy()


def attempt(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result, or the exception raised, so that a failure affects its own gap only."""
    import torch

    try:
        return work(*arguments)
    except (torch.OutOfMemoryError, MemoryError):
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return MemoryError("the network process ran out of memory")
    except AiddError as error:
        return error
    except Exception as error:  # which may hold what cannot be sent to another process
        return RuntimeError(f"{type(error).__name__}: {error}")
