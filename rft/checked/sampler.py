"""A sampler that yields each requested sample once."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rft.checked.faults import a_kind, blaming, iterated, wrong_field
from rft.errors import EngineError
from rft.registry import declared
from rft.types import FinishReason, Origin, Request, Sample

_FIELDS = (
    ("problem_id", (str,)),
    ("round", (int,)),
    ("index", (int,)),
    ("text", (str,)),
    ("n_tokens", (int,)),
    ("finish_reason", (FinishReason,)),
    ("engine", (str,)),
    ("seed", (int, type(None))),
    ("origin", (Origin,)),
)


@dataclass
class CheckedSampler:
    """A sampler that yields each requested sample once."""

    name: str
    """As in the config."""
    sampler: Any

    def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yields every requested sample exactly once, in the order in which they finish.

        Raises:
            InputError: what was asked for cannot be drawn.
            EngineError: the sampler raised, or yields something else than what was asked for.
        """
        who = f"sampler '{self.name}'"
        source = _Source(requests)
        with blaming(who, EngineError, source.errors):
            samples = iterated(self.sampler.sample(source), who, "sample", EngineError)
            try:
                for sample in samples:
                    if fault := source.fault(sample):
                        raise EngineError(f"{who}: {fault}")
                    yield sample
            finally:
                if isinstance(samples, Generator):  # gives up what is in flight
                    samples.close()
        if source.waiting:
            problem, index = min(source.waiting)
            raise EngineError(
                f"{who} ended without {len(source.waiting)} of the samples that it was asked for, such as problem "
                f"{problem}, index {index}; every index of a request must be yielded once"
            )

    def close(self) -> None:
        """Ends what the sampler started."""
        with blaming(f"sampler '{self.name}'", EngineError):
            declared(self.sampler, "close")()


class _Source:
    """The requests as the sampler takes them, with a list of what it owes."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = iter(requests)
        self.waiting: dict[tuple[str, int], int] = {}
        """(problem id, index) -> round of the samples that are still to come."""
        self.errors: list[BaseException] = []
        """What the requests themselves raised while the sampler took one."""

    def __iter__(self) -> Iterator[Request]:
        return self

    def __next__(self) -> Request:
        try:
            request = next(self._requests)
        except StopIteration:
            raise
        except BaseException as error:  # not the sampler's
            self.errors.append(error)
            raise
        self.waiting.update(((request.problem_id, index), request.round) for index in request.indices)
        return request

    def fault(self, sample: object) -> str | None:
        """Returns what is wrong with a sample that has come, else None and it is no longer owed."""
        if not isinstance(sample, Sample):
            return f"it yielded {a_kind(sample)}; a rft.types.Sample is wanted"
        which = f"the sample of problem {sample.problem_id!r:.80}, index {sample.index!r:.20},"
        if fault := wrong_field(sample, _FIELDS):
            return f"{which} cannot be used: {fault}"
        if sample.n_tokens < 0:
            return f"{which} has n_tokens {sample.n_tokens}; 0 or more is wanted"
        wanted = self.waiting.pop((sample.problem_id, sample.index), None)
        if wanted is None:
            return f"{which} was not asked for, or has come already"
        if sample.round != wanted:
            return f"{which} says round {sample.round}; it was asked for in round {wanted}"
        return None
