"""Counts read as a person would write them."""

from __future__ import annotations

import pytest

from aidd_studio.text import plural


@pytest.mark.parametrize(("count", "phrase"), [(0, "0 gaps"), (1, "1 gap"), (2, "2 gaps")])
def test_one_stands_alone(count: int, phrase: str) -> None:
    assert plural(count, "gap") == phrase
