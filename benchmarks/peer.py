"""One peer grader in a process of its own: questions come in on stdin, verdicts go out on stdout, a JSON line each.

    python peer.py GRADER

It is started by ``benchmarks.peer_process``, inside a fence, since one of these graders evaluates the text it is given
(verl's prime_math, verl issue 5331). It imports the standard library and the grader only: the grader's packages come
from a folder of their own, where this project is not installed.

A question is ``{"references": [...], "completion": text, "answer": text or null}``; the answer is what the common
extractor found. The reply is ``{"right": bool or null, "s": seconds, "why": text}``, null where the grader failed.
"""

import asyncio
import importlib
import importlib.util
import json
import logging
import os
import resource
import sys
import time
import types
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

MEMORY_MIB = 4096
FILE_MIB = 1
OWN_TIMEOUT_S = 4.9
"""A refusal that took so long is one of the graders' own time-outs (5 or 10 s), which they report as plain "wrong"."""
WARM_UP = (("2", "3"), (r"\frac{1}{2}", "0.25"), (r"\frac{\sqrt{2}}{2}", "x^{2}+1"))

Grade = Callable[[str, str, str | None], bool | None]
"""(reference, completion, extracted answer) -> whether it is right; None where the grader gave up."""


def math_verify() -> Grade:
    """Recommended use: the box first, then other LaTeX, then plain numbers; a bare reference stands between ``$``.

    The reference is parsed once for all candidates of a problem.
    """
    parse, verify, targets = _math_verify()

    @lru_cache(maxsize=1)
    def gold(reference: str) -> list[Any]:
        parsed: list[Any] = parse(f"${reference}$", targets)
        return parsed

    def grade(reference: str, completion: str, answer: str | None) -> bool:
        return bool(verify(gold(reference), parse(completion, targets)))

    return grade


def math_verify_common() -> Grade:
    """math-verify on the answer that the common extractor found."""
    whole = math_verify()
    return lambda reference, _, answer: answer is not None and whole(reference, f"${answer}$", answer)


def _math_verify() -> tuple[Any, Any, list[Any]]:
    package = importlib.import_module("math_verify")
    targets = [package.LatexExtractionConfig(boxed_match_priority=0), package.ExprExtractionConfig()]
    return package.parse, package.verify, targets


def inspect_ai() -> Grade:
    """The math scorer of inspect-ai, with its own extraction; it reads nothing of the state but the completion."""
    scorer = importlib.import_module("inspect_ai.scorer")
    score = importlib.import_module("inspect_ai.scorer._math").math()
    loop = asyncio.new_event_loop()

    def grade(reference: str, completion: str, answer: str | None) -> bool | None:
        state = types.SimpleNamespace(output=types.SimpleNamespace(completion=completion))
        result = loop.run_until_complete(score(state, scorer.Target(reference)))
        if str((result.metadata or {}).get("math_scorer_status")).endswith("timeout"):
            return None
        return bool(result.value == "C")

    return grade


def verl_prime_math() -> Grade:
    module = _verl("prime_math")
    return _of_answer(lambda reference, answer: bool(module.compute_score(f"\\boxed{{{answer}}}", reference)[0]))


def verl_math_dapo() -> Grade:
    module = _verl("math_dapo")
    return _of_answer(lambda reference, answer: bool(module.compute_score(f"Answer: {answer}", reference)["acc"]))


def verl_math_reward() -> Grade:
    module = _verl("math_reward")
    return _of_answer(lambda reference, answer: bool(module.compute_score(f"\\boxed{{{answer}}}", reference)))


def lm_eval_minerva() -> Grade:
    module = _lm_eval("minerva_math")
    final = module.normalize_final_answer
    return _of_answer(lambda reference, answer: bool(module.is_equiv(final(answer), final(reference))))


def lm_eval_hendrycks() -> Grade:
    module = _lm_eval("hendrycks_math")
    return _of_answer(lambda reference, answer: bool(module.is_equiv(answer, reference)))


def _of_answer(right: Callable[[str, str], bool]) -> Grade:
    """A grader of two answers, on one line each."""

    def grade(reference: str, completion: str, answer: str | None) -> bool:
        return answer is not None and right(" ".join(reference.split()), " ".join(answer.split()))

    return grade


def _verl(name: str) -> Any:
    """A grader of verl without verl's own start-up, which asks for torch, ray and transformers."""
    root = _folder("verl")
    for package in ("verl", "verl.utils", "verl.utils.reward_score"):
        bare = types.ModuleType(package)
        bare.__path__ = [str(root.joinpath(*package.split(".")[1:]))]
        sys.modules[package] = bare
    sys.modules["verl.utils.metric"] = types.ModuleType("verl.utils.metric")
    sys.modules["verl.utils.metric"].Metric = object  # type: ignore[attr-defined]
    return importlib.import_module(f"verl.utils.reward_score.{name}")


def _lm_eval(task: str) -> Any:
    """The helper module of an lm-eval task, by path: tasks are no packages."""
    sys.modules["datasets"] = types.ModuleType("datasets")  # only named in annotations
    sys.modules["datasets"].Dataset = object  # type: ignore[attr-defined]
    spec = importlib.util.spec_from_file_location(task, _folder("lm_eval") / "tasks" / task / "utils.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"no package {package}")
    return Path(next(iter(spec.submodule_search_locations)))


GRADERS: dict[str, Callable[[], Grade]] = {
    "math-verify": math_verify,
    "math-verify, common extractor": math_verify_common,
    "inspect-ai": inspect_ai,
    "verl prime_math": verl_prime_math,
    "verl math_dapo": verl_math_dapo,
    "verl math_reward": verl_math_reward,
    "lm-eval minerva": lm_eval_minerva,
    "lm-eval hendrycks": lm_eval_hendrycks,
}


def main() -> None:
    for limit, mib in ((resource.RLIMIT_AS, MEMORY_MIB), (resource.RLIMIT_FSIZE, FILE_MIB), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (mib << 20, mib << 20))
    with os.fdopen(os.dup(1), "wb", buffering=0) as replies:
        os.dup2(2, 1)  # what a grader prints must not look like a reply
        logging.disable(logging.CRITICAL)
        grade = GRADERS[sys.argv[1]]()
        for reference, answer in WARM_UP:
            grade(reference, f"\\boxed{{{answer}}}", answer)
        replies.write(b'{"ready": true}\n')
        for line in sys.stdin.buffer:
            replies.write(json.dumps(judged(grade, json.loads(line))).encode() + b"\n")


def judged(grade: Grade, question: dict[str, Any]) -> dict[str, Any]:
    """The reply to one question; with several references any may match."""
    why = ""
    verdicts: list[bool | None] = []
    start = time.perf_counter()
    try:
        for reference in question["references"]:
            verdicts.append(grade(reference, question["completion"], question["answer"]))
            if verdicts[-1]:
                break
    except Exception as error:  # any failure of a peer is its result here, counted in a column of its own
        verdicts.append(None)
        why = f"{type(error).__name__}: {error}"[:200]
    seconds = time.perf_counter() - start
    if True in verdicts:
        return {"right": True, "s": seconds, "why": ""}
    if None in verdicts or seconds >= OWN_TIMEOUT_S:
        return {"right": None, "s": seconds, "why": why or "time-out"}
    return {"right": False, "s": seconds, "why": ""}


if __name__ == "__main__":
    main()
