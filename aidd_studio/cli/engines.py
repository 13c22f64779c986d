"""`aidd-studio engines`: the engines available on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from aidd_studio.cli.console import errors_as_sentences, say, say_json


def engines_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the engines, the gap lengths they suit, and whether they are available."""
    with errors_as_sentences(as_json):
        from aidd_studio.engines.registry import create_engine, engine_infos

        rows = [(info, create_engine(info.name).unavailable()) for info in engine_infos()]
        if as_json:
            say_json(
                {
                    "engines": [
                        {
                            "name": info.name,
                            "title": info.title,
                            "summary": info.summary,
                            "shortest_seconds": info.shortest,
                            "longest_seconds": info.longest if info.longest != float("inf") else None,
                            "stochastic": info.stochastic,
                            "needs_weights": info.needs_weights,
                            "generative": info.generative,
                            "bands": info.bands,
                            "available": reason is None,
                            "reason": reason,
                        }
                        for info, reason in rows
                    ]
                }
            )
            return
        for info, reason in rows:
            longest = "any length" if info.longest == float("inf") else f"{info.longest * 1000:.0f} ms"
            say(f"{info.name:<15} {info.shortest * 1000:>4.0f} ms to {longest:<11} {info.summary}")
            if reason:
                say(f"{'':<15} not available: {reason}")
