r"""Completions whose verdict is known without a model: what ``rft check`` puts to a verifier.

How a reference becomes a right and a wrong completion depends on the kind of verifier; ``PROVERS`` holds one entry per
kind. Whatever is called wrong here must *surely* be wrong: a probe in doubt would accuse an innocent checker.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from rft.expressions.numeral import parse_number
from rft.types import JSON, Problem
from rft.verifiers.choice.reference import read_question
from rft.verifiers.code.reference.stubs import empty, singles, solved, stubs


class Tried(StrEnum):
    """What was put to the verifier."""

    REFERENCE = "reference"
    """The reference itself, written as an answer: must be correct."""
    SOLUTION = "worked solution"
    """The task's own worked solution: should be correct; reported apart."""
    EMPTY = "empty"
    """Nothing at all: must not be correct."""
    NO_ANSWER = "no answer"
    """Words that hold no answer: must not be correct."""
    WRONG = "wrong answer"
    """The reference changed so that it surely differs: must not be correct."""
    OTHER = "another problem's reference"
    """An earlier problem's reference that surely differs: must not be correct."""
    SINGLE = "single test"
    """Programs that solve nothing, put to one test alone: it must refuse one of them."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One completion and what it stands for."""

    tried: Tried
    completion: str

    @property
    def should_be_correct(self) -> bool:
        """Whether the verdict *correct* is the right one."""
        return self.tried in (Tried.REFERENCE, Tried.SOLUTION)


@dataclass(frozen=True, slots=True)
class Single:
    """One test of a problem, alone."""

    problem: Problem
    """The problem with no other test."""
    completions: list[str]
    """Of these at least one must be judged incorrect: else the test can never fail."""


def no_singles(problem: Problem) -> Iterator[Single]:
    """Yields nothing: a single answer has no parts."""
    yield from ()


def no_doubt(problem: Problem) -> str | None:
    """Returns None: the look of a reference shows nothing wrong."""
    return None


@dataclass(frozen=True, slots=True)
class Prover:
    """How problems of one kind of verifier are turned into completions."""

    right: Callable[[Problem], list[str]]
    """Completions that must be correct, one per accepted reference."""
    wrong: Callable[[Problem], list[str]]
    """Completions that must not be, made from the problem alone."""
    other: Callable[[Problem, Sequence[JSON]], str | None]
    """A completion that must not be correct, made of an earlier problem's reference; None when none surely differs."""
    singles: Callable[[Problem], Iterator[Single]] = no_singles
    """The problem's tests one by one."""
    doubt: Callable[[Problem], str | None] = no_doubt
    """Why a reference is surely not an answer, although it equals itself."""
    nothing_right: str = "no answer can be made of it"
    """What it means when there is no completion that must be correct."""


NO_ANSWER = "Let us think about this step by step before we decide."
LETTERS = "ABCDE"
DIGIT_FREE_WRONG = "17"
"""Surely wrong for any reference without a digit: a word, a letter, a bare symbol."""


def probes(problem: Problem, prover: Prover, earlier: Sequence[JSON]) -> Iterator[Probe]:
    """Yields everything that is to be tried on a problem.

    Args:
        problem: the problem.
        prover: the entry of ``PROVERS`` for its verifier.
        earlier: references of earlier problems of the same kind.
    """
    for completion in prover.right(problem):
        yield Probe(Tried.REFERENCE, completion)
    solution = problem.metadata.get("solution")
    if isinstance(solution, str) and solution.strip():
        yield Probe(Tried.SOLUTION, solution)
    yield Probe(Tried.EMPTY, "")
    yield Probe(Tried.NO_ANSWER, NO_ANSWER)
    for completion in prover.wrong(problem):
        yield Probe(Tried.WRONG, completion)
    other = prover.other(problem, earlier)
    if other is not None:
        yield Probe(Tried.OTHER, other)


def comparable(reference: JSON) -> str:
    """Returns a text that is equal for references that are plainly the same: 1,080 and 1080, a b and ab."""
    if isinstance(reference, str):
        number = parse_number(reference)
        return str(number) if number is not None else "".join(reference.split())
    if isinstance(reference, list):
        return json.dumps(sorted(comparable(item) for item in reference))
    return json.dumps(reference, sort_keys=True)


def math_right(problem: Problem) -> list[str]:
    """Returns one completion per accepted answer, each in a box."""
    return [_boxed(answer) for answer in _answers(problem.reference)]


def math_doubt(problem: Problem) -> str | None:
    """Returns why an accepted answer is surely not one: a question mark, unmatched braces, or nothing but signs.

    Words are answers too, so a reference that is not mathematics is not in doubt for that alone.
    """
    for answer in _answers(problem.reference):
        if "?" in answer:
            return f"{answer!r:.80} holds a question mark, so it is not an answer"
        if answer.count("{") - answer.count(r"\{") != answer.count("}") - answer.count(r"\}"):
            return f"the braces of {answer!r:.80} do not match"
        if answer.isascii() and not any(map(str.isalnum, answer)):
            return f"{answer!r:.80} holds neither a letter nor a digit"
    return None


