"""A verifier that has an id and gives one sound verdict per completion."""

import hashlib
import inspect
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from rft.checked.faults import a_kind, blaming, wrong_field
from rft.errors import InputError, RftError, RunError, raised, short
from rft.registry import declared
from rft.types import Outcome, Problem, Reason, Trust, Verdict

_TEXT = (str, type(None))
_FIELDS = (
    ("outcome", (Outcome,)),
    ("verifier", (str,)),
    ("reason", (Reason, type(None))),
    ("extracted", _TEXT),
    ("detail", _TEXT),
    ("cpu_s", (int, float)),
    ("wall_s", (int, float)),
    ("trust", (Trust,)),
)


@dataclass
class CheckedVerifier:
    """A verifier that has an id and gives one sound verdict per completion."""

    name: str
    verifier: Any
    id: str = field(init=False)

    def __post_init__(self) -> None:
        """Takes the verifier's id, or makes one.

        Raises:
            InputError: the id is no name that a folder can have.
        """
        own = declared(self.verifier, "id")
        if not isinstance(own, str) or "/" in own or own.startswith("."):
            raise InputError(f"verifier '{self.name}': its id is {short(repr(own))}; a name without '/' is wanted")
        self.id = own or derived_id(self.verifier)

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem together; *unjudged* where the verifier raises.

        Raises:
            RunError: it returns another number of verdicts, or something else.
        """
        try:
            verdicts = self.verifier.verify(problem, completions)
        except RftError:
            raise
        except Exception as error:  # whatever a checker raises is never a wrong answer
            return [Verdict(Outcome.UNJUDGED, self.id, Reason.VERIFIER_ERROR, detail=raised(error))] * len(completions)
        if not isinstance(verdicts, list | tuple):
            raise self._fault(problem, f"returned {a_kind(verdicts)}; a list of Verdict is wanted")
        if len(verdicts) != len(completions):
            raise self._fault(problem, f"returned {len(verdicts)} verdicts for {len(completions)} completions")
        return [self._sound(problem, verdict) for verdict in verdicts]

    def close(self) -> None:
        """Ends the verifier's worker processes."""
        with blaming(f"verifier '{self.name}'", RunError):
            declared(self.verifier, "close")()

    def _sound(self, problem: Problem, verdict: Any) -> Verdict:
        if type(verdict) is not Verdict:
            raise self._fault(problem, f"returned {a_kind(verdict)} as a verdict; a Verdict is wanted")
        if fault := wrong_field(verdict, _FIELDS):
            raise self._fault(problem, f"returned a verdict that cannot be used: {fault}")
        return verdict if verdict.verifier == self.id else replace(verdict, verifier=self.id)

    def _fault(self, problem: Problem, what: str) -> RunError:
        return RunError(f"verifier '{self.name}' {what} (problem {problem.id}); mend it and run the same command again")


def derived_id(verifier: object) -> str:
    """Returns an id for a verifier without one: class, and a hash of its fields and of the text of its module.

    So stored verdicts are left behind when an option or the code changes.
    """
    cls = type(verifier)
    options = {f.name: getattr(verifier, f.name) for f in fields(cls) if f.init}  # type: ignore[arg-type]
    digest = hashlib.sha256(json.dumps(options, sort_keys=True, default=repr).encode())
    with suppress(OSError, TypeError):  # made at run time, or the source is not at hand
        digest.update(Path(inspect.getfile(cls)).read_bytes())
    return f"{cls.__module__}.{cls.__qualname__}-{digest.hexdigest()[:8]}"
