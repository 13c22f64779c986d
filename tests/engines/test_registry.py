"""What is said of the engines without loading any of them."""

from __future__ import annotations

import pytest

from aidd_studio.engines.registry import create_engine, engine_info, engine_infos, engine_names


def test_engines_that_may_invent_sound_say_so() -> None:
    assert [info.name for info in engine_infos() if info.generative] == ["auto", "aidd"]


@pytest.mark.parametrize("name", ["autoregressive", "extrapolation", "sparse", "similar"])
def test_what_is_predicted_or_copied_from_the_recording_is_not_called_generative(name: str) -> None:
    assert not engine_info(name).generative


@pytest.mark.parametrize("name", engine_names())
def test_an_engine_says_of_itself_what_the_list_says_of_it(name: str) -> None:
    assert create_engine(name).info == engine_info(name)