def math_wrong(problem: Problem) -> list[str]:
    """Returns the first accepted answer, changed, in a box: its first integer plus one; a number's negative too."""
    answers = _answers(problem.reference)
    if not answers:
        return []
    accepted = {comparable(answer) for answer in answers}
    changed = (_changed(answers[0], step) for step in (1, 7, 13))
    wrong = [next((answer for answer in changed if comparable(answer) not in accepted), None)]
    number = parse_number(answers[0])
    if number and str(-number) not in accepted:
        wrong.append(_written(-number))
    return [_boxed(answer) for answer in wrong if answer is not None]


def math_other(problem: Problem, earlier: Sequence[JSON]) -> str | None:
    """Returns an earlier problem's answer, in a box, when both are plain numbers and no accepted one equals it."""
    numbers = [parse_number(answer) for answer in _answers(problem.reference)]
    if not numbers or None in numbers:
        return None
    for reference in earlier:
        for answer in _answers(reference):
            number = parse_number(answer)
            if number is not None and number not in numbers:
                return _boxed(answer)
    return None


def choice_right(problem: Problem) -> list[str]:
    """Returns the right letters in a box; where only one is right and its text is known, the text too."""
    question = read_question(problem.reference)
    if isinstance(question, str):
        return []
    letters = sorted(question.right)
    texts = [question.texts[letter] for letter in letters if letter in question.texts and len(letters) == 1]
    return [_boxed(" and ".join(letters)), *map(_boxed, texts)]


def choice_wrong(problem: Problem) -> list[str]:
    """Returns another letter in a box, and the right ones beside it."""
    question = read_question(problem.reference)
    if isinstance(question, str):
        return []
    other = next((letter for letter in sorted(question.texts) or LETTERS if letter not in question.right), None)
    if other is None:
        return []
    return [_boxed(other), _boxed(" or ".join([*sorted(question.right), other]))]


def exact_wrong(problem: Problem) -> list[str]:
    """Returns the first accepted text with a word more, in a box."""
    return [_boxed(f"{answer} otherwise") for answer in _answers(problem.reference)[:1]]


def no_other(problem: Problem, earlier: Sequence[JSON]) -> str | None:
    """Returns None: that two texts or letters surely differ, only the wrong answers above can promise."""
    return None


def code_right(problem: Problem) -> list[str]:
    """Returns the reference's own solution in a fence; nothing where it has none."""
    return solved(problem.reference) if isinstance(problem.reference, dict) else []


def code_wrong(problem: Problem) -> list[str]:
    """Returns programs that solve nothing: an empty one, and those that always give None or an odd number."""
    if not isinstance(problem.reference, dict):
        return []
    return list(dict.fromkeys([*empty(problem.reference), *stubs(problem.reference)]))


def code_singles(problem: Problem) -> Iterator[Single]:
    """Yields every assert statement and every case alone; each must refuse None or an odd number.

    A test in which the answer None is right refuses the number, one that takes whatever is true refuses None. Only one
    that looks at neither passes both. The cost is two short executions a test, without the solution's.
    """
    programs = stubs(problem.reference) if isinstance(problem.reference, dict) else []
    for reference in singles(problem.reference) if programs else ():
        yield Single(replace(problem, reference=reference), programs)


PROVERS: dict[str, Prover] = {
    "math": Prover(math_right, math_wrong, math_other, doubt=math_doubt),
    "choice": Prover(choice_right, choice_wrong, no_other),
    "exact": Prover(math_right, exact_wrong, no_other),
    "code": Prover(
        code_right,
        code_wrong,
        no_other,
        code_singles,
        nothing_right="it has no 'solution', so nothing shows that a right program passes its tests",
    ),
}
"""Name of a verifier -> how its problems are proved."""


def _answers(reference: JSON) -> list[str]:
    found = reference if isinstance(reference, list) else [reference]
    return [answer for answer in found if isinstance(answer, str)]


def _boxed(answer: str) -> str:
    return f"The answer is \\boxed{{{answer}}}."


def _changed(answer: str, step: int) -> str:
    number = parse_number(answer)
    if number is not None:
        return _written(number + step)
    # an integer that is neither an exponent nor an index: a checker may rightly pass over the 2 of "cm^2"
    found = re.search(r"(?<![\d^_])(?<![\^_]\{)\d+", answer) or re.search(r"\d+", answer)
    if found is None:
        return DIGIT_FREE_WRONG
    return f"{answer[: found.start()]}{_plus(found[0], step)}{answer[found.end() :]}"


def _plus(digits: str, step: int) -> str:
    """Adds to the last nine digits only, so that a huge literal costs nothing (int() refuses 4,300 digits)."""
    head, tail = digits[:-9], digits[-9:]
    return f"{head}{(int(tail) + step) % 10 ** len(tail) if head else int(tail) + step}"


def _written(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"\\frac{{{number.numerator}}}{{{number.denominator}}}"
