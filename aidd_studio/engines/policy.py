"""Policies: which engines may fill, for archives and evidence that must contain nothing invented."""

from __future__ import annotations

from typing import Literal, get_args

from aidd_studio.engines.engine import EngineInfo
from aidd_studio.errors import UsageError

Policy = Literal["any", "signal"]
"""Any engine, or signal models only: those that are not generative."""

CHOOSER = "auto"
"""The engine that chooses among the others; it obeys the policy itself."""

POLICIES: tuple[Policy, ...] = get_args(Policy)


def as_policy(text: str) -> Policy:
    """The policy of that name. Raises UsageError for another name."""
    for policy in POLICIES:
        if text == policy:
            return policy
    raise UsageError(f"The policy can be {' or '.join(POLICIES)}, not “{text}”.")


def may_fill(info: EngineInfo, policy: Policy) -> bool:
    """Whether a policy lets an engine fill; `auto` may always, and chooses among those that may."""
    return policy == "any" or not info.generative or info.name == CHOOSER


def refusal(info: EngineInfo) -> str:
    """The message for an engine that the policy excludes."""
    return (
        f"The engine {info.name} can make up sound that was never recorded, which the policy “signal models only” "
        "does not allow; choose another engine or another policy."
    )
