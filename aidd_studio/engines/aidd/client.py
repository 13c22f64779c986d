"""The models of a fill: loaded into this process, or proxies for networks in another one.

A batch worker queries the server and does all sampling, extrapolation and splicing itself, so the network process runs
nothing but networks. If that process dies, the worker loads the models itself; the results are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection
from typing import Any, cast

from aidd_studio.engines.aidd.models import Models, check_interrupted, load_here
from aidd_studio.engines.aidd.server import Description, Networks, Pair, Question, answer_all, to_numpy, to_torch
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.progress import Progress

log = logging.getLogger(__name__)

PATIENCE = 0.02
"""Seconds between two checks for cancellation while waiting for an answer."""

Check = Callable[[], None]
"""Raises Cancelled when the work was cancelled."""


@dataclass(frozen=True)
class Address:
    """Where the networks listen, and the shared key."""

    place: str
    key: bytes
    joint: bool | None


class Link:
    """A worker's connection to the networks."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connection: Connection | None = None
        self._own: Networks | None = None
        self._number = 0

    def describe(self, pair: Pair, check: Check) -> Description:
        """What the models are like. Raises as `Networks.describe` does."""
        return cast(Description, self._ask(pair, check))

    def ask(self, question: Question, check: Check) -> Any:
        """The answer. Raises what the server raised, and Cancelled through `check`."""
        return self._ask(question, check)

    def _ask(self, what: Pair | Question, check: Check) -> Any:
        answer: Any = None
        if self._own is None:
            try:
                answer = self._ask_there(what, check)
            except (EOFError, OSError) as error:
                log.warning("the network process has ended (%s); this worker loads the models itself", error)
                self._close()
                self._own = Networks(self.address.joint)
        if self._own is not None:
            (answer,) = answer_all(self._own, [what])
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _ask_there(self, what: Pair | Question, check: Check) -> Any:
        if self._connection is None:
            self._connection = Client(self.address.place, authkey=self.address.key)
        connection = self._connection
        connection.send(what)
        try:
            while not connection.poll(PATIENCE):
                check()
        except BaseException:
            self._close()  # the pending answer is no longer wanted
            raise
        return connection.recv()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(frozen=True, eq=False)
class _RemoteNetwork:
    """Proxy for a network at the other end of a link, called like the network itself."""

    link: Link
    pair: Pair
    name: str
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
        question = Question(self.pair, self.name, method, tuple(to_numpy(value) for value in arguments))
        return to_torch(self.link.ask(question, self.check), "cpu")


_link: Link | None = None
"""In a batch worker that shares networks: the link to them."""


def ask_at(link: Link | None) -> None:
    """Use the networks at the other end of a link from now on; None for networks of this process."""
    global _link
    _link = link


def load_models(tokenizer: str, score: str, settings: AiddSettings, progress: Progress, on_cpu: bool = False) -> Models:
    """A pair of models on the device and in the precision of the settings; with `on_cpu`, always on the CPU.

    Raises ModelNotInstalled, DeviceError, Cancelled.
    """
    if _link is None or on_cpu:
        return load_here(tokenizer, score, settings, progress, on_cpu)
    return _remote_models(_link, Pair.of(tokenizer, score, settings), progress.check)


def _remote_models(link: Link, pair: Pair, check: Check) -> Models:
    """Models whose networks run at the other end of the link."""
    import torch

    described = link.describe(pair, check)
    networks: dict[str, Any] = {
        name: _RemoteNetwork(link, pair, name, config, check_interrupted) for name, config in described.configs.items()
    }
    return Models(
        networks["tokenizer"],
        networks["score"],
        networks.get("refiner"),
        torch.device("cpu"),  # where the tensors are that a worker holds
        described.precision,
        described.weights,
        described.device,
        described.parameters,
    )
