"""The procedural task: exact, seeded, disjoint by content, stable when it grows."""

import ast
from collections.abc import Mapping
from typing import Any

import pytest

from rft.errors import InputError
from rft.registry import build
from rft.tasks.arithmetic import Arithmetic, content, permute


def make(**options: Any) -> Arithmetic:
    task: Arithmetic = build("task", "arithmetic", Arithmetic, options)
    return task


def contents(task: Arithmetic, split: str) -> list[object]:
    found: list[object] = []
    for problem in task.problems(split):
        parts = str(problem.metadata["expression"]).split()
        found.append(content([int(number) for number in parts[::2]], parts[1::2]))
    return found


def value(node: ast.AST) -> int:
    """Computes an expression by another road than the task's own."""
    match node:
        case ast.Expression(body=body):
            return value(body)
        case ast.Constant(value=int(number)):
            return number
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return value(left) + value(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return value(left) - value(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return value(left) * value(right)
    raise AssertionError(ast.dump(node))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"digits": 1, "n_problems": 60},
        {"terms": 5, "digits": 3, "operations": ["+", "-", "*"]},
        {"operations": ["*"]},
    ],
)
def test_references_are_the_exact_values(options: Mapping[str, Any]) -> None:
    problems = list(make(**options).problems("train"))
    assert len(problems) == options.get("n_problems", 400)
    for problem in problems:
        expression = str(problem.metadata["expression"])
        assert problem.prompt == f"What is {expression}?"
        assert problem.reference == str(value(ast.parse(expression, mode="eval")))


def test_the_same_seed_gives_the_same_problems_and_another_seed_others() -> None:
    first = list(make(seed=3).problems("train"))
    assert first == list(make(seed=3).problems("train"))
    assert first[17].id == "arithmetic/train/17"
    others = {problem.prompt for problem in make(seed=4).problems("train")}
    assert len(others & {problem.prompt for problem in first}) < 50


def test_asking_for_more_keeps_the_first_ones() -> None:
    few = list(make(n_problems=20).problems("train"))
    assert list(make(n_problems=2000, n_test=500).problems("train"))[:20] == few
    test = list(make(n_test=5).problems("test"))
    assert list(make(n_problems=3000, n_test=900).problems("test"))[:5] == test


@pytest.mark.parametrize("operations", [["+"], ["+", "-"], ["+", "-", "*"]])
def test_no_content_comes_twice_over_both_splits(operations: list[str]) -> None:
    task = make(n_problems=2000, n_test=400, operations=operations)
    both = contents(task, "train") + contents(task, "test")
    assert len(set(both)) == 2400


def test_mirrored_expressions_have_one_content() -> None:
    assert content([38, 47], ["+"]) == content([47, 38], ["+"])
    assert content([2, 3, 5], ["*", "-"]) == content([3, 2, 5], ["*", "-"]) != content([5, 2, 3], ["-", "*"])
    assert content([47, 38], ["-"]) != content([38, 47], ["-"])


def test_the_whole_space_can_be_asked_for_and_no_more() -> None:
    """One-digit sums: 45 contents over both splits; exactly as many as exist are given."""
    sizes = {}
    for split, option in (("train", "n_problems"), ("test", "n_test")):
        with pytest.raises(InputError, match=rf"option '{option}' is 46, but there are \d+ different") as caught:
            make(digits=1, operations=["+"], n_problems=46, n_test=46).problems(split)
        sizes[split] = int(str(caught.value).split("there are ")[1].split()[0])
    assert sum(sizes.values()) == 45
    task = make(digits=1, operations=["+"], n_problems=sizes["train"], n_test=sizes["test"])
    assert len(set(contents(task, "train") + contents(task, "test"))) == 45


@pytest.mark.parametrize("size", [1, 2, 3, 45, 1024, 1025])
def test_permute_is_one_to_one(size: int) -> None:
    assert sorted(permute(index, size, [123, 456, 789]) for index in range(size)) == list(range(size))


def test_numbers_spread_over_their_range_when_the_space_is_huge() -> None:
    problems = list(make(digits=12, terms=4, n_problems=300).problems("train"))
    for position in (0, 2, 4, 6):
        leading = {str(problem.metadata["expression"]).split()[position][0] for problem in problems}
        assert leading == set("123456789")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_problems": 0}, "option 'n_problems': must be at least 1; seen: 0"),
        ({"digits": 0}, "option 'digits': must be at least 1; seen: 0"),
        ({"terms": 1}, "option 'terms': must be at least 2; seen: 1"),
        ({"operations": []}, "option 'operations'"),
        ({"operations": ["+", "+"]}, "option 'operations'"),
        ({"operations": ["/"]}, "option 'operations'"),
        ({"digit": 2}, "unknown option 'digit' of task 'arithmetic'; did you mean 'digits'"),
    ],
)
def test_options_that_cannot_be_are_refused(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        make(**options)
    assert said in str(caught.value)


def test_unknown_and_empty_splits_say_what_to_do() -> None:
    with pytest.raises(InputError, match="unknown split 'tets' of task 'arithmetic'; did you mean 'test'"):
        make().problems("tets")
    with pytest.raises(InputError, match="set option n_test"):
        make().problems("test")
