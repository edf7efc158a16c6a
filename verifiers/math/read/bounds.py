"""What is not looked at: answers that are too long or nested too deeply to be an answer to anything."""

MAX_ANSWER = 50_000
"""Characters of an answer that are looked at at all."""
MAX_DEPTH = 40
"""Nested brackets and groups."""


def refuse(answer: str) -> str | None:
    """Returns why an answer (raw or canonical) is not looked at, or None."""
    if len(answer) > MAX_ANSWER and not answer.isdigit():
        return f"longer than {MAX_ANSWER} characters"
    depth = 0
    for sign in answer:
        depth += (sign in "([{") - (sign in ")]}")
        if depth > MAX_DEPTH:
            return f"nested deeper than {MAX_DEPTH}"
    return None
