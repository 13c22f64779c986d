"""A small sampler for pianos given as SFZ files: velocity layers, release, sustain pedal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aidd_studio.errors import FileReadError
from aidd_studio.training.corpora.notes import Piece

_NAMES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_RELEASE_SECONDS = 0.12
_PEDAL = 64


@dataclass(frozen=True)
class Region:
    """One sample of an SFZ file and the keys and velocities it answers to."""

    sample: Path
    low_key: int
    high_key: int
    center: int
    low_velocity: int
    high_velocity: int


@lru_cache(maxsize=8)
def read_sfz(path: Path) -> tuple[Region, ...]:
    """The attack regions of an SFZ file (release and resonance regions are left out).

    Understands headers, inherited opcodes, #define and key names; raises FileReadError when nothing remains.
    """
    text = _preprocess(path, path.parent, {})
    inherited: dict[str, dict[str, str]] = {"control": {}, "global": {}, "master": {}, "group": {}}
    regions: list[Region] = []
    for header, body in re.findall(r"<(\w+)>([^<]*)", text):
        opcodes = dict(re.findall(r"(\w+)=(.*?)(?=\s+\w+=|\s*\n|\s*$)", body))
        if header in inherited:
            inherited[header] = opcodes
            for lower in list(inherited)[list(inherited).index(header) + 1 :]:
                inherited[lower] = {}
        if header != "region":
            continue
        merged = {key: value for level in inherited.values() for key, value in level.items()} | opcodes
        region = _region(merged, path.parent)
        if region is not None:
            regions.append(region)
    if not regions:
        raise FileReadError(f"{path.name} has no playable region; choose another SFZ file.")
    return tuple(regions)


def _preprocess(path: Path, root: Path, defined: dict[str, str]) -> str:
    """The text of an SFZ file with comments gone, includes in place and definitions (which may change) applied."""
    lines: list[str] = []
    for raw in path.read_text(encoding="utf-8", errors="replace").splitlines():
        line = raw.split("//")[0]
        for name in sorted(defined, key=len, reverse=True):
            if not line.lstrip().startswith("#define"):
                line = line.replace(name, defined[name])
        definition = re.match(r"\s*#define\s+(\$\w+)\s+(\S+)", line)
        include = re.match(r'\s*#include\s+"([^"]+)"', line)
        if definition:
            defined[definition[1]] = definition[2]
        elif include:
            lines.append(_preprocess(root / include[1].replace("\\", "/"), root, defined))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=8)
def _by_lower_name(folder: Path) -> dict[str, Path]:
    return {path.name.lower(): path for path in folder.iterdir()} if folder.is_dir() else {}


def _region(opcodes: dict[str, str], folder: Path) -> Region | None:
    if opcodes.get("trigger", "attack") != "attack" or "sample" not in opcodes or "locc64" in opcodes:
        return None
    named = folder / (opcodes.get("default_path", "") + opcodes["sample"]).strip().replace("\\", "/")
    sample = _by_lower_name(named.parent).get(named.name.lower())  # SFZ comes from systems that ignore case
    key = opcodes.get("key", "")
    low, high = opcodes.get("lokey", key or "0"), opcodes.get("hikey", key or "127")
    center = opcodes.get("pitch_keycenter", key or low)
    velocities = int(opcodes.get("lovel", "0")), int(opcodes.get("hivel", "127"))
    if sample is None:
        return None
    return Region(sample, _key(low), _key(high), _key(center), *velocities)


def _key(text: str) -> int:
    match = re.fullmatch(r"([a-gA-G])([#b]?)(-?\d+)", text.strip())
    if match is None:
        return int(text)
    name, accidental, octave = match.groups()
    return _NAMES[name.lower()] + {"#": 1, "b": -1, "": 0}[accidental] + 12 * (int(octave) + 1)


@lru_cache(maxsize=400)
def _load(path: Path, rate: int) -> NDArray[np.float32]:
    import soundfile
    import soxr

    samples, own = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(soxr.resample(samples, own, rate, quality="HQ").T)


def render_sampler(piece: Piece, regions: tuple[Region, ...], rate: int, seed: int) -> NDArray[np.float32]:
    """Play every pitched note of a piece on one sampled instrument: float32 [2, frames] at `rate`.

    Keys between samples are reached by linear resampling; `seed` draws small level and tuning differences.
    """
    rng = np.random.default_rng(seed)
    detune = rng.normal(0, 2.5, 128)  # cents
    pedal = _pedal_spans(piece)
    out = np.zeros((2, int((piece.duration + 3.0) * rate)), np.float32)
    for note in piece.notes:
        if piece.programs[note.part] < 0:
            continue
        region = _choose(regions, note.key, note.velocity)
        if region is None:
            continue
        step = 2.0 ** ((note.key - region.center + detune[note.key] / 100) / 12)
        end = _held_until(note.end, pedal)
        frames = int((end - note.start + _RELEASE_SECONDS) * rate)
        sound = _pitched(_load(region.sample, rate), step, frames)
        fade = min(int(_RELEASE_SECONDS * rate), sound.shape[1])
        sound[:, sound.shape[1] - fade :] *= np.linspace(1, 0, fade, dtype=np.float32) ** 2
        gain = np.float32((note.velocity / 127) ** 1.2 * np.exp(rng.normal(0, 0.08)))
        start = int(note.start * rate)
        stop = min(out.shape[1], start + sound.shape[1])
        out[:, start:stop] += gain * sound[:, : stop - start]
    return out


def _pitched(sample: NDArray[np.float32], step: float, frames: int) -> NDArray[np.float32]:
    count = min(frames, int((sample.shape[1] - 1) / step))
    if abs(step - 1) < 1e-4:
        return sample[:, :count].copy()
    at = np.arange(count, dtype=np.float64) * step
    whole = at.astype(np.int64)
    share = (at - whole).astype(np.float32)
    return sample[:, whole] * (1 - share) + sample[:, np.minimum(whole + 1, sample.shape[1] - 1)] * share


def _choose(regions: tuple[Region, ...], key: int, velocity: int) -> Region | None:
    fitting = [r for r in regions if r.low_key <= key <= r.high_key and r.low_velocity <= velocity <= r.high_velocity]
    return min(fitting, key=lambda region: abs(region.center - key), default=None)


def _pedal_spans(piece: Piece) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    down: float | None = None
    for control in piece.controls:
        if control.number != _PEDAL:
            continue
        if control.value >= 64 and down is None:
            down = control.time
        elif control.value < 64 and down is not None:
            spans.append((down, control.time))
            down = None
    return spans


def _held_until(end: float, pedal: list[tuple[float, float]]) -> float:
    return next((stop for start, stop in pedal if start <= end < stop), end)
