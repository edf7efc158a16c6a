"""The client of sandbox servers: facts as they were told, faults never the candidate's, nothing read without end."""

import gzip
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from rft.errors import InputError, SandboxError
from rft.registry import build
from rft.sandboxes.http.sandbox import HttpSandbox
from rft.sandboxes.http.serve import SandboxServer
from rft.testing import FakeSandbox
from rft.types import Execution, Limits, Program, Status
from tests.sandboxes.servers import (
    DONE,
    Misbehaving,
    Move,
    drip,
    flood,
    fusion_answer,
    hang_up,
    raw,
    reply,
    reset,
    serving,
    stall,
    torn,
)

ADD = Program("print(1 + 2)")
SMALL = Limits(wall_s=1.0, output_kib=1)
GOOD = reply(200, fusion_answer())
SERVER_FAILED = reply(200, {**fusion_answer("SandboxError"), "message": "no space left", "run_result": None})


def client(*servers: Misbehaving, tries: int = 3, wait_s: float = 10.0, concurrency: int | None = None) -> HttpSandbox:
    urls = [server.url for server in servers]
    return HttpSandbox(urls, tries=tries, pause_s=0.01, patience_s=2.0, wait_s=wait_s, concurrency=concurrency)


def told(answer: object, limits: Limits = SMALL, language: str = "python") -> Execution:
    with Misbehaving(reply(200, answer)) as server:
        return client(server).run(Program("", language), limits)


def test_a_foreign_server_is_asked_in_the_words_of_its_protocol() -> None:
    with Misbehaving(GOOD) as server:
        client(server).run(Program("console.log(3)", "javascript", "in"), Limits(wall_s=2.5))
    [(path, body)] = server.requests
    assert path == "/run_code"
    assert body == {
        "code": "console.log(3)",
        "language": "nodejs",
        "stdin": "in",
        "compile_timeout": 30.0,
        "run_timeout": 2.5,
        "memory_limit_MB": -1,
        "files": {},
        "fetch_files": [],
    }


def test_a_memory_limit_is_sent_only_when_asked_for() -> None:
    with Misbehaving(GOOD) as server:
        HttpSandbox(server.url, memory_limit=True).run(ADD, Limits(memory_mib=300))
    assert server.requests[0][1]["memory_limit_MB"] == 300


FACTS = [
    ({}, Status.EXITED, 0, None),
    ({"return_code": 1, "stderr": "Traceback"}, Status.EXITED, 1, None),
    ({"return_code": -11}, Status.SIGNALED, None, 11),
    ({"status": "TimeLimitExceeded", "return_code": None}, Status.TIMEOUT, None, None),
    ({"stdout": "x" * 1025}, Status.OUTPUT_LIMIT, None, None),
    ({"status": "TimeLimitExceeded", "stdout": "x" * 1025}, Status.OUTPUT_LIMIT, None, None),
]


@pytest.mark.parametrize(("run", "status", "exit_code", "signal"), FACTS)
def test_what_a_program_did_is_told_as_facts(
    run: dict[str, object], status: Status, exit_code: int | None, signal: int | None
) -> None:
    failed = bool(run) and "stdout" not in run
    execution = told(fusion_answer("Failed" if failed else "Success", **run))
    assert (execution.status, execution.exit_code, execution.signal) == (status, exit_code, signal)


COMPILED = [
    ({"status": "Finished", "return_code": 1, "stderr": "error: x"}, Status.COMPILE_ERROR),
    ({"status": "Error", "stderr": "error: x"}, Status.COMPILE_ERROR),
    ({"status": "TimeLimitExceeded", "stderr": "error: x"}, Status.TIMEOUT),
]


@pytest.mark.parametrize(("compiled", "status"), COMPILED)
def test_a_program_that_does_not_compile_never_began(compiled: dict[str, object], status: Status) -> None:
    execution = told({**fusion_answer("Failed"), "compile_result": compiled, "run_result": None}, language="cpp")
    assert (execution.status, execution.stderr) == (status, "error: x")


def test_output_is_cut_at_the_limit_in_bytes_and_stays_text() -> None:
    execution = told(fusion_answer(stdout="é" * 600, stderr="e" * 1024))
    assert execution.stdout == "é" * 512
    assert (execution.stdout_truncated, execution.stderr_truncated) == (True, False)


def test_output_that_fills_the_servers_own_cap_counts_as_cut() -> None:
    execution = told(fusion_answer(stdout="x" * 1024 * 1024), Limits(wall_s=1, output_kib=4096))
    assert execution.status is Status.OUTPUT_LIMIT


