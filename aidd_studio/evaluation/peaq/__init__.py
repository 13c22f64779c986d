"""PEAQ, basic version (ITU-R BS.1387-1): the objective difference grade of a recording against its original."""

from aidd_studio.evaluation.peaq.grade import PeaqGrade, grade
from aidd_studio.evaluation.peaq.variables import OutputVariables

__all__ = ["OutputVariables", "PeaqGrade", "grade"]
