"""Progress: reports go where they should, and cancelling reaches everybody who shares it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from aidd_studio.errors import Cancelled
from aidd_studio.progress import Progress


def test_a_part_reports_its_share_of_the_whole() -> None:
    heard: list[tuple[float, str]] = []
    whole = Progress(lambda fraction, stage: heard.append((fraction, stage)))
    part = whole.part(0.5, 1.0)
    part.report(0.0, "reading")
    part.part(0.5, 1.0).report(1.0, "writing")
    assert heard == [(0.5, "reading"), (1.0, "writing")]


def test_a_listener_of_its_own_comes_before_the_whole() -> None:
    heard: list[str] = []
    whole = Progress(lambda _fraction, _stage: heard.append("whole"))
    whole.forward_to(lambda _fraction, _stage: heard.append("own")).report(0.1)
    assert heard == ["own", "whole"]


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(lambda whole: whole.part(0.0, 0.5), id="part"),
        pytest.param(Progress.silent, id="silent"),
        pytest.param(lambda whole: whole.forward_to(lambda _fraction, _stage: None), id="forward_to"),
    ],
)
def test_cancelling_is_shared_both_ways(share: Callable[[Progress], Progress]) -> None:
    for cancelled in ("whole", "derived"):
        whole = Progress()
        derived = share(whole)
        (whole if cancelled == "whole" else derived).cancel()
        for progress in (whole, derived):
            with pytest.raises(Cancelled):
                progress.check()


def test_cancellation_can_come_from_outside() -> None:
    stop = threading.Event()
    progress = Progress(stop=stop)
    progress.check()
    stop.set()
    assert progress.is_cancelled
    with pytest.raises(Cancelled):
        progress.silent().report(0.5)


def test_a_silent_progress_forwards_nothing() -> None:
    heard: list[float] = []
    Progress(lambda fraction, _stage: heard.append(fraction)).silent().report(0.5)
    assert not heard
