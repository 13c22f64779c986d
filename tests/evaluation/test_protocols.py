"""Every protocol is found by its name, goes on where it was stopped, and refuses options that mean nothing to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from aidd_studio.cli.main import app
from aidd_studio.errors import UsageError
from aidd_studio.evaluation.protocols.protocol import EvaluationRequest
from aidd_studio.evaluation.protocols.registry import PROTOCOLS, evaluation_protocol, protocol_names
from aidd_studio.evaluation.runs.running import JOURNAL_NAME, run_cases

RATE = 24_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "recordings"
    place.mkdir()
    rng = np.random.default_rng(0)
    at = np.arange(6 * RATE) / RATE
    sound = 0.2 * np.sin(2 * np.pi * (220 + 20 * np.sin(at)) * at) + 0.02 * rng.standard_normal(len(at))
    soundfile.write(place / "tone.wav", sound, RATE)
    return place


def evaluate(*words: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


@pytest.mark.parametrize("name", protocol_names())
def test_every_protocol_can_be_made(name: str) -> None:
    made = evaluation_protocol(name, EvaluationRequest(Path("in"), Path("out")))
    assert callable(made.evaluate)


def test_the_help_names_every_protocol() -> None:
    help = evaluate("--help").output
    assert all(name in help for name in protocol_names())


@pytest.mark.parametrize(
    ("name", "wish"),
    [
        ("detection", {"engines": ("sparse",)}),
        ("settings", {"gaps_ms": (20.0,)}),
        ("models", {"baselines": False}),
        ("musicnet", {"count": 3}),
        ("short", {"corpus": Path("corpus")}),
    ],
)
def test_an_option_that_means_nothing_to_a_protocol_is_refused(name: str, wish: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"means nothing to the protocol {name}"):
        evaluation_protocol(name, EvaluationRequest(Path("in"), Path("out"), **wish))


def test_fields_of_protocols_are_fields_of_a_request() -> None:
    request = EvaluationRequest(Path("in"), Path("out"))
    assert all(hasattr(request, field) for entry in PROTOCOLS for field in entry.fields)


class Counted:
    """A case whose work leaves a mark."""

    def __init__(self, key: str) -> None:
        self.key = key


def test_a_finished_case_is_not_run_again(tmp_path: Path) -> None:
    done: list[str] = []

    def work(case: Counted, output: Path, progress: object = None) -> dict[str, Any]:
        done.append(case.key)
        return {"length": len(case.key)}

    first = run_cases([Counted("a"), Counted("bb")], work, tmp_path)
    again = run_cases([Counted("bb"), Counted("ccc"), Counted("a")], work, tmp_path)
    assert done == ["a", "bb", "ccc"]
    assert [one["length"] for one in first] == [1, 2] and [one["length"] for one in again] == [2, 3, 1]


def test_a_line_that_a_crash_cut_off_is_run_again(tmp_path: Path) -> None:
    ran: list[str] = []

    def work(case: Counted, output: Path, progress: object = None) -> dict[str, Any]:
        ran.append(case.key)
        return {"value": 1}

    run_cases([Counted("a"), Counted("b")], work, tmp_path)
    journal = tmp_path / JOURNAL_NAME
    journal.write_bytes(journal.read_bytes()[:-4])
    run_cases([Counted("a"), Counted("b")], work, tmp_path)
    assert ran == ["a", "b", "b"]


@pytest.mark.slow
def test_the_detector_is_measured_from_the_command_line(folder: Path, tmp_path: Path) -> None:
    words = (folder, "-o", tmp_path / "out", "--protocol", "detection", "--json")
    result = evaluate(*words)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    planted = [one["tally"] for one in data["outcomes"] if one["kind"]]
    assert sum(tally["found"] for tally in planted) >= 0.9 * sum(tally["gaps"] for tally in planted) > 0
    assert "| zero | silence |" in Path(data["report"]).read_text(encoding="utf-8")
    assert json.loads(evaluate(*words).stdout) == data


@pytest.mark.slow
def test_a_setting_is_varied_from_the_command_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import aidd_studio.evaluation.runs.settings as settings

    chosen = {name: settings.VARIANTS[name] for name in ("as on the card", "temperature 0.6")}
    monkeypatch.setattr(settings, "VARIANTS", chosen)
    run: Callable[..., Result] = evaluate
    result = run(folder, "-o", tmp_path / "out", "--protocol", "settings", "--count", 1, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert {row["variant"] for row in rows} == set(chosen) and len(rows) == 2 * len(settings.GAPS)
