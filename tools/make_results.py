"""Make docs/RESULTS.md and docs/ROUTING.md: python tools/make_results.py RECORDINGS WORK [--engines aidd] [--jobs N]

RECORDINGS is a folder of recordings that may be shipped, WORK a folder for journals and sounds; a run that was stopped
goes on there. Only the text and the plots go into docs.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from aidd_studio.evaluation.baselines import BASELINES
from aidd_studio.evaluation.cases import Outcome
from aidd_studio.evaluation.frechet import installed_embedding
from aidd_studio.evaluation.protocols import protocol
from aidd_studio.evaluation.recordings import recordings
from aidd_studio.evaluation.report import write_report
from aidd_studio.evaluation.runner import plan, run
from aidd_studio.evaluation.sweep import write_routing
from aidd_studio.watch import Watch

DOCS = Path(__file__).parents[1] / "docs"

INTRODUCTION = """\
# Results

What the engines of this program do to recordings that may be shipped. Made by one command, which anybody can run:
`python tools/make_results.py RECORDINGS WORK`. The recordings are those of the public repository librosa/data: Brahms,
Hungarian Dance 5, US Army Strings (Musopen, public domain); humpback song, US National Park Service (public domain);
Sugar Plum Fairy and Vibe Ace, Kevin MacLeod (CC BY 3.0); Let's Go Fishin', Karissa Hobbs (CC BY 3.0); solo trumpet,
Mihai Sorohan, Freesound 77711 (CC BY 3.0); three readings from LibriSpeech (CC BY 4.0).

Few recordings and few segments: the spread is wide, and differences within it mean nothing. Numbers from other papers
are on other segments and cannot be compared directly.
"""


@dataclass(frozen=True)
class Study:
    """One protocol with how much of it is run here."""

    name: str
    segments: int
    samples: int
    gaps_ms: tuple[float, ...] = ()  # the protocol's own where empty


STUDIES = (
    Study("short", 1, 1, (5, 10, 20, 40, 80)),
    Study("musicnet", 1, 3, (50, 100, 200, 300)),
    Study("maestro", 1, 3),
)
SWEEP = Study("sweep", 2, 3)
SLOW, LONGEST_SLOW = ("sparse",), 320.0
"""A-SPAIN-L takes up to a minute for a gap of a second, and is no candidate there."""


def make(folder: Path, work: Path, engines: list[str], jobs: int, studies: set[str]) -> None:
    """Run the studies named and write the documents."""
    DOCS.mkdir(exist_ok=True)
    names = [*BASELINES, *engines]
    parts = [_study(study, folder, work, names, jobs) for study in STUDIES if study.name in studies]
    if parts:
        (DOCS / "RESULTS.md").write_text("\n".join([INTRODUCTION, *parts]), encoding="utf-8")
    if SWEEP.name in studies:
        write_routing(_sweep(folder, work, names, jobs), DOCS / "ROUTING.md")


def _sweep(folder: Path, work: Path, names: list[str], jobs: int) -> list[Outcome]:
    """All engines at all lengths, but those that take minutes only where anybody would wait for them."""
    lengths = protocol(SWEEP.name).gaps_ms
    found: list[Outcome] = []
    for gaps, engines in (
        ([gap for gap in lengths if gap <= LONGEST_SLOW], names),
        ([gap for gap in lengths if gap > LONGEST_SLOW], [name for name in names if name not in SLOW]),
    ):
        what = plan(protocol(SWEEP.name, gaps, samples=SWEEP.samples), recordings(folder), engines, 0, SWEEP.segments)
        found += run(what, work / SWEEP.name, jobs, _watch(SWEEP.name))
    return found


def _study(study: Study, folder: Path, work: Path, names: list[str], jobs: int) -> str:
    what = plan(
        protocol(study.name, study.gaps_ms, samples=study.samples), recordings(folder), names, 0, study.segments
    )
    output = work / study.name
    outcomes = run(what, output, jobs, _watch(study.name))
    write_report(what, outcomes, output, installed_embedding())
    return _for_docs((output / "report.md").read_text(encoding="utf-8"), output, study.name)


def _for_docs(text: str, output: Path, name: str) -> str:
    """A report as a chapter of the results, with the plots of measures and of the neural engine's cases."""
    plots = DOCS / "results" / name
    shutil.rmtree(plots, ignore_errors=True)
    plots.mkdir(parents=True)
    kept = []
    for line in text.splitlines():
        picture = re.fullmatch(r"!\[(.*)\]\(plots/(.*)\)", line)
        if picture is None:
            kept.append(f"#{line}" if line.startswith("#") else line)
            continue
        title, file = picture.groups()
        if re.fullmatch(r"(lsd|odg|mel|convergence|snr|time|aidd.*)\.png", file):
            shutil.copyfile(output / "plots" / file, plots / file)
            kept.append(f"![{title}](results/{name}/{file})")
    return "\n".join(kept) + "\n"


def _watch(name: str) -> Watch:
    return Watch(lambda fraction, stage: print(f"{name}: {fraction:.1%} {stage}", file=sys.stderr))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--engines", default="aidd", help="engines beside the baselines, by comma; empty for none")
    parser.add_argument("--jobs", type=int, default=1)
    everything = ",".join(study.name for study in (*STUDIES, SWEEP))
    parser.add_argument("--studies", default=everything, help=f"which studies to run, of {everything}")
    given = parser.parse_args()
    wanted = [name for name in given.engines.split(",") if name]
    make(given.recordings, given.work, wanted, given.jobs, set(given.studies.split(",")))
