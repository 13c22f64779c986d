"""Measure the signal engines on solo instruments, as the published study does on EBU SQAM.

    .venv/bin/python tools/solo_instruments.py

Mokrý & Rajmic (arXiv 2403.04433) take ten solo recordings of EBU SQAM at 44.1 kHz: violin, clarinet, bassoon, harp,
glockenspiel, celesta, accordion, guitar, piano and a wind ensemble. SQAM may not be shipped, so the same instruments
are rendered here from a soundfont playing scales and broken chords, with the demo's room and tape. Ten gaps a length
and instrument, at places drawn once with a fixed seed; the figure is the mean over instruments of the mean over gaps.
"""

from __future__ import annotations

import time

import numpy as np
from make_demo import RATE, Note, render, tape

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.registry import create_engine
from aidd_studio.progress import Progress
from aidd_studio.restoration.plan import plan

PROGRAMS = {
    "violin": 40, "clarinet": 71, "bassoon": 70, "harp": 46, "glockenspiel": 9, "celesta": 8,
    "accordion": 21, "guitar": 24, "piano": 0, "wind ensemble": 60,
}  # fmt: skip
LENGTHS = (20, 50, 80)  # milliseconds
GAPS = 10
ENGINES = {"autoregressive": {}, "extrapolation": {}}


def piece(lowest: int, together: bool) -> list[Note]:
    """A scale, broken chords, and chords where the instrument plays several notes at once."""
    scale = [Note(i * 0.75, 0.7, lowest + step, 0.6) for i, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12))]
    broken = [Note(6 + i * 0.5, 0.9, lowest + step, 0.6) for i, step in enumerate((0, 4, 7, 12, 9, 5, 2, 7))]
    chords = [Note(10 + 2 * i, 1.9, lowest + step, 0.5) for i in range(3) for step in (0, 4 + i % 2, 7, 12)]
    return scale + broken + (chords if together else [])


def main() -> None:
    """Print the table of means in dB, and the seconds a gap takes."""
    rng = np.random.default_rng(25)
    rows: dict[str, dict[int, list[float]]] = {name: {length: [] for length in LENGTHS} for name in ENGINES}
    seconds: dict[str, list[float]] = {name: [] for name in ENGINES}
    for instrument, program in PROGRAMS.items():
        lowest = {"bassoon": 43, "glockenspiel": 79, "celesta": 72}.get(instrument, 60)
        together = instrument not in ("violin", "clarinet", "bassoon")
        sound = tape(render(piece(lowest, together), [program], 90, rng), rng)[:1].astype(np.float32)
        loud = np.flatnonzero(np.abs(sound[0]) > 0.02)
        for length in LENGTHS:
            frames = length * RATE // 1000
            starts = rng.integers(loud[0] + RATE // 5, loud[-1] - RATE // 2, GAPS)
            for name, settings in ENGINES.items():
                engine = create_engine(name, settings)
                values = []
                for start in starts:
                    gap = Damage(int(start), int(start) + frames)
                    (window,) = plan(Clip(sound, RATE), [gap], engine)
                    begun = time.process_time()
                    fill = next(iter(engine.fill(window, 1, 0, Progress())))
                    seconds[name].append(time.process_time() - begun)
                    first, last = window.local(gap)
                    truth = sound[:, gap.start : gap.end].astype(np.float64)
                    error = fill.samples[:, first:last] - truth
                    values.append(10 * np.log10(np.sum(truth**2) / np.sum(error**2)))
                rows[name][length].append(float(np.mean(values)))
        print(f"{instrument}: " + ", ".join(f"{n} {r[LENGTHS[-1]][-1]:.1f}" for n, r in rows.items()), flush=True)
    print("\n| SDR in dB | " + " | ".join(f"{length} ms" for length in LENGTHS) + " | CPU s a gap |")
    print("| --- |" + " --- |" * (len(LENGTHS) + 1))
    for name, row in rows.items():
        cells = " | ".join(f"{np.mean(row[length]):.1f}" for length in LENGTHS)
        print(f"| {name} | {cells} | {np.mean(seconds[name]):.2f} |")


if __name__ == "__main__":
    main()
