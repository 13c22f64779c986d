"""Prove that what a person can do is the same, sample for sample, before and after the code was moved around.

PYTHONPATH=OLD .venv/bin/python tools/golden.py write old.json
PYTHONPATH=NEW .venv/bin/python tools/golden.py write new.json
.venv/bin/python tools/golden.py compare old.json new.json

`write` works the program from outside: through its command line, and through the names that `aidd_studio` exports where
the command line has no door. PYTHONPATH says whose package works; without it the installed one does. It takes four
minutes on one core and tells for every work what came out: the hash of its samples, and all values that were printed,
but those that a clock measured. Results hold for one machine and its libraries, so keep none of them in the repository.

`compare` prints what differs, and apart what is new. Exit code 1 when something differs.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

# Before NumPy and torch are imported: sums come out alike only with a fixed number of threads, on the same device.
os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")})
os.environ.update({"CUDA_VISIBLE_DEVICES": "", "LC_ALL": "C.UTF-8", "COLUMNS": "120"})

import numpy as np
import soundfile
from PIL import Image

DEMO = Path(__file__).resolve().parents[1] / "resources" / "demo" / "damaged.flac"
SEEDS = (0, 7)
SHORT_GAPS = ("136710s:136930s", "239022s:239551s", "7.95:7.98")
"""Those of the demo that come first: all that the second seed fills with an engine that takes a minute for the rest."""
SLOW = "sparse"
LONG_GAP = (14.21, 14.41)
SAMPLERS = ("first-hitting", "confidence", "entropy", "analytic", "euler")
SUFFIXES = (".wav", ".bwf", ".rf64", ".w64", ".aiff", ".aifc", ".flac", ".caf", ".au", ".ogg", ".opus", ".mp3")
CLOCK = frozenset({"seconds"})
"""Keys of values that a clock measured, but in `detect --json`."""
RECORDINGS = (
    ("mono.wav", 22_050, 1, "PCM_16"),
    ("stereo.flac", 48_000, 2, "PCM_24"),
    ("below/float.wav", 16_000, 2, "FLOAT"),
    ("whole.wav", 44_100, 1, "PCM_16"),
)
LABELS = ("txt", "csv", "json")

Values = dict[str, Any]


class Golden:
    """Works the program in a folder of its own and keeps what came out, by name."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.records: dict[str, Values] = {}

    def run(self, *arguments: str | Path, clock: frozenset[str] = CLOCK) -> Values:
        """What a command printed and its exit code, as flat values."""
        command = [sys.executable, "-m", "aidd_studio", *map(str, arguments)]
        done = subprocess.run(command, cwd=self.work, capture_output=True, text=True, check=False)
        if done.returncode < 0 or "Traceback" in done.stderr:
            raise SystemExit(f"{' '.join(command)} broke down:\n{done.stderr}")
        printed = json.loads(done.stdout) if "--json" in arguments else {"stdout": done.stdout}
        return {"exit": done.returncode} | self.flat(printed, clock)

    def keep(self, name: str, values: Values, samples: str | None = None) -> None:
        """Keep a result."""
        self.records[name] = {"samples": samples, "values": values}
        print(f"{time.process_time() + sum(os.times()[2:4]):6.1f} s  {name}", file=sys.stderr, flush=True)

    def keep_file(self, name: str, values: Values, path: Path) -> None:
        """Keep a result with the recording that was written: its decoded samples, what kind of file it is, its tags."""
        if not path.exists():
            return self.keep(name, values)
        with soundfile.SoundFile(path) as file:
            exact = file.subtype.startswith("PCM")
            samples = file.read(dtype="int32" if exact else "float64", always_2d=True)
            kind = {"kind": f"{file.format} {file.subtype} {file.endian}", "tags": file.copy_metadata()}
        if exact:  # libsndfile notes the time in files of floats, and a random number in Ogg's
            kind["bytes"] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self.keep(name, values | self.flat({"file": kind}), array_hash(samples, file.samplerate))

    def restore(self, name: str, source: Path, *options: str | Path, suffix: str = ".flac") -> None:
        """Restore a recording and keep the result."""
        output = self.work / "out" / (name.replace("/", "-").replace(".", "-") + suffix)
        self.keep_file(name, self.run("restore", source, "-o", output, *options), output)

    def flat(self, value: Any, drop: frozenset[str] = frozenset(), path: str = "") -> Values:
        """Nested values by their paths; the work folder is called WORK wherever it is named."""
        if isinstance(value, Mapping | list | tuple):
            found: Values = {} if isinstance(value, Mapping) else {f"{path}/length": len(value)}
            for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
                if key == "files" and isinstance(item, list):  # of a batch, as they were finished
                    item.sort(key=itemgetter("source"))
                found |= {} if key in drop else self.flat(item, drop, f"{path}/{key}" if path else str(key))
            return found
        if isinstance(value, str):  # names of half-written files hold a random number
            value = re.sub(r"\.[0-9a-f]{8}\.", ".RANDOM.", value.replace(str(self.work), "WORK"))
        return {path: value}


