"""The reward functions as TRL and verl call them, and the example that trains with one."""

import doctest
import inspect
import json
import math
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from rft.errors import InputError
from rft.judging import rewards
from rft.judging.rewards import compute_score, math_reward, reward_function
from rft.types import Problem, Verdict
from rft.verifiers.verbatim import VerbatimVerifier

ROOT = Path(__file__).parents[2]
RIGHT, WRONG = r"So it is \boxed{1/2}.", r"So it is \boxed{2}."
MALFORMED = r"\frac{1}{x+}"


def test_trl_gets_one_reward_per_completion_in_order() -> None:
    """The call that TRL 1.16 makes."""
    metrics: dict[str, float] = {}
    found = math_reward(
        prompts=["2/4?"] * 4,
        completions=[RIGHT, WRONG, "no idea", RIGHT],
        completion_ids=[[1], [2], [3], [4]],
        reference=["0.5", "0.5", "0.5", "3"],
        trainer_state=None,
        log_extra=print,
        log_metric=metrics.__setitem__,
    )
    assert found == [1.0, 0.0, 0.0, 0.0]
    assert metrics == {"unjudged/math_reward": 0.0}


def test_messages_are_judged_by_the_last_one() -> None:
    chat = [{"role": "assistant", "content": WRONG}, {"role": "assistant", "content": RIGHT}]
    parts = [{"role": "assistant", "content": [{"type": "text", "text": WRONG}]}]
    call = [{"role": "assistant", "content": None}]
    found = math_reward(prompts=[[]] * 4, completions=[chat, parts, call, []], reference=["0.5"] * 4)
    assert found == [1.0, 0.0, 0.0, 0.0]


def test_what_cannot_be_judged_is_none_for_trl_and_counted() -> None:
    metrics: dict[str, float] = {}
    found = math_reward([RIGHT, RIGHT], reference=[MALFORMED, "0.5"], log_metric=metrics.__setitem__)
    assert found == [None, 1.0]
    assert metrics == {"unjudged/math_reward": 0.5}


@pytest.mark.parametrize(
    ("name", "reference", "right", "wrong"),
    [("math", "1/2", "0.5", "0.6"), ("choice", "C", "(C)", "D"), ("exact", "Paris", "paris.", "Rome")],
)
def test_every_verifier_of_the_table_is_a_reward(name: str, reference: str, right: str, wrong: str) -> None:
    reward = reward_function(name)
    texts = [rf"\boxed{{{right}}}", rf"\boxed{{{wrong}}}"]
    assert reward(texts, reference=[reference] * 2) == [1.0, 0.0]
    assert [compute_score("d", text, reference, {}, verifier=name)["score"] for text in texts] == [1.0, 0.0]
    assert getattr(rewards, f"{name}_reward")(texts, reference=[reference] * 2) == [1.0, 0.0]


def test_a_verifier_of_ones_own_is_a_reward_too() -> None:
    reward = reward_function("rft.verifiers.verbatim:VerbatimVerifier", ignore_case=False)
    assert reward([r"\boxed{Paris}", r"\boxed{paris}"], reference=["Paris"] * 2) == [1.0, 0.0]
    assert reward.__name__ == "VerbatimVerifier_reward"


def test_options_and_column_are_the_callers() -> None:
    strict = reward_function("math", column="solution", extraction="strict")
    assert strict(["It is 4.", r"\boxed{4}"], solution=["4", "4"]) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"verifier": "mth"}, "did you mean 'math'"), ({"extracton": "strict"}, "did you mean 'extraction'")],
)
def test_a_mistake_is_told_before_training_begins(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        reward_function(**arguments)


def test_a_missing_column_is_told_with_those_that_are_there() -> None:
    with pytest.raises(InputError, match=r"wants a column 'reference' .* columns seen: answer, prompt_id"):
        math_reward([RIGHT], answer=["0.5"], prompt_id=[1])


def test_verl_gets_a_dict_of_floats() -> None:
    """The call that verl's reward managers make: all by name, the same keys for every sample."""
    good, bad, unjudged = (
        compute_score(data_source="math", solution_str=RIGHT, ground_truth=gold, extra_info={"index": 1})
        for gold in ("0.5", "7", MALFORMED)
    )
    assert good == {"score": 1.0, "acc": 1.0, "unjudged": 0.0}
    assert bad == {"score": 0.0, "acc": 0.0, "unjudged": 0.0}
    assert unjudged == {"score": 0.0, "acc": 0.0, "unjudged": 1.0}


def test_verl_may_hand_over_arrays_config_mappings_and_more_arguments() -> None:
    numpy = pytest.importorskip("numpy")
    options = MappingProxyType({"extraction": "strict"})
    several = numpy.array(["7", "0.5"], dtype=object)
    assert compute_score("d", RIGHT, several, None, options=options, reward_router_address="x")["score"] == 1.0
    question = {"answer": "B", "choices": numpy.array(["1", "1/2"], dtype=object)}
    assert compute_score("d", RIGHT, question, None, verifier="choice")["score"] == 1.0


def test_verl_loads_it_from_its_file() -> None:
    """As its earlier versions do: the module is executed under another name."""
    program = (
        "import importlib.util as u, sys; s = u.spec_from_file_location('custom_module', sys.argv[1]); "
        "m = u.module_from_spec(s); s.loader.exec_module(m); print(m.compute_score('d', '\\\\boxed{4}', '4'))"
    )
    command = [sys.executable, "-c", program, str(ROOT / "rft" / "judging" / "rewards.py")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown == "{'score': 1.0, 'acc': 1.0, 'unjudged': 0.0}\n"


@dataclass
class Counting(VerbatimVerifier):
    """Counts how often it is built and called."""

    built: ClassVar[list[int]] = []
    calls: ClassVar[list[int]] = []

    def __post_init__(self) -> None:
        super().__post_init__()
        self.built.append(os.getpid())

    def verify(self, problem: Problem, completions: Any) -> list[Verdict]:
        self.calls.append(len(completions))
        return super().verify(problem, completions)


def test_a_verifier_is_built_once_and_judges_a_group_together() -> None:
    Counting.built.clear()
    gate = threading.Barrier(6)

    def work(n: int) -> list[float | None]:
        gate.wait()
        reward = rewards.RewardFunction(f"{__name__}:Counting")
        return reward([rf"\boxed{{{n}}}", r"\boxed{x}", r"\boxed{x}"], reference=[str(n), str(n), "x"])

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(work, range(6))) == [[1.0, 0.0, 1.0]] * 6
    assert Counting.built == [os.getpid()]
    assert Counting.calls == [2, 1] * 6 or sorted(Counting.calls) == [1] * 6 + [2] * 6


def test_a_reward_function_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(reward_function("math", extraction="strict")))
    assert again([RIGHT], reference=["0.5"]) == [1.0]
    assert again.__name__ == "math_reward"
    assert not inspect.iscoroutinefunction(again)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(rewards) == (0, 3)


@pytest.mark.train
def test_the_grpo_example_takes_real_steps(smollm2: Path) -> None:
    command = [sys.executable, "examples/grpo.py", "--model", str(smollm2), "--steps", "2"]
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | offline, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    steps = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [step["step"] for step in steps] == [1, 2]
    assert all(math.isfinite(step["mean_reward"]) and 0 <= step["mean_reward"] <= 1 for step in steps)
    assert done.stdout.splitlines()[-1].startswith("2 steps in ")
