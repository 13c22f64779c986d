"""Which evaluation protocols there are. Listing them loads none.

A new one is an entry here and a module beside this file with a class that has `evaluate`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

from aidd_studio.errors import UsageError
from aidd_studio.evaluation.protocols.protocol import EvaluationProtocol, EvaluationRequest

FILLING = frozenset({"engines", "baselines", "gaps_ms", "samples", "segments", "rate"})


@dataclass(frozen=True)
class ProtocolEntry:
    """What may be shown of a protocol, where its class is, and which fields of a request it understands."""

    name: str
    summary: str
    module: str
    protocol: str
    fields: frozenset[str] = frozenset()

    def create(self) -> EvaluationProtocol:
        module = importlib.import_module(f"aidd_studio.evaluation.protocols.{self.module}")
        return cast(EvaluationProtocol, getattr(module, self.protocol)(self.name))


PROTOCOLS = (
    ProtocolEntry("musicnet", "Four gaps of 50 to 300 ms in 4.17 s.", "filling", "FillingProtocol", FILLING),
    ProtocolEntry("maestro", "One gap of 375 or 750 ms in 6 s.", "filling", "FillingProtocol", FILLING),
    ProtocolEntry("short", "Five gaps of 5 to 80 ms in 5 s.", "filling", "FillingProtocol", FILLING),
    ProtocolEntry("sweep", "One gap of 5 ms to 2 s, for routing.", "filling", "FillingProtocol", FILLING),
    ProtocolEntry(
        "models", "The bundled models and controls.", "models", "ModelsProtocol", frozenset({"count", "corpus"})
    ),
    ProtocolEntry("settings", "Settings of aidd, one at a time.", "settings", "SettingsProtocol", frozenset({"count"})),
    ProtocolEntry("detection", "The dropout detector.", "detection", "DetectionProtocol"),
)


def protocol_names() -> list[str]:
    """The names that `evaluation_protocol` knows."""
    return [entry.name for entry in PROTOCOLS]


def evaluation_protocol(name: str, request: EvaluationRequest) -> EvaluationProtocol:
    """The protocol of that name. Raises UsageError for an unknown one, or for options it does not have."""
    entry = next((entry for entry in PROTOCOLS if entry.name == name), None)
    if entry is None:
        raise UsageError(f"There is no protocol {name}; choose one of {', '.join(protocol_names())}.")
    empty = EvaluationRequest(request.folder, request.output)
    for field in sorted(FILLING | {"count", "corpus"}):
        if field not in entry.fields and getattr(request, field) != getattr(empty, field):
            raise UsageError(f"--{field.replace('_', '-')} means nothing to the protocol {name}; leave it out.")
    return entry.create()