def array_hash(samples: np.ndarray, rate: int) -> str:
    """SHA-256 of samples, their type and shape, and a rate."""
    return hashlib.sha256(f"{rate}:{samples.dtype}:{samples.shape}".encode() + samples.tobytes()).hexdigest()


def synthetic(folder: Path) -> list[Path]:
    """Short recordings with dropouts, made from seeds; one has none, and one is no recording."""
    (folder / "below").mkdir(parents=True)
    for seed, (name, rate, channels, subtype) in enumerate(RECORDINGS):
        samples = tones(seed, rate, channels, 3 * rate)
        if name != "whole.wav":
            for start, length in ((0.5, 0.012), (1.1, 0.06), (1.7, 0.25)):
                samples[int(start * rate) : int((start + length) * rate)] = 0.0
        if channels == 2:
            samples[int(2.1 * rate) : int(2.14 * rate), 1] = 0.0
        with soundfile.SoundFile(folder / name, "w", rate, channels, subtype) as file:
            file.title, file.artist = f"Tones {seed}", "Golden"
            file.write(samples)
    (folder / "broken.wav").write_text("This is no recording.\n")
    return [folder / name for name, *_ in RECORDINGS]


def tones(seed: int, rate: int, channels: int, frames: int) -> np.ndarray:
    """Notes of a few partials that fade, over a little noise: float64 [frames, channels]."""
    random = np.random.default_rng(seed)
    time_axis = np.arange(frames) / rate
    sound = random.normal(0.0, 0.001, (frames, channels))
    for start in np.arange(0.0, frames / rate, 0.4):
        since = np.maximum(time_axis - start, 0.0)
        fade = 0.1 * np.minimum(since / 0.01, 1.0) * np.exp(-2.5 * since)
        pitch = 220.0 * 2.0 ** (random.integers(0, 24) / 12)
        tone = sum(np.sin(2 * np.pi * pitch * partial * since) / partial for partial in range(1, 6)) * fade
        sound += tone[:, None] * random.uniform(0.5, 1.0, channels)
    return np.clip(sound, -0.99, 0.99)


def all_engines(golden: Golden, demo: Path) -> None:
    """The demo by every engine, with two seeds."""
    golden.keep("engines", golden.run("engines", "--json"))
    import aidd_studio as aidd

    for engine in (info.name for info in aidd.engine_infos()):
        for seed in SEEDS:
            gaps = [f"--gap={gap}" for gap in SHORT_GAPS] if (engine, seed) == (SLOW, SEEDS[1]) else []
            golden.restore(f"restore/{engine}/{seed}", demo, f"--engine={engine}", f"--seed={seed}", "--json", *gaps)
    golden.restore("restore/plain", demo, "--crossfade=12", *(f"--gap={gap}" for gap in SHORT_GAPS))


def several_candidates(golden: Golden, demo: Path) -> None:
    """Three fills of one gap by the network, each of them; every sampler."""
    import aidd_studio as aidd

    clip = aidd.read(demo)
    for name, span in (("first", (3.1, 3.105)), ("long", LONG_GAP)):
        gap = aidd.Gap.from_seconds(*span, clip.rate)
        asked = f"--gap={gap.start}s:{gap.end}s"
        golden.restore(f"candidates/{name}", demo, "--engine=aidd", "--candidates=3", asked, "--json")
        for index, candidate in enumerate(aidd.restore(clip, [gap], "aidd", 3).gaps[0].candidates):
            values = golden.flat(candidate.provenance() | {"start": candidate.patch.start}, CLOCK)
            golden.keep(f"candidates/{name}/{index}", values, array_hash(candidate.patch.samples, clip.rate))
    for sampler in SAMPLERS:
        options = ("--engine=aidd", f"--sampler={sampler}", "--steps=8", "--gap={}:{}".format(*LONG_GAP), "--seed=3")
        golden.restore(f"sampler/{sampler}", demo, *options, "--json")


def detections(golden: Golden, sources: Sequence[Path]) -> None:
    """What is found in each recording, the label files, and what comes of these when they are read."""
    for source in sources:
        values = golden.run("detect", source, "--json", clock=frozenset())
        for kind in LABELS:
            labels = golden.work / f"{source.stem}.{kind}"
            values |= golden.run("detect", source, "--labels", labels)
            values[f"labels/{kind}"] = labels.read_text(encoding="utf-8")
        golden.keep(f"detect/{source.stem}", values)
    for kind in LABELS:
        labels = golden.work / f"{sources[0].stem}.{kind}"
        golden.restore(f"labels/{kind}", sources[0], "--gaps", labels, "--engine=autoregressive", "--json")


