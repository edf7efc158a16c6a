"""What a component may say beside its one method: read in one place, with defaults."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rft.checked.filter import CheckedFilter
from rft.checked.sampler import CheckedSampler
from rft.checked.trainer import CheckedTrainer
from rft.checked.verifier import CheckedVerifier, derived_id
from rft.components import build_sampler, hand_over, needs_model
from rft.errors import EngineError, InputError, RunError, raised, short
from rft.registry import declared
from rft.types import (
    FinishReason,
    Hooks,
    Judged,
    Need,
    Outcome,
    Problem,
    Request,
    Sample,
    SamplingParams,
    Verdict,
)
from tools import house

PROBLEM = Problem("p", "?", "v", "1", "t", "train")
SAMPLE = Sample("p", 0, 0, "one", 1, FinishReason.STOP, "e", 0)


@dataclass
class Bare:
    """Says nothing."""

    n: int = 1


@dataclass
class Wanting:
    """Wants a sandbox by ``provide``."""

    needs: ClassVar[frozenset[Need]] = frozenset({"sandbox"})
    things: dict[str, Any] = field(default_factory=dict, init=False)

    def provide(self, name: Need, thing: Any) -> None:
        self.things[name] = thing


class Sampling:
    def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
        return iter(())


@dataclass
class Plain(Sampling):
    """A sampler that says nothing."""


@dataclass
class Modelled(Sampling):
    """Has a field ``model``."""

    model: str


@dataclass
class Logging(Sampling):
    """Has a field ``log``, and a model that it does not need."""

    log: Path | None = None
    model: str = "own"


@pytest.mark.parametrize("hook", sorted(name for name in vars(Hooks) if not name.startswith("_")))
def test_a_component_that_says_nothing_has_every_default(hook: str) -> None:
    value = declared(Bare(), hook)
    assert value == getattr(Hooks, hook) or callable(value)


def test_only_hooks_are_asked_for() -> None:
    with pytest.raises(AttributeError):
        declared(Bare(), "split")


def test_hooks_are_read_in_one_place() -> None:
    """No ``getattr`` or ``hasattr`` with the name of a hook, outside ``declared``."""
    hooks = {name for name in vars(Hooks) if not name.startswith("_")}
    asked = [
        (module, node.lineno)
        for module, path in house.modules().items()
        if ".inside" not in module
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "hasattr")
        if isinstance(node.args[1], ast.Constant) and node.args[1].value in hooks
    ]
    assert asked == []


def test_what_is_needed_is_handed_over_once() -> None:
    wanting = Wanting()
    hand_over("verifier 'w'", wanting, {"sandbox": lambda: "a sandbox", "model": lambda: "a model"})
    assert wanting.things == {"sandbox": "a sandbox"}


def test_what_cannot_be_had_is_named() -> None:
    with pytest.raises(InputError, match="verifier 'w' needs 'sandbox', which is not to be had here; there is: model"):
        hand_over("verifier 'w'", Wanting(), {"model": lambda: "a model"})


@pytest.mark.parametrize(("cls", "needed"), [(Bare, False), (Modelled, True), (Logging, False)])
def test_a_model_is_needed_by_a_field_without_a_default(cls: type, needed: bool) -> None:
    assert needs_model(cls) is needed


def test_model_and_log_are_filled_in_where_there_is_a_field(tmp_path: Path) -> None:
    here = f"{__name__}:"
    assert build_sampler(here + "Modelled", {}, "m", tmp_path).sampler == Modelled("m")
    assert build_sampler(here + "Logging", {}, "m", tmp_path).sampler == Logging(tmp_path, "m")
    assert build_sampler(here + "Logging", {"log": "x"}, "m", tmp_path).sampler == Logging(Path("x"), "m")
    assert build_sampler(here + "Plain", {}, "m", tmp_path).sampler == Plain()


def test_a_derived_id_changes_with_the_fields() -> None:
    assert derived_id(Bare(1)) == derived_id(Bare(1)) != derived_id(Bare(2))


def test_what_is_left_out_may_be_closed_and_checked() -> None:
    CheckedVerifier("v", Bare()).close()
    CheckedSampler("s", Bare()).close()
    CheckedTrainer("t", Bare()).check()


def test_verdicts_carry_the_id_of_their_verifier() -> None:
    @dataclass
    class Right:
        def verify(self, problem: Problem, completions: list[str]) -> list[Verdict]:
            return [Verdict(Outcome.CORRECT) for _ in completions]

    checked = CheckedVerifier("v", Right())
    assert checked.verify(PROBLEM, ["a"]) == [Verdict(Outcome.CORRECT, checked.id)]


@pytest.mark.parametrize("reason", [None, "too_long"])
def test_a_filter_gives_a_reason_or_none(reason: str | None) -> None:
    @dataclass
    class Given:
        def drop(self, problem: Problem, judged: Judged) -> str | None:
            return reason

    assert CheckedFilter("f", Given()).drop(PROBLEM, Judged(SAMPLE, Verdict(Outcome.CORRECT))) == reason


@pytest.mark.parametrize(("value", "seen"), [(True, "a bool"), (0, "an int"), ("", "a str"), (["x"], "a list")])
def test_a_filter_that_gives_something_else_is_named(value: Any, seen: str) -> None:
    @dataclass
    class Wrong:
        def drop(self, problem: Problem, judged: Judged) -> Any:
            return value

    with pytest.raises(RunError, match=f"filter 'f' returned {seen} for problem p, index 0; the reason of a drop"):
        CheckedFilter("f", Wrong()).drop(PROBLEM, Judged(SAMPLE, Verdict(Outcome.CORRECT)))


def test_an_error_of_the_requests_is_not_the_sampler_s() -> None:
    @dataclass
    class Passing:
        def sample(self, requests: Any) -> Any:
            for _ in requests:
                yield SAMPLE

    def requests() -> Any:
        yield Request("p", "?", 0, (0,), (0,), SamplingParams())
        raise KeyError("ours")

    stream = CheckedSampler("s", Passing()).sample(requests())
    assert next(stream) == SAMPLE
    with pytest.raises(KeyError, match="ours"):
        next(stream)


def test_a_sampler_that_is_given_up_ends_at_once() -> None:
    ended = []

    @dataclass
    class Endless:
        def sample(self, requests: Any) -> Any:
            try:
                for request in requests:
                    yield Sample(request.problem_id, 0, 0, "", 0, FinishReason.STOP, "e", None)
            finally:
                ended.append(True)

    two = [Request(name, "?", 0, (0,), (0,), SamplingParams()) for name in "ab"]
    stream = CheckedSampler("s", Endless()).sample(two)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert ended == [True]


def test_a_full_disk_is_the_machine_s() -> None:
    @dataclass
    class Full:
        def sample(self, requests: Any) -> Any:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        list(CheckedSampler("s", Full()).sample([]))


def test_a_lost_connection_is_the_sampler_s() -> None:
    @dataclass
    class Lost:
        def sample(self, requests: Any) -> Any:
            raise ConnectionError("gone")

    with pytest.raises(EngineError, match=r"sampler 's' failed: ConnectionError: gone \(test_hooks.py, line \d+\)"):
        list(CheckedSampler("s", Lost()).sample([]))


def test_what_a_component_raises_is_shown_in_one_short_line() -> None:
    line = raised(ValueError("a\n\x1b[31m" + "b" * 10_000))
    assert line.startswith("ValueError: a \\x1b[31mbbb")
    assert len(line) <= 300
    assert short("x" * 81) == "x" * 79 + "…"
