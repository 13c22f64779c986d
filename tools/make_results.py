"""Make docs/RESULTS.md, docs/ROUTING.md and the calibration of `auto`:

python tools/make_results.py RECORDINGS WORK [--engines aidd] [--jobs N]

RECORDINGS is a folder of recordings that may be shipped, WORK a folder for journals and sounds; a run that was stopped
goes on there. Only the text and the plots go into docs.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from aidd_studio.evaluation.material.fill_protocols import fill_protocol
from aidd_studio.evaluation.material.recordings import recordings
from aidd_studio.evaluation.metrics.frechet import installed_embedding
from aidd_studio.evaluation.reports.calibration import lines, rated, write_calibration
from aidd_studio.evaluation.reports.report import write_report
from aidd_studio.evaluation.reports.routing_report import COMMAND, write_routing
from aidd_studio.evaluation.runs.baselines import BASELINES
from aidd_studio.evaluation.runs.fill_cases import FillOutcome
from aidd_studio.evaluation.runs.filling import FillPlan, plan, run
from aidd_studio.evaluation.runs.journal import RunJournal
from aidd_studio.evaluation.runs.running import JOURNAL_NAME
from aidd_studio.progress import Progress

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CALIBRATION = ROOT / "aidd_studio" / "engines" / "auto" / "calibration.py"

INTRODUCTION = """\
# Results

What the engines of this program do to recordings that may be shipped. Made by one command, which anybody can run:
`python tools/make_results.py RECORDINGS WORK`. The recordings are those of the public repository librosa/data: Brahms,
Hungarian Dance 5, US Army Strings (Musopen, public domain); humpback song, US National Park Service (public domain);
Sugar Plum Fairy and Vibe Ace, Kevin MacLeod (CC BY 3.0); Let's Go Fishin', Karissa Hobbs (CC BY 3.0); solo trumpet,
Mihai Sorohan, Freesound 77711 (CC BY 3.0); three readings from LibriSpeech (CC BY 4.0).

Few recordings and few segments: the spread is wide, and differences within it mean nothing. Numbers from other papers
are on other segments and cannot be compared directly. A-SPAIN-L (`sparse`) takes up to a minute for a gap of some
hundred milliseconds and is measured up to 50 ms only. Times were taken on a machine that was doing other work.
"""


@dataclass(frozen=True)
class Study:
    """One protocol with how much of it is run here."""

    name: str
    segments: int
    samples: int
    gaps_ms: tuple[float, ...] = ()  # the protocol's own where empty
    shown: str = "aidd"  # whose best, median and worst case is in the documents


STUDIES = (
    Study("short", 1, 1, (5, 20, 80), "auto"),
    Study("musicnet", 1, 2, (50, 150, 300)),
    Study("maestro", 1, 2),
)
SWEEP = Study("sweep", 4, 3)
NOT_SWEPT = frozenset({"auto"})
"""What `auto` would offer are the fills of the engines that the sweep has anyway."""

SLOW, LONGEST_SLOW = frozenset({"sparse"}), 50.0
"""A-SPAIN-L takes up to a minute for a gap of some hundred ms, so it is measured only where it recommends itself."""


def make(folder: Path, work: Path, engines: list[str], jobs: int, studies: set[str], finished_only: bool) -> None:
    """Run the studies named and write the documents."""
    DOCS.mkdir(exist_ok=True)
    names = [*BASELINES, *engines]
    for study in STUDIES:
        if study.name in studies:
            _keep_chapter(DOCS / "RESULTS.md", _study(study, folder, work, names, jobs))
    if SWEEP.name in studies:
        swept = [name for name in names if name not in NOT_SWEPT]
        output = work / SWEEP.name
        if finished_only:
            outcomes = _finished(output, swept)
        else:
            outcomes = run(_plan(SWEEP, folder, swept), output, jobs, _progress(SWEEP.name))
        write_calibration(lines(rated(outcomes)), CALIBRATION, COMMAND)
        write_routing(outcomes, DOCS / "ROUTING.md")


def _keep_chapter(path: Path, text: str) -> None:
    """Put a study's chapter into the results, in place of its former one; those of other studies stay."""
    former = path.read_text(encoding="utf-8") if path.exists() else ""
    chapters = {_title(part): part for part in re.split(r"(?m)^(?=## )", former)[1:]} | {_title(text): text}
    order = [fill_protocol(study.name).title for study in STUDIES]
    kept = sorted(
        (part.strip() + "\n" for title, part in chapters.items() if title in order),
        key=lambda part: order.index(_title(part)),
    )
    path.write_text("\n".join([INTRODUCTION, *kept]), encoding="utf-8")


