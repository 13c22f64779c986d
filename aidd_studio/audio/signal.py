"""Small signal arithmetic that several rooms share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]
"""Samples or spectra in double precision, of any shape."""
