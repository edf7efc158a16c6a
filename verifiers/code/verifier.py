"""The verifier named ``code``: runs each candidate's program in a sandbox and says what the facts mean.

    completion ──extract──▶ program ──sandbox──▶ facts ──rulings──▶ verdict
                                        ▲
                    reference ──▶ tests, terms (limits, number of checks)

No program runs in this process. Whatever fails on our side is *unjudged*: the sandbox (``sandbox_error``), a judge
(``verifier_error``) or the reference itself (``bad_reference``).

A program that ran out of time by the clock, having worked for part of it, and had neighbours, is tried once more while
nothing else runs in the sandbox. One that slept is not: waiting needs no processor, and it would hold up all others.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from typing import Any, ClassVar, Literal

from rft.errors import InputError
from rft.options import Positive
from rft.sandboxes.languages import find
from rft.sandboxes.latest import Latest
from rft.sandboxes.limits import NAMES, checked_limits
from rft.types import JSON, Limits, Need, Outcome, Problem, Reason, Sandbox, Verdict
from rft.verifiers.code.answer.context import with_prompt
from rft.verifiers.code.answer.extract import Extracted, NoCode, extract
from rft.verifiers.code.reference.helpers import setup_of
from rft.verifiers.code.reference.read import Reference, read_reference
from rft.verifiers.code.trial.attempts import attempt
from rft.verifiers.code.trial.reference_run import Proof, prove, terms_of
from rft.verifiers.code.trial.rulings import one_line
from rft.verifiers.code.trial.terms import Attempt, Terms

VERSION = 1
"""Goes up with every change that may change a verdict."""
N_PROOFS, N_REFERENCES = 4096, 32
"""Runs of solutions, and references that were read (some are large), that are remembered."""
DEFAULT = Limits()
COMMON_IMPORTS = """\
import bisect, collections, copy, datetime, functools, heapq, itertools, json, math, operator, random, re, statistics
import string, sys
from collections import *
from typing import *
"""


@dataclass
class CodeVerifier:
    """Judges programs by tests, call cases, or what they write for an input; see ``reference`` for the forms.

    It needs a sandbox: ``provide`` gives it one before the first ``verify``.
    """

    cpu_s: float = DEFAULT.cpu_s
    """Limits of one execution, also below: as ``rft.types.Limits`` says. Those that a reference sets itself win."""
    wall_s: float = DEFAULT.wall_s
    memory_mib: int = DEFAULT.memory_mib
    output_kib: int = DEFAULT.output_kib
    processes: int = DEFAULT.processes
    disk_mib: int = DEFAULT.disk_mib
    scale: Positive = 10.0
    """A candidate may take so many times what the reference's solution takes here, if that is more than the limit."""
    longest_s: Positive = 60.0
    """What is stretched by ``scale`` ends here; also the limit of the solution itself."""
    imports: Literal["none", "common"] = "none"
    """common: math, re, typing and their like are imported in front of every Python program."""
    id: str = field(init=False)
    """Name, version and hash of the settings that can change a verdict."""
    needs: ClassVar[frozenset[Need]] = frozenset({"sandbox"})

    def __post_init__(self) -> None:
        """Checks the options.

        Raises:
            InputError: a limit is not above 0.
        """
        settings = {option.name: getattr(self, option.name) for option in fields(self) if option.init}
        try:
            limits: dict[str, Any] = checked_limits({name: settings[name] for name in NAMES})
        except ValueError as error:
            raise InputError(f"verifier 'code': {error}") from error
        self._limits = Limits(**limits)
        self._sandbox: Sandbox | None = None
        self._proofs = Latest[Proof](N_PROOFS)
        self._references = Latest[Reference | str](N_REFERENCES)
        self.id = f"code-{VERSION}-{sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]}"

    def provide(self, name: Need, thing: Sandbox) -> None:
        """Takes the sandbox in which programs run; whoever made it closes it."""
        if name == "sandbox":
            self._sandbox = thing

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem, as many at a time as the sandbox has slots; equal programs once.

        Raises:
            InputError: there is no sandbox, or it does not have the language that the reference names.
        """
        key = _digest(problem.reference)
        reference = self._references.get_or_make(key, lambda: _readable(problem.reference))
        if isinstance(reference, str):
            unusable = Verdict(Outcome.UNJUDGED, self.id, Reason.BAD_REFERENCE, detail=one_line(reference))
            return [unusable] * len(completions)
        found = [self._program(reference, completion) for completion in completions]
        sources = list(dict.fromkeys(one.source for one in found if isinstance(one, Extracted)))
        judged = self._attempts(key, reference, sources) if sources else {}
        return [self._verdict(one, judged) for one in found]

    def close(self) -> None:
        """Does nothing: the sandbox is not its own."""

    def _attempts(self, key: bytes, reference: Reference, sources: Sequence[str]) -> dict[str, Attempt]:
        """What became of each program."""
        sandbox = self._given()
        proof = self._proofs.get_or_make(key, lambda: self._prove(sandbox, reference), lambda proof: proof.lasting)
        if proof.fault is not None:
            return dict.fromkeys(sources, Attempt(proof.fault))
        terms = terms_of(reference, proof, self._limits, self.scale, self.longest_s)
        if len(sources) == 1:  # no thread is worth its while
            return {sources[0]: self._settled(sandbox, reference, sources[0], terms)}
        with ThreadPoolExecutor(min(sandbox.slots, len(sources)), "candidates") as pool:
            found = pool.map(lambda source: self._settled(sandbox, reference, source, terms), sources)
            return dict(zip(sources, found, strict=True))

    def _given(self) -> Sandbox:
        if self._sandbox is None:
            raise InputError("the verifier 'code' runs programs and was given no sandbox; choose one with --sandbox")
        return self._sandbox

    def _program(self, reference: Reference, completion: str) -> Extracted | NoCode:
        found = extract(completion, reference.language, reference.wanted, reference.prompt)
        return found if isinstance(found, NoCode) else Extracted(self._complete(reference, found.source), found.rule)

    def _complete(self, reference: Reference, source: str) -> str:
        source = with_prompt(source, reference.prompt, reference.wanted, reference.language)
        if self.imports == "common" and reference.language == "python":
            source = with_prompt(source, COMMON_IMPORTS, None)
        return source

    def _prove(self, sandbox: Sandbox, reference: Reference) -> Proof:
        def run(solution: str, terms: Terms) -> Attempt:
            return self._settled(sandbox, reference, self._complete(reference, solution), terms)

        return prove(reference, run, self._limits, self.longest_s)

    def _settled(self, sandbox: Sandbox, reference: Reference, source: str, terms: Terms) -> Attempt:
        """An attempt, or the second one if the first may have been starved by its neighbours."""
        found = attempt(sandbox, reference, source, terms)
        if found.ruling.starved and (sandbox.slots > 1 or os.getloadavg()[0] > (os.cpu_count() or 1)):
            with sandbox.alone():
                return attempt(sandbox, reference, source, terms)
        return found

    def _verdict(self, found: Extracted | NoCode, judged: Mapping[str, Attempt]) -> Verdict:
        if isinstance(found, NoCode):
            return Verdict(Outcome.INCORRECT, self.id, found.reason, detail=one_line(found.detail))
        ruling, usage = judged[found.source].ruling, judged[found.source].usage
        return Verdict(
            ruling.outcome,
            self.id,
            ruling.reason,
            extracted=found.source,
            detail=one_line(f"rule={found.rule}; {ruling.detail}"),
            cpu_s=usage.cpu_s,
            wall_s=usage.wall_s,
            trust=ruling.trust,
        )


def _readable(reference: JSON) -> Reference | str:
    """What a reference says, with the table's name of its language and its prompt's helpers; or what is wrong."""
    found = read_reference(reference)
    if isinstance(found, str):
        return found
    try:
        language = find(found.language)
    except InputError as error:
        return str(error)
    if found.form == "calls" and not language.call_form:
        return f"functions in {language.title} cannot be called from outside; give cases with stdin and stdout"
    if found.form == "tests" and not (language.call_form or language.whole_form):
        return f"tests in {language.title} cannot be run; give cases with stdin and stdout"
    found = replace(found, language=language.name)
    return replace(found, setup=setup_of(found))


def _digest(reference: JSON) -> bytes:
    return sha256(json.dumps(reference, sort_keys=True).encode()).digest()
