"""``rft sandbox``, and ``--sandbox`` of the commands that run programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rft.cli.app import app
from rft.errors import InputError
from tests.conftest import require_local

RUNNER = CliRunner()
LINES = [
    {"id": "right", "completion": "```python\ndef add(a, b):\n    return a + b\n```"},
    {"id": "wrong", "completion": "```python\ndef add(a, b):\n    return a - b\n```"},
    {"id": "none", "completion": "I do not know."},
]
REFERENCE = {"entry_point": "add", "tests": "assert add(1, 2) == 3"}


def refusal(*words: str) -> str:
    found = RUNNER.invoke(app, list(words)).exception
    assert isinstance(found, InputError), found
    return str(found)


def test_a_check_says_what_is_enforced() -> None:
    require_local()
    found = RUNNER.invoke(app, ["sandbox", "check"])
    assert found.exit_code == 0, found.output
    assert all(f"enforces {name}" in found.output for name in ("cpu_s", "memory_mib", "isolation"))


def test_a_bare_file_is_judged_in_the_sandbox_that_was_named(tmp_path: Path) -> None:
    require_local()
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(line | {"verifier": "code", "reference": REFERENCE}) + "\n" for line in LINES))
    found = RUNNER.invoke(app, ["verify", str(source), "--out", str(out), "--sandbox", "local", "sandbox.slots=1"])
    assert found.exit_code == 0, found.output
    verdicts = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(v["id"], v["reward"], v["reason"]) for v in verdicts] == [
        ("right", 1, None),
        ("wrong", 0, "wrong_answer"),
        ("none", 0, "no_code"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sandbox", "check", "--sandbox", "loca"], "unknown sandbox 'loca'; did you mean 'local'"),
        (["sandbox", "check", "slot=1"], "unknown option 'slot' of sandbox 'local'; did you mean 'slots'"),
        (["sandbox", "check", "slots=100000"], "must be from 0 to 128; seen"),
        (["sandbox", "check", "packages=[nope]"], "'nope' is not installed"),
        (["sandbox", "check", "--sandbox", "http", "endpoints=http://127.0.0.1:9"], "no sandbox server answers"),
        (["sandbox", "serve", "--token-env", "RFT_NO_SUCH_TOKEN"], "RFT_NO_SUCH_TOKEN, which is not set"),
        (["sandbox", "serve", "--host", "0.0.0.0"], "token"),
        (["sandbox", "build", "--host", "tcp://127.0.0.1:9"], "no Docker engine answers"),
    ],
)
def test_a_mistake_is_one_sentence(words: list[str], said: str) -> None:
    require_local()
    assert said in refusal(*words)
