"""Runs inside a sandbox, in the candidate's own process, where there is none for tests. Standard library only.

``shared`` sends this file's text as a program, with a last line that calls ``calls`` or ``tests``. Values travel as in
``rft.sandboxes.inside.exam.wire.plain``, whose files a foreign sandbox does not have.
"""

import json
import os
import sys
import types
from collections import deque
from collections.abc import Callable
from typing import Any

MISSING, UNREADABLE, FAILED = 43, 44, 45
"""Exit statuses that tell why a program failed; none tells that it passed."""
EXACT_INT = 1 << 53
CONTAINERS: dict[str, Callable[[Any], Any]] = {
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
    "$deque": deque,
    "$dict": dict,
    "$range": lambda parts: range(*parts),
    "$complex": lambda parts: complex(*parts),
}
SCALARS: dict[str, Callable[[Any], Any]] = {
    "$int": lambda digits: int(digits, 16),
    "$float": float,
    "$bytes": bytes.fromhex,
    "$bytearray": bytearray.fromhex,
}


def calls(source: str) -> None:
    """Reads calls on stdin and writes a line of JSON with what each returned. Stops at the first that raises."""
    out = os.dup(1)
    os.dup2(2, 1)  # what the candidate prints goes elsewhere
    told = json.load(sys.stdin)
    function = find(load(source), told["entry_point"])
    for call in told["calls"]:
        args = [decode(value) for value in call["args"]]
        value = function(*args, **{name: decode(given) for name, given in call["kwargs"].items()})
        if told["in_place"] and value is None:
            value = args[0]
        line = json.dumps(encode(value)).encode() + b"\n"
        while line:
            line = line[os.write(out, line) :]


def tests(source: str, program: str, entry_point: str | None, word: str) -> None:
    """Runs a test program that counts its checks with ``_rft_count``; at its end writes a word and their number."""
    count = 0

    def counting() -> None:
        nonlocal count
        count += 1

    own = load(source)
    names = {name: value for name, value in own.items() if not name.startswith("__")}
    names |= {"__name__": "tests", "_rft_count": counting}
    if entry_point:
        names[entry_point.rpartition(".")[2]] = find(own, entry_point)
    try:
        exec(compile(program, "tests.py", "exec"), names)
    except AssertionError as error:
        print(f"check {count} failed: {error}", file=sys.stderr)
        sys.exit(FAILED)
    sys.stdout.flush()
    os.write(1, f"\n{word} {count}\n".encode())


def load(source: str) -> dict[str, Any]:
    """Runs the candidate as a module and returns its names."""
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    try:
        code = compile(source, "candidate.py", "exec")
    except (SyntaxError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(UNREADABLE)
    exec(code, module.__dict__)
    return module.__dict__


def find(names: dict[str, Any], entry_point: str) -> Any:
    """Returns the function of a name; a method of a fresh object for each call if it has a dot."""
    owner, _, method = entry_point.partition(".")
    if owner not in names or (method and not hasattr(names[owner], method)):
        print(f"{entry_point} is not defined", file=sys.stderr)
        sys.exit(MISSING)
    if not method:
        return names[owner]
    return lambda *args, **kwargs: getattr(names[owner](), method)(*args, **kwargs)


def encode(value: Any) -> Any:
    """Returns the JSON form of a value; TypeError if it has none."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= EXACT_INT else {"$int": hex(value)}
    if isinstance(value, float):
        return {"$float": repr(float(value))} if value in (float("inf"), -float("inf")) or value != value else value
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes" if isinstance(value, bytes) else "$bytearray": value.hex()}
    if isinstance(value, dict):
        return {"$dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, complex):
        return {"$complex": [encode(value.real), encode(value.imag)]}
    if isinstance(value, range):
        return {"$range": [value.start, value.stop, value.step]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    for kind in (tuple, set, frozenset, deque):
        if isinstance(value, kind):
            return {f"${kind.__name__}": [encode(item) for item in value]}
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return encode(value.tolist())
    raise TypeError(f"a value of type {type(value).__name__} cannot be carried")


def decode(data: Any) -> Any:
    """Returns the value of a JSON form."""
    if isinstance(data, list):
        return [decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    tag = next((key for key in data if key.startswith("$")), None)
    if tag is None:
        return {key: decode(item) for key, item in data.items()}
    return CONTAINERS[tag](decode(data[tag])) if tag in CONTAINERS else SCALARS[tag](data[tag])
