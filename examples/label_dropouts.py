"""Write the dropouts of every recording in a folder as Audacity label tracks; the recordings stay untouched.

python examples/label_dropouts.py recordings/
"""

import sys
from pathlib import Path

import aidd_studio as aidd


def main(folder: str) -> None:
    for path in sorted(Path(folder).glob("*.flac")) + sorted(Path(folder).glob("*.wav")):
        try:
            clip = aidd.read(path)
            dropouts = aidd.detect(clip)
        except aidd.AiddError as error:
            print(error, file=sys.stderr)
            continue
        if dropouts:
            aidd.write_labels(path.with_suffix(".txt"), dropouts, clip.rate)
        print(f"{path.name}: {len(dropouts)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
