"""A peer that controls every byte that arrives at the tester: nothing that it sends buys a pass."""

import json
import socket
import struct
from typing import Any

import pytest

from tests.sandboxes.exam_rig import Peer, against

READY = {"ready": True}
LOADED = {"error": "ValueError", "message": "x", "args": [{"$handle": 1, "class": "A"}]}
"""An exception that holds an object: its text has to be asked for."""
PROGRAM = """
def g(x=0): return x
for _ in range(3):
    try:
        r = f(1, g)
        str(r), bool(r), r == r
    except BaseException:
        pass
    assert True
assert True
"""
"""A program as weak as can be: whatever happens, its own checks hold. Only what is noted on the side can fail it."""


def frame(message: object) -> bytes:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack(">I", len(body)) + body


def answering(*answers: object, last: bool = True) -> Peer:
    """A peer that is ready and gives one answer per request; the last one is repeated for a while."""

    def peer(rpc: socket.socket) -> None:
        rpc.sendall(frame(READY))
        for answer in (*answers, *answers[-1:] * 300 * last):
            if not rpc.recv(1 << 20):
                return
            rpc.sendall(frame(answer))

    return peer


def sending(*parts: bytes) -> Peer:
    """A peer that sends some bytes whatever it is told, and hangs up."""

    def peer(rpc: socket.socket) -> None:
        for part in parts:
            rpc.sendall(part)

    return peer


