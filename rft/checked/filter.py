"""A filter that gives None or the reason of a drop."""

from dataclasses import dataclass
from typing import Any

from rft.checked.faults import a_kind, blaming
from rft.errors import RunError
from rft.types import Judged, Problem


@dataclass
class CheckedFilter:
    """A filter that gives None or the reason of a drop."""

    name: str
    filter: Any

    def drop(self, problem: Problem, judged: Judged) -> str | None:
        """Returns None to keep a sample, else why it is dropped.

        Raises:
            RunError: the filter raised, or returned something else.
        """
        who = f"filter '{self.name}'"
        with blaming(who, RunError):
            reason = self.filter.drop(problem, judged)
        if reason is not None and (not isinstance(reason, str) or not reason):
            raise RunError(
                f"{who} returned {a_kind(reason)} for problem {problem.id}, index {judged.sample.index}; the reason of "
                "a drop (a short text), or None to keep the sample, is wanted"
            )
        return reason
