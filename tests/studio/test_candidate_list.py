"""The best candidate is number one, and the current one can be seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from aidd_studio.audio.clip import Patch
from aidd_studio.damage.damage import Damage
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.studio.panels.candidate_row import CandidateRow
from aidd_studio.studio.panels.candidate_words import details, facts, quality_shares
from aidd_studio.studio.window.main_window import MainWindow

SCORES = (0.2, 0.9, 0.5, 0.7, 0.1, 0.4, 0.3, 0.8)


def candidate(gap: Damage, score: float) -> Candidate:
    sound = np.full((2, gap.frames), score / 10, np.float32)
    return Candidate(gap, Patch(gap.start, (0, 1), sound), "autoregressive", 7_654_321, score, seconds=0.259)


@pytest.fixture
def offered(opened: MainWindow, idle: Callable[[], None]) -> MainWindow:
    document = opened.document
    (id,) = document.session.add_gaps([Damage(8000, 8160)])
    document.select((id,))
    for score in SCORES:
        document.offer(id, candidate(document.entry(id).gap, score))
    idle()
    return opened


def test_candidates_are_numbered_by_score(offered: MainWindow) -> None:
    document = offered.document
    assert [item.score for item in document.candidates()] == sorted(SCORES, reverse=True)
    for index, score in enumerate(sorted(SCORES, reverse=True)):
        assert document.choose(index)
        assert document.candidate.score == score
        assert document.candidate_index == index


def test_the_chosen_one_stays_chosen_when_a_better_one_comes(offered: MainWindow) -> None:
    document = offered.document
    document.choose(1)
    document.offer(document.current.id, candidate(document.current.gap, 0.95))
    assert document.candidate.score == 0.8
    assert document.candidate_index == 2


@pytest.mark.parametrize("index", [7, 0, 4])
def test_the_current_candidate_is_scrolled_into_view(offered: MainWindow, qtbot: QtBot, index: int) -> None:
    offered.resize(900, 600)
    offered.document.choose((index + 3) % 8)
    offered.document.choose(index)
    panel = offered.candidate_list
    row = next(row for row in panel.findChildren(CandidateRow) if row.index == index)
    qtbot.waitUntil(lambda: not row.visibleRegion().isEmpty())


def test_a_card_says_what_its_numbers_are_and_leaves_the_seed_to_the_tool_tip() -> None:
    made = candidate(Damage(8000, 8160), 0.19)
    assert facts(made, (), accepted=False) == "Score 0.19 · filled in 259 ms"
    assert "Seed 7654321" in details(made).splitlines()


def test_quality_is_compared_within_a_gap_only() -> None:
    assert quality_shares([3.0]) == [None]
    assert quality_shares([2.0, 1.0, 0.0]) == [1.0, 0.625, 0.25]
    assert quality_shares([0.5, 0.5]) == [1.0, 1.0]
