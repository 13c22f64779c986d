"""Run the installed program as a person would and look for anything that went wrong.

`python tools/package_smoke.py [PROGRAM]`; PROGRAM is dist/aidd-studio/aidd-studio where none is given. Runs outside the
checkout, with folders of its own. Prints how long each part took; exit status 1 at the first failure.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "aidd-studio.exe" if sys.platform == "win32" else "aidd-studio"

BAD = re.compile(
    r"Traceback|(?:^|\s)\w*(?:Error|Exception):|Warning:|\bQt\b.*(?:warning|failed)|qt\.[\w.]+:|QObject|QThread|QPainter|"
    r"QPixmap|QSvg|QFont|QWidget|QTimer|QLayout|could not be loaded|Segmentation fault|\[PYI-\d+"
)
"""What no line of output may hold."""

HARMLESS = ("This plugin does not support propagateSizeHints()",)
"""What Qt's offscreen platform says of itself."""

GAP = "14.20:14.42"
"""Seconds: a dropout of the demo that is long enough for the neural engine's own work."""


class Failure(Exception):
    """A part of the program does not do what it should."""


def main(program: Path) -> None:
    """All parts, one after the other."""
    if not program.is_file():
        raise Failure(f"There is no {program}; run `make package` first.")
    with tempfile.TemporaryDirectory() as folder:
        smoke(program.resolve(), Path(folder))
    print(f"{program} works")


def smoke(program: Path, folder: Path) -> None:
    """Version, engines, restoration, the window, a batch."""
    forget(program.parent)
    version, cold = run(program, folder, "--version")
    check(version.strip().startswith("aidd-studio "), f"--version prints {version!r}")
    _, warm = run(program, folder, "--version")
    print(f"--version: {cold:.1f} s at the first start, {warm:.1f} s at the second")
    pictured = {"QT_QPA_PLATFORM": "offscreen", "AIDD_STUDIO_SCREENSHOT": str(folder / "empty.png")}
    forget(program.parent)
    _, cold = run(program, folder, **pictured)
    _, warm = run(program, folder, **pictured)
    print(f"empty window, 0.75 s of rest included: {cold:.1f} s at the first start, {warm:.1f} s at the second")

    models, seconds = run(program, folder, "models", "list", "--json")
    bundled = [model["name"] for model in json.loads(models)["models"] if model["state"] == "bundled"]
    engine = "aidd" if len(bundled) > 1 else "auto"
    print(f"models list: {seconds:.1f} s; bundled models here: {', '.join(bundled) or 'none'}")

    demo = bundled_demo(program)
    restored = folder / "restored.flac"
    told, seconds = run(program, folder, "restore", demo, "-o", restored, "--engine", engine, "--gap", GAP, "--json")
    check(restored.stat().st_size > 10_000, "the restored recording is empty")
    check(bool(json.loads(told)), "restore --json tells nothing")
    print(f"restore with {engine}: {seconds:.1f} s")

    picture = folder / "window.png"
    _, seconds = run(program, folder, demo, QT_QPA_PLATFORM="offscreen", AIDD_STUDIO_SCREENSHOT=str(picture))
    check(picture.is_file(), "the window drew no picture")
    colours = distinct_colours(picture)
    check(colours > 5000, f"the window's picture has only {colours} colours; with a spectrogram it has 12,000")
    kept = ROOT / "out" / "package-window.png"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(picture.read_bytes())
    print(f"window with the demo: {seconds:.1f} s until it was closed again; {colours} colours in {kept}")

    recordings = folder / "recordings"
    recordings.mkdir()
    for number in range(2):
        (recordings / f"take-{number}.flac").write_bytes(demo.read_bytes())
    results = folder / "results"
    _, seconds = run(
        program, folder, "batch", recordings, "-o", results, "--engine", "auto", "--jobs", "2",
        "--report", folder / "report.html",
    )  # fmt: skip
    check(len(list(results.glob("*.flac"))) == 2, "the batch did not restore both recordings")
    check("take-1" in (folder / "report.html").read_text(encoding="utf-8"), "the report does not name its recordings")
    print(f"batch of two with two workers: {seconds:.1f} s")
    shared = folder / "shared"
    _, seconds = run(
        program, folder, "batch", recordings, "-o", shared, "--engine", "auto", "--jobs", "2", "--networks", "shared"
    )
    for result in results.glob("*.flac"):
        check(result.read_bytes() == (shared / result.name).read_bytes(), "networks in one process give other samples")
    print(f"the same with the networks in one process for both: {seconds:.1f} s")


def forget(folder: Path) -> None:
    """Have the system drop the files of a folder from memory, where it can be asked: the next start is a cold one."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            file = os.open(path, os.O_RDONLY)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def run(program: Path, folder: Path, *arguments: object, **environment: str) -> tuple[str, float]:
    """Standard output and seconds of one run. Raises Failure for a bad exit status or a bad line."""
    own = {f"AIDD_STUDIO_{name}": str(folder / name.lower()) for name in ("DATA", "CACHE", "STATE")}
    command = [str(program), *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "QT_"))}
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env=kept | own | environment, capture_output=True, text=True, timeout=600, check=False
    )
    seconds = time.monotonic() - started
    output = done.stdout + done.stderr
    shown = " ".join(command[1:]) or "(no arguments)"
    check(done.returncode == 0, f"{shown} ends with {done.returncode}:\n{output}")
    for line in output.splitlines():
        harmless = any(part in line for part in HARMLESS)
        check(harmless or not BAD.search(line), f"{shown} says: {line}\n{output}")
    return done.stdout, seconds


def check(holds: bool, otherwise: str) -> None:
    """Raise Failure where something does not hold."""
    if not holds:
        raise Failure(otherwise)


def bundled_demo(program: Path) -> Path:
    """The demo recording that the program brings with it."""
    found = sorted(program.parent.rglob("demo/damaged.flac")) or [ROOT / "resources" / "demo" / "damaged.flac"]
    return found[0]


def distinct_colours(picture: Path) -> int:
    """How many colours a picture has; an empty window has a handful."""
    from PIL import Image

    with Image.open(picture) as image:
        return len(image.convert("RGB").getcolors(1 << 24) or ())


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "aidd-studio" / NAME)
    except Failure as failure:
        raise SystemExit(f"The package does not work: {failure}") from None
