"""Which system calls an untrusted program may make: a filter for the kernel, built once per interpreter.

Namespaces, an empty capability set and limits already bound the program; the filter takes away what would reach
further into the kernel. What no honest answer calls kills the program (the *forbidden* of its facts). What honest
libraries try and do without gets an error. Everything else is allowed, so that any language runs.
"""

import errno
import socket
import struct

KILLED = {
    # name: (x86_64, aarch64); None where the architecture has no such call
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "open_by_handle_at": (304, 265),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
REFUSED = {
    "io_uring_setup": (425, 425, errno.EPERM),
    "add_key": (248, 217, errno.EPERM),
    "request_key": (249, 218, errno.EPERM),
    "keyctl": (250, 219, errno.EPERM),
    "clone3": (
        435,
        435,
        errno.ENOSYS,
    ),  # its flags lie in memory, out of a filter's sight; libraries fall back to clone
    "seccomp": (317, 277, errno.EPERM),
    "name_to_handle_at": (303, 264, errno.EPERM),
    "personality": (135, 92, errno.EPERM),
    "vhangup": (153, 58, errno.EPERM),
    "mbind": (237, 235, errno.EPERM),
    "migrate_pages": (256, 238, errno.EPERM),
    "move_pages": (279, 239, errno.EPERM),
}
BY_ARGUMENT = {
    "clone": (56, 220),
    "socket": (41, 198),
    "ioctl": (16, 29),
    "setrlimit": (160, 164),
    "prlimit64": (302, 261),
}
"""Calls that one of their arguments decides. A test compares all three tables with the kernel's headers."""
_ARCHES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_NAMESPACE_FLAGS = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
"""Harmless in a network namespace without a link; what libraries probe for."""
_RLIMIT_CPU = 0
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_X32_BIT = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCH, _ARG0, _ARG1, _ARG2 = 0, 4, 16, 24, 32
"""Offsets into ``struct seccomp_data``; of the arguments the lower half, on a little-endian machine."""


def program(machine: str) -> bytes:
    """Returns the filter for a machine (``os.uname().machine``).

    Raises:
        KeyError: no numbers are known for it.
    """
    column, arch = _ARCHES[machine]
    clone, sockets, ioctl, setrlimit, prlimit = (numbers[column] for numbers in BY_ARGUMENT.values())
    code = [_op(_LOAD, _ARCH), _op(_EQUAL, arch, 1, 0), _op(_RETURN, _KILL), _op(_LOAD, _NUMBER)]
    if machine == "x86_64":
        code += _when(_AT_LEAST, _X32_BIT, _KILL)
    for numbers in KILLED.values():
        number = numbers[column]
        if number is not None:
            code += _when(_EQUAL, number, _KILL)
    for *found, error in REFUSED.values():
        code += _when(_EQUAL, found[column], _ERRNO | error)
    code += _argument(clone, _ARG0, [(_ANY_BIT, _NAMESPACE_FLAGS, _KILL)])
    families = [(_EQUAL, int(family), _ALLOW) for family in _FAMILIES]
    code += _argument(sockets, _ARG0, families, otherwise=_ERRNO | errno.EAFNOSUPPORT)
    terminal = [(_EQUAL, request, _ERRNO | errno.EPERM) for request in (_TIOCSTI, _TIOCLINUX)]
    code += _argument(ioctl, _ARG1, terminal)
    # With a limit of its own of no time a first process dies by SIGKILL, which else only somebody outside can send it.
    code += _argument(setrlimit, _ARG0, [(_EQUAL, _RLIMIT_CPU, _ERRNO | errno.EPERM)])
    code += _prlimit(prlimit)
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _prlimit(number: int) -> list[bytes]:
    """Refuses to set the limit of processor time; reading it (no new limit is given) is harmless."""
    refused = [_op(_RETURN, _ERRNO | errno.EPERM)]
    halves = [_op(_LOAD, _ARG2), _op(_EQUAL, 0, 0, 2), _op(_LOAD, _ARG2 + 4), _op(_EQUAL, 0, 1, 0), *refused]
    body = [_op(_LOAD, _ARG1), _op(_EQUAL, _RLIMIT_CPU, 0, len(halves)), *halves, _op(_RETURN, _ALLOW)]
    return [_op(_EQUAL, number, 0, len(body)), *body]


def _when(test: int, value: int, action: int) -> list[bytes]:
    return [_op(test, value, 0, 1), _op(_RETURN, action)]


def _argument(number: int, offset: int, tests: list[tuple[int, int, int]], otherwise: int = _ALLOW) -> list[bytes]:
    """Decides one call by one of its arguments."""
    body = [_op(_LOAD, offset), *(op for test in tests for op in _when(*test)), _op(_RETURN, otherwise)]
    return [_op(_EQUAL, number, 0, len(body)), *body]
