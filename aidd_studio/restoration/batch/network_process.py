"""The process of a batch that holds the networks for all workers."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection, Listener
from typing import Literal, get_args

from aidd_studio.engines.aidd.client import Address
from aidd_studio.engines.aidd.engine import AIDD
from aidd_studio.engines.aidd.server import Networks, serve
from aidd_studio.engines.auto.engine import AUTO
from aidd_studio.processes import CONTEXT, keep_to_one_thread, leave_with_parent
from aidd_studio.restoration.batch.items import BatchSettings

Where = Literal["own", "shared", "joint"]
"""Whether each worker has networks of its own, or one process has them for all; there, gaps of several recordings go
through the score network together on a GPU ("shared") or in any case ("joint")."""

Choice = Literal["auto", "own", "shared", "joint"]
"""Auto: shared where a GPU does the work, own on a CPU, where that keeps all cores busy."""

CHOICES: tuple[Choice, ...] = get_args(Choice)

NEURAL = {AIDD.name, AUTO.name}
"""Engines with networks."""

PATIENCE = 5.0
"""Seconds that the process has to end."""


def chosen(choice: Choice, settings: BatchSettings) -> Where:
    """Where the networks are to run. Engines without any have nothing to share."""
    if settings.engine not in NEURAL or settings.policy == "signal":
        return "own"
    if choice != "auto":
        return choice
    return "shared" if _on_gpu(str(settings.engine_settings.get("device", "auto"))) else "own"


def _on_gpu(device: str) -> bool:
    if device == "cpu" or not _has_driver():
        return False
    from aidd_studio.weights.devices import find_device

    return find_device("auto").type == "cuda"


def _has_driver() -> bool:
    """Whether NVIDIA's driver is present, found out without the wait for torch."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


class NetworkProcess:
    """Runs until it is closed, or until the process that started it ends."""

    def __init__(self, joint: bool | None) -> None:
        key = os.urandom(32)
        ours, theirs = CONTEXT.Pipe()
        self._life = ours
        self._process = CONTEXT.Process(target=_serve, args=(theirs, key, joint), name="networks", daemon=True)
        self._process.start()
        theirs.close()
        try:
            self.address = Address(ours.recv(), key, joint)
        except EOFError:
            self.address = Address("", key, joint)  # it died: workers load their own networks

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def close(self) -> None:
        """End the process."""
        self._life.close()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _serve(life: Connection, key: bytes, joint: bool | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the first process's affair, which ends this one
    keep_to_one_thread()
    leave_with_parent(lambda: None, 0.0)
    over = threading.Event()
    with Listener(authkey=key) as listener:
        life.send(listener.address)
        threading.Thread(target=_wait_for_end, args=(life, over), name="end", daemon=True).start()
        serve(Networks(joint), listener, over.is_set)


def _wait_for_end(life: Connection, over: threading.Event) -> None:
    try:
        life.recv()
    except (EOFError, OSError):
        over.set()
