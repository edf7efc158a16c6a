"""Programs taken out of completions: the golden table, real completions, hostile ones."""

import ast
import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.types import JSON, Reason
from rft.verifiers.code.answer.context import with_prompt
from rft.verifiers.code.answer.extract import MAX_SOURCE, Extracted, NoCode, extract
from rft.verifiers.code.answer.fences import cut
from rft.verifiers.code.answer.python_source import Parser, free_names

TABLE = Path(__file__).parent / "golden_code_extract.jsonl"
FUNCTION = "def f(x):\n    return x + 1\n"


def rows(file: Path) -> list[dict[str, JSON]]:
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in data.decode().splitlines()]


def fenced(code: str, tag: str = "python") -> str:
    return f"```{tag}\n{code}```\n"


def source_of(completion: str, entry_point: str | None = "f", prompt: str | None = None) -> str:
    found = extract(completion, "python", entry_point, prompt)
    assert isinstance(found, Extracted), found
    return found.source


def same(first: str, second: str) -> bool:
    return first.split() == second.split()


@pytest.mark.parametrize("case", rows(TABLE), ids=lambda case: case["note"])
def test_a_case_of_the_golden_table_gives_its_program_or_its_reason(case: dict[str, JSON]) -> None:
    found = extract(case["completion"], case["language"], case["entry_point"], case["prompt"])
    if "reason" in case:
        assert isinstance(found, NoCode)
        assert found.reason == case["reason"]
    else:
        assert found == Extracted(case["source"], case["rule"])


def test_the_golden_table_holds_every_rule_and_reason() -> None:
    table = rows(TABLE)
    counts = Counter(case.get("rule") or case["reason"] for case in table)
    assert len(table) >= 80
    assert set(counts) == {
        "continuation",
        "block",
        "json",
        "lines",
        "body",
        "as_it_is",
        "no_code",
        "missing_entry_point",
    }


@pytest.mark.parametrize("model", ["o1-mini", "o1-preview"])
def test_real_answers_with_fences_give_what_upstream_took(real_data: Path, model: str) -> None:
    for row in rows(real_data / "code_gens_livecodebench" / f"{model}_sample.jsonl.gz"):
        header = row["starter_code"].partition("def ")[2].partition("(")[0]
        entry_point = f"Solution.{header}" if header else None
        assert same(source_of(row["response"], entry_point, row["starter_code"] or None), row["code"]), row["id"]


def test_real_programs_without_fences_are_taken_whole(real_data: Path) -> None:
    for row in rows(real_data / "code_gens_ldb" / "humaneval_sample.jsonl.gz"):
        assert same(source_of(row["response"], row["entry_point"], row["prompt"]), row["response"]), row["task"]


def test_real_continuations_keep_their_function(real_data: Path) -> None:
    names = {row["task_id"]: row["entry_point"] for row in rows(real_data / "humaneval" / "HumanEval.jsonl.gz")}
    n_seen = 0
    for row in rows(real_data / "code_gens_codet" / "sample.jsonl.gz"):
        prompt, name = row["prompt_without_examples"], names[row["task"]]
        if row["base"] != "pass":
            continue
        n_seen += 1
        whole = ast.parse(prompt + row["completion"])
        kept = {
            node.name: ast.dump(node)
            for node in ast.parse(source_of(row["completion"], name, prompt)).body
            if isinstance(node, ast.FunctionDef)
        }
        first = next(node for node in whole.body if isinstance(node, ast.FunctionDef) and node.name == name)
        assert kept[name] == ast.dump(first), row["task"]
    assert n_seen > 50


@pytest.mark.parametrize("before", ["", "Sure, here's the code:\n\n", "```python\n"])
def test_real_references_are_found_in_any_dress(real_data: Path, before: str) -> None:
    behind = "" if "```" in before else "\n\nThis is what it's for.\n" if before else ""
    for row in rows(real_data / "mbpp" / "prompt_valid_train.jsonl.gz"):
        name = re.findall(r"^def\s+(\w+)", row["code"], re.MULTILINE)[-1]
        assert same(source_of(before + row["code"] + behind, name), row["code"]), row["task_id"]


def test_real_solutions_continue_their_prompts_however_they_lost_their_indentation(real_data: Path) -> None:
    for row in rows(real_data / "humaneval" / "HumanEval.jsonl.gz"):
        prompt, body, name = row["prompt"], row["canonical_solution"], row["entry_point"]
        for completion in (body, body.strip(), fenced(body), fenced(prompt + body), prompt + body):
            assert ast.dump(ast.parse(source_of(completion, name, prompt))) == ast.dump(ast.parse(prompt + body))


def test_real_definitions_get_the_helpers_of_their_prompts(real_data: Path) -> None:
    for row in rows(real_data / "humaneval" / "HumanEval.jsonl.gz"):
        prompt, name = row["prompt"], row["entry_point"]
        whole = prompt + row["canonical_solution"]
        definition = whole[prompt.rindex(f"def {name}") :]
        assert same(with_prompt(source_of(fenced(definition), name, prompt), prompt, name), whole), row["task_id"]


