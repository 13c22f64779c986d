"""Restore one recording: find its dropouts, fill them, write the result beside it.

python examples/restore_a_file.py damaged.flac restored.flac
"""

import sys

import aidd_studio as aidd


def main(source: str, target: str) -> None:
    clip = aidd.read(source)
    result = aidd.restore(clip, engine="autoregressive", seed=0)
    aidd.write(result.clip, target, like=source)
    for filled in result.gaps:
        start, length = filled.gap.start / clip.rate, filled.gap.seconds(clip.rate)
        print(f"{start:8.3f} s  {1000 * length:6.1f} ms  {filled.chosen.engine}")


if __name__ == "__main__":
    main(*sys.argv[1:])
