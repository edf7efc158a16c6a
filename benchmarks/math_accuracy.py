"""Accuracy of the math verifier beside its peers, on labelled generations of real models and on the golden table.

    RFT_DATA=FOLDER RFT_PEERS=FOLDER python -m benchmarks.math_accuracy [--disagreements FILE]

A false positive is a wrong answer that was accepted, a false negative a right one that was not; what a grader refused
to judge (an error, a time-out) was not accepted, and has a column of its own. In the golden table, cases that ask for
another policy than the default and those whose reference is unusable are left out of the comparison; hostile cases
have tables of their own, where only the exact outcome is right.
"""

import argparse
import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from benchmarks.graders import BASE, OURS, Judgement, Peer, chosen, ours
from benchmarks.math_cases import Case, golden, hostile, labelled, unusable
from benchmarks.table import print_table
from rft.types import Outcome
from rft.verifiers.math.verifier import MathVerifier

COLUMNS = ["grader", "n", "accuracy %", "false positives / wrong", "false negatives / right", "refused"]
HOSTILE_S = 1.0
"""The goal: longest time for one hostile case."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A case beside what one grader said of it."""

    case: Case
    judgement: Judgement

    @property
    def agrees(self) -> bool:
        if self.case.expected is Outcome.UNJUDGED:
            return self.judgement.accepted is None
        return bool(self.judgement.accepted) == self.case.right


def main() -> None:
    options = _options()
    peers = chosen(_names(options.graders))
    real, exam = labelled(), golden()
    results = {OURS: _by_ours([*real, *exam])} | {peer.name: _by_peer(peer, [*real, *exam]) for peer in peers}
    on_real = {name: found[: len(real)] for name, found in results.items()}
    on_exam = {name: found[len(real) :] for name, found in results.items()}
    print("\n## Labelled generations, file by file")
    print_table(["file", *COLUMNS], _per_file(on_real))
    print("\n## All labelled generations")
    print_table(COLUMNS, [[name, *_figures(found)] for name, found in on_real.items()])
    if exam:
        print("\n## Golden table")
        print_table(COLUMNS, [[name, *_figures(found)] for name, found in on_exam.items()])
        print("\n## Golden table, kind by kind")
        print_table(["kind", *COLUMNS], _per_file({name: on_exam[name] for name in (OURS, BASE) if name in on_exam}))
    refused = _by_ours(unusable())
    print(f"\nUnusable references: {sum(judged.agrees for judged in refused)} of {len(refused)} not judged by ours.")
    attacked = _by_ours(hostile())
    if attacked:
        under_attack = [peer for peer in peers if peer.name in _names(options.hostile)]
        _print_hostile({OURS: attacked} | {peer.name: _by_peer(peer, hostile()) for peer in under_attack})
    if options.disagreements:
        found = [judged for judged in [*results[OURS], *refused, *attacked] if not judged.agrees]
        options.disagreements.write_text("".join(map(_line, found)), encoding="utf-8")
        print(f"\n{len(found)} disagreements with a label are in {options.disagreements}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graders", default="", help="peers by name, separated by ';'; all by default")
    parser.add_argument("--disagreements", type=Path, help="JSONL file for every case where ours and the label differ")
    parser.add_argument(
        "--hostile", default="", help="peers by name that get the hostile cases too (up to 30 s for each case)"
    )
    return parser.parse_args()


def _print_hostile(results: dict[str, list[Judged]]) -> None:
    print("\n## Hostile cases")
    columns = [
        "grader",
        "n",
        "right verdict",
        "accepted, though wrong",
        "refused",
        "slowest, s",
        f"over {HOSTILE_S:g} s",
    ]
    print_table(columns, [[name, *_endured(found)] for name, found in results.items()])
    print("\n## Hostile cases one by one: file and line, expected, then verdict and seconds of each grader")
    rows = []
    for at_once in zip(*results.values(), strict=True):
        case = at_once[0].case
        verdicts = [f"{_verdict(judged)} {judged.judgement.seconds:.3f}" for judged in at_once]
        rows.append([case.group, case.expected, *verdicts])
    print_table(["case", "expected", *results], rows)


def _by_ours(cases: list[Case]) -> list[Judged]:
    with MathVerifier() as verifier:
        return [Judged(*pair) for pair in zip(cases, ours(cases, verifier), strict=True)]


def _by_peer(peer: Peer, cases: list[Case]) -> list[Judged]:
    return [Judged(*pair) for pair in zip(cases, peer.judge(cases), strict=True)]


def _per_file(results: dict[str, list[Judged]]) -> list[list[str]]:
    """Returns a row for every file and grader, the files in their order."""
    rows: dict[str, list[list[str]]] = {}
    for name, found in results.items():
        for file, part in groupby(found, key=lambda judged: judged.case.file):
            rows.setdefault(file, []).append([file.removeprefix("golden/"), name, *_figures(list(part))])
    return [row for part in rows.values() for row in part]


def _figures(found: list[Judged]) -> list[str]:
    """Returns the columns behind the grader's name."""
    right = [judged for judged in found if judged.case.right]
    wrong = [judged for judged in found if not judged.case.right]
    return [
        f"{len(found):,}",
        f"{100 * sum(judged.agrees for judged in found) / len(found):.1f}",
        _share(wrong),
        _share(right),
        str(sum(judged.judgement.accepted is None for judged in found)),
    ]


def _share(found: list[Judged]) -> str:
    n_failed = sum(not judged.agrees for judged in found)
    return f"{n_failed} / {len(found)} ({100 * n_failed / len(found):.1f} %)" if found else "0 / 0"


def _endured(found: list[Judged]) -> list[str]:
    seconds = [judged.judgement.seconds for judged in found]
    return [
        str(len(found)),
        str(sum(_verdict(judged) == judged.case.expected for judged in found)),
        str(sum(judged.judgement.accepted is True and not judged.case.right for judged in found)),
        str(sum(judged.judgement.accepted is None for judged in found)),
        f"{max(seconds):.2f}",
        str(sum(value > HOSTILE_S for value in seconds)),
    ]


def _verdict(judged: Judged) -> Outcome:
    accepted = judged.judgement.accepted
    if accepted is None:
        return Outcome.UNJUDGED
    return Outcome.CORRECT if accepted else Outcome.INCORRECT


def _line(judged: Judged) -> str:
    case, judgement = judged.case, judged.judgement
    row = {
        "file": case.file,
        "group": case.group,
        "reference": case.reference,
        "extracted": judgement.extracted,
        "ours": judgement.why,
        "label": case.expected,
        "completion": case.completion[-400:],
    }
    return json.dumps(row, ensure_ascii=False) + "\n"


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(";") if name.strip()]


if __name__ == "__main__":
    main()
