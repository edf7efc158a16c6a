"""What counts as the same answer: the few questions on which tasks differ, each with a default and alternatives."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args

from rft.errors import InputError, unknown
from rft.types import JSON

Units = Literal["agree", "convert", "ignore"]
Percent = Literal["typed", "points"]
Order = Literal["free", "kept"]
Several = Literal["refuse", "all"]
Decimals = Literal["rounded", "exact"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How strictly answers are compared. The defaults let the fewest wrong answers through.

    A task says how its references are meant in a problem's metadata, ``{"policy": {"percent": "points"}}``; an option
    of the verifier that is given comes first.
    """

    units: Units = "agree"
    """agree: a bare number matches any unit, two units must be the same. convert: ``5 m`` is also ``500 cm``. ignore:
    units are dropped."""
    percent: Percent = "typed"
    """typed: ``10%`` is 0.1 and never 10. points: a percent sign that stands on one side only is ignored."""
    order: Order = "free"
    """Of a list without brackets. free: ``2, 1`` answers ``1, 2``. kept: it does not."""
    several: Several = "refuse"
    """Several different boxes. refuse: no answer. all: together they are one list."""
    decimals: Decimals = "rounded"
    """rounded: a reference of three or more digits such as 0.667 also accepts what rounds to it, and an answer of six
    or more digits answers the exact reference that it is rounded from. exact: neither."""

    def __post_init__(self) -> None:
        """Refuses what is no choice.

        Raises:
            InputError: a value is not among those that are allowed.
        """
        for field in fields(self):
            allowed, seen = get_args(field.type), getattr(self, field.name)
            if seen not in allowed:
                raise unknown(f"math policy '{field.name}'", str(seen), allowed)


DEFAULT = Policy()


def policy_of(said: JSON, given: Mapping[str, str]) -> Policy:
    """Returns the policy that a problem asks for, but for what was given.

    Raises:
        InputError: what the problem says is no policy.
    """
    known = [field.name for field in fields(Policy)]
    if not isinstance(said, dict):
        raise InputError(f'a problem\'s policy is an object, e.g. {{"percent": "points"}}; seen: {said!r:.80}')
    for name in said:
        if name not in known:
            raise unknown("math policy", str(name), known)
    return Policy(**{**said, **given})