def batches(golden: Golden, folder: Path) -> None:
    """A folder looked at, restored with a report, gone on with, and restored in another format."""
    results = golden.work / "results"
    common = ("-o", results, "--recursive", "--jobs=1", "--json", "--candidates=2", "--seed=5")
    other = ("--format=wav", "--pattern={stem}-whole{suffix}", "--engine=aidd", "--networks=shared")
    for name, options in {"looked": ["--dry-run"], "restored": [], "resumed": ["--resume"], "other": other}.items():
        report = golden.work / f"{name}.html"
        values = golden.run("batch", folder, "--report", report, *common, *options)
        written = {"report": json.loads(report.with_suffix(".json").read_text()), "page": page(report, golden.work)}
        golden.keep(f"batch/{name}", values | golden.flat(written, CLOCK))
    for path in sorted(path for path in results.rglob("*") if path.suffix in SUFFIXES):
        golden.keep_file(f"batch/{path.relative_to(results).as_posix()}", {}, path)


def page(report: Path, work: Path) -> str:
    """A report without its times, its parts in order of their text; pictures are told by the hash of their pixels."""

    def picture(found: re.Match[str]) -> str:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))))
        return f"pixels {array_hash(pixels, 0)}"

    text = report.read_text(encoding="utf-8").replace(str(work), "WORK")
    text = re.sub(r"data:image/png;base64,([^\"]+)", picture, text)
    for clock in (r"()[0-9.]+ seconds(?= of work)", r"(<td>[0-9.]+ s</td>\s*<td>)[0-9.]+ s", r"(seed \d+, )[0-9.]+ s"):
        text = re.sub(clock, r"\1SECONDS", text)
    return "".join(sorted(re.split(r"(?=<h2>|<tr><td>WORK|</table>)", text)))


def exports(golden: Golden, sources: Sequence[Path]) -> None:
    """A restored recording in every format, by the command line; in every kind of sample, from Python."""
    import aidd_studio as aidd

    for source in sources:
        for suffix in SUFFIXES:
            name = f"export/{source.stem}/{suffix}"
            golden.restore(name, source, "--engine=autoregressive", "--json", suffix=suffix)
        clip = aidd.restore(aidd.read(source), engine="autoregressive", seed=1).clip
        for container in ("WAV", "W64", "AIFF", "FLAC", "CAF"):
            for subtype in soundfile.available_subtypes(container):
                path = golden.work / "out" / f"{source.stem}-{subtype}.{container.lower()}"
                try:
                    report = aidd.write(clip, path, subtype=subtype)
                    values: Values = {"peak": report.peak_dbfs, "dithered": report.dithered, "notes": report.notes}
                except aidd.AiddError as error:
                    values = {"error": str(error)}
                name = f"export/{source.stem}/{container}/{subtype}"
                golden.keep_file(name, golden.flat(values), path)


def write(target: Path) -> None:
    """Work the program and write what came out."""
    work = Path(tempfile.mkdtemp(prefix="aidd-golden-")).resolve()
    for place in ("DATA", "CACHE", "STATE"):
        os.environ[f"AIDD_STUDIO_{place}"] = str(work / place)
    import aidd_studio

    home = Path(aidd_studio.__file__).resolve().parents[1]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")])  # commands work elsewhere
    print(f"the package in {home}", file=sys.stderr)
    try:
        golden = Golden(work)
        (work / "out").mkdir()
        demo = Path(shutil.copy(DEMO, work / "demo.flac"))
        mono, stereo, floats, whole = synthetic(work / "recordings")
        detections(golden, (demo, mono, stereo, floats, whole))
        exports(golden, (stereo, floats))
        batches(golden, work / "recordings")
        several_candidates(golden, demo)
        all_engines(golden, demo)
        target.write_text(json.dumps(golden.records, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def compare(old: Mapping[str, Values], new: Mapping[str, Values]) -> int:
    """Print what differs, and apart what is new; the exit code."""
    gone: Values = {"samples": "gone", "values": {}}
    different, added = [], [name for name in new if name not in old]
    for name, record in old.items():
        now = new.get(name, gone)
        if record["samples"] != now["samples"]:
            different.append(f"{name}: {'other samples' if name in new else 'gone'}")
        for key, value in record["values"].items() if name in new else ():
            if key not in now["values"] or repr(value) != repr(now["values"][key]):
                different.append(f"{name}: {key}: {told(value, now['values'].get(key))}")
        added += [f"{name}: {key}" for key in now["values"] if key not in record["values"]]
    print("New:", *sorted(added), "Different:", *different, sep="\n  ")
    print(f"{len(old)} results compared: {len(different)} differences, {len(added)} additions.")
    return 1 if different else 0


def told(value: Any, now: Any) -> str:
    """How two values differ; of long texts only the lines that do."""
    if isinstance(value, str) and isinstance(now, str) and "\n" in value:
        return "\n    ".join(["", *difflib.unified_diff(value.split("\n"), now.split("\n"), n=0, lineterm="")])
    return f"{value!r} -> {now!r}"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", target]:
            write(Path(target))
        case ["compare", old, new]:
            sys.exit(compare(*(json.loads(Path(path).read_text(encoding="utf-8")) for path in (old, new))))
        case _:
            print(__doc__, file=sys.stderr)
            sys.exit(2)
