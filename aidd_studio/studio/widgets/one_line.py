"""One line: texts with names of files in them, which may hold line ends and worse."""

from __future__ import annotations

PICTURES = 0x2400
"""Unicode's pictures of the control characters begin here."""


def one_line(text: str) -> str:
    """A text with a picture in place of every control character, and a sign for what is no character at all."""
    return "".join(letter if letter.isprintable() else _stand_in(letter) for letter in text)


def _stand_in(letter: str) -> str:
    return chr(PICTURES + ord(letter)) if ord(letter) < 32 else "\N{REPLACEMENT CHARACTER}"
