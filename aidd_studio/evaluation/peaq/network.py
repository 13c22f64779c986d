"""The published neural network that turns model output variables into a grade.

Source: ITU-R BS.1387-1, Annex 2, section 6, tables of the basic version.
"""

from __future__ import annotations

import numpy as np

from aidd_studio.evaluation.peaq.variables import OutputVariables

_LOWEST = np.array(
    [393.916656, 361.965332, -24.045116, 1.110661, -0.206623, 0.074318, 1.113683, 0.950345, 0.029985, 0.000101, 0.0]
)
_HIGHEST = np.array(
    [921.0, 881.131226, 16.212030, 107.137772, 2.886017, 13.933351, 63.257874, 1145.018555, 14.819740, 1.0, 1.0]
)
_INNER = np.array(
    [
        [-0.502657, 0.436333, 1.219602],
        [4.307481, 3.246017, 1.123743],
        [4.984241, -2.211189, -0.192096],
        [0.051056, -1.762424, 4.331315],
        [2.321580, 1.789971, -0.754560],
        [-5.303901, -3.452257, -10.814982],
        [2.730991, -6.111805, 1.519223],
        [0.624950, -1.331523, -5.955151],
        [3.102889, 0.871260, -5.922878],
        [-1.051468, -0.939882, -0.142913],
        [-1.804679, -0.503610, -0.620456],
    ]
)
_INNER_BIAS = np.array([-2.518254, 0.654841, -2.207228])
_OUTER = np.array([-3.817048, 4.107138, 4.629582])
_OUTER_BIAS = -0.307594
WORST, BEST = -3.98, 0.22


def distortion_index(variables: OutputVariables) -> float:
    """The network's output before it is mapped to the grade scale."""
    scaled = (variables.as_array() - _LOWEST) / (_HIGHEST - _LOWEST)
    hidden = 1.0 / (1.0 + np.exp(-(_INNER_BIAS + scaled @ _INNER)))
    return float(_OUTER_BIAS + hidden @ _OUTER)


def difference_grade(index: float) -> float:
    """Objective difference grade of a distortion index: 0 imperceptible to −4 very annoying, from 0.22 to −3.98."""
    return float(WORST + (BEST - WORST) / (1.0 + np.exp(-index)))
