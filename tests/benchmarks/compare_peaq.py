"""Compare the PEAQ grades with those of another implementation: python tests/benchmarks/compare_peaq.py FOLDER

FOLDER holds the pairs as audio files and an odg.json as in tests/data/peaq.
"""

import json
import sys
from pathlib import Path

import numpy as np
import soundfile

from aidd_studio.evaluation.peaq import grade


def compare(folder: Path) -> int:
    """Print every pair and the share within 0.1 and 0.3 of the other grades; 0 when 90 % and all are."""
    differences = []
    for pair in json.loads((folder / "odg.json").read_text())["pairs"]:
        original, rate = soundfile.read(folder / pair["reference"], always_2d=True)
        restored, _ = soundfile.read(folder / pair["test"], always_2d=True)
        ours = grade(original.T, restored.T, rate).odg
        differences.append(abs(ours - pair["odg"]))
        print(f"{pair['test']:<56} {pair['odg']:8.4f} {ours:8.4f} {ours - pair['odg']:+.4f}")
    near, far = np.mean(np.array(differences) <= 0.1), np.max(differences)
    print(f"{len(differences)} pairs: {near:.0%} within 0.1, largest difference {far:.4f}")
    return 0 if near >= 0.9 and far <= 0.3 else 1


if __name__ == "__main__":
    raise SystemExit(compare(Path(sys.argv[1])))
