"""Networks in one place answer whoever asks, and one asker's fault is not another's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing.connection import Client, Listener
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

from aidd_studio.damage.damage import Damage
from aidd_studio.diffusion.score_model import ScoreModel
from aidd_studio.engines.aidd import server as aidd_server
from aidd_studio.engines.aidd.client import Address, Link, ask_at
from aidd_studio.engines.aidd.engine import AiddEngine
from aidd_studio.engines.aidd.models import Models, load_here
from aidd_studio.engines.aidd.server import Networks, Pair, Question, serve
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.engine import Fill, Window
from aidd_studio.errors import Cancelled, ModelNotInstalled
from aidd_studio.progress import Progress
from tests.engines.aidd_tiny import install

RATE = 24_000
PAIR = Pair("tiny-tokenizer", "tiny-score", "cpu", "fp32")


@pytest.fixture
def networks() -> Networks:
    install()
    return Networks(joint=True)


@pytest.fixture
def link(networks: Networks) -> Iterator[Link]:
    over = threading.Event()
    with Listener(authkey=b"key") as listener:
        server = threading.Thread(target=serve, args=(networks, listener, over.is_set))
        server.start()
        made = Link(Address(str(listener.address), b"key", True))
        ask_at(made)
        yield made
        ask_at(None)
        over.set()
        server.join()


def fill(progress: Progress | None = None) -> Fill:
    sound = np.random.default_rng(0).standard_normal((1, 30_000)).astype(np.float32) * 0.1
    missing = np.zeros(sound.shape, dtype=np.bool_)
    missing[:, 12_000:14_000] = True
    window = Window(np.where(missing, 0, sound).astype(np.float32), missing, RATE, 0, (Damage(12_000, 14_000),))
    engine = AiddEngine(AiddSettings(model="tiny-score", precision="fp32", device="cpu", steps=3))
    return next(iter(engine.fill(window, 1, 0, progress or Progress())))


def test_a_fill_by_networks_elsewhere_is_the_fill_by_ones_own(link: Link) -> None:
    there = fill()
    ask_at(None)
    here = fill()
    assert np.allclose(there.samples, here.samples, atol=1e-5)
    assert there.weights == here.weights and there.settings == here.settings


def test_the_models_are_not_loaded_where_they_are_asked(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(*given: Any) -> Models:
        loaded.append(threading.current_thread().name)
        return load_here(*given)

    monkeypatch.setattr(aidd_server, "load_here", load)
    fill()
    fill()
    assert len(loaded) == 1 and loaded[0] != threading.current_thread().name


def test_one_question_that_cannot_be_answered_leaves_the_others_theirs(networks: Networks) -> None:
    networks.describe(PAIR)
    tokens = np.zeros((1, 40), np.int64)
    good = Question(PAIR, "score", "", (tokens, np.ones(1, np.float32), np.arange(3)))
    bad = Question(PAIR, "tokenizer", "encode", (np.zeros((1, 2, 3, 4), np.float32),))
    forbidden = Question(PAIR, "tokenizer", "__class__", ())
    first, second, third, fourth = networks.answer([good, bad, forbidden, good])
    assert isinstance(second, RuntimeError) and isinstance(third, RuntimeError)
    assert np.array_equal(first, fourth) and first.shape[:2] == (1, 3)


def test_a_model_that_is_missing_there_is_reported_here(link: Link) -> None:
    with pytest.raises(ModelNotInstalled):
        link.describe(Pair("tiny-tokenizer", "nobody-has-this"), lambda: None)
    assert link.describe(PAIR, lambda: None).weights, "the next question is answered"


def test_full_memory_there_is_full_memory_here(networks: Networks, link: Link) -> None:
    networks.describe(PAIR)

    def refuse(module: torch.nn.Module, _arguments: object) -> None:
        if isinstance(module, ScoreModel):
            raise torch.OutOfMemoryError("CUDA out of memory.")

    handle = register_module_forward_pre_hook(refuse)
    with pytest.raises(MemoryError):
        fill()
    handle.remove()
    assert np.isfinite(fill().samples).all()


def test_whoever_waits_for_an_answer_can_be_cancelled(networks: Networks, link: Link) -> None:
    networks.describe(PAIR)
    progress, asked = Progress(), threading.Event()

    def wait(module: torch.nn.Module, _arguments: object) -> None:
        if isinstance(module, ScoreModel):
            progress.cancel()
            asked.wait(10)

    handle = register_module_forward_pre_hook(wait)
    with pytest.raises(Cancelled):
        fill(progress)
    asked.set()
    handle.remove()
    assert np.isfinite(fill().samples).all(), "and then asks anew"


def test_who_does_not_know_the_key_is_not_answered(link: Link) -> None:
    address = link.address.place
    with pytest.raises(Exception, match="digest"), Client(address, authkey=b"wrong") as stranger:
        stranger.recv()
    assert link.describe(PAIR, lambda: None).device == "cpu"
