"""What a problem of the ``code`` verifier says: its reference, read and checked once, before anything runs.

One of three forms, told apart by their keys:

    {"entry_point": "add", "tests": "assert add(1, 2) == 3"}                    tests: a program, a list of asserts, or
                                                                                a function check(candidate)
    {"entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}]}          calls, their values as tagged plain data
    {"cases": [{"stdin": "1 2\\n", "stdout": "3\\n"}]}                          whole programs

A reference that cannot be used is described in one sentence, for the verdict *bad_reference*.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rft.types import JSON, Limits, Trust
from rft.verifiers.code.answer.python_source import unescaped
from rft.verifiers.code.reference.asserts import calls_check, checks_nothing, infer_entry_point
from rft.verifiers.code.reference.options import (
    BadReferenceError,
    known_keys,
    read_checks,
    read_limits,
    read_tolerance,
    read_trust,
    require,
)

MAX_PARSED = 200_000
"""Characters of tests that are read by Python's parser; it takes a hundred times their size in memory."""

Form = Literal["tests", "calls", "stdio"]

_TEXTS = ("language", "entry_point", "prompt", "setup", "solution", "trust")
_FLAGS = ("tokens", "ordered", "in_place")
_KEYS = (*_TEXTS, *_FLAGS, "tests", "cases", "checks", "tolerance", "judge", "limits")
MAX_STDIN = 16 << 20
_CLAUSE = re.compile(r"^(?:package|import)\b", re.MULTILINE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_STDIO_KEYS = ("stdin", "stdout")
_CALL_KEYS = ("args", "kwargs", "expected")


@dataclass(frozen=True, slots=True)
class CallCase:
    """One call and what it must return; values as tagged plain data."""

    args: list[JSON]
    kwargs: dict[str, JSON]
    expected: JSON


@dataclass(frozen=True, slots=True)
class StdinCase:
    """One run of a whole program."""

    stdin: str
    stdout: str | None
    """What it must write; None where only a judge knows."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A program that decides whether an output is right."""

    source: str
    language: str = "python"


@dataclass(frozen=True, slots=True)
class Reference:
    """All that a problem says about the program it wants."""

    language: str = "python"
    """Of the candidate; whether it is known is the sandbox's to say."""
    entry_point: str | None = None
    program: str | None = None
    """The tests; a ``check`` function that nothing calls has got its call."""
    calls: tuple[CallCase, ...] = ()
    stdin_cases: tuple[StdinCase, ...] = ()
    prompt: str | None = None
    """Code that an answer may continue, or take imports and helpers from."""
    setup: str = ""
    """Source that runs in the tester before the tests."""
    solution: str | None = None
    checks: int | None = None
    """Checks that a run of the solution executes, where the problem says it."""
    tolerance: float | None = None
    tokens: bool = False
    """Whether stdout is compared word by word instead of line by line."""
    ordered: bool = True
    """Whether the order of a returned list counts."""
    in_place: bool = False
    """Whether what a call does to its arguments is seen by the tests."""
    judge: Judge | None = None
    limits: Mapping[str, JSON] = field(default_factory=dict)
    """Fields of ``Limits`` that differ from the verifier's."""
    trust: Trust | None = None

    @property
    def form(self) -> Form:
        """How candidates are tried."""
        return "tests" if self.program is not None else "calls" if self.calls else "stdio"

    @property
    def wanted(self) -> str | None:
        """The name that an answer has to define: the entry point, or what the tests call; None for a whole program."""
        return self.entry_point or (infer_entry_point(self.program[:MAX_PARSED]) if self.program else None)

    def limited(self, base: Limits) -> Limits:
        """Returns limits with those of the problem in the place of the base's."""
        return replace(base, **self.limits)

    def exam(self) -> dict[str, JSON]:
        """Returns what ``rft.sandboxes.inside.exam.tester.examine`` takes.

        Raises:
            ValueError: it is about whole programs.
        """
        if self.form == "stdio":
            raise ValueError("a whole program is run, not examined")
        shared: dict[str, JSON] = {"entry_point": self.entry_point, "in_place": self.in_place}
        if self.program is not None:
            return shared | {"setup": self.setup, "program": self.program}
        calls = [{"args": call.args, "kwargs": call.kwargs, "expected": call.expected} for call in self.calls]
        return shared | {"calls": calls, "tolerance": self.tolerance, "ordered": self.ordered}


def read_reference(reference: JSON) -> Reference | str:
    """Returns a problem's reference, or one sentence that says what is wrong with it. A null stands for nothing.

    >>> read_reference({"entry_pont": "add", "tests": "assert add(1, 2) == 3"})
    "the reference has an unknown key 'entry_pont'; did you mean 'entry_point'?"
    """
    if not isinstance(reference, dict):
        return f"the reference must be an object with 'tests' or 'cases'; seen: {type(reference).__name__}"
    try:
        return _read({key: value for key, value in reference.items() if value is not None})
    except BadReferenceError as bad:
        return str(bad)


def _read(given: dict[str, JSON]) -> Reference:
    known_keys(given, _KEYS, "the reference")
    for key in _TEXTS:
        require(isinstance(given.get(key, ""), str), f"'{key}' must be a text", given.get(key))
    for key in _FLAGS:
        require(isinstance(given.get(key, True), bool), f"'{key}' must be true or false", given.get(key))
    if given.get("language") in ("go", "golang") and _CLAUSE.search(str(given.get("tests", ""))):
        raise BadReferenceError(
            "the tests of a Go program are put beside it; leave out their package and import clauses"
        )
    if ("tests" in given) == ("cases" in given):
        both = "both 'tests' and 'cases'; give one of them" if "tests" in given else "neither 'tests' nor 'cases'"
        raise BadReferenceError(f"the reference has {both}")
    plain = {
        key: given[key] for key in ("language", "entry_point", "prompt", "setup", "solution", *_FLAGS) if key in given
    }
    read = Reference(
        **plain,
        checks=read_checks(given),
        tolerance=read_tolerance(given),
        judge=_judge(given),
        limits=read_limits(given),
        trust=read_trust(given),
    )
    require(read.entry_point is None or _is_path(read.entry_point), "'entry_point' must be a name", read.entry_point)
    read = (
        replace(read, program=_program(given["tests"], read)) if "tests" in given else _with_cases(read, given["cases"])
    )
    _fits(read, given)
    return read


def _fits(read: Reference, given: dict[str, JSON]) -> None:
    """Refuses options that the form has no use for: they would be a misunderstanding."""
    useless = {
        "tests": ("tokens", "judge", "ordered", "tolerance"),
        "calls": ("tokens", "judge", "setup"),
        "stdio": ("entry_point", "setup", "ordered", "in_place"),
    }[read.form]
    for key in useless:
        if key in given:
            names = {"tests": "tests", "calls": "call cases", "stdio": "stdin cases"}
            raise BadReferenceError(f"'{key}' has no meaning for {names[read.form]}")


def _program(tests: JSON, read: Reference) -> str:
    parts = tests if isinstance(tests, list) else [tests]
    require(all(isinstance(part, str) for part in parts), "'tests' must be a text or a list of texts", tests)
    program = "\n".join(parts)
    require(bool(program.strip()), "'tests' must hold a test", tests)
    if read.language != "python" or not _lacks_call(program):
        return program
    if read.entry_point is None:
        raise BadReferenceError("'tests' holds a function check(candidate), so 'entry_point' must name the candidate")
    owner, _, method = read.entry_point.rpartition(".")
    return f"{program}\n\ncheck({f'{owner}().{method}' if owner else method})\n"


def _lacks_call(program: str) -> bool:
    """Whether tests define a function ``check`` and never call it."""
    if len(program) > MAX_PARSED:
        return bool(re.search(r"^def check\(", program, re.MULTILINE) and not re.search(r"(?<!def )\bcheck\(", program))
    tree = _parsed(program, "tests")
    if checks_nothing(tree):
        raise BadReferenceError("'tests' holds neither an assert nor a call: it checks nothing")
    return calls_check(tree) is False


def _parsed(source: str, key: str) -> ast.Module:
    try:
        return ast.parse(unescaped(source))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
        text = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise BadReferenceError(f"'{key}' is no Python: {text}{line}") from error


def _with_cases(read: Reference, cases: JSON) -> Reference:
    require(isinstance(cases, list), "'cases' must be a list", cases)
    require(bool(cases), "'cases' must hold a case", cases)
    for number, case in enumerate(cases, start=1):
        require(isinstance(case, dict), f"case {number} must be an object", case)
        known_keys(case, (*_STDIO_KEYS, *_CALL_KEYS), f"case {number}")
        require(bool(case), f"case {number} must hold a call or a stdin", case)
    kinds = {bool(set(case) & set(_STDIO_KEYS)) for case in cases} | {not set(case) & set(_CALL_KEYS) for case in cases}
    if len(kinds) > 1:
        raise BadReferenceError("'cases' mixes calls (args, expected) with whole programs (stdin, stdout)")
    if kinds == {True}:
        return replace(read, stdin_cases=tuple(_stdin_case(n, case, read) for n, case in enumerate(cases, start=1)))
    require(read.entry_point is not None, "'entry_point' must say what the cases call", None)
    return replace(read, calls=tuple(_call_case(n, case) for n, case in enumerate(cases, start=1)))


def _stdin_case(number: int, case: dict[str, JSON], read: Reference) -> StdinCase:
    stdin, stdout = case.get("stdin"), case.get("stdout")
    if isinstance(stdin, str):
        require(
            len(stdin) <= MAX_STDIN, f"the stdin of case {number} must hold at most {MAX_STDIN} characters", len(stdin)
        )
        require(not _SURROGATE.search(stdin), f"the stdin of case {number} must be proper Unicode", stdin[:40])
    stdin = "" if stdin is None else stdin
    require(isinstance(stdin, str), f"'stdin' of case {number} must be a text", stdin)
    right = isinstance(stdout, str) or (stdout is None and read.judge is not None)
    require(right, f"'stdout' of case {number} must be a text", stdout)
    return StdinCase(stdin, stdout)


def _call_case(number: int, case: dict[str, JSON]) -> CallCase:
    args, kwargs = case.get("args"), case.get("kwargs")
    args, kwargs = [] if args is None else args, {} if kwargs is None else kwargs
    require(isinstance(args, list), f"'args' of case {number} must be a list", args)
    require(isinstance(kwargs, dict), f"'kwargs' of case {number} must be an object", kwargs)
    if "expected" not in case:
        raise BadReferenceError(f"case {number} has no 'expected'; where None is expected, say null")
    return CallCase(args, kwargs, case["expected"])


def _judge(given: dict[str, JSON]) -> Judge | None:
    if "judge" not in given:
        return None
    judge = given["judge"]
    require(isinstance(judge, dict), "'judge' must be an object with 'language' and 'source'", judge)
    known_keys(judge, ("language", "source"), "'judge'")
    texts = (judge.get("source"), judge.get("language", "python"))
    require(
        all(isinstance(text, str) and text.strip() for text in texts), "'judge' must have a text as 'source'", judge
    )
    return Judge(judge["source"], judge.get("language", "python"))


def _is_path(name: str) -> bool:
    return all(part.isidentifier() for part in name.replace("$", "_").split("."))
