"""What may be shown of each engine without loading it."""

from __future__ import annotations

import math

from aidd_studio.engines.engine import EngineInfo

AUTO = EngineInfo(
    name="auto",
    title="Automatic",
    summary="Chooses by the length of each gap, and says which engine it took and why.",
    stochastic=True,
    rate=None,
    shortest=0.0,
    longest=math.inf,
    context=12.0,
    generative=True,  # it may choose `aidd`
)
AUTOREGRESSIVE = EngineInfo(
    name="autoregressive",
    title="Autoregressive (Janssen)",
    summary="Continues the sound on both sides by linear prediction; the best there is for short gaps.",
    stochastic=False,
    rate=None,
    shortest=0.0,
    longest=0.1,
    context=0.1,
)
EXTRAPOLATION = EngineInfo(
    name="extrapolation",
    title="Extrapolation (Burg)",
    summary="Linear prediction from both sides, cross-faded: the literature's baseline.",
    stochastic=False,
    rate=None,
    shortest=0.0,
    longest=0.1,
    context=0.1,
)
SPARSE = EngineInfo(
    name="sparse",
    title="Sparse (A-SPAIN)",
    summary="Finds the sparsest spectrum that agrees with the surroundings: the literature's other baseline.",
    stochastic=False,
    rate=None,
    shortest=0.0,
    longest=0.05,
    context=0.2,
)
SIMILAR = EngineInfo(
    name="similar",
    title="Similar passage",
    summary="Copies the passage of the same recording whose surroundings match best; for music that repeats.",
    stochastic=True,
    rate=None,
    shortest=0.1,
    longest=math.inf,
    context=math.inf,
)
AIDD = EngineInfo(
    name="aidd",
    title="Neural (AIDD)",
    summary="A neural model that knows music makes up what fits; for long gaps.",
    stochastic=True,
    rate=24000,
    shortest=0.02,
    longest=2.0,
    context=2.0,
    needs_weights=True,
    generative=True,
)
