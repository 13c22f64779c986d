"""The workspace works without a window: documents come and go, notices are emitted, threads end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from aidd_studio.audio.clip import Clip
from aidd_studio.errors import DamageError, FileWriteError
from aidd_studio.progress import Progress
from aidd_studio.restoration.session.session import Session
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.model.workspace import Notice, Workspace


@pytest.fixture
def workspace(qapp: QApplication) -> Iterator[Workspace]:
    made = Workspace(Preferences())
    yield made
    made.shut_down()


def document(name: str) -> Document:
    return Document(Session(Clip(np.zeros((1, 800), np.float32), 8000)), Path(name))


def test_the_document_opened_last_is_current_and_the_one_before_takes_its_place(workspace: Workspace) -> None:
    seen: list[Document | None] = []
    workspace.document_changed.connect(lambda: seen.append(workspace.current))
    first, second = document("first.wav"), document("second.wav")
    workspace.open(first)
    workspace.open(second)
    assert workspace.documents == (first, second)
    workspace.close(second)
    workspace.close(first)
    assert seen == [first, second, first, None]
    assert not workspace.documents


def test_closing_another_document_leaves_the_current_one_alone(workspace: Workspace) -> None:
    first, second = document("first.wav"), document("second.wav")
    workspace.open(first)
    workspace.open(second)
    seen: list[object] = []
    workspace.document_changed.connect(lambda: seen.append(workspace.current))
    workspace.close(first)
    assert (workspace.documents, workspace.current, seen) == ((second,), second, [])


@pytest.mark.parametrize("error", [DamageError("There is a gap."), FileWriteError("The disk is full."), None])
def test_what_the_core_refuses_becomes_a_notice(
    workspace: Workspace, error: DamageError | FileWriteError | None
) -> None:
    notices: list[Notice] = []
    workspace.notified.connect(notices.append)

    def act() -> None:
        if error is not None:
            raise error

    assert workspace.attempt(act) == (error is None)
    assert [(notice.text, notice.tone) for notice in notices] == ([(str(error), "error")] if error else [])


@pytest.mark.parametrize(("name", "value"), [("theme", "light"), ("cache_mb", 64), ("engine", "sparse")])
def test_a_preference_is_kept_and_followed(workspace: Workspace, name: str, value: int | str) -> None:
    followed: list[str] = []
    workspace.preference_changed.connect(followed.append)
    workspace.prefer(name, value)
    assert (getattr(workspace.preferences, name), followed) == (value, [name])


def test_jobs_of_a_document_are_cancelled_and_others_go_on(qtbot: QtBot, workspace: Workspace) -> None:
    one = document("one.wav")
    done: list[str] = []
    workspace.work.submit("First", lambda _progress: "first", on_done=done.append, owner=one)
    workspace.work.submit("Second", lambda _progress: "second", on_done=done.append)
    workspace.work.cancel_jobs_of(one)
    qtbot.waitUntil(lambda: workspace.is_idle, timeout=20_000)
    assert done == ["second"]


def test_the_journal_is_finished_when_everything_else_is_given_up(qapp: QApplication) -> None:
    workspace = Workspace(Preferences())
    written: list[int] = []
    for number in range(3):

        def write(_progress: Progress, number: int = number) -> None:
            written.append(number)

        workspace.journal.submit("Journal", write)
    workspace.shut_down()
    assert written == [0, 1, 2]
