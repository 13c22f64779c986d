"""How a gap is filled."""

from aidd_studio.engines.engine import Engine, EngineInfo, Fill, Window

__all__ = ["Engine", "EngineInfo", "Fill", "Window"]