@pytest.mark.parametrize(
    "peer",
    [
        sending(),
        sending(b"\0\0"),
        sending(b"\xff\xff\xff\xff"),
        sending(struct.pack(">I", 16 << 20) + b"[" * 100),
        sending(frame(b"not json")),
        sending(frame(b"\xff\xfe")),
        sending(frame(b"[" * 1_000_000)),
        sending(frame(b'{"ready":' * 200_000)),
        sending(frame(b"[" + b"[]," * 5_000_000 + b"[]]")),
        sending(frame(b'{"ready": NaN}')),
        sending(frame(b"1" * 10_000)),
        sending(frame([])),
        sending(frame({})),
        sending(frame({"ready": 1})),
        sending(frame({"ready": "true"})),
        sending(frame({"value": 1})),
        sending(frame({"callback": 0, "args": [], "kwargs": {}})),
        sending(frame({"error": 5})),
        sending(frame({"passed": True, "checks": 4})),
        sending(frame(READY)),
        sending(frame(READY), frame({"value": 1})),
        sending(frame(READY) * 2, frame({"value": 1}) * 20),
        answering(b""),
        answering(b"null"),
        answering([]),
        answering({}),
        answering(READY),
        answering({"args": []}),
        answering({"value": {"$unknown": 1}}),
        answering({"value": {"$handle": -1}}),
        answering({"value": {"$handle": True}}),
        answering({"value": {"$handle": 1e300}}),
        answering({"value": {"$handle": "1"}}),
        answering({"value": {"$handle": 2**60}}),
        answering({"value": {"$handle": 1, "class": 5}}),
        answering({"value": {"$handle": 1, "class": "x\0y"}}),
        answering({"value": {"$handle": 1, "has": ["call"]}}),
        answering({"value": {"$handle": 1, "mro": 5}}),
        answering({"value": {"$handle": 1, "mro": [5]}}),
        answering({"value": {"$callback": 99}}),
        answering({"value": {"$callback": "0"}}),
        answering({"value": {"$set": [[]]}}),
        answering({"value": {"$builtin": "eval"}}),
        answering({"value": 1, "args": [[1]]}),
        answering({"error": None}),
        answering({"error": ["ValueError"]}),
        answering({"error": "E", "mro": 5}),
        answering({"error": "E", "mro": [["E"]]}),
        answering({"error": "E", "message": 5}),
        answering({"error": "E", "mro": ["E"] * 1000}),
        answering({"error": "ValueError", "args": [{"$x": 1}]}),
        answering({"callback": 99, "args": [], "kwargs": {}}),
        answering({"callback": -1, "args": [], "kwargs": {}}),
        answering({"callback": True, "args": [], "kwargs": {}}),
        answering({"callback": 0, "args": 5, "kwargs": {}}),
        answering({"callback": 0, "args": [], "kwargs": []}),
        answering({"callback": 0, "args": [{"$callback": 5}], "kwargs": {}}),
        answering({"callback": [0]}),
        answering({"error": "SystemExit", "message": ""}),
        answering({"error": "GeneratorExit", "mro": ["GeneratorExit", "BaseException"]}),
        answering({"value": 1}, last=False),
        answering(b'{"value": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
        answering(b'{"value": 1, "x": ' + b"9" * 5000 + b"}"),
    ],
)
def test_a_peer_that_breaks_the_rules_never_passes(peer: Peer) -> None:
    found = against(peer, {"entry_point": "f", "program": PROGRAM})
    assert not found["passed"]
    assert found["failure"]["kind"] in ("protocol", "raised", "load"), found


@pytest.mark.parametrize(
    "answer",
    [
        {"value": {"$handle": 1}},
        {"value": {"$handle": 10**9, "class": "int", "has": "call eq bool hash"}},
        {"value": {"$handle": 1, "kind": "generator"}},
        {"value": {"$callback": 0}},
        {"value": True},
        {"value": [True] * 10},
        {"error": "AssertionError", "message": ""},
        {"error": "StopIteration", "message": ""},
        {"error": "Exception", "mro": ["AssertionError", "Exception"]},
        {"error": "UnicodeDecodeError", "message": "x"},
        {"error": "NameError", "missing": True},
        {"error": "E", "origin": 0},
    ],
)
@pytest.mark.parametrize(
    "program",
    [
        "assert f(1) == 5",
        "assert f(1) == [5]",
        "assert f(1) in (5, 6)",
        "assert f(1) is f",
        "assert len(f(1)) == 77",
        "assert set(f(1)) == {5}",
        "assert [f(i) for i in (1, 2)] == [5, 6]",
        "assert [*map(f, [1])] == [5]",
        "assert int(f(1)) == 5",
        "assert str(f(1)) == '5'",
        "assert type(f(1)) is float",
        "def check(c):\n    assert c(1) == {'a': 5}",
    ],
)
def test_one_answer_to_everything_does_not_pass(answer: dict[str, Any], program: str) -> None:
    assert not against(answering(answer), {"entry_point": "f", "program": program})["passed"]


def test_callbacks_without_an_end_stop_with_the_candidate() -> None:
    def peer(rpc: socket.socket) -> None:
        rpc.sendall(frame(READY))
        for _ in range(500):
            rpc.recv(1 << 20)
            rpc.sendall(frame({"callback": 0, "args": [1], "kwargs": {}}))

    found = against(peer, {"entry_point": "f", "program": PROGRAM})
    assert found["failure"]["kind"] == "raised"


def test_a_bomb_is_refused_also_under_a_raised_recursion_limit() -> None:
    program = "import sys\nsys.setrecursionlimit(10 ** 8)\n" + PROGRAM
    found = against(answering(b'{"value": ' + b"[" * 10**7 + b"}"), {"entry_point": "f", "program": program})
    assert found["failure"]["kind"] == "protocol"


@pytest.mark.parametrize("exam", [{}, {"entry_point": "f"}, {"calls": [{}]}, {"entry_point": None, "calls": []}])
def test_a_broken_exam_is_the_fault_of_the_tests(exam: dict[str, Any]) -> None:
    assert against(answering({"value": 1}), exam)["failure"]["kind"] == "tests"


@pytest.mark.parametrize("then", [{"error": "SystemExit", "message": "x"}, b"{", {"value": 5}, LOADED])
def test_an_exception_whose_text_cannot_be_had_is_a_failure_and_no_fault_of_the_tester(then: object) -> None:
    found = against(answering(LOADED, then), {"entry_point": "f", "program": "assert f(1) == 2"})
    assert not found["passed"]
    assert found["failure"]["kind"] in ("raised", "protocol", "wrong")
