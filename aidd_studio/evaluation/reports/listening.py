"""A listening test from an evaluation: one web page, blind, randomised, without a network (after ITU-R BS.1534)."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aidd_studio.errors import UsageError
from aidd_studio.evaluation.material.fill_protocols import FillProtocol, fill_protocol
from aidd_studio.evaluation.reports.summary import sound
from aidd_studio.evaluation.runs.fill_cases import FillOutcome
from aidd_studio.files.atomic import atomic_path

TEMPLATE = Path(__file__).with_name("listening.html")

REFERENCE, ANCHOR = "reference", "masked"

MOST_CONDITIONS = 9
"""Beside the hidden reference; more tire the ear, and the keys 1 to 9 play them."""


@dataclass(frozen=True)
class Evaluation:
    """A finished evaluation, from its report.json."""

    protocol: FillProtocol
    outcomes: tuple[FillOutcome, ...]


@dataclass(frozen=True)
class Trial:
    """One segment with one gap length in the rendition of each engine."""

    outcomes: tuple[FillOutcome, ...]  # one for each condition
    gaps: tuple[tuple[float, float], ...]  # seconds

    @property
    def name(self) -> str:
        first = self.outcomes[0]
        return f"{first.recording} @ {first.start:g} s, {first.gap_ms:g} ms"


def load_evaluation(folder: Path) -> Evaluation:
    """The evaluation whose report lies in a folder. Raises UsageError when there is none."""
    path = folder / "report.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        chosen = fill_protocol(data["protocol"], data["gaps_ms"], data["rate"] or 0, data["samples"])
        return Evaluation(chosen, tuple(FillOutcome.from_json(outcome) for outcome in data["outcomes"]))
    except FileNotFoundError:
        raise UsageError(
            f"{folder} holds no evaluation; make one first: aidd-studio evaluate RECORDINGS -o {folder}."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read as an evaluation; make it again.") from error


def choose_trials(evaluation: Evaluation, count: int, seed: int) -> list[Trial]:
    """Up to `count` trials, spread over gap lengths and recordings, drawn from the seed.

    Raises UsageError when no segment was filled by at least one engine beside the anchor.
    """
    groups: dict[tuple[str, float, float], list[FillOutcome]] = {}
    for outcome in evaluation.outcomes:
        if outcome.samples:
            groups.setdefault((outcome.recording, outcome.start, outcome.gap_ms), []).append(outcome)
    usable = [group for group in groups.values() if any(outcome.engine != ANCHOR for outcome in group)]
    if not usable:
        raise UsageError("The evaluation holds no fill to listen to; evaluate at least one engine.")
    generator = np.random.default_rng(seed)
    by_length: dict[float, list[list[FillOutcome]]] = {}
    for index in generator.permutation(len(usable)):
        by_length.setdefault(usable[index][0].gap_ms, []).append(usable[index])
    turns = itertools.zip_longest(*(by_length[gap] for gap in sorted(by_length)))
    drawn = [group for turn in turns for group in turn if group is not None][:count]
    return [_trial(evaluation.protocol, group) for group in drawn]


def write_page(folder: Path, trials: Sequence[Trial], output: Path, seed: int = 0) -> Path:
    """Write the page for trials of the evaluation in `folder`; its path.

    output: a file named .html, or a folder, where it becomes listening.html. The conditions' names are in the page only
    in a form that the eye does not read.
    """
    page = output if output.suffix.lower() in (".html", ".htm") else output / "listening.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    made = [_embedded(folder, trial) for trial in trials]
    key = json.dumps([names for _, names in made]).encode()
    data: dict[str, Any] = {
        "id": hashlib.sha256(key + str(seed).encode()).hexdigest()[:8],
        "page": "MUSHRA-like, hidden reference, anchor: silence in the gaps",
        "key": base64.b64encode(key).decode(),
        "trials": [trial for trial, _ in made],
    }
    text = TEMPLATE.read_text(encoding="utf-8").replace('"__DATA__"', json.dumps(data).replace("</", "<\\/"))
    with atomic_path(page, overwrite=True) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return page


def _trial(chosen: FillProtocol, group: Sequence[FillOutcome]) -> Trial:
    first = group[0]
    gaps = chosen.gaps(round(first.seconds * first.rate), first.rate, first.gap_ms)
    anchored = sorted(group, key=lambda outcome: outcome.engine != ANCHOR)[: MOST_CONDITIONS - 1]
    return Trial(tuple(anchored), tuple((gap.start / first.rate, gap.end / first.rate) for gap in gaps))


def _embedded(folder: Path, trial: Trial) -> tuple[dict[str, Any], list[str]]:
    """A trial with its sounds as text, and the names of its conditions."""
    first = trial.outcomes[0]
    paths = [first.original, *(outcome.restored for outcome in trial.outcomes)]
    names = [REFERENCE, *(outcome.engine for outcome in trial.outcomes)]
    described = {
        "id": trial.name,
        "seconds": first.seconds,
        "gaps": trial.gaps,
        "reference": 0,
        "sounds": [_as_text(folder / path) for path in paths],
    }
    return described, names


def _as_text(path: Path) -> str:
    """A kept sound as 16-bit FLAC in base64, which every current browser decodes."""
    import soundfile

    try:
        samples, rate = sound(path), soundfile.info(path).samplerate
    except (OSError, soundfile.SoundFileError) as error:
        raise UsageError(f"{path} is missing or damaged; make the evaluation again.") from error
    encoded = io.BytesIO()
    soundfile.write(encoded, samples.T, rate, "PCM_16", format="FLAC")
    return base64.b64encode(encoded.getvalue()).decode()
