"""What every sandbox promises; one property each, on every backend."""

import threading
import time
from pathlib import Path

import pytest

from rft.errors import InputError, SandboxError
from rft.types import Execution, Limits, Program, Sandbox, Status
from tests.sandboxes.conftest import MakeSandbox

QUICK = Limits(cpu_s=1, wall_s=2, memory_mib=128, output_kib=64, processes=8, disk_mib=8)
EXAM = {"entry_point": "add", "program": "assert add(1, 2) == 3\nassert add('a', 'b') == 'ab'"}


def run(sandbox: Sandbox, source: str, limits: Limits = QUICK, stdin: str = "", language: str = "python") -> Execution:
    return sandbox.run(Program(source, language, stdin), limits)


def test_gives_back_what_was_printed(sandbox: Sandbox) -> None:
    ended = run(sandbox, "import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert (ended.status, ended.exit_code, ended.stdout, ended.stderr) == (Status.EXITED, 0, "out\n", "err\n")


def test_stdin_reaches_the_program(sandbox: Sandbox) -> None:
    assert run(sandbox, "print(input()[::-1], input())", stdin="abc\nß€\n").stdout == "cba ß€\n"


def test_without_stdin_there_is_none(sandbox: Sandbox) -> None:
    assert run(sandbox, "import sys\nprint(repr(sys.stdin.read()))").stdout == "''\n"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import sys; sys.exit(7)", 7),
        ("import os; os._exit(9)", 9),
        ("1 / 0", 1),
        ("import sys; sys.stdout.close()", 0),
        ("import sys; sys.stderr = None", 0),
    ],
)
def test_exit_codes_are_the_programs_own(sandbox: Sandbox, source: str, code: int) -> None:
    ended = run(sandbox, source)
    assert (ended.status, ended.exit_code, ended.signal) == (Status.EXITED, code, None)


def test_an_exception_is_told_on_stderr(sandbox: Sandbox) -> None:
    assert run(sandbox, "def f():\n    raise ValueError('so')\nf()").stderr.endswith("ValueError: so\n")


def test_a_syntax_error_is_the_programs(sandbox: Sandbox) -> None:
    ended = run(sandbox, "def f(:")
    assert ended.exit_code == 1 and "SyntaxError" in ended.stderr


def test_a_crash_is_a_signal(sandbox: Sandbox) -> None:
    ended = run(sandbox, "import ctypes\nctypes.string_at(0)")
    assert (ended.status, ended.exit_code, ended.signal) == (Status.SIGNALED, None, 11)


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("while True: pass", Status.TIMEOUT),
        ("import time\ntime.sleep(99)", Status.TIMEOUT),
        ("x = bytearray(1 << 30)", Status.MEMORY_LIMIT),
        ("x = []\nwhile True: x.append(' ' * 10**6)", Status.MEMORY_LIMIT),
        ("while True: print('x' * 1000)", Status.OUTPUT_LIMIT),
        ("import sys\nwhile True: sys.stderr.write('x' * 1000)", Status.OUTPUT_LIMIT),
        ("open('f', 'wb').write(bytes(64 << 20))", Status.DISK_LIMIT),
        ("for i in range(10**6): open(str(i), 'w').close()", Status.DISK_LIMIT),
        ("import os, time\nfor _ in range(99):\n    os.fork() or time.sleep(9)", Status.PROCESS_LIMIT),
        ("import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)", Status.FORBIDDEN),
    ],
)
def test_limits_hold_and_say_so(sandbox: Sandbox, source: str, status: Status) -> None:
    assert run(sandbox, source).status is status


def test_output_is_cut_at_its_limit(sandbox: Sandbox) -> None:
    ended = run(sandbox, "print('x' * 10**6)")
    assert (len(ended.stdout), ended.stdout_truncated, ended.stderr_truncated) == (64 << 10, True, False)


def test_output_up_to_the_limit_is_whole(sandbox: Sandbox) -> None:
    ended = run(sandbox, "print('x' * (64 * 1024 - 1))")
    assert (ended.status, len(ended.stdout), ended.stdout_truncated) == (Status.EXITED, 64 << 10, False)


def test_what_is_no_utf8_is_replaced(sandbox: Sandbox) -> None:
    assert run(sandbox, r"import os; os.write(1, b'a\xffb')").stdout == "a\ufffdb"


def test_time_and_memory_are_measured(sandbox: Sandbox) -> None:
    ended = run(sandbox, "x = bytearray(50 << 20)\nfor _ in range(10**6): pass")
    assert ended.cpu_s > 0 and ended.wall_s > 0 and ended.peak_memory_mib > 50


def test_isolation_and_all_limits_are_enforced(sandbox: Sandbox) -> None:
    everything = {"isolation", "cpu_s", "wall_s", "memory_mib", "output_kib", "processes", "disk_mib"}
    assert run(sandbox, "pass").enforced == everything


def test_a_program_is_not_root_and_sees_only_itself(sandbox: Sandbox) -> None:
    source = "import os\nprint(os.getuid() != 0, os.getpid(), [n for n in os.listdir('/proc') if n.isdigit()])"
    assert run(sandbox, source).stdout == "True 1 ['1']\n"


