"""References of a run and their corrections. Verdicts belong to references.

Verdicts on a run's first references are stored under the verifier's own id (``math-2-5f3a9c02``); after a correction
they go under that id with a mark (``math-2-5f3a9c02-r1b2c3d4e``), and the old ones stay where they are.
``references/<mark>.json`` in the run says what each mark stands for.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rft.components import build_task
from rft.config.schema import TaskConfig
from rft.errors import InputError
from rft.rounds.inputs.identity import CONFIG_ONLY, FILE, FileHashes, component_identity, note
from rft.store.files import read_json, write_json
from rft.store.fingerprint import fingerprint
from rft.store.run import Run
from rft.types import JSON, Problem, Verdict, Verifier


@dataclass
class Marked:
    """A verifier whose verdicts are stored under an id of their own, because they belong to corrected references."""

    verifier: Verifier
    mark: str
    id: str = field(init=False)
    """The verifier's id and the mark of the references."""

    def __post_init__(self) -> None:
        self.id = f"{self.verifier.id}-r{self.mark}"

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges as the verifier does; the verdicts carry the marked id."""
        return [replace(verdict, verifier=self.id) for verdict in self.verifier.verify(problem, completions)]

    def close(self) -> None:
        """Ends the verifier's worker processes."""
        self.verifier.close()


def marked(verifiers: Mapping[str, Verifier], mark: str | None) -> dict[str, Verifier]:
    """Returns the verifiers of a run whose references have this mark; None are the first ones."""
    bare = {name: v.verifier if isinstance(v, Marked) else v for name, v in verifiers.items()}
    return dict(bare) if mark is None else {name: Marked(verifier, mark) for name, verifier in bare.items()}


def read_references(run: Run) -> str | None:
    """Returns the mark of a run's present references; None: those that it began with.

    Raises:
        InputError: references were corrected, and the file that says which verdicts count is lost.
    """
    recorded = read_json(run.path / FILE)
    if "first_references" not in recorded and (run.path / "references").exists():
        raise InputError(
            f"{run.path / FILE} no longer says to which references the verdicts belong; restore the file, or start a "
            "new run with name=..."
        )
    mark = recorded.get("references")
    return None if mark is None else str(mark)


def _mark(digests: Mapping[str, str]) -> str:
    return fingerprint(sorted(digests.items()))[:8]


def take_references(run: Run, task: TaskConfig) -> int:
    """Puts the task's present references into a run and returns how many differ from those its verdicts belong to.

    Killed at any moment, the same call again ends in the same state: what each mark stands for is written before the
    problems, the run's own mark last, and in between the run opens for this call only.

    Raises:
        InputError: the task no longer holds a problem of the run, or asks another question under its id.
    """
    stored = digests(run.all_problems())
    recorded = read_json(run.path / FILE)
    first = str(recorded.get("first_references") or _mark(stored))
    note(run, first_references=first)
    _write_digests(run, stored)
    fresh = _corrected(run, task, stored)
    present = stored | digests(fresh.values())
    if fresh:
        _write_digests(run, present)
        note(run, unfinished=True)
        held_out = run.held_out_ids()
        run.replace_problems((fresh.get(p.id, p), p.id in held_out) for p in run.all_problems())
    files = FileHashes(recorded.get("files", {}))
    identity = component_identity(task, files, CONFIG_ONLY)
    mark, hashes = _mark(present), recorded.get("files", {}) | files.now
    facts = {"references": None if mark == first else mark, "task": identity, "files": hashes}
    note(run, unfinished=False, **facts)
    before = read_digests(run, recorded.get("references"))
    return sum(before.get(problem_id) != digest for problem_id, digest in present.items())


def read_digests(run: Run, mark: str | None) -> dict[str, JSON]:
    """Returns problem id -> digest of the references that a mark stands for; None: those that the run began with."""
    mark = mark or str(read_json(run.path / FILE)["first_references"])
    return read_json(run.path / "references" / f"{mark}.json")


def digests(problems: Iterable[Problem]) -> dict[str, str]:
    """Returns problem id -> a hash of all that its verdicts depend on besides the completion and the verifier."""
    return {p.id: _digest(p) for p in problems}


def _digest(problem: Problem) -> str:
    parts = [problem.id, problem.verifier, problem.reference, dict(problem.metadata)]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _corrected(run: Run, config: TaskConfig, stored: Mapping[str, str]) -> dict[str, Problem]:
    """The problems of the task whose reference is another than the stored one, by id.

    Raises:
        InputError: one asks another question, names another verifier, or is no longer there.
    """
    questions = {p.id: fingerprint(p.prompt, p.verifier) for p in run.all_problems()}
    splits = sorted({problem.split for problem in run.all_problems()})
    task = build_task(config.kind, config.options)
    fresh: dict[str, Problem] = {}
    missing = set(stored)
    for problem in (problem for split in splits for problem in task.problems(split)):
        if problem.id not in missing:
            continue
        missing.discard(problem.id)
        if questions[problem.id] != fingerprint(problem.prompt, problem.verifier):
            raise InputError(
                f"problem {problem.id} of the task asks another question (prompt or verifier) than in {run.path}; its "
                "samples answer the old one. Only references may change: put the old prompt back, or start a new run "
                "with name=..."
            )
        if _digest(problem) != stored[problem.id]:
            fresh[problem.id] = problem
    if missing:
        raise InputError(
            f"problem {min(missing)} of {run.path} is no longer in the task ({len(missing)} such); the run's samples "
            "need all of its problems: put it back, or start a new run with name=..."
        )
    return fresh


def _write_digests(run: Run, digests: Mapping[str, str]) -> None:
    path = run.path / "references" / f"{_mark(digests)}.json"
    if not path.exists():
        write_json(path, dict(sorted(digests.items())))
