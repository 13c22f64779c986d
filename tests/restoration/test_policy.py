"""The policy "signal models only" keeps whatever can make up sound out of reach, and says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from aidd_studio.audio.clip import Clip
from aidd_studio.cli.main import app
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.policy import may_fill
from aidd_studio.engines.registry import create_engine, engine_infos
from aidd_studio.errors import UsageError
from aidd_studio.progress import Progress
from aidd_studio.restoration.batch.items import BatchSettings
from aidd_studio.restoration.fill_process import FillProcess
from aidd_studio.restoration.restore import FillRequest, restore

RATE = 16_000
GAPS = [Damage(8000, 8160), Damage(20_000, 20_640), Damage(30_000, 32_400), Damage(45_000, 53_000)]
"""One for each row of the routing table: 10, 40, 150 and 500 ms."""


@pytest.fixture
def clip() -> Clip:
    rng = np.random.default_rng(1)
    times = np.arange(4 * RATE) / RATE
    sound = 0.3 * np.sin(2 * np.pi * 440 * times) + 0.02 * rng.standard_normal(len(times))
    for gap in GAPS:
        sound[gap.start : gap.end] = 0
    return Clip(sound[None].astype(np.float32), RATE)


@pytest.fixture
def recording(tmp_path: Path, clip: Clip) -> Path:
    path = tmp_path / "take.wav"
    soundfile.write(path, clip.samples.T, RATE, subtype="PCM_16")
    return path


def aidd(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_auto_chooses_among_signal_models_at_every_length_and_says_why(clip: Clip) -> None:
    result = restore(clip, GAPS, candidates=3, policy="signal")
    candidates = [candidate for filled in result.gaps for candidate in filled.candidates]
    assert {candidate.engine for candidate in candidates} <= {"autoregressive", "extrapolation", "similar"}
    assert not any(candidate.generative for candidate in candidates)
    notes = [filled.chosen.note for filled in result.gaps]
    assert all("the neural engine is excluded (signal models only)" in note for note in notes[1:])
    provenance = result.provenance()
    assert provenance["policy"] == "signal"
    assert not any(candidate["generative"] for gap in provenance["gaps"] for candidate in gap["candidates"])


@pytest.mark.parametrize("name", [info.name for info in engine_infos() if info.generative and info.name != "auto"])
def test_a_generative_engine_is_refused_by_name_and_as_an_object(clip: Clip, name: str) -> None:
    sentence = f"The engine {name} can make up sound that was never recorded"
    for engine in (name, create_engine(name)):
        with pytest.raises(UsageError, match=sentence):
            restore(clip, GAPS, engine, policy="signal")


def test_an_auto_engine_that_may_use_models_is_refused_and_one_that_may_not_is_taken(clip: Clip) -> None:
    with pytest.raises(UsageError, match="The engine auto can make up sound"):
        restore(clip, GAPS[:1], create_engine("auto"), policy="signal")
    strict = create_engine("auto", {"policy": "signal"})
    assert not strict.info.generative
    assert not restore(clip, GAPS[1:2], strict, policy="signal").gaps[0].chosen.generative


@pytest.mark.parametrize("policy", ["", "none", "Signal", "neural"])
def test_an_unknown_policy_is_refused(clip: Clip, policy: str) -> None:
    with pytest.raises(UsageError, match="The policy can be any or signal"):
        restore(clip, GAPS, policy=policy)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="The policy can be any or signal"):
        create_engine("auto", {"policy": policy})


def test_signal_engines_give_the_same_samples_under_either_policy(clip: Clip) -> None:
    one, other = (restore(clip, GAPS[:2], "autoregressive", policy=policy) for policy in ("any", "signal"))
    np.testing.assert_array_equal(one.clip.samples, other.clip.samples)


def test_every_engine_that_is_not_generative_may_fill_under_the_policy() -> None:
    allowed = {info.name for info in engine_infos() if may_fill(info, "signal")}
    assert allowed == {"auto", "autoregressive", "extrapolation", "sparse", "similar"}


def test_the_process_that_fills_for_the_window_keeps_to_the_policy(clip: Clip) -> None:
    process = FillProcess()
    try:
        request = FillRequest(candidates=2, policy="signal")
        made = list(process.fill_gaps(clip, GAPS[1:2], "auto", {}, request, Progress()))
        assert {candidate.engine for candidate in made} == {"autoregressive", "extrapolation"}
        with pytest.raises(UsageError, match="The engine aidd can make up sound"):
            list(process.fill_gaps(clip, GAPS[1:2], "aidd", {}, request, Progress()))
    finally:
        process.close()


def test_the_policy_decides_how_results_sound_but_old_batches_go_on() -> None:
    assert BatchSettings(policy="signal").digest() != BatchSettings().digest()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--engine", "aidd", "--policy", "signal"], "The engine aidd can make up sound that was never recorded"),
        (["--policy", "strict"], "The policy can be any or signal, not “strict”."),
    ],
)
@pytest.mark.parametrize("command", ["restore", "batch"])
def test_what_the_policy_keeps_out_is_one_sentence_before_any_work(
    recording: Path, tmp_path: Path, command: str, options: list[str], sentence: str
) -> None:
    output = tmp_path / ("out.wav" if command == "restore" else "out")
    result = aidd(command, recording, "-o", output, *options)
    assert result.exit_code == 2
    (said,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert sentence in said
    assert not output.exists()


def test_the_command_line_says_that_nothing_was_made_up(recording: Path, tmp_path: Path) -> None:
    span = "20000s:20640s"
    result = aidd("restore", recording, "-o", tmp_path / "out.wav", "--gap", span, "--policy", "signal")
    assert result.exit_code == 0
    assert "Signal models only: no generative engine was used." in result.stderr
    assert "the neural engine is excluded (signal models only)" in result.stdout
    told = json.loads(
        aidd("restore", recording, "-o", tmp_path / "b.wav", "--gap", span, "--policy", "signal", "--json").stdout
    )
    assert told["policy"] == "signal" and not told["gaps"][0]["generative"]


def test_a_batch_keeps_to_the_policy_and_its_report_says_so(recording: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    options = ("-o", tmp_path / "out", "--jobs", "1", "--policy", "signal", "--report", report)
    assert aidd("batch", recording, *options).exit_code == 0
    data = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
    assert data["settings"]["policy"] == "signal"
    gaps = data["files"][0]["gaps"]
    assert gaps and not any(gap["generative"] for gap in gaps)
    assert "signal models only" in report.read_text(encoding="utf-8")


def test_no_model_is_even_loaded_under_the_policy(recording: Path, tmp_path: Path) -> None:
    code = (
        "import sys, aidd_studio as aidd\n"
        f"clip = aidd.read({str(recording)!r})\n"
        "aidd.restore(clip, [aidd.Damage(20000, 20640)], candidates=3, policy='signal')\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=120)
