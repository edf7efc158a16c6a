"""The math verifier on labelled generations of real models (a folder named by RFT_DATA; each has its SOURCE.md)."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rft.types import Outcome, Problem
from rft.verifiers.math.verifier import MathVerifier

FILES = [
    # file, fewest right in a thousand, wrong labels: the label's own grader missed that these are equal
    ("math_gens_qwen8/sample.jsonl.gz", 990, {("10{,}000", "10000")}),
    ("math_gens_mathcoder/sample.jsonl.gz", 970, set()),  # labels take 20\% for 20 and 0.3429 for 12/35
    ("gsm8k_gens_openai/sample.jsonl.gz", 1000, set()),
    ("gsm8k_gens_tora/sample.jsonl.gz", 980, set()),  # labels take 20\% for 20
    ("math_gens_zeroeval/gsm8k_sample.jsonl.gz", 985, {("370", "220 + 90 + 60")}),
    ("math_gens_zeroeval/math_l5_sample.jsonl.gz", 1000, set()),
]


@pytest.fixture(scope="module")
def verifier() -> Iterator[MathVerifier]:
    with MathVerifier() as verifier:
        yield verifier


def rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        pytest.skip(f"no {path.name} in that folder")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("file", "per_thousand", "wrong_labels"), FILES, ids=[file for file, _, _ in FILES])
def test_verdicts_agree_with_labels(
    verifier: MathVerifier, real_data: Path, file: str, per_thousand: int, wrong_labels: set[tuple[str, str]]
) -> None:
    counts: Counter[str] = Counter()
    for row in rows(real_data / file):
        if row["label"] is None:
            continue
        problem = Problem(row["task"], row["question"], "math", row["reference"], file, "test")
        verdict = verifier.verify(problem, [row["response"]])[0]
        assert verdict.outcome is not Outcome.UNJUDGED, verdict
        right = verdict.outcome is Outcome.CORRECT
        if right and not row["label"]:
            assert (row["reference"], verdict.extracted) in wrong_labels
        counts["agree" if right == row["label"] else "differ"] += 1
    assert 1000 * counts["agree"] >= per_thousand * counts.total(), counts


def test_no_wrong_answer_of_hardverify_is_let_through(verifier: MathVerifier, real_data: Path) -> None:
    right = 0
    for row in rows(real_data / "hardverify_math/sample.jsonl.gz"):
        problem = Problem(row["id"], row["question"], "math", row["reference"], "hardverify", "test")
        good, bad = verifier.verify(problem, [rf"\boxed{{{row[key]}}}" for key in ("equivalent", "not_equivalent")])
        assert bad.outcome is not Outcome.CORRECT, bad
        right += good.outcome is Outcome.CORRECT
    assert right >= 30  # of 50 chosen because a rule-based verifier refused them
