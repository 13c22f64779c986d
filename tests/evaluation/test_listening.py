"""The listening test is blind, randomised, works without a network, and gives its answers as JSON."""

from __future__ import annotations

import base64
import io
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from aidd_studio.errors import UsageError
from aidd_studio.evaluation.material.fill_protocols import fill_protocol
from aidd_studio.evaluation.material.recordings import recordings
from aidd_studio.evaluation.reports.listening import choose_trials, load_evaluation, write_page
from aidd_studio.evaluation.reports.report import write_data
from aidd_studio.evaluation.reports.summary import summarise
from aidd_studio.evaluation.runs.filling import plan, run

RATE = 8_000
ENGINES = ("masked", "extrapolation")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-headless-shell", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("evaluation")
    clock = np.arange(5 * RATE) / RATE
    for index, pitch in enumerate((220, 330)):
        path = place / "recordings" / f"tone {index}.wav"
        path.parent.mkdir(exist_ok=True)
        tone = 0.2 * np.sin(2 * np.pi * pitch * clock) + 0.1 * np.sin(5 * np.pi * pitch * clock)
        soundfile.write(path, tone, RATE)
    what = plan(fill_protocol("musicnet", [20.0, 40.0], rate=RATE), recordings(place / "recordings"), ENGINES)
    outcomes = run(what, place / "out")
    write_data(what, outcomes, summarise(outcomes), place / "out")
    return place / "out"


def data_of(page: Path) -> dict[str, Any]:
    text = page.read_text()
    return json.loads(text.split('id="data">')[1].split("</script>")[0])


def test_trials_are_spread_over_gap_lengths_and_drawn_from_the_seed(evaluation: Path) -> None:
    found = load_evaluation(evaluation)
    chosen = choose_trials(found, 2, seed=0)
    assert {trial.outcomes[0].gap_ms for trial in chosen} == {20.0, 40.0}
    assert [t.name for t in choose_trials(found, 4, 5)] == [t.name for t in choose_trials(found, 4, 5)]
    assert all({o.engine for o in trial.outcomes} == set(ENGINES) for trial in chosen)


def test_the_page_holds_every_sound_and_hides_the_names(evaluation: Path, tmp_path: Path) -> None:
    page = write_page(evaluation, choose_trials(load_evaluation(evaluation), 4, 0), tmp_path / "test.html")
    data = data_of(page)
    assert len(data["trials"]) == 4
    for trial in data["trials"]:
        assert len(trial["sounds"]) == 1 + len(ENGINES)
        lengths = {soundfile.info(io.BytesIO(base64.b64decode(sound))).frames for sound in trial["sounds"]}
        assert lengths == {round(trial["seconds"] * RATE)}
    text = page.read_text()
    assert not [name for name in ("extrapolation", '"masked"') if name in text]
    assert "http://" not in text
    assert "https://" not in text


def test_a_folder_without_an_evaluation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make one first"):
        load_evaluation(tmp_path)


@pytest.mark.skipif(BROWSER is None, reason="needs a browser (apt install chromium)")
def test_a_person_rates_all_versions_in_a_real_browser_and_saves_the_answers(evaluation: Path, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install playwright)")
    page_file = write_page(evaluation, choose_trials(load_evaluation(evaluation), 3, 0), tmp_path)
    with playwright.sync_playwright() as control:
        browser = control.chromium.launch(executable_path=BROWSER, args=list(FLAGS))  # in a profile of its own
        try:
            answers = [_listen(browser, page_file, tmp_path, seed) for seed in (1, 1, 2)]
        finally:
            browser.close()
    first, again, other = (_orders(answer) for answer in answers)
    assert first == again != other


def _orders(answer: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["trial"], [rating["condition"] for rating in one["ratings"]]) for one in answer["answers"]]


def _until(page: Any, condition: str, seconds: float = 10.0) -> None:
    """Wait for a condition; the page's own security policy forbids the browser tool's way of waiting."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(20)


def _listen(browser: Any, page_file: Path, folder: Path, seed: int) -> dict[str, Any]:
    """Go through the whole test as a person does; the answers as saved."""
    context = browser.new_context(offline=True, accept_downloads=True)
    context.add_init_script(f"crypto.getRandomValues = array => {{ array[0] = {seed}; return array; }};")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    page.fill("#listener", "A. Tester")
    page.click("#start")
    given = []
    for place in range(3):
        page.wait_for_selector(f"#count:text('{place + 1} of 3')")
        _until(page, "document.querySelectorAll('#rows input:not([data-rated])').length === 3 && buffers.length === 4")
        assert page.is_disabled("#next")
        seen = page.inner_text("#trial")
        assert not [name for name in ENGINES if name in seen]
        page.click("#rows button >> nth=0")
        assert page.get_attribute("#rows button >> nth=0", "aria-pressed") == "true"
        page.keyboard.press("r")
        assert page.get_attribute("#reference", "aria-pressed") == "true"
        began = page.evaluate("context.currentTime")
        _until(page, f"context.currentTime > {began} + 0.05")
        page.keyboard.press(" ")
        assert page.evaluate("playing") is None
        ratings = [10 * place + version for version in range(3)]
        for version, rating in enumerate(ratings):
            page.locator("#rows input").nth(version).fill(str(rating))
        given.append(ratings)
        page.click("#next")
    with page.expect_download() as download:
        page.click("#download")
    path = folder / f"answers-{seed}.json"
    download.value.save_as(path)
    answers = json.loads(path.read_text())
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    assert answers["listener"] == "A. Tester"
    assert [[rating["rating"] for rating in one["ratings"]] for one in answers["answers"]] == given
    assert all({r["condition"] for r in one["ratings"]} == {*ENGINES, "reference"} for one in answers["answers"])
    assert all(one["ratings"][0]["plays"] == 1 for one in answers["answers"])
    context.close()
    return answers
