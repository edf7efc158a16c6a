"""What only a local sandbox does: it keeps each slot to a processor, and shows little of this machine."""

import os
import sysconfig
from pathlib import Path

import pytest

from rft.sandboxes.local.sandbox import LocalSandbox
from rft.types import Limits, Program
from tests.conftest import require_local

PROCESSORS = len(os.sched_getaffinity(0))


def printed(sandbox: LocalSandbox, expression: str) -> str:
    return sandbox.run(Program(f"import os\nprint({expression})"), Limits()).stdout.strip()


@pytest.mark.parametrize(
    ("slots", "seen"),
    [
        (PROCESSORS, 1),
        (PROCESSORS + 1, 1),
        pytest.param(PROCESSORS - 1, PROCESSORS, marks=pytest.mark.skipif(PROCESSORS < 2, reason="one processor")),
    ],
)
def test_a_slot_keeps_to_one_processor_where_there_is_a_slot_for_each(slots: int, seen: int) -> None:
    require_local()
    sandbox = LocalSandbox(slots=slots)
    assert int(printed(sandbox, "len(os.sched_getaffinity(0))")) == seen
    sandbox.close()


def test_what_is_installed_beside_the_interpreter_is_not_shown(local: LocalSandbox) -> None:
    folder = Path(sysconfig.get_path("stdlib")) / "site-packages"
    assert printed(local, f"os.path.isdir({str(folder)!r}) and os.listdir({str(folder)!r})") in ("[]", "False")
