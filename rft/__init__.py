"""Rejection sampling fine-tuning for code and math: sample, verify, select, train, measure, again.

The Python face. ``docs/python.md`` shows each name at work; a module is read only when one of its names is asked for,
so ``import rft`` takes milliseconds and imports the standard library only.
"""

from typing import TYPE_CHECKING

from rft.version import __version__

if TYPE_CHECKING:
    from rft.api.runs import evaluate, run
    from rft.api.stored import StoredRun, load_run
    from rft.api.verdicts import judge, verify
    from rft.errors import (
        EngineError,
        GateError,
        InputError,
        RftError,
        RunError,
        SandboxError,
        TrainerError,
        UnjudgedError,
    )
    from rft.judging.rewards import RewardFunction, reward_function
    from rft.metrics.summary import Summary
    from rft.types import (
        FinishReason,
        Judged,
        Limits,
        Message,
        Origin,
        Outcome,
        Problem,
        Reason,
        Request,
        Row,
        Sample,
        Sampler,
        SamplingParams,
        Sandbox,
        Task,
        Trainer,
        Trust,
        Verdict,
        Verifier,
    )
    from rft.verifiers.math.equal.compare import equivalent

__all__ = [
    "EngineError",
    "FinishReason",
    "GateError",
    "InputError",
    "Judged",
    "Limits",
    "Message",
    "Origin",
    "Outcome",
    "Problem",
    "Reason",
    "Request",
    "RewardFunction",
    "RftError",
    "Row",
    "RunError",
    "Sample",
    "Sampler",
    "SamplingParams",
    "Sandbox",
    "SandboxError",
    "StoredRun",
    "Summary",
    "Task",
    "Trainer",
    "TrainerError",
    "Trust",
    "UnjudgedError",
    "Verdict",
    "Verifier",
    "__version__",
    "equivalent",
    "evaluate",
    "judge",
    "load_run",
    "reward_function",
    "run",
    "verify",
]

_HOMES = {
    "rft.api.runs": ("evaluate", "run"),
    "rft.api.stored": ("StoredRun", "load_run"),
    "rft.api.verdicts": ("judge", "verify"),
    "rft.errors": (
        "EngineError",
        "GateError",
        "InputError",
        "RftError",
        "RunError",
        "SandboxError",
        "TrainerError",
        "UnjudgedError",
    ),
    "rft.judging.rewards": ("RewardFunction", "reward_function"),
    "rft.metrics.summary": ("Summary",),
    "rft.types": (
        "FinishReason",
        "Judged",
        "Limits",
        "Message",
        "Origin",
        "Outcome",
        "Problem",
        "Reason",
        "Request",
        "Row",
        "Sample",
        "Sampler",
        "SamplingParams",
        "Sandbox",
        "Task",
        "Trainer",
        "Trust",
        "Verdict",
        "Verifier",
    ),
    "rft.verifiers.math.equal.compare": ("equivalent",),
}
"""Module -> the names that are taken from it when they are first asked for."""


if not TYPE_CHECKING:  # else a checker would take any name for granted

    def __getattr__(name: str) -> object:
        """Imports a name from its home, once."""
        from importlib import import_module

        for home, names in _HOMES.items():
            if name in names:
                value: object = getattr(import_module(home), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module 'rft' has no attribute '{name}'; it offers {', '.join(__all__)}")

    def __dir__() -> list[str]:
        return sorted(set(globals()) | set(__all__))