def test_a_program_above_a_mebibyte_is_refused() -> None:
    found = extract(fenced(FUNCTION + "#" * MAX_SOURCE + "\n"), "python", "f")
    assert found == NoCode(
        Reason.NO_CODE, f"the code has {len(FUNCTION) + MAX_SOURCE + 1} bytes; at most 1048576 are read"
    )


HOSTILE = [
    "```\n",
    "```python\n",
    "(",
    "x = (\n",
    '"""',
    "'",
    "\\",
    '{"a":',
    ">>> x\n",
    "@x\n",
    "- ",
    "def f(",
    "f(x for x in y,\n",
]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("language", ["python", "javascript", "cpp"])
def test_a_hostile_completion_ends_and_is_answered(unit: str, language: str) -> None:
    text = unit * (300_000 // len(unit))
    for completion in (text, fenced(text), "```\ndef f(x):\n" + text):
        assert isinstance(extract(completion, language, "f", "def f(x):\n"), Extracted | NoCode)


def test_the_parser_stops_when_its_budget_is_spent() -> None:
    parser = Parser()
    n_parsed = sum(parser.parse("x = 1\n" * 1_000).tree is not None for _ in range(100))
    assert 0 < n_parsed < 10
    assert Parser().parse("x\n" * 1_000_000).tree is None


@given(st.text(alphabet=st.sampled_from("`~\n def(x):return#'\"\\>. "), max_size=200))
def test_whatever_a_completion_holds_the_answer_is_the_same_twice(text: str) -> None:
    for entry_point in ("f", None):
        first = extract(text, "python", entry_point, "def f(x):\n")
        assert first == extract(text, "python", entry_point, "def f(x):\n")


@given(st.text(alphabet=st.sampled_from("`~ab\n -"), max_size=80))
def test_blocks_and_prose_are_parts_of_the_text(text: str) -> None:
    parts = cut(text)
    assert all(prose in text for prose in parts.prose)
    assert sum(len(block.text) for block in parts.blocks) <= len(text)


def test_free_names_are_those_that_no_scope_binds() -> None:
    source = (
        "import os\n\n\ndef f(a):\n    b = [c for c in a]\n    return os, b, d, g(len(a))\n\n\nclass g:\n    e = h\n"
    )
    assert free_names(source) == {"d", "h"}


@pytest.mark.parametrize(
    ("source", "prompt", "expected"),
    [
        (
            "def f(x):\n    return g(x)\n",
            "def g(x):\n    return x\n\n\ndef f(x):\n",
            "def g(x):\n    return x\n\n\n<S>",
        ),
        ("def f(x): return 1\n", "import math\n\n@cache\ndef f(x):\n", "import math\n\n<S>"),
        ("def f(x): return 1\n", "from typing import *\n", "from typing import *\n<S>"),
        ("    return x\n", "def f(x):\n", "<P><S>"),
        ("def f(x):\n    return x\n", "def f(x):\n", "<S>"),
        ("f = abs\n", "import math\ndef f(x):\n", "import math\n<S>"),
        ("def f(x): return 1\n", "Write a function that adds.", "<S>"),
        ("def f(x): return 1\n", None, "<S>"),
    ],
    ids=["helper", "decorated", "imports", "continues", "nothing before", "assigned", "prose", "no prompt"],
)
def test_a_prompt_gives_what_it_says_before_the_entry_point(source: str, prompt: str | None, expected: str) -> None:
    assert with_prompt(source, prompt, "f") == expected.replace("<S>", source).replace("<P>", prompt or "")


def test_imports_from_the_future_come_first() -> None:
    source = '"""A."""\nfrom __future__ import annotations\nx = 1\n'
    assert with_prompt(source, "import math\n", None) == (
        'from __future__ import annotations\nimport math\n"""A."""\nx = 1\n'
    )


def test_the_context_of_a_class_is_what_stands_before_it() -> None:
    source = "class Solution:\n    def f(self): return 1\n"
    prompt = "from typing import List\n\nclass Solution:\n    def f(self) -> List[int]:\n        "
    assert with_prompt(source, prompt, "Solution.f") == "from typing import List\n\n" + source


@pytest.mark.parametrize(
    ("language", "source", "prompt", "expected"),
    [
        (
            "javascript",
            "const f = (x) => g(x);\n",
            "const g = (x) => x;\nfunction f(x) {\n",
            "const g = (x) => x;\n<S>",
        ),
        ("go", "package main\nfunc f() {}\n", 'package main\nimport "fmt"\nfunc f() {\n', "<S>"),
        ("go", "func f() {}\n", 'package main\nimport "fmt"\nfunc f() {\n', 'package main\nimport "fmt"\n<S>'),
        ("rust", "  x\n}\n", "fn f(x: i64) -> i64 {\n", "<P><S>"),
    ],
)
def test_other_languages_take_their_prompts_too(language: str, source: str, prompt: str, expected: str) -> None:
    assert with_prompt(source, prompt, "f", language) == expected.replace("<S>", source).replace("<P>", prompt)
