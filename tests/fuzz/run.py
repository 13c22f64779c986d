"""Fuzz one reader with atheris: `python tests/fuzz/run.py TARGET [SECONDS]`.

Every different failure is told once, with the input that causes it under build/fuzz/TARGET/found; the search goes on.
A hang or a memory blow-up ends it. Needs `pip install atheris` (CPython to 3.13 on Linux or macOS).
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

ROOT = Path(__file__).resolve().parents[2]
HANG, MEMORY = 25, 2048
"""Seconds for one input, MiB for all."""


def main(name: str, target: Target, seconds: int) -> None:
    """Run one target for that long; the exit status is 1 when anything was found."""
    folder = ROOT / "build" / "fuzz" / name
    corpus, found = folder / "corpus", folder / "found"
    for path in (corpus, found):
        path.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    told: set[str] = set()
    runs = 0
    end = time.monotonic() + seconds

    def one_input(data: bytes) -> None:
        nonlocal runs
        runs += 1
        try:
            target.run(data)
        except target.promised:
            pass
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            place = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
            signature = f"{type(error).__name__} at {place}"
            if signature not in told:
                told.add(signature)
                path = found / hashlib.sha1(data).hexdigest()
                path.write_bytes(data)
                print(f"FOUND {signature}: {error} ({path})", flush=True)
        if time.monotonic() > end:
            print(f"DONE {name}: {runs} inputs in {seconds} s, {len(told)} different failures", flush=True)
            os._exit(1 if told else 0)

    options = [f"-timeout={HANG}", f"-rss_limit_mb={MEMORY}", f"-max_len={target.longest}", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(corpus)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    wanted = sys.argv[1]
    sys.path.insert(0, str(ROOT))
    # mutagen is fuzzed too, but not watched: rewriting its byte code takes minutes
    with atheris.instrument_imports(include=["aidd_studio", "zipfile", "json", "csv", "tomllib"]):
        from tests.fuzz.targets import TARGETS

        for module in TARGETS[wanted].watched:
            importlib.import_module(module)
    main(wanted, TARGETS[wanted], int(sys.argv[2]) if len(sys.argv) > 2 else 300)
