"""Several gaps in one job: each shows its own share and stage, and is free again when its own candidates are there."""

from __future__ import annotations

from collections.abc import Callable

from aidd_studio.studio.window.main_window import MainWindow


def test_every_gap_of_a_job_shows_its_own_share(opened: MainWindow, idle: Callable[[], None]) -> None:
    window, document = opened, opened.document
    window.actions_by_id["detect"].trigger()
    idle()
    first, second = (entry.id for entry in document.entries)
    document.select((first, second))
    seen: list[dict[int, tuple[float, str]]] = []

    def look() -> None:
        seen.append({id: (share.fraction, share.stage) for id, share in document.filling.items()})

    document.filling_changed.connect(look)
    window.actions_by_id["fill"].trigger()
    assert seen[0] == {first: (0.0, "waiting"), second: (0.0, "waiting")}
    assert "Waiting" in window.candidate_list.hint.text()
    idle()
    assert {second: (0.0, "waiting")} in seen, "the first gap is done while the second one has not begun"
    assert any(shares.get(first, ("", "waiting"))[1] != "waiting" for shares in seen), "what is done is told"
    assert not any(second in shares and shares[second][1] != "waiting" and first in shares for shares in seen)
    assert document.filling == {}
    assert all(entry.candidates for entry in document.entries)


def test_a_cancelled_job_leaves_no_gap_behind_as_filling(opened: MainWindow, idle: Callable[[], None]) -> None:
    window, document = opened, opened.document
    window.actions_by_id["detect"].trigger()
    idle()
    window.actions_by_id["select_all"].trigger()
    window.actions_by_id["fill"].trigger()
    window.actions_by_id["cancel"].trigger()
    idle()
    assert document.filling == {}
