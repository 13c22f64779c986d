"""Candidate words: what a candidate's card and its tool tip say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aidd_studio.restoration.candidate import Candidate

SETTING_NAMES = {"likeliest_first": "most likely"}
"""Settings whose name is no word of the field; all others read as they are called."""


def engine_title(name: str) -> str:
    """An engine's name as people read it."""
    from aidd_studio.engines.registry import engine_infos

    return next((info.title for info in engine_infos() if info.name == name), name)


def details(candidate: Candidate) -> str:
    """Everything about a candidate that makes it repeatable."""
    lines = [
        engine_title(candidate.engine),
        f"Score {candidate.score:.3f}, filled in {_taken(candidate.seconds)}",
        f"Seed {candidate.seed}",
        f"Cross-fade {candidate.crossfade * 1000:.1f} ms",
    ]
    lines += [f"{_setting_name(key)}: {_yes_or_no(value)}" for key, value in candidate.settings.items()]
    lines += [f"{name}: {sha[:12]}…" for name, sha in candidate.weights.items()]
    if candidate.note:
        lines.append(candidate.note)
    return "\n".join(lines)


def spoken(candidate: Candidate) -> str:
    """A candidate in a few words for the ear."""
    return f"{engine_title(candidate.engine)}, score {score_text(candidate.score)}"


def facts(candidate: Candidate, compared: Sequence[str], *, accepted: bool) -> str:
    """What the card says: score, time taken and the settings that are compared; accepted ones say so."""
    parts = ["Accepted"] if accepted else []
    parts += [f"Score {score_text(candidate.score)}", f"filled in {_taken(candidate.seconds)}"]
    lines = [" · ".join(parts)]
    known = candidate.settings
    settings = [_setting(name, known[name]) for name in compared if name in known and known[name] is not False]
    if settings:
        lines.append(" · ".join(settings))
    return "\n".join(lines)


def quality_shares(scores: Sequence[float]) -> list[float | None]:
    """How full the bar of each candidate is, 0 to 1; None where there is nothing to compare.

    Scores compare the candidates of one gap and no others, so the best has a full bar and the last a quarter.
    """
    if len(scores) < 2:
        return [None] * len(scores)
    low, span = min(scores), max(scores) - min(scores)
    return [0.25 + 0.75 * (score - low) / span if span > 0 else 1.0 for score in scores]


def differing_settings(candidates: Sequence[Candidate]) -> list[str]:
    """The settings in which candidates of one engine differ, so that what they change can be compared side by side."""
    seen: dict[tuple[str, str], Any] = {}
    differing: dict[str, None] = {}
    for candidate in candidates:
        for name, value in candidate.settings.items():
            if seen.setdefault((candidate.engine, name), value) != value:
                differing[name] = None
    return list(differing)


def _setting(name: str, value: Any) -> str:
    """A setting with its value; one that is only on or off is named while it is on."""
    words = _setting_name(name)
    return words if value is True else f"{words} {_yes_or_no(value)}"


def _setting_name(name: str) -> str:
    return SETTING_NAMES.get(name, name.replace("_", " "))


def score_text(score: float) -> str:
    """A score to two digits, with a proper minus."""
    text = f"{score:.2f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def _yes_or_no(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.4g}"
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _taken(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
