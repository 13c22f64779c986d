"""Write every candidate for one gap as a file of its own, to listen to them side by side.

python examples/compare_candidates.py damaged.flac 12.5 12.8 candidates/
"""

import sys
from pathlib import Path

import aidd_studio as aidd


def main(source: str, start: str, end: str, folder: str) -> None:
    clip = aidd.read(source)
    gap = aidd.Damage.from_seconds(float(start), float(end), clip.rate)
    (filled,) = aidd.restore(clip, [gap], engine="similar", candidates=3).gaps
    Path(folder).mkdir(parents=True, exist_ok=True)
    for number, candidate in enumerate(filled.candidates, start=1):
        path = Path(folder) / f"candidate-{number}.wav"
        aidd.write(clip.with_patches(candidate.patch), path, like=source)
        print(f"{path}  score {candidate.score:.2f}  {candidate.note}")


if __name__ == "__main__":
    main(*sys.argv[1:])
