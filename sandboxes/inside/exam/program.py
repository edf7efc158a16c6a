"""A test program: compiled with its checks counted, run in a module of its own with the candidate behind its names."""

import ast
import builtins
import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

from rft.sandboxes.inside.exam import purity
from rft.sandboxes.inside.exam.counting import CHECK, FAILED, calls_at_top, instrument
from rft.sandboxes.inside.exam.handles import Proxy, Stub
from rft.sandboxes.inside.exam.link import CandidateLink
from rft.sandboxes.inside.exam.wire.plain import JSON

MODULE = "tests"
CANDIDATE_MODULES = ("candidate", "solution")
OWN_NAME = (
    "collections",
    "functools",
    "heapq",
    "itertools",
    "json",
    "math",
    "operator",
    "random",
    "re",
    "string",
    "sys",
)
LIBRARIES = {"np": "numpy"} | {name: name for name in OWN_NAME}
"""Modules that a program may use without importing them, as it could beside a candidate that did."""
MAX_LOOKED_AT = 20_000
"""Nodes of a program; to find out whether a larger one is pure would take longer than a fork."""


class TestProgram:
    """One exam's program, compiled and ready to be run against any number of candidates.

    Raises:
        SyntaxError: it is not Python.
    """

    def __init__(self, exam: dict[str, JSON]) -> None:
        self._entry: str | None = exam.get("entry_point")
        setup, program = exam.get("setup") or "", exam["program"]
        setup_tree, self._tree = ast.parse(setup, "<setup>"), ast.parse(program, "<tests>")
        nodes = purity.nodes_of(self._tree)
        self._called = {
            getattr(node.func, "id", getattr(node.func, "attr", "")) for node in nodes if type(node) is ast.Call
        }
        self._unittest = "unittest" in program
        looked_at = [*purity.nodes_of(setup_tree), *nodes]
        small = len(looked_at) <= MAX_LOOKED_AT
        self.is_pure = small and not self._unittest and purity.is_pure(looked_at, LIBRARIES)
        """Whether nothing of a run can be left for the next."""
        self._setup = compile(setup_tree, "<setup>", "exec", dont_inherit=True)
        instrument(self._tree)
        self._code = compile(self._tree, "<tests>", "exec", dont_inherit=True)

    def run(self, link: CandidateLink) -> None:
        """Runs the program, and the tests that it defines but does not call itself. Raises what they raise."""
        module = types.ModuleType(MODULE)
        try:
            self._run(link, module)
        finally:
            module.__dict__.clear()  # what it held goes now, not in the midst of the next exam

    def _run(self, link: CandidateLink, module: types.ModuleType) -> None:
        names = module.__dict__
        sys.modules[MODULE] = module
        names["__builtins__"] = _Builtins(link, self._entry, self._called)
        stub = Stub(link, self._entry) if self._entry is not None else None
        if self._entry is not None:
            names[self._entry.replace("()", "").rpartition(".")[2]] = stub
        for name in CANDIDATE_MODULES:
            sys.modules[name] = _module(name, names["__builtins__"])
        exec(self._setup, names)
        if self._entry is not None and "." not in self._entry:
            names[self._entry] = stub
        names[CHECK], names[FAILED] = link.checks.check, AssertionError
        cases = _Cases(link) if self._unittest else None
        exec(self._code, names)
        self._call_tests(names, stub)
        if cases:
            cases.run(module)

    def _call_tests(self, names: dict[str, Any], stub: Stub | None) -> None:
        for node in self._tree.body:
            if not isinstance(node, ast.FunctionDef) or node.decorator_list:
                continue
            n_needed = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
            takes_candidate = node.name == "check" and n_needed == 1 and stub is not None
            if not takes_candidate and not (node.name.startswith("test") and n_needed == 0):
                continue
            if not calls_at_top(self._tree, node.name):
                names[node.name](*([stub] if takes_candidate else []))


class _Builtins(dict[str, Any]):
    """The built-in names, and behind them those of the candidate: Python looks here for what a program lacks."""

    def __init__(self, link: CandidateLink, entry: str | None, called: set[str]) -> None:
        super().__init__(builtins.__dict__)
        self._called = called
        self._link, self._entry = link, entry

    def __missing__(self, name: str) -> Any:
        if name in LIBRARIES:
            value = self[name] = importlib.import_module(LIBRARIES[name])
            return value
        if name.startswith("__"):
            raise KeyError(name)
        value = self._link.get(name)
        # What the candidate has beside its entry point may be what it is judged by; so may a constant of its own.
        beside = not callable(value) if self._entry is None else name not in self._entry.split(".")
        # an exception's class is ours by now and may be caught; called, or any other type, it would judge
        caught = isinstance(value, type) and issubclass(value, BaseException) and name not in self._called
        self._link.forgeable |= beside and not caught
        if isinstance(value, Proxy):
            self[name] = value
        return value


def _module(name: str, known: _Builtins) -> types.ModuleType:
    module = types.ModuleType(name)

    def find(wanted: str) -> Any:
        if wanted.startswith("__"):
            raise AttributeError(wanted)
        try:
            return known.__missing__(wanted)
        except KeyError:
            raise AttributeError(f"the candidate does not define {wanted}") from None

    module.__dict__["__getattr__"] = find
    return module


class _Cases:
    """Test cases of unittest: their assert methods count, and no runner of the program hides what fails."""

    def __init__(self, link: CandidateLink) -> None:
        import unittest

        self._unittest = unittest
        self._ran: set[type] = set()
        self._first: BaseException | None = None
        case, result = unittest.TestCase, unittest.TestResult
        for name in dir(case):
            if name.startswith("assert") or name == "fail":
                setattr(case, name, link.checks.method(getattr(case, name)))
        for name in ("addError", "addFailure", "addSubTest", "addUnexpectedSuccess"):
            setattr(result, name, self._noted(getattr(result, name)))
        setattr(case, "run", self._remembered(case.run))  # noqa: B010
        setattr(unittest, "main", lambda *args, **kwargs: None)  # noqa: B010

    def run(self, module: types.ModuleType) -> None:
        """Runs the module's test cases that it has not run itself; raises the first error of any."""
        loader = self._unittest.TestLoader()
        for item in list(vars(module).values()):
            is_case = isinstance(item, type) and issubclass(item, self._unittest.TestCase)
            if is_case and item.__module__ == MODULE and item not in self._ran:
                loader.loadTestsFromTestCase(item).run(self._unittest.TestResult())
        if self._first is not None:
            raise self._first

    def _noted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any) -> Any:
            told = args[-1]
            if isinstance(told, tuple):
                self._first = self._first or told[1]
            elif told is not None:
                self._first = self._first or AssertionError("an unexpected success")
            return method(*args)

        return noted

    def _remembered(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def run(case: Any, *args: Any, **kwargs: Any) -> Any:
            self._ran.add(type(case))
            return method(case, *args, **kwargs)

        return run
