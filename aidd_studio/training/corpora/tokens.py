"""Corpora as tokens: sharded safetensors, made with any tokenizer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aidd_studio.errors import UsageError
from aidd_studio.progress import Progress
from aidd_studio.training.corpora.rendering import RATE
from aidd_studio.training.corpora.segments import Segments, levelled

if TYPE_CHECKING:
    from aidd_studio.tokenizer.model import WavTokenizer

INDEX = "tokens.json"


def tokenize_corpus(
    corpus: Path,
    folder: Path,
    tokenizer: WavTokenizer,
    name: str,
    seconds: float = 6.0,
    passes: int = 1,
    files_per_shard: int = 50,
    progress: Progress | None = None,
) -> None:
    """Write the codes of a corpus: `{split}-{n}.safetensors` with int16 or int32 `codes` [rows, tokens], and an index.

    Every file is cut into rows of `seconds`, each brought to the common level; further passes are shifted in time.
    Shards that are there already are kept, so that a stopped run goes on.
    """
    progress = progress or Progress()
    splits = {split: Segments(corpus, split) for split in ("held", "train")}
    folder.mkdir(parents=True, exist_ok=True)
    hop = tokenizer.config.hop
    frames = round(seconds * RATE / hop) * hop
    index = {"tokenizer": name, "codes": tokenizer.config.codebook_size, "tokens": frames // hop, "hop": hop}
    _check_index(folder, index)
    for split, segments in splits.items():
        files = len(segments.paths)
        shards = [range(at, min(files, at + files_per_shard)) for at in range(0, files, files_per_shard)]
        for number, members in enumerate(shards):
            for turn in range(passes):
                path = folder / f"{split}-{turn}-{number:05d}.safetensors"
                progress.report((number + turn / passes) / len(shards), f"{split} shard {number + 1} of {len(shards)}")
                if not path.is_file():
                    offset = round(turn * frames / passes) + 107 * turn
                    rows = [_rows(segments.sound(member), frames, offset) for member in members]
                    _write_shard(path, _encode(tokenizer, np.concatenate(rows), progress))
    progress.report(1.0, "done")


def load_tokens(folder: Path, split: str) -> tuple[NDArray[np.int64], int]:
    """All codes of a split, int64 [rows, tokens], and the number of different codes."""
    from safetensors.numpy import load_file

    paths = sorted(folder.glob(f"{split}-*.safetensors"))
    if not paths or not (folder / INDEX).is_file():
        raise UsageError(f"{folder} holds no tokens; make some with `aidd-studio train tokenize`.")
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return np.concatenate([load_file(path)["codes"] for path in paths]).astype(np.int64), int(index["codes"])


def _check_index(folder: Path, index: dict[str, object]) -> None:
    path = folder / INDEX
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != index:
        raise UsageError(f"{folder} holds tokens of another tokenizer; choose another folder.")
    path.write_text(json.dumps(index), encoding="utf-8")


def _rows(sound: NDArray[np.int16], frames: int, offset: int) -> NDArray[np.float32]:
    count = max(0, (sound.size - offset) // frames)
    rows = sound[offset : offset + count * frames].reshape(count, frames).astype(np.float32) / 32768
    loud = np.sqrt(np.mean(rows**2, axis=1)) > 1e-4
    return levelled(rows[loud])


def _encode(tokenizer: WavTokenizer, rows: NDArray[np.float32], progress: Progress) -> NDArray[np.int32]:
    import torch

    device = next(tokenizer.parameters()).device
    encode: Callable[[torch.Tensor], torch.Tensor] = tokenizer.encode
    found = []
    with torch.inference_mode():
        for start in range(0, len(rows), 16):
            progress.check()
            batch = torch.from_numpy(rows[start : start + 16]).to(device)
            found.append(encode(batch).cpu().numpy().astype(np.int32))
    if not found:
        return np.zeros((0, rows.shape[1] // tokenizer.config.hop), np.int32)
    return np.concatenate(found)


def _write_shard(path: Path, codes: NDArray[np.int32]) -> None:
    from safetensors.numpy import save_file

    partial = path.with_suffix(".part")
    save_file({"codes": codes}, partial)
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(path)
