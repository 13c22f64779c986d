"""Compare a refiner with the one that comes with the program, gap by gap:

python tools/compare_refiners.py WORK NEW --real CORPUS... --rendered CORPUS [--recordings FOLDER] [--count N]

NEW is a run's folder (its checkpoint's averaged weights) or a refiner's safetensors. CORPUS is one made by `aidd-studio
train corpus`, of which what is held back is taken; FOLDER holds recordings of any format. Both refiners render the same
gaps from the same predictions and the same expected code vectors, which are kept in WORK. Positive differences of LSD,
mel and SC mean that the new one is worse; level is how much louder the fill is than the original in the gap's middle
half, by band.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aidd_studio.audio.files.reading import read
from aidd_studio.audio.resampling import resample
from aidd_studio.engines.aidd.client import load_models
from aidd_studio.engines.aidd.models import Models
from aidd_studio.engines.aidd.rendering import render
from aidd_studio.engines.aidd.sampling import DrawnTokens, draw_tokens, touched_tokens
from aidd_studio.engines.aidd.segment import Segment, cut_segment
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.engines.linear.extrapolation import two_sided
from aidd_studio.evaluation.metrics.metrics import log_spectral_distance, mel_distance, spectral_convergence
from aidd_studio.progress import Progress
from aidd_studio.tokenizer.refiner import Refiner
from aidd_studio.training.corpora.corpus import read_manifest
from aidd_studio.training.runs import averaged_weights
from aidd_studio.weights.loading import default_pair
from aidd_studio.weights.store import find_installed

RATE = 24_000
SIDE = 1.6  # seconds of sound on each side of a gap
GAPS = (0.1, 0.2, 0.3, 0.5, 1.0)
QUIETEST = 10 ** (-50 / 20)
BANDS = ((0, 250), (250, 1000), (1000, 4000), (4000, 8000), (8000, 12_000))
AUDIBLE = 1e-6
"""A band that holds less than this share of the original's power in the gap is not asked for its level."""

ORDER, SIGHT = 1000, 2400
FLOOR = 1e-9

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Recording:
    """One recording held back from training: its group ("real" or "rendered"), kind, name and stretches."""

    group: str
    kind: str
    name: str
    parts: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """One gap with all that a refiner is given for it."""

    group: str
    kind: str
    name: str
    gap: float
    sound: Sound
    begin: int
    end: int
    segment: Segment
    drawn: DrawnTokens


def recordings_of(group: str, corpus: Path) -> Iterator[Recording]:
    """What a corpus holds back, by source."""
    by_source: dict[str, list[Any]] = {}
    for item in read_manifest(corpus):
        if item.split == "held":
            by_source.setdefault(item.source, []).append(item)
    for source, items in sorted(by_source.items()):
        yield Recording(group, items[0].kind, source, tuple(corpus / item.file for item in items))


def draw(recording: Recording, gap: float, rng: np.random.Generator) -> tuple[Sound, int, int] | None:
    """A stretch with a gap in its middle that is not near-silent."""
    frames, side = round(gap * RATE), round(SIDE * RATE)
    for _ in range(30):
        clip = read(recording.parts[rng.integers(len(recording.parts))])
        sound = resample(clip.samples.mean(0, keepdims=True), clip.rate, RATE)[0].astype(np.float32)
        if len(sound) < side + frames:
            continue
        start = int(rng.integers(0, max(1, len(sound) - 2 * side - frames)))
        stretch = sound[start : start + 2 * side + frames]
        begin = (len(stretch) - frames) // 2
        if float(np.sqrt(np.mean(stretch[begin : begin + frames] ** 2))) >= QUIETEST:
            return stretch, begin, begin + frames
    return None


def prepare(models: Models, settings: AiddSettings, sound: Sound, begin: int, end: int) -> tuple[Segment, DrawnTokens]:
    """The segment that the models see, and what the score model expects of its gap."""
    missing = np.zeros(len(sound), dtype=np.bool_)
    missing[begin:end] = True
    prefilled = sound.astype(float)
    prefilled[begin:end] = two_sided(prefilled, begin, end, ORDER, SIGHT)
    hop = models.tokenizer.config.hop
    segment = cut_segment(prefilled, missing, RATE, RATE, hop, settings.tokens or 1024)
    codes = models.tokenizer.encode(torch.from_numpy(segment.wave).float()[None])[0]
    fill = touched_tokens(segment.missing, hop, settings.widen)
    table = models.tokenizer.embed(torch.arange(models.tokenizer.config.codebook_size))
    drawn = draw_tokens(models.score, table, codes, fill, [0], settings, lambda _: None, [True])
    return segment, drawn


def cases_of(
    recordings: Sequence[Recording], count: int, work: Path, models: Models, settings: AiddSettings
) -> Iterator[Case]:
    """`count` gaps of every length and recording, from WORK where they are there."""
    work.mkdir(parents=True, exist_ok=True)
    for number, recording in enumerate(recordings):
        for gap in GAPS:
            for turn in range(count):
                name = "".join(c if c.isalnum() else "-" for c in recording.name)[-80:]
                path = work / f"{recording.group}-{name}-{gap}-{turn}.pickle"
                if path.is_file():
                    case = pickle.loads(path.read_bytes())  # our own file
                else:
                    found = draw(recording, gap, np.random.default_rng([number, round(gap * 1000), turn]))
                    case = None
                    if found is not None:
                        segment, drawn = prepare(models, settings, *found)
                        case = Case(recording.group, recording.kind, recording.name, gap, *found, segment, drawn)
                    path.write_bytes(pickle.dumps(case))
                if case is not None:
                    yield case


