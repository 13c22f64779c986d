"""The tests that the documentation names as its witnesses exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    quoted = re.findall(r"`([^`\n]+)`", (DOCS / page).read_text(encoding="utf-8"))
    everything = {path: path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")}
    for name in quoted:
        if re.fullmatch(r"(?:tests/)?(?:[a-z_]+/)?test_[a-z0-9_]+\.py", name):
            assert any(path.as_posix().endswith(name) for path in everything), f"{page} names {name}"
        elif re.fullmatch(r"test_(?:[a-z0-9]+_){2,}[a-z0-9]*…?", name):
            start = rf"def {name[:-1]}" if name.endswith("…") else rf"def {name}\("
            assert any(re.search(start, text) for text in everything.values()), f"{page} names {name}"


def test_pages_that_name_tests_are_among_them() -> None:
    assert {"RELIABILITY.md", "BATCH.md"} <= set(PAGES)
