"""Resampling with soxr."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def resampled_length(frames: int, rate_in: int, rate_out: int) -> int:
    """The length of `frames` frames at another rate, rounded half up."""
    return (2 * frames * rate_out + rate_in) // (2 * rate_in)


def resample(samples: NDArray[Any], rate_in: int, rate_out: int, quality: str = "VHQ") -> NDArray[Any]:
    """The same sound at another rate, time-aligned.

    samples: float32 or float64 [channels, frames] or [frames]; the result has the same type and dimensions.
    The length is exactly frames * rate_out / rate_in, rounded. quality: soxr's "QQ" to "VHQ".
    """
    if rate_in <= 0 or rate_out <= 0:
        raise ValueError("sample rates must be positive")
    dtype = np.float64 if samples.dtype == np.float64 else np.float32
    rows = np.atleast_2d(np.asarray(samples, dtype=dtype))
    if rate_in == rate_out:
        result = rows.copy()
    else:
        result = _converted(rows, rate_in, rate_out, quality)
    return result[0] if samples.ndim == 1 else result


def _converted(rows: NDArray[Any], rate_in: int, rate_out: int, quality: str) -> NDArray[Any]:
    import soxr

    length = resampled_length(rows.shape[1], rate_in, rate_out)
    result = np.zeros((rows.shape[0], length), dtype=rows.dtype)
    if rows.shape[1] == 0:
        return result
    for row, out in zip(rows, result, strict=True):  # one channel at a time: an hour needs no interleaved copy
        converted = soxr.resample(np.ascontiguousarray(row), rate_in, rate_out, quality=quality)
        count = min(length, len(converted))
        out[:count] = converted[:count]
    return result