def levels(sound: Sound, begin: int, end: int) -> NDArray[np.float64]:
    """Mean power of each band in the middle half of a gap."""
    quarter = (end - begin) // 4
    size, hop = 1024, 256
    first, last = begin + quarter - size // 2, end - quarter - size // 2
    starts = np.arange(first, max(first + 1, last + 1), hop)
    frames = np.stack([sound[s : s + size] for s in starts]).astype(float) * np.hanning(size + 1)[:size]
    power = np.abs(np.fft.rfft(frames)) ** 2
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    return np.array([power[:, (hertz >= low) & (hertz < high)].mean(0).sum() for low, high in BANDS])


def measures(case: Case, fill: NDArray[np.float64]) -> dict[str, Any]:
    """LSD, mel and SC around a gap, and the level error of each band in dB (NaN where there is nothing to hear)."""
    made = case.sound.copy()
    made[case.begin : case.end] = fill
    near = slice(max(0, case.begin - 1536), case.end + 1536)
    span = (case.begin, case.end)
    true, ours = levels(case.sound, *span), levels(made, *span)
    error = 10 * np.log10((ours + FLOOR) / (true + FLOOR))
    error[true < AUDIBLE * true.sum()] = np.nan
    return {
        "lsd": log_spectral_distance(case.sound[near], made[near]),
        "mel": mel_distance(case.sound, made, RATE, span),
        "sc": spectral_convergence(case.sound, made, span),
        "level": [float(value) for value in error],
    }


def load_new(path: Path, like: Refiner) -> Refiner:
    """A refiner of the same sizes from a run's folder or a file of weights."""
    model = Refiner(like.config)
    if path.is_dir():
        model.load_state_dict(averaged_weights(path, model))
    else:
        from safetensors.torch import load_file

        model.load_state_dict({**model.state_dict(), **{key: part.float() for key, part in load_file(path).items()}})
    return model.eval()


def paired(now: Sequence[float], new: Sequence[float]) -> str:
    difference = np.array(new) - np.array(now)
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    return f"{np.mean(now):.3f} → {np.mean(new):.3f} ({difference.mean():+.3f} ± {error:.3f})"


def table(found: Sequence[dict[str, Any]], title: str) -> None:
    """Print the figures of a set of gaps."""
    if len(found) < 2:
        return
    names = {row["name"] for row in found}
    print(f"\n{title}: {len(found)} gaps of {len(names)} recordings")
    for key in ("lsd", "mel", "sc"):
        print(f"  {key:4}", paired([row["now"][key] for row in found], [row["new"][key] for row in found]))
    now, new = (np.array([row[which]["level"] for row in found]) for which in ("now", "new"))
    for name, text in (("median", np.nanmedian), ("amount", lambda x, axis: np.nanmean(np.abs(x), axis))):
        a, b = (" ".join(f"{value:+.1f}" for value in text(x, axis=0)) for x in (now, new))
        print(f"  level, {name} dB in {len(BANDS)} bands: {a} → {b}")
    change = np.abs(new) - np.abs(now)
    error = np.nanstd(change, 0, ddof=1) / np.sqrt(np.sum(~np.isnan(change), 0))
    pairs = zip(np.nanmean(change, 0), error, strict=True)
    print("  change of the amount:", " ".join(f"{mean:+.2f}±{spread:.2f}" for mean, spread in pairs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    parser.add_argument("--rendered", type=Path, nargs="*", default=[])
    parser.add_argument("--recordings", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--most", type=int, default=24, help="recordings of a corpus at most")
    parser.add_argument("--skip", type=int, default=0, help="recordings of a corpus to leave out at its beginning")
    parser.add_argument("--json", type=Path, help="where the figures of every gap go")
    given = parser.parse_args()
    torch.set_num_threads(1)
    chosen: list[Recording] = []
    for folder in given.recordings:
        files = sorted(path for path in folder.iterdir() if path.suffix in (".ogg", ".wav", ".flac"))
        chosen += [Recording("real", "recording", path.name, (path,)) for path in files]
    for group, folders in (("real", given.real), ("rendered", given.rendered)):
        for folder in folders:
            every = list(recordings_of(group, folder))
            step = max(1, -(-len(every) // given.most))
            chosen += every[given.skip :: step]
    models = load_models(*default_pair(), AiddSettings(precision="fp32"), Progress())
    card = find_installed(default_pair()[1]).record.defaults
    settings = replace(AiddSettings(precision="fp32").with_card(card), model=default_pair()[1])
    assert models.refiner is not None
    new = replace(models, refiner=load_new(given.new, models.refiner))
    found = []
    with torch.inference_mode():
        for case in cases_of(chosen, given.count, given.work, models, settings):
            row: dict[str, Any] = {"group": case.group, "kind": case.kind, "name": case.name, "gap": case.gap}
            at = int(np.argmax(case.segment.missing))
            for which, those in (("now", models), ("new", new)):
                made = render(those, case.segment, case.drawn, settings)[0]
                row[which] = measures(case, made[at : at + case.end - case.begin] / case.segment.scale)
            found.append(row)
    if given.json:
        given.json.write_text(json.dumps(found))
    for group in ("real", "rendered"):
        mine = [row for row in found if row["group"] == group]
        table(mine, group)
        for gap in GAPS:
            table([row for row in mine if row["gap"] == gap], f"{group}, {gap * 1000:.0f} ms")
    for kind in sorted({row["kind"] for row in found}):
        table([row for row in found if row["kind"] == kind], kind)


if __name__ == "__main__":
    main()
