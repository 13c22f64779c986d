"""What the documentation says is so: its examples run, its commands and options exist, and so do its witnesses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import aidd_studio
from aidd_studio import paths
from aidd_studio.cli.main import app

TESTS = Path(__file__).parent
ROOT = TESTS.parent
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
COMMANDS = get_command(app)


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


@pytest.mark.parametrize("page", ["README.md", "docs/PYTHON.md"])
def test_the_python_examples_of_a_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    demo = aidd_studio.read(paths.resources() / "demo" / "damaged.flac")
    first = aidd_studio.detect(demo)[0]
    beginning = aidd_studio.Clip(demo.samples[:, : first.end + 4 * demo.rate], demo.rate)
    aidd_studio.write(beginning, tmp_path / "damaged.flac")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for example in examples:
        exec(compile(example, page, "exec"), names)
    assert (tmp_path / "restored.flac").is_file()


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{page}" for page in PAGES)])
def test_the_commands_and_options_of_a_page_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    text = re.sub(r"\n {12,}(?=\[)", " ", text)  # a synopsis that goes on in the next line
    for line in re.findall(r"^(?:    )?aidd-studio (.+)$|`aidd-studio ([^`]+)`", text, re.MULTILINE):
        _check(page, "".join(line).split("#")[0])


def _check(page: str, words: str) -> None:
    command: Any = COMMANDS
    rest = words.split()
    while rest and getattr(command, "commands", None) and re.fullmatch(r"[a-z][a-z|-]*", rest[0]):
        names = rest.pop(0).split("|")
        unknown = set(names) - set(command.commands)
        assert not unknown, f"{page} names the command {unknown} in “aidd-studio {words}”"
        if len(names) > 1:
            return
        command = command.commands[names[0]]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(rest)))
    assert given <= known | {"--help", "-h"}, f"{page} names {given - known} in “aidd-studio {words}”"


def test_the_readme_lists_every_command() -> None:
    synopsis = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in COMMANDS.commands.items():  # type: ignore[attr-defined]
        lines = re.findall(rf"^aidd-studio {name}(?: .*)?$", synopsis, re.MULTILINE)
        assert lines, name
        for inner in getattr(command, "commands", {}):
            assert any(re.search(rf"[ |]{inner}\b", line) for line in lines), f"{name} {inner}"