def test_the_host_is_not_there(sandbox: Sandbox) -> None:
    places = [str(Path(__file__)), str(Path.home() / ".cache")]
    source = f"import os\nprint([place for place in {places} if os.path.exists(place)])"
    assert run(sandbox, source).stdout == "[]\n"


def test_only_the_private_folder_can_be_written(sandbox: Sandbox) -> None:
    source = """
import os
def can(place):
    try:
        open(place, 'w').close()
        return True
    except OSError:
        return False
places = ('/x', '/usr/x', '/etc/x', '/opt/rft/x', '/proc/x', '/sys/x', '/dev/x', '/var/x', '/root/x')
print([place for place in places if can(place)])
print(can('x'), can('/tmp/x'), can('/dev/shm/x'))
"""
    assert run(sandbox, source).stdout == "[]\nTrue True True\n"


def test_there_is_no_network(sandbox: Sandbox) -> None:
    source = """
import socket
def reaches(*place):
    try:
        socket.create_connection(place, 1)
        return True
    except OSError:
        return False
print(reaches('127.0.0.1', 22), reaches('192.0.2.1', 80))
"""
    assert run(sandbox, source).stdout == "False False\n"


def test_nothing_is_left_for_the_next_program(sandbox: Sandbox) -> None:
    run(sandbox, "import os, builtins\nopen('/tmp/left', 'w').close()\nos.environ['LEFT'] = '1'\nbuiltins.left = 1")
    source = "import os, builtins\nprint(os.listdir('/tmp/work'), 'LEFT' in os.environ, hasattr(builtins, 'left'))"
    assert run(sandbox, source).stdout == "[] False False\n"


def test_a_background_process_ends_with_its_program(sandbox: Sandbox) -> None:
    began = time.monotonic()
    ended = run(sandbox, "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\nprint('done')")
    assert ended.stdout == "done\n" and time.monotonic() - began < 30


def test_an_unknown_language_is_one_sentence(sandbox: Sandbox) -> None:
    with pytest.raises(InputError, match="unknown language 'cobol'"):
        run(sandbox, "", language="cobol")


def test_a_program_that_does_not_compile_never_began(sandbox: Sandbox) -> None:
    ended = run(sandbox, "int main() { return missing; }", language="cpp")
    assert ended.status is Status.COMPILE_ERROR and "missing" in ended.stderr


def test_a_compiled_program_runs_on_every_input(sandbox: Sandbox) -> None:
    source = "#include <iostream>\nint main() { int n; std::cin >> n; std::cout << 2 * n; }"
    generous = Limits()
    assert [run(sandbox, source, generous, str(n), "cpp").stdout for n in (1, 2, 3)] == ["2", "4", "6"]


def test_javascript_runs(sandbox: Sandbox) -> None:
    assert run(sandbox, "console.log(1 + 1)", Limits(), language="javascript").stdout == "2\n"


def test_a_right_candidate_passes_its_exam(sandbox: Sandbox) -> None:
    found = sandbox.examine(Program("def add(a, b):\n    return a + b"), EXAM, QUICK)
    assert (found.report["passed"], found.report["checks"]) == (True, 2)


def test_a_wrong_candidate_fails_its_exam(sandbox: Sandbox) -> None:
    found = sandbox.examine(Program("def add(a, b):\n    return a - b"), EXAM, QUICK)
    assert not found.report["passed"] and found.report["failure"]["kind"] == "wrong"


def test_a_candidate_that_hangs_ends_its_exam(sandbox: Sandbox) -> None:
    found = sandbox.examine(Program("def add(a, b):\n    while True: pass"), EXAM, QUICK)
    assert found.candidate.status is Status.TIMEOUT and not (found.report or {}).get("passed")


def test_a_candidate_cannot_find_its_tests(sandbox: Sandbox) -> None:
    spy = """
import gc, os, sys
def add(a, b):
    seen = [str(v) for v in gc.get_objects() if isinstance(v, (str, dict, list)) and 'assert' 'ion-canary' in str(v)]
    for name in os.listdir('/proc'):
        if name.isdigit() and name != '1':
            return 'another process'
    return seen or a + b
"""
    exam = {"entry_point": "add", "program": "canary = 'assertion-canary'\nassert add(1, 2) == 3"}
    assert sandbox.examine(Program(spy), exam, QUICK).report["passed"]


def test_javascript_can_be_examined(sandbox: Sandbox) -> None:
    exam = {"entry_point": "add", "calls": [{"args": [1, 2], "expected": 3}]}
    found = sandbox.examine(Program("function add(a, b) { return a + b }", "javascript"), exam, Limits())
    assert found.report["passed"]


def test_threads_share_the_slots(sandbox: Sandbox) -> None:
    seen: list[str] = []

    def ask(number: int) -> None:
        seen.append(run(sandbox, f"print({number})").stdout)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(f"{number}\n" for number in range(8))


def test_alone_means_that_nothing_else_runs(sandbox: Sandbox) -> None:
    ended: list[float] = []

    def run_another() -> None:
        run(sandbox, "pass")
        ended.append(time.monotonic())

    other = threading.Thread(target=run_another)
    with sandbox.alone():
        other.start()
        run(sandbox, "import time; time.sleep(0.3)")
        released = time.monotonic()
    other.join()
    assert ended[0] > released


def test_a_closed_sandbox_says_so(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox()
    run(sandbox, "pass")
    sandbox.close()
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        run(sandbox, "pass")
