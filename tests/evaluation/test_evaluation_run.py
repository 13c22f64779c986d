"""An evaluation is deterministic, resumable and honest about what it could not do."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aidd_studio.errors import Cancelled, UsageError
from aidd_studio.evaluation.material.fill_protocols import FILL_PROTOCOLS, fill_protocol, segments
from aidd_studio.evaluation.material.recordings import recordings
from aidd_studio.evaluation.reports.report import write_report
from aidd_studio.evaluation.runs.baselines import basis_of
from aidd_studio.evaluation.runs.filling import FillPlan, plan, run
from aidd_studio.evaluation.runs.journal import RunJournal
from aidd_studio.evaluation.runs.running import JOURNAL_NAME
from aidd_studio.progress import Progress
from aidd_studio.weights import store
from aidd_studio.weights.registry import DEFAULT_REFINER, DEFAULT_SCORE, DEFAULT_TOKENIZER
from aidd_studio.weights.store import find_installed

RATE = 8_000


def music(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * f * time + rng.random()) for f in 110.0 * rng.integers(1, 20, 4))
    return (0.1 * tones * (1 + 0.3 * np.sin(2 * np.pi * 2 * time))).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "recordings"
    place.mkdir()
    for index in range(2):
        soundfile.write(place / f"tones {index}.wav", music(6.0, index), RATE)
    soundfile.write(place / "too short.wav", music(1.0), RATE)
    soundfile.write(place / "silent.wav", np.zeros(8 * RATE, np.float32), RATE)
    return place


def small_plan(folder: Path, engines: tuple[str, ...] = ("masked", "extrapolation"), seed: int = 0) -> FillPlan:
    return plan(fill_protocol("musicnet", [20.0, 50.0], rate=RATE), recordings(folder), engines, seed)


@pytest.mark.parametrize("name", FILL_PROTOCOLS)
@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_gaps_are_evenly_spaced_of_one_length_and_apart(name: str, rate: int) -> None:
    chosen = FILL_PROTOCOLS[name]
    frames = round(chosen.seconds * rate)
    for gap_ms in chosen.gaps_ms:
        gaps = chosen.gaps(frames, rate, gap_ms)
        assert len(gaps) == chosen.gap_count
        assert {gap.frames for gap in gaps} == {round(gap_ms * rate / 1000)}
        centres = [gap.start + gap.frames // 2 for gap in gaps]
        assert centres == [round(frames * (i + 1) / (chosen.gap_count + 1)) for i in range(chosen.gap_count)]
        assert all(before.end < after.start for before, after in itertools.pairwise(gaps))


def test_gaps_that_leave_no_sound_are_refused() -> None:
    with pytest.raises(UsageError, match="more than half"):
        FILL_PROTOCOLS["musicnet"].gaps(4 * RATE, RATE, 900)


def test_segments_depend_on_the_seed_and_the_name_alone(folder: Path) -> None:
    first, again, other = (small_plan(folder, seed=seed) for seed in (1, 1, 2))
    starts = [[case.segment.start for case in one.cases] for one in (first, again, other)]
    assert starts[0] == starts[1] != starts[2]
    (folder / "tones 0.wav").unlink()
    alone = small_plan(folder, seed=1)
    kept = {case.segment.name: case.segment.start for case in first.cases}
    assert {case.segment.name: case.segment.start for case in alone.cases} == {"tones 1.wav": kept["tones 1.wav"]}


def test_several_segments_of_a_recording_do_not_overlap(folder: Path) -> None:
    from aidd_studio.audio.files.reading import read

    path = folder / "long.wav"
    soundfile.write(path, music(30.0), RATE)
    chosen = fill_protocol("musicnet", rate=RATE)
    found = segments(path, path.name, read(path), chosen, 3, 0)
    starts = [segment.start for segment in found]
    assert len(starts) == 3
    assert all(after - before >= chosen.seconds for before, after in itertools.pairwise(starts))


def test_recordings_too_short_or_silent_are_left_out_and_named(folder: Path) -> None:
    assert set(small_plan(folder).left_out) == {"too short.wav", "silent.wav"}


def test_an_evaluation_gives_the_same_measures_alone_and_in_processes(folder: Path, tmp_path: Path) -> None:
    what = plan(fill_protocol("musicnet", [20.0], rate=RATE), recordings(folder), ("masked", "extrapolation"))
    alone = run(what, tmp_path / "a")
    together = run(what, tmp_path / "b", jobs=2)
    assert [one.samples for one in alone] == [one.samples for one in together]
    assert [one.key for one in alone] == [case.key for case in what.cases]


def test_a_stopped_evaluation_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    what = small_plan(folder)
    stopped = Progress(lambda fraction, stage: stopped.cancel() if fraction >= 0.5 else None)
    with pytest.raises(Cancelled):
        run(what, tmp_path, progress=stopped)
    finished = len(RunJournal(tmp_path / JOURNAL_NAME).outcomes())
    assert 0 < finished < len(what.cases)
    journal = tmp_path / JOURNAL_NAME
    journal.write_bytes(journal.read_bytes() + b'{"key": "cut of')
    told: list[str] = []
    run(what, tmp_path, progress=Progress(lambda fraction, stage: told.append(stage)))
    assert len(told) == len(what.cases) - finished
    assert "left" in told[0]
    assert len(RunJournal(journal).outcomes()) == len(what.cases)


def test_engines_added_later_cost_only_their_own_cases_and_new_models_are_measured_again(
    folder: Path, tmp_path: Path
) -> None:
    run(small_plan(folder, engines=("masked",)), tmp_path)
    both = small_plan(folder, engines=("masked", "extrapolation"))
    told: list[str] = []
    progress = Progress(lambda fraction, stage: told.append(stage))
    run(both, tmp_path, progress=progress)
    assert len(told) == len(both.cases) // 2
    retrained = tuple(
        replace(case, basis="other models") if case.engine == "extrapolation" else case for case in both.cases
    )
    told.clear()
    run(replace(both, cases=retrained), tmp_path, progress=progress)
    assert len(told) == len(both.cases) // 2
    told.clear()
    run(both, tmp_path, progress=progress)
    assert told == []


def test_the_neural_engine_rests_on_every_model_it_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIDD_STUDIO_DATA", str(tmp_path))
    bundled = basis_of("aidd")
    assert bundled
    assert basis_of("auto") not in ("", bundled)
    assert basis_of("autoregressive") == basis_of("masked") == ""
    for model in (DEFAULT_TOKENIZER, DEFAULT_SCORE, DEFAULT_REFINER):
        installed = find_installed(model)
        retrained = replace(installed, record=replace(installed.record, sha256="0" * 64))

        def find(name: str, model: str = model, retrained: store.InstalledModel = retrained) -> store.InstalledModel:
            return retrained if name == model else find_installed(name)

        monkeypatch.setattr(store, "find_installed", find)
        assert basis_of("aidd") != bundled


def test_filling_beats_silence_and_silence_has_no_signal(folder: Path, tmp_path: Path) -> None:
    outcomes = {(one.engine, one.gap_ms, one.recording): one for one in run(small_plan(folder), tmp_path)}
    for (engine, gap, name), outcome in outcomes.items():
        if engine == "extrapolation":
            masked = outcomes["masked", gap, name]
            assert outcome.mean("snr") > masked.mean("snr") == 0.0
            assert outcome.mean("mel") < masked.mean("mel")
            assert outcome.mean("lsd") < masked.mean("lsd")


def test_the_report_is_written_as_text_data_and_pictures(folder: Path, tmp_path: Path) -> None:
    what = small_plan(folder)
    output = tmp_path / "report"
    write_report(what, run(what, output), output)
    text = (output / "report.md").read_text()
    assert "tones 0.wav" in text
    assert "extrapolation" in text
    assert "published on other segments" in text
    assert "| AIDD | 1.866 / 0.162 / −3.215 |" in text
    data = json.loads((output / "report.json").read_text())
    assert len(data["outcomes"]) == len(what.cases)
    for line in text.splitlines():
        if line.startswith("!["):
            picture = output / line.split("](")[1].rstrip(")")
            assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_engine_that_refuses_is_reported_and_stops_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aidd_studio.engines.engine import Fill, Window
    from aidd_studio.errors import DamageError
    from aidd_studio.evaluation.runs import baselines

    honest = baselines.Masked.fill

    def refuse_long(
        self: baselines.Masked, window: Window, candidates: int, seed: int, progress: Progress
    ) -> Iterator[Fill]:
        if window.gaps[0].seconds(window.rate) > 0.03:
            raise DamageError("Too long for this engine.")
        yield from honest(self, window, candidates, seed, progress)

    monkeypatch.setattr(baselines.Masked, "fill", refuse_long)
    what = small_plan(folder, engines=("masked",))
    outcomes = run(what, tmp_path)
    assert {bool(one.error) for one in outcomes if one.gap_ms == 50.0} == {True}
    assert {bool(one.error) for one in outcomes if one.gap_ms == 20.0} == {False}
    write_report(what, outcomes, tmp_path)
    assert "Too long for this engine." in (tmp_path / "report.md").read_text()


def test_musicnet_and_maestro_are_read_by_their_official_splits(tmp_path: Path) -> None:
    musicnet = tmp_path / "musicnet"
    for name in ("train_data/1727", "test_data/1759", "test_data/2106"):
        path = musicnet / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, music(0.1), RATE)
    found = recordings(musicnet)
    assert found.split == "MusicNet test"
    assert [path.stem for path in found.paths] == ["1759", "2106"]

    flat = tmp_path / "flat"
    flat.mkdir()
    for number in (1727, 1759, 2628):
        soundfile.write(flat / f"{number}.wav", music(0.1), RATE)
    assert [path.stem for path in recordings(flat).paths] == ["1759", "2628"]

    maestro = tmp_path / "maestro"
    (maestro / "2004").mkdir(parents=True)
    for name in ("a", "b", "c"):
        soundfile.write(maestro / "2004" / f"{name}.wav", music(0.1), RATE)
    (maestro / "maestro-v3.0.0.csv").write_text(
        "canonical_composer,split,audio_filename\nBach,train,2004/a.wav\nLiszt,test,2004/b.wav\nHaydn,test,2004/x.wav\n"
    )
    found = recordings(maestro)
    assert found.split == "MAESTRO test"
    assert [path.name for path in found.paths] == ["b.wav"]


def test_a_folder_without_recordings_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give a folder of audio files"):
        recordings(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        recordings(tmp_path / "nowhere")