def _title(chapter: str) -> str:
    return chapter.splitlines()[0].removeprefix("## Evaluation: ")


def _finished(output: Path, names: list[str]) -> list[FillOutcome]:
    """The newest outcomes in a journal, of those gaps that every engine has been asked to fill."""
    newest: dict[tuple[str, float, float], dict[str, FillOutcome]] = {}
    for outcome in map(FillOutcome.from_json, RunJournal(output / JOURNAL_NAME).outcomes().values()):
        if outcome.engine in names:
            newest.setdefault((outcome.recording, outcome.start, outcome.gap_ms), {})[outcome.engine] = outcome
    asked = [{name for name in names if name not in SLOW or gap <= LONGEST_SLOW} for _, _, gap in newest]
    return [
        one
        for wanted, those in zip(asked, newest.values(), strict=True)
        if wanted <= set(those)
        for one in those.values()
        if one.engine in wanted
    ]


def _plan(study: Study, folder: Path, names: list[str]) -> FillPlan:
    """The cases of a study, without those that would take longer than anybody would wait."""
    chosen = fill_protocol(study.name, study.gaps_ms, samples=study.samples)
    what = plan(chosen, recordings(folder), names, 0, study.segments)
    kept = tuple(case for case in what.cases if case.engine not in SLOW or case.gap_ms <= LONGEST_SLOW)
    return replace(what, cases=kept)


def _study(study: Study, folder: Path, work: Path, names: list[str], jobs: int) -> str:
    what = _plan(study, folder, names)
    output = work / study.name
    outcomes = run(what, output, jobs, _progress(study.name))
    write_report(what, outcomes, output, installed_embedding())
    return _for_docs((output / "report.md").read_text(encoding="utf-8"), output, study, names)


def _for_docs(text: str, output: Path, study: Study, names: list[str]) -> str:
    """A report as a chapter of the results, with the plots of measures and one engine's best, median and worst case."""
    plots = DOCS / "results" / study.name
    shutil.rmtree(plots, ignore_errors=True)
    plots.mkdir(parents=True)
    engine = study.shown if study.shown in names else "autoregressive"
    wanted = re.compile(rf"(lsd|odg|mel|convergence|snr|time|{engine}-(best|median|worst))\.png")
    kept = []
    for line in text.splitlines():
        picture = re.fullmatch(r"!\[(.*)\]\(plots/(.*)\)", line)
        if picture is None:
            kept.append(f"#{line}" if line.startswith("#") else line)
            continue
        title, file = picture.groups()
        if wanted.fullmatch(file):
            _copy_picture(output / "plots" / file, plots / file)
            kept.append(f"![{title}](results/{study.name}/{file})")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)) + "\n"


def _copy_picture(source: Path, target: Path) -> None:
    """Copy a picture in 128 colours: enough for plots, and a third of the size."""
    from PIL import Image

    with Image.open(source) as picture:
        picture.convert("RGB").quantize(128).save(target, optimize=True)


def _progress(name: str) -> Progress:
    return Progress(lambda fraction, stage: print(f"{name}: {fraction:.1%} {stage}", file=sys.stderr))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--engines", default="aidd", help="engines beside the baselines, by comma; empty for none")
    parser.add_argument("--jobs", type=int, default=1)
    everything = ",".join(study.name for study in (*STUDIES, SWEEP))
    parser.add_argument("--studies", default=everything, help=f"which studies to run, of {everything}")
    parser.add_argument(
        "--finished-only",
        action="store_true",
        help="write ROUTING.md from the newest outcomes of segments that all engines have finished; run nothing",
    )
    given = parser.parse_args()
    wanted = [name for name in given.engines.split(",") if name]
    make(given.recordings, given.work, wanted, given.jobs, set(given.studies.split(",")), given.finished_only)
