"""The filter's table of system calls, which is typed by hand, against the numbers of the kernel's own headers."""

import re
from pathlib import Path

import pytest

from rft.sandboxes.inside.child import seccomp

HEADERS = {
    "x86_64": (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm/unistd_64.h")),
    "aarch64": (Path("/usr/include/asm-generic/unistd.h"),),
}
"""aarch64 takes the numbers that are common to all newer architectures."""
COLUMN = {"x86_64": 0, "aarch64": 1}
TABLE = seccomp.KILLED | {name: row[:2] for name, row in seccomp.REFUSED.items()} | seccomp.BY_ARGUMENT


def kernel_numbers(machine: str) -> dict[str, int]:
    """Returns name -> number of every call that a machine's header defines."""
    header = next(filter(Path.exists, HEADERS[machine]), None)
    if header is None:
        pytest.skip(f"no kernel headers of {machine} here; Debian has them in linux-libc-dev")
    found = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", header.read_text("utf-8"), re.MULTILINE)
    return {name: int(number) for name, number in found}


@pytest.mark.parametrize("machine", HEADERS)
def test_every_number_is_the_kernels(machine: str) -> None:
    kernel = kernel_numbers(machine)
    assert len(kernel) > 250
    # An older header lacks newer calls; a call without a number (None) is one that the machine lacks.
    typed = {name: row[COLUMN[machine]] for name, row in TABLE.items()}
    wrong = {
        name: (number, kernel.get(name))
        for name, number in typed.items()
        if number != kernel.get(name) and (name in kernel or number is None or number <= max(kernel.values()))
    }
    assert wrong == {}


def test_no_call_stands_in_two_tables() -> None:
    assert len(TABLE) == len(seccomp.KILLED) + len(seccomp.REFUSED) + len(seccomp.BY_ARGUMENT)


@pytest.mark.parametrize("machine", COLUMN)
def test_no_number_is_typed_for_two_calls(machine: str) -> None:
    numbers = [row[COLUMN[machine]] for row in TABLE.values() if row[COLUMN[machine]] is not None]
    assert len(numbers) == len(set(numbers))


def test_an_unknown_machine_has_no_filter() -> None:
    with pytest.raises(KeyError):
        seccomp.program("riscv64")
