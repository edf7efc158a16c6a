"""The errors a user can meet, one class per exit code. Anything else that escapes is a bug of ours.

RftError
├── InputError      exit 2: the user's to mend; raised before anything is half-written
├── RunError        exit 1: a stage failed; the run can be resumed
│   ├── EngineError     the sampler's engine would not stay alive
│   ├── TrainerError    the trainer failed or wrote no loadable model
│   ├── SandboxError    a sandbox failed, not the program in it; verifiers make *unjudged* of it
│   └── UnjudgedError   more verdicts failed on our side than is allowed
└── GateError       exit 3: a gate said no
"""

import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class RftError(Exception):
    """One clear sentence: what was seen, what is allowed, what to do next."""

    exit_code = 1


class InputError(RftError):
    """What the user gave cannot be used."""

    exit_code = 2


class RunError(RftError):
    """A stage failed; what was finished is kept."""


class EngineError(RunError):
    """The engine died more often than is allowed."""


class TrainerError(RunError):
    """Training failed or left no loadable model."""


class SandboxError(RunError):
    """The sandbox failed: nothing is known of the program, which may be run again."""


class UnjudgedError(RunError):
    """Too large a share of the samples could not be judged."""


class GateError(RftError):
    """A check that was asked for did not hold."""

    exit_code = 3


def printable(text: str) -> str:
    """Returns a text with its control characters spelled out: ids and answers may hold escape codes for the terminal.

    >>> printable("id \\x1b[31mred")
    'id \\\\x1b[31mred'
    """
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def short(text: object, n: int = 80, end: int = 0) -> str:
    """Returns a text in one line of at most ``n`` characters, with control characters spelled out.

    Args:
        text: anything that can be written.
        n: characters, the mark of what was left out included.
        end: how many of them are the text's last.

    >>> short("a long\\ntext that goes on", 12)
    'a long text…'
    >>> short("a long text that goes on", 16, end=6)
    'a long te…oes on'
    """
    whole = str(text)
    if len(whole) > 8 * n:  # spelling out a text of megabytes would take as long as it is
        whole = f"{whole[: 4 * n]}…{whole[-4 * n :]}"
    line = printable(" ".join(filter(None, map(str.strip, whole.splitlines()))))
    if len(line) <= n:
        return line
    return f"{line[: n - end - 1].rstrip()}…{line[len(line) - end :]}"


def raised(error: BaseException, n: int = 300) -> str:
    """Returns what a component raised, for a message: the class, the text in one line, and where it was raised.

    >>> raised(ValueError("no such column"))
    'ValueError: no such column'
    """
    text = short(f"{type(error).__name__}: {error}".removesuffix(": "), n)
    if isinstance(error, SyntaxError):  # its text names file and line
        return text
    frames = traceback.extract_tb(error.__traceback__)
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else text


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> InputError:
    """Returns the error for a name that is not in a table, with the nearest known name.

    >>> str(unknown("verifier", "mth", ["choice", "math"], where=" in problem gsm8k/17"))
    "unknown verifier 'mth' in problem gsm8k/17; did you mean 'math'? Known: choice, math"
    """
    known = sorted(known)
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'? Known" if near else "known"
    return InputError(f"unknown {kind} '{name}'{where}; {hint}: {', '.join(known) or 'none'}")
