"""The networks of the engine `aidd` in another process: who asks them, and the process that answers.

A worker of a batch asks; what is drawn, extrapolated and spliced is done where it is asked, so that the process of the
networks does nothing else. When it dies, the worker loads the models itself and does the same arithmetic.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener, wait
from typing import TYPE_CHECKING, Any, cast

from aidd_studio.engines.aidd.server import Description, Networks, Pair, Question, to_numpy, to_torch, tried

if TYPE_CHECKING:
    from aidd_studio.engines.aidd.models import Models

log = logging.getLogger(__name__)

PATIENCE = 0.02
"""Seconds between two looks at the watch while an answer is awaited, and at those who join."""

Check = Callable[[], None]
"""Raises Cancelled when somebody asked to stop."""


@dataclass(frozen=True)
class Address:
    """Where the networks listen, and the key that both sides must know."""

    place: str
    key: bytes
    joint: bool | None


class Link:
    """A worker's way to the networks."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection: Connection | None = None
        self._own: Networks | None = None
        self._number = 0

    def describe(self, pair: Pair, check: Check) -> Description:
        """What the models are like. Raises as `Networks.describe` does."""
        return cast(Description, self._ask(pair, check))

    def ask(self, question: Question, check: Check) -> Any:
        """The answer. Raises what the question raised there, and Cancelled through `check`."""
        return self._ask(question, check)

    def _ask(self, what: Pair | Question, check: Check) -> Any:
        answer: Any = None
        if self._own is None:
            try:
                answer = self._asked_there(what, check)
            except (EOFError, OSError) as error:
                log.warning("the networks' process is gone (%s); this worker loads the models itself", error)
                self._close()
                self._own = Networks(self._address.joint)
        if self._own is not None:
            (answer,) = _answered(self._own, [what])
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _asked_there(self, what: Pair | Question, check: Check) -> Any:
        if self._connection is None:
            self._connection = Client(self._address.place, authkey=self._address.key)
        connection = self._connection
        connection.send(what)
        try:
            while not connection.poll(PATIENCE):
                check()
        except BaseException:
            self._close()  # nobody waits for that answer any more
            raise
        return connection.recv()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(frozen=True, eq=False)
class _There:
    """A part of the models that is asked over a link; called as the part itself would be."""

    link: Link
    pair: Pair
    part: str
    config: Any
    check: Check

    def __call__(self, *arguments: Any) -> Any:
        return self._ask("", arguments)

    def encode(self, wave: Any) -> Any:
        return self._ask("encode", (wave,))

    def decode(self, codes: Any) -> Any:
        return self._ask("decode", (codes,))

    def embed(self, codes: Any) -> Any:
        return self._ask("embed", (codes,))

    def _ask(self, method: str, arguments: tuple[Any, ...]) -> Any:
        question = Question(self.pair, self.part, method, tuple(to_numpy(value) for value in arguments))
        return to_torch(self.link.ask(question, self.check), "cpu")


def models_there(link: Link, pair: Pair, check: Check, later: Check) -> Models:
    """Models whose networks run at the other end of the link; `later` is the check while they are asked.

    Raises ModelNotInstalled, DeviceError, Cancelled.
    """
    import torch

    from aidd_studio.engines.aidd.models import Models

    told = link.describe(pair, check)
    parts = {name: _There(link, pair, name, config, later) for name, config in told.configs.items()}
    return Models(
        cast(Any, parts["tokenizer"]),
        cast(Any, parts["score"]),
        cast(Any, parts.get("refiner")),
        torch.device("cpu"),  # where the tensors are that a worker holds
        told.precision,
        told.weights,
        told.device,
        told.parameters,
    )


def serve(networks: Networks, listener: Listener, stopped: Callable[[], bool]) -> None:
    """Answer whoever connects until `stopped` says True; what was asked meanwhile is answered together."""
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
        answers = _answered(networks, [what for _, what in asked])
        for (connection, _), answer in zip(asked, answers, strict=True):
            try:
                connection.send(answer)
            except (OSError, ValueError):
                connections.remove(connection)


def _welcome(listener: Listener, connections: list[Connection], stopped: Callable[[], bool]) -> None:
    from multiprocessing import AuthenticationError

    while not stopped():
        try:
            connections.append(listener.accept())
        except (AuthenticationError, EOFError):
            continue  # somebody who does not know the key
        except OSError:
            return


def _answered(networks: Networks, asked: list[Any]) -> list[Any]:
    """The answers, or the exceptions that came instead, in the order of the questions."""
    questions = [what for what in asked if isinstance(what, Question)]
    answers = iter(networks.answer(questions) if questions else [])
    return [next(answers) if isinstance(what, Question) else _described(networks, what) for what in asked]


def _described(networks: Networks, pair: Pair) -> Any:
    return tried(networks.describe, pair)
