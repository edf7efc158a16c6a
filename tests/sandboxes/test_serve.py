"""The server in front of a sandbox: who may ask, what, how much, how slowly, and how it ends."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from rft.errors import InputError, SandboxError
from rft.sandboxes.http import handler
from rft.sandboxes.http.serve import SandboxServer
from rft.testing import FakeSandbox
from rft.types import JSON, Execution, Limits, Program, Status
from tests.sandboxes.servers import DONE, serving

ADD = {"code": "print(1 + 2)", "language": "python"}
PROGRAM = {"source": "print(1 + 2)"}


def dial(server: SandboxServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20)


def connect(server: SandboxServer) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)


def ask(server: SandboxServer, path: str, body: JSON = None, **headers: str) -> tuple[int, JSON]:
    connection = connect(server)
    method = "GET" if body is None else "POST"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data if body is not None else None, {"Content-Type": "application/json"} | named)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def say(server: SandboxServer, data: bytes) -> bytes:
    """Everything that comes back for some bytes, until the server hangs up."""
    with dial(server) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_ping_is_answered_as_the_original_does() -> None:
    with serving(FakeSandbox(DONE)) as server:
        assert ask(server, "/v1/ping") == (200, "pong")


def test_health_says_who_this_is() -> None:
    with serving(FakeSandbox(DONE, slots=3)) as server:
        status, health = ask(server, "/rft/health")
    assert status == 200
    assert {**health, "rft": ""} == {"rft": "", "protocol": 1, "slots": 3, "backend": "fake", "exams": True}


def test_a_run_is_answered_in_the_form_of_the_original() -> None:
    fake = FakeSandbox(DONE)
    with serving(fake) as server:
        asked = {**ADD, "language": "nodejs", "stdin": "7", "run_timeout": 2.5, "memory_limit_MB": 300}
        status, answer = ask(server, "/run_code", asked)
    assert status == 200
    assert answer == {
        "status": "Success",
        "message": "",
        "compile_result": None,
        "run_result": {
            "status": "Finished",
            "execution_time": 0.025,
            "return_code": 0,
            "stdout": "7",
            "stderr": "",
        },
        "executor_pod_name": None,
        "files": {},
    }
    assert fake.asked == [(Program("print(1 + 2)", "javascript", "7"), Limits(cpu_s=2.5, wall_s=2.5, memory_mib=300))]


ENDED = replace(DONE, exit_code=None)
FORMS = [
    (replace(DONE, exit_code=3), "Failed", "Finished", 3),
    (replace(ENDED, status=Status.SIGNALED, signal=11), "Failed", "Finished", -11),
    (replace(ENDED, status=Status.TIMEOUT), "Failed", "TimeLimitExceeded", None),
    (replace(ENDED, status=Status.MEMORY_LIMIT), "Failed", "Finished", -9),
    (replace(ENDED, status=Status.FORBIDDEN, signal=31), "Failed", "Finished", -31),
]


@pytest.mark.parametrize(("execution", "status", "run", "code"), FORMS)
def test_every_end_has_its_form(execution: Execution, status: str, run: str, code: int | None) -> None:
    with serving(FakeSandbox(execution)) as server:
        _, answer = ask(server, "/run_code", ADD)
    assert answer["status"] == status
    assert (answer["run_result"]["status"], answer["run_result"]["return_code"]) == (run, code)


def test_what_does_not_compile_has_a_compile_result_only() -> None:
    refused = replace(DONE, status=Status.COMPILE_ERROR, exit_code=1, stdout="", stderr="error: x")
    with serving(FakeSandbox(refused)) as server:
        _, answer = ask(server, "/run_code", ADD)
    assert (answer["status"], answer["run_result"]) == ("Failed", None)
    assert (answer["compile_result"]["return_code"], answer["compile_result"]["stderr"]) == (1, "error: x")


def test_a_fault_of_the_sandbox_is_told_in_the_form_of_each_protocol() -> None:
    with serving(FakeSandbox(DONE, error=SandboxError("no slot came up"))) as server:
        status, answer = ask(server, "/run_code", ADD)
        assert (status, answer["status"], answer["message"]) == (200, "SandboxError", "no slot came up")
        status, answer = ask(server, "/rft/run", {"program": PROGRAM})
        assert (status, answer["error"]) == (503, {"kind": "sandbox", "message": "no slot came up"})


def test_a_bug_in_the_sandbox_is_a_500_and_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(FakeSandbox(DONE, error=RuntimeError("a bug"))) as server:
        assert ask(server, "/rft/run", {"program": PROGRAM})[0] == 500
    assert "a bug" in capfd.readouterr().err


def test_limits_cross_unchanged() -> None:
    fake = FakeSandbox(DONE)
    limits = {"cpu_s": 1.5, "wall_s": 3, "memory_mib": 100, "output_kib": 10, "processes": 4, "disk_mib": 8}
    with serving(fake) as server:
        ask(server, "/rft/run", {"program": PROGRAM, "limits": limits})
    assert fake.asked[0][1] == Limits(1.5, 3.0, 100, 10, 4, 8)


BAD_BODIES: list[tuple[str, JSON]] = [
    ("/run_code", b"{"),
    ("/run_code", b"\xff\xfe"),
    ("/run_code", b"[" * 200_000),
    ("/run_code", b'{"code": "", "language": "python", "run_timeout": NaN}'),
    ("/run_code", []),
    ("/run_code", {"language": "python"}),
    ("/run_code", {**ADD, "code": 1}),
    ("/run_code", {**ADD, "stdin": 1}),
    ("/run_code", {**ADD, "run_timeout": 0}),
    ("/run_code", {**ADD, "run_timeout": "10"}),
    ("/run_code", {**ADD, "run_timeout": 1e9}),
    ("/run_code", {**ADD, "run_timeout": 10**400}),
    ("/run_code", {**ADD, "memory_limit_MB": 10**9}),
    ("/run_code", {**ADD, "memory_limit_MB": 10**400}),
    ("/run_code", {**ADD, "files": {"a": "YQ=="}}),
    ("/run_code", {**ADD, "fetch_files": ["/etc/passwd"]}),
    ("/rft/run", []),
    ("/rft/run", {}),
    ("/rft/run", {"program": {"source": None}}),
    ("/rft/run", {"program": PROGRAM, "limits": []}),
    ("/rft/run", {"program": PROGRAM, "limits": {"wall": 1}}),
    ("/rft/run", {"program": PROGRAM, "limits": {"wall_s": 0}}),
    ("/rft/run", {"program": PROGRAM, "limits": {"wall_s": -1}}),
    ("/rft/run", {"program": PROGRAM, "limits": {"wall_s": 301}}),
    ("/rft/run", {"program": PROGRAM, "limits": {"wall_s": True}}),
    ("/rft/run", {"program": PROGRAM, "limits": {"memory_mib": 1.5}}),
    ("/rft/run", b'{"program": {"source": ""}, "limits": {"wall_s": 1e999}}'),
    ("/rft/examine", {"candidate": PROGRAM}),
    ("/rft/examine", {"candidate": PROGRAM, "exam": []}),
    ("/rft/examine", {"exam": {}}),
]


@pytest.mark.parametrize(("path", "body"), BAD_BODIES, ids=lambda value: str(value)[:60])
def test_a_bad_body_is_refused_and_nothing_runs(path: str, body: JSON) -> None:
    fake = FakeSandbox(DONE)
    with serving(fake) as server:
        status, answer = ask(server, path, body)
    assert (status, answer["error"]["kind"]) == (422, "input")
    assert fake.asked == []


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "s3cret", "Basic s3cret"])
def test_a_wrong_token_is_refused(given: str) -> None:
    fake = FakeSandbox(DONE)
    with serving(fake, token="s3cret") as server:
        assert ask(server, "/run_code", ADD, Authorization=given)[0] == 401
        assert ask(server, "/rft/health", None, Authorization=given)[0] == 401
    assert fake.asked == []


def test_the_right_token_is_let_in_and_ping_needs_none() -> None:
    with serving(FakeSandbox(DONE), token="s3cret") as server:
        assert ask(server, "/run_code", ADD, Authorization="Bearer s3cret")[0] == 200
        assert ask(server, "/v1/ping")[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1", "localhost.example.org"])
def test_others_are_not_let_in_without_a_token(host: str) -> None:
    with pytest.raises(InputError, match="token"):
        SandboxServer(FakeSandbox(DONE), host, 0)


@pytest.mark.parametrize("token", ["", "a\nb", "é"])
def test_an_unusable_token_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="token"):
        SandboxServer(FakeSandbox(DONE), port=0, token=token)


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(InputError, match="cannot serve on"):
        SandboxServer(FakeSandbox(DONE), port=other.getsockname()[1])


HOSTS = [
    ("localhost", 200),
    ("localhost:8080", 200),
    ("LOCALHOST", 200),
    ("127.0.0.1:80", 200),
    ("[::1]:8080", 200),
    ("evil.example", 403),
    ("127.0.0.1.evil.example", 403),
    ("localhost@evil.example", 403),
    ("192.0.2.1:8080", 403),
    ("[::1", 403),
    ("", 403),
]


@pytest.mark.parametrize(("host", "status"), HOSTS)
def test_a_page_that_renamed_us_is_refused(host: str, status: int) -> None:
    with serving(FakeSandbox(DONE)) as server:
        assert ask(server, "/run_code", ADD, Host=host)[0] == status


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""])
def test_what_a_page_may_send_unasked_is_refused(kind: str) -> None:
    fake = FakeSandbox(DONE)
    with serving(fake) as server:
        assert ask(server, "/run_code", ADD, Content_Type=kind)[0] == 415
    assert fake.asked == []


def test_json_with_a_charset_is_taken() -> None:
    with serving(FakeSandbox(DONE)) as server:
        assert ask(server, "/run_code", ADD, Content_Type="application/json; charset=utf-8")[0] == 200


def test_a_browsers_question_is_not_answered_with_leave() -> None:
    with serving(FakeSandbox(DONE)) as server:
        connection = connect(server)
        connection.request("OPTIONS", "/run_code", headers={"Origin": "https://evil.example"})
        response = connection.getresponse()
        assert response.status == 501
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
        assert json.loads(response.read())["error"]["kind"] == "request"
        connection.close()


HEAD = b"POST /run_code HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
REQUESTS = [
    (b"nonsense\r\n\r\n", 400),
    (b"GET /v1/ping HTTP/9.9\r\n\r\n", 505),
    (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET /v1/ping HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    (b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
    (b"GET /run_code HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 411),
    (HEAD + b"Content-Length: -1\r\n\r\n", 411),
    (HEAD + b"Content-Length: 1_0\r\n\r\n", 411),
    (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
    (HEAD + b"Content-Length: 8388609\r\n\r\n", 413),
    (HEAD + b"\r\n", 411),
]


@pytest.mark.parametrize(("request_", "status"), REQUESTS, ids=lambda value: str(value)[:60])
def test_a_malformed_request_is_answered_in_json_and_hung_up_on(
    request_: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "DRAIN_S", 0.1)
    fake = FakeSandbox(DONE)
    with serving(fake) as server:
        head, _, body = say(server, request_).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert json.loads(body)["error"]["kind"] == "request"
    assert fake.asked == []


HIDDEN = b"GET /rft/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
OUTER = [
    b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
    b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
    b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"PUT /run_code HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
]


@pytest.mark.parametrize("outer", OUTER, ids=lambda value: str(value)[:60])
def test_a_body_is_never_taken_for_the_next_request(outer: bytes) -> None:
    with serving(FakeSandbox(DONE)) as server, dial(server) as connection:
        connection.sendall(outer + HIDDEN)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.count(b"HTTP/1.1") == 1


def test_a_large_body_that_is_refused_still_gets_its_answer() -> None:
    with serving(FakeSandbox(DONE), token="s3cret") as server:
        assert ask(server, "/run_code", {**ADD, "code": "x" * 20_000_000})[0] == 401


@pytest.mark.parametrize("begun", [b"", b"POST /run", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{"])
def test_a_client_that_dawdles_is_hung_up_on(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IDLE_S", "HEADER_S", "BODY_S", "DRAIN_S"):
        monkeypatch.setattr(handler, name, 0.3)
    with serving(FakeSandbox(DONE)) as server:
        answer = say(server, begun)
    assert answer == b"" or b" 408 " in answer


def test_a_header_that_drips_has_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "HEADER_S", 0.3)
    with serving(FakeSandbox(DONE)) as server:
        connection = dial(server)
        connection.sendall(b"GET /v1/ping HTTP/1.1\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(200):
                connection.sendall(b"A: b\r\n")
                time.sleep(0.05)
        connection.close()


def test_one_connection_serves_many_requests() -> None:
    with serving(FakeSandbox(DONE)) as server:
        connection = connect(server)
        for number in range(5):
            body = json.dumps({"program": {**PROGRAM, "stdin": str(number)}})
            connection.request("POST", "/rft/run", body, {"Content-Type": "application/json"})
            assert json.loads(connection.getresponse().read())["stdout"] == str(number)
        connection.close()


def test_beyond_the_slots_requests_wait_and_beyond_the_queue_they_are_sent_away() -> None:
    fake = FakeSandbox(DONE, slots=2)
    fake.go_on.clear()
    with serving(fake, queue=3) as server, ThreadPoolExecutor(9) as threads:
        asked = [threads.submit(ask, server, "/run_code", ADD) for _ in range(9)]
        while sum(one.done() for one in asked) < 4:
            time.sleep(0.01)
        fake.go_on.set()
        statuses = sorted(one.result(20)[0] for one in asked)
    assert statuses == [200] * 5 + [429] * 4
    assert fake.most_running == 2


def test_who_is_sent_away_is_told_when_to_come_back() -> None:
    fake = FakeSandbox(DONE, slots=1)
    fake.go_on.clear()
    with serving(fake, queue=0) as server, ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask, server, "/run_code", ADD)
        while not fake.asked:
            time.sleep(0.01)
        connection = connect(server)
        connection.request("POST", "/run_code", json.dumps(ADD), {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert (response.status, response.getheader("Retry-After")) == (429, "1")
        assert ask(server, "/rft/health")[0] == 200
        fake.go_on.set()
        assert first.result(20)[0] == 200
        connection.close()


def test_stopping_finishes_what_runs_and_turns_away_what_waits() -> None:
    fake = FakeSandbox(DONE, slots=1)
    fake.go_on.clear()
    with ThreadPoolExecutor(3) as threads, serving(fake, queue=1) as server:
        asked = [threads.submit(ask, server, "/run_code", ADD) for _ in range(3)]
        while not any(one.done() for one in asked) or not fake.asked:
            time.sleep(0.01)  # one is sent away once another runs and the third waits
        idle = connect(server)
        idle.request("GET", "/v1/ping")
        idle.getresponse().read()
        server.stop()
        while sum(one.done() for one in asked) < 2:
            time.sleep(0.01)
        fake.go_on.set()
        server.server_close()  # ends although a connection is idle
        assert sorted(one.result(20)[0] for one in asked) == [200, 429, 503]
        idle.close()


def test_a_client_that_left_does_no_harm() -> None:
    fake = FakeSandbox(DONE, slots=1)
    fake.go_on.clear()
    with serving(fake) as server:
        connection = connect(server)
        connection.request("POST", "/run_code", json.dumps(ADD), {"Content-Type": "application/json"})
        while not fake.asked:
            time.sleep(0.01)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01" + b"\x00" * 7)
        connection.close()
        fake.go_on.set()
        assert ask(server, "/run_code", ADD)[0] == 200


def test_connections_beyond_the_bound_are_hung_up_on() -> None:
    with serving(FakeSandbox(DONE, slots=1), queue=0) as server:
        many = [dial(server) for _ in range(18)]
        extra = dial(server)
        assert extra.recv(1) == b""
        for connection in (*many, extra):
            connection.close()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                assert ask(server, "/v1/ping") == (200, "pong")
                break
            except (http.client.RemoteDisconnected, ConnectionResetError):
                time.sleep(0.01)


@pytest.mark.parametrize("verbose", [False, True])
def test_requests_are_logged_only_when_asked_for(verbose: bool, capfd: pytest.CaptureFixture[str]) -> None:
    server = SandboxServer(FakeSandbox(DONE), port=0, verbose=verbose)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    say(server, b"GET /\x1b[31m HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    server.stop()
    server.server_close()
    thread.join()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == int(verbose)
    assert "\x1b" not in "".join(lines)


SERVE = """
import time
from rft.sandboxes.http.serve import serve
from rft.testing import FakeSandbox

class Slow(FakeSandbox):
    def run(self, program, limits):
        print("running", flush=True)
        time.sleep(1.0)
        return super().run(program, limits)

serve(Slow(), port=0, ready=lambda url: print(url, flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_when_what_runs_is_done(number: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    port = int(process.stdout.readline().rsplit(":", 1)[1])
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/run_code", json.dumps(ADD), {"Content-Type": "application/json"})
    assert process.stdout.readline() == "running\n"
    process.send_signal(number)
    assert json.loads(connection.getresponse().read())["status"] == "Success"
    assert process.stdout.read() == "ended\n"
    assert process.wait(20) == 0
    process.stdout.close()
    connection.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /rft/health HTTP/1.1\r\nHost: localhost\r\nbroken line\r\nContent-Length: 40\r\n\r\n",
        b"GET http://[x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_a_malformed_head_is_refused_and_the_connection_closed(head: bytes) -> None:
    with serving(FakeSandbox(DONE)) as server, socket.create_connection(("127.0.0.1", server.server_port), 5) as line:
        line.sendall(head + b"GET /v1/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while part := line.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400") and b"pong" not in answer