def test_half_a_surrogate_pair_becomes_text_that_can_be_written() -> None:
    assert told(fusion_answer(stdout="a\ud800b")).stdout == "a?b"


def test_only_the_time_limit_is_claimed_of_a_foreign_server() -> None:
    execution = told(fusion_answer())
    assert execution.enforced == {"wall_s"}
    assert execution.wall_s == 0.05


def test_a_language_that_nobody_knows_is_the_users_mistake() -> None:
    with Misbehaving(GOOD) as server, pytest.raises(InputError, match="brainfuck"):
        client(server).run(Program("", "brainfuck"), SMALL)
    assert server.requests == []


def test_a_failed_program_is_never_run_again() -> None:
    with Misbehaving(reply(200, fusion_answer("Failed", return_code=1))) as server:
        client(server).run(ADD, SMALL)
    assert len(server.requests) == 1


FAULTS: list[tuple[str, Move]] = [
    ("reset", reset),
    ("hung up", hang_up),
    ("half a header", raw(b"HTTP/1.1 200 OK\r\nContent-Le")),
    ("half a body", raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status": "Succ')),
    ("half a chunk", raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc")),
    ("no HTTP", raw(b"SSH-2.0-OpenSSH_9.2\r\n")),
    ("no JSON", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>")),
    ("not UTF-8", raw(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"\xff"')),
    ("deep JSON", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\nConnection: close\r\n\r\n" + b"[" * 90000)),
    ("quite deep JSON", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"[" * 450 + b"]" * 450)),
    ("NaN", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nNaN")),
    ("not a number", reply(200, fusion_answer(return_code="0"))),
    ("a huge number", reply(200, fusion_answer(return_code=10**400))),
    ("an infinite time", raw(b'HTTP/1.1 200 OK\r\n\r\n{"status": "Success", "run_result": {"execution_time": 1e999}}')),
    ("no result", reply(200, {**fusion_answer(), "run_result": None})),
    ("another shape", reply(200, ["Success"])),
    ("compressed", raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b'{"status": "Success"}'))),
    ("500", reply(500, {"detail": "oops"})),
    ("502 of a proxy", raw(b"HTTP/1.1 502 Bad\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops")),
    ("408", reply(408, {"detail": "too slow"})),
    ("SandboxError", SERVER_FAILED),
    ("run Error", reply(200, fusion_answer("Failed", status="Error", return_code=None))),
    ("429", reply(429, {"detail": "busy"}, "Retry-After: 0")),
]


@pytest.mark.parametrize("fault", [move for _, move in FAULTS], ids=[name for name, _ in FAULTS])
def test_a_fault_is_retried_until_the_answer_comes(fault: Move) -> None:
    with Misbehaving(fault, fault, GOOD) as server:
        assert client(server).run(ADD, SMALL).stdout == "3\n"
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", [move for _, move in FAULTS], ids=[name for name, _ in FAULTS])
def test_a_fault_that_stays_is_the_sandboxes(fault: Move) -> None:
    with Misbehaving(fault) as server, pytest.raises(SandboxError):
        client(server).run(ADD, SMALL)


@pytest.mark.parametrize("slow", [stall, drip])
def test_a_server_without_an_end_meets_the_deadline(slow: Move) -> None:
    with Misbehaving(slow, GOOD) as server:
        execution = client(server, wait_s=0.2).run(ADD, Limits(wall_s=0.2))
    assert execution.stdout == "3\n"


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with Misbehaving(flood, GOOD) as server:
        assert client(server).run(ADD, SMALL).stdout == "3\n"


REFUSALS = [
    (401, {"detail": "no"}, InputError, "token_env"),
    (404, {"detail": "Not Found"}, InputError, "is a sandbox server behind"),
    (422, {"detail": [{"loc": ["body", "language"], "msg": "unexpected"}]}, InputError, "language"),
    (422, {"detail": [{"loc": ["body", "code"], "msg": "unexpected"}]}, SandboxError, "422"),
    (400, {"error": {"kind": "input", "message": "no such exam"}}, InputError, "no such exam"),
    (302, {}, SandboxError, "302"),
]


@pytest.mark.parametrize(("status", "answer", "error", "text"), REFUSALS)
def test_a_refusal_is_final(status: int, answer: object, error: type[Exception], text: str) -> None:
    refusal = reply(status, answer, "Location: http://127.0.0.1:1/")
    with Misbehaving(refusal) as server, pytest.raises(error, match=text):
        client(server).run(ADD, SMALL)
    assert len(server.requests) == 1


def test_the_token_comes_from_the_environment_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_TOKEN", "s3cret")
    with Misbehaving(reply(401, {"detail": "no"})) as server:
        sandbox = HttpSandbox(server.url, token_env="SANDBOX_TOKEN")
        with pytest.raises(InputError) as refused:
            sandbox.run(ADD, SMALL)
    assert "Authorization: Bearer s3cret" in server.headers[-1]
    assert "s3cret" not in f"{refused.value} {sandbox.backend}"


def test_a_redirect_does_not_take_the_token_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_TOKEN", "s3cret")
    with Misbehaving(GOOD) as other, Misbehaving(reply(307, {}, f"Location: {other.url}/run_code")) as server:
        sandbox = HttpSandbox(server.url, token_env="SANDBOX_TOKEN")
        with pytest.raises(SandboxError):
            sandbox.run(ADD, SMALL)
    assert other.headers == []


BAD_SETTINGS: list[tuple[Callable[[], object], str]] = [
    (lambda: HttpSandbox([]), "at least one address"),
    (lambda: HttpSandbox("localhost:8080"), "not an address"),
    (lambda: HttpSandbox("http://"), "not an address"),
    (lambda: HttpSandbox("http://[::1"), "not an address"),
    (lambda: HttpSandbox("http://127.0.0.1:port"), "not an address"),
    (lambda: HttpSandbox("http://me:pass@127.0.0.1:1"), "no user, password"),
    (lambda: HttpSandbox("http://127.0.0.1:1", token_env="RFT_NO_SUCH_TOKEN"), "RFT_NO_SUCH_TOKEN"),
    (
        lambda: build("sandbox", "http", HttpSandbox, {"endpoints": "http://127.0.0.1:1", "tries": 0}),
        "option 'tries': must be at least 1; seen: 0",
    ),
    (lambda: HttpSandbox("http://127.0.0.1:1"), "no sandbox server answers"),
]


@pytest.mark.parametrize(("make", "text"), BAD_SETTINGS)
def test_a_wrong_setting_is_told_at_start_up(make: Callable[[], object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        make()


def test_a_call_that_failed_on_one_server_is_made_on_another() -> None:
    with Misbehaving(reset) as bad, Misbehaving(GOOD) as good:
        sandbox = client(bad, good)
        assert all(sandbox.run(ADD, SMALL).stdout == "3\n" for _ in range(20))
    assert len(bad.requests) <= 5  # then it rests
    assert len(good.requests) == 20


def test_when_every_server_has_failed_for_long_calls_fail_at_once() -> None:
    with Misbehaving(reset) as server:
        sandbox = client(server, tries=1)
        for _ in range(5):
            with pytest.raises(SandboxError):
                sandbox.run(ADD, SMALL)
        with pytest.raises(SandboxError, match="no sandbox server is left"):
            sandbox.run(ADD, SMALL)
    assert len(server.requests) == 5


def test_a_server_that_says_sandbox_error_is_not_put_to_rest() -> None:
    with Misbehaving(*[SERVER_FAILED] * 6, GOOD) as server:
        assert client(server, tries=7).run(ADD, SMALL).stdout == "3\n"


def test_no_server_gets_more_calls_at_a_time_than_it_may() -> None:
    def slowly(connection: object) -> None:
        time.sleep(0.02)
        GOOD(connection)  # type: ignore[arg-type]

    with Misbehaving(slowly) as one, Misbehaving(slowly) as two, ThreadPoolExecutor(12) as threads:
        sandbox = client(one, two, concurrency=2)
        list(threads.map(lambda _: sandbox.run(ADD, SMALL), range(24)))
    assert sandbox.slots == 4
    assert (one.most_open, two.most_open) == (2, 2)


def test_while_one_thread_is_alone_nothing_else_runs() -> None:
    with Misbehaving(GOOD) as server, ThreadPoolExecutor(1) as threads:
        sandbox = client(server)
        with sandbox.alone():
            other = threads.submit(sandbox.run, ADD, SMALL)
            sandbox.run(ADD, SMALL)
            sandbox.run(ADD, SMALL)
            assert len(server.requests) == 2
        other.result(10)


def test_closing_wakes_who_waits() -> None:
    with Misbehaving(reply(503, {})) as server, ThreadPoolExecutor(1) as threads:
        sandbox = HttpSandbox(server.url, pause_s=30.0)
        waiting = threads.submit(sandbox.run, ADD, SMALL)
        while not server.requests:
            threading.Event().wait(0.01)
        sandbox.close()
        sandbox.close()
        with pytest.raises(SandboxError, match="closed"):
            waiting.result(10)


def test_a_foreign_server_has_no_exams() -> None:
    with Misbehaving(GOOD) as server:
        sandbox = client(server)
        assert not sandbox.has_exams
        with pytest.raises(SandboxError, match="second process"):
            sandbox.examine(ADD, {}, SMALL)


def test_a_server_of_another_release_is_refused() -> None:
    health = reply(200, {"rft": "9.9", "protocol": 9, "slots": 1, "backend": "x"})
    with Misbehaving(GOOD, health=health) as server, pytest.raises(InputError, match="protocol 9"):
        client(server)


def test_a_server_of_ours_is_known_by_itself_and_tells_everything() -> None:
    fake = FakeSandbox(DONE, slots=3)
    with serving(fake) as server:
        sandbox = HttpSandbox(server.url)
        assert (sandbox.slots, sandbox.has_exams) == (3, True)
        assert sandbox.run(ADD, SMALL) == replace(DONE, backend="http:fake")
        sandbox.close()
    assert fake.asked == [(ADD, SMALL)]


def test_a_server_of_ours_examines() -> None:
    exam = {"entry_point": "add", "calls": [{"args": [{"$float": "nan"}]}]}
    with serving(FakeSandbox(DONE)) as server:
        sandbox = HttpSandbox(server.url)
        examination = sandbox.examine(ADD, exam, SMALL)
        sandbox.close()
    assert examination.report == {"checks": 1, "passed": True, "exam": exam}
    assert examination.candidate.backend == "http:fake"


def test_a_server_that_comes_back_is_found_again() -> None:
    with serving(FakeSandbox(DONE)) as server:
        sandbox = HttpSandbox(server.url, tries=8, pause_s=0.05)
        sandbox.run(ADD, SMALL)
        port = int(server.url.rsplit(":", 1)[1])
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(sandbox.run, ADD, SMALL)
        time.sleep(0.1)
        again = SandboxServer(FakeSandbox(DONE), port=port)
        thread = threading.Thread(target=again.serve_forever)
        thread.start()
        assert waiting.result(20).exit_code == 0
        again.stop()
        again.server_close()
        thread.join()
        sandbox.close()


def test_the_sandboxes_own_fault_crosses_as_a_fault() -> None:
    fake = FakeSandbox(DONE, error=SandboxError("zygote died"))
    with serving(fake) as server:
        sandbox = HttpSandbox(server.url, tries=3, pause_s=0.01)
        with pytest.raises(SandboxError, match="zygote died"):
            sandbox.run(ADD, SMALL)
        sandbox.close()
    assert len(fake.asked) == 3


def test_the_users_mistake_crosses_as_one() -> None:
    fake = FakeSandbox(DONE, error=InputError("unknown language 'cobol'"))
    with serving(fake) as server:
        sandbox = HttpSandbox(server.url, pause_s=0.01)
        with pytest.raises(InputError, match="cobol"):
            sandbox.run(ADD, SMALL)
        sandbox.close()
    assert len(fake.asked) == 1


def test_answers_are_never_mixed_up_between_threads() -> None:
    with serving(FakeSandbox(DONE, slots=4)) as server, ThreadPoolExecutor(8) as threads:
        sandbox = HttpSandbox(server.url)
        programs = [Program("", stdin=f"{i}\n" * 50) for i in range(300)]
        results = list(threads.map(lambda program: sandbox.run(program, SMALL), programs))
        sandbox.close()
    assert [result.stdout for result in results] == [program.stdin for program in programs]


def test_on_a_torn_line_every_answer_is_the_right_one() -> None:
    with serving(FakeSandbox(DONE, slots=4)) as server, torn(server, seed=7) as url, ThreadPoolExecutor(4) as threads:
        sandbox = HttpSandbox([url], concurrency=4, tries=40, pause_s=0.001)
        programs = [Program("", stdin=f"{i}\n") for i in range(200)]
        results = list(threads.map(lambda program: sandbox.run(program, SMALL), programs))
        sandbox.close()
    assert [result.stdout for result in results] == [program.stdin for program in programs]
