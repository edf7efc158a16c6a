"""The container's seccomp profile: which system calls anything in it may make, the supervisor included.

Docker's own profile refuses ``unshare`` and ``mount`` to a container without capabilities, and the supervisor needs
them to give every candidate namespaces of its own. Running without a profile would open the rest of the kernel as
well. So this is an allow list, as Docker's is: files, memory, processes, signals, time, local sockets, plus the few
calls that make namespaces. Left out, hence refused with EPERM: ptrace and reading other processes' memory, bpf, perf
events, userfaultfd, io_uring, keys, kernel modules, kexec, file handles, swap, quotas, accounting, the kernel's log,
the clock's hand, NUMA placement, the newer mount calls, and whatever later kernels add. Sockets are local, IP (there
is no network to reach), or ask for routes; netfilter, vsock, packet and crypto sockets are where unprivileged
namespaces have been broken out of.

It is the outer of two: a candidate also runs under the filter of ``rft.sandboxes.inside.child.seccomp``, which takes
the namespace calls away again, and of two filters the stricter answer counts.
"""

import socket
from typing import Any

FILES = """
    access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2
    fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64
    fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync
    ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init inotify_init1
    inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listxattr llistxattr lremovexattr lseek lsetxattr
    lstat lstat64 _llseek mkdir mkdirat mknod mknodat newfstatat open openat openat2 pipe pipe2 pread64 preadv
    preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr rename renameat renameat2
    rmdir sendfile sendfile64 setxattr splice stat stat64 statfs statfs64 statx symlink symlinkat sync
    sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat utimes vmsplice write
    writev
"""
MEMORY = """
    brk madvise membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal
    msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages cachestat mq_getsetattr
    mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop
    semtimedop shmat shmctl shmdt shmget ipc
"""
PROCESSES = """
    arch_prctl capget capset clone clone3 execve execveat exit exit_group fork futex futex_waitv get_robust_list
    get_thread_area getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp
    getpid getppid getpriority getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid getuid
    getuid32 ioprio_get ioprio_set landlock_add_rule landlock_create_ruleset landlock_restrict_self pidfd_open prctl
    prlimit64 rseq sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
    sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler
    sched_yield seccomp set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setpgid
    setpriority setregid setresgid setresuid setreuid setrlimit setsid setuid sysinfo times ugetrlimit uname vfork
    wait4 waitid waitpid getrandom riscv_flush_icache cacheflush
"""
SIGNALS = """
    kill pause pidfd_send_signal restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
    rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 sigreturn tgkill
    tkill
"""
TIME = """
    alarm clock_getres clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday
    nanosleep setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create
    timerfd_gettime timerfd_settime
"""
EVENTS_AND_SOCKETS = """
    accept accept4 bind connect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2
    epoll_wait epoll_wait_old eventfd eventfd2 getpeername getsockname getsockopt listen poll ppoll pselect6 recv
    recvfrom recvmmsg recvmsg select send sendmmsg sendmsg sendto setsockopt shutdown socketpair
"""
NAMESPACES = "chroot mount pivot_root setdomainname sethostname setns umount umount2 unshare"
"""What the supervisor needs; inside a container without capabilities they reach no further than a user namespace."""

PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
"""Linux, and asking; not the one that turns address randomisation off. Docker's own profile allows the same."""


def profile() -> dict[str, Any]:
    """Returns the profile as Docker's API takes it (in JSON)."""
    names = " ".join([FILES, MEMORY, PROCESSES, SIGNALS, TIME, EVENTS_AND_SOCKETS, NAMESPACES]).split()
    families = [[(0, int(family))] for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)]
    routes = [(0, int(socket.AF_NETLINK)), (2, 0)]  # getifaddrs asks through NETLINK_ROUTE, whose number is 0
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [
            {"names": sorted(names), "action": "SCMP_ACT_ALLOW"},
            *(_allowed("socket", arguments) for arguments in [*families, routes]),
            *(_allowed("personality", [(0, value)]) for value in PERSONALITIES),
        ],
    }


def _allowed(name: str, arguments: list[tuple[int, int]]) -> dict[str, Any]:
    equal = [{"index": index, "value": value, "op": "SCMP_CMP_EQ"} for index, value in arguments]
    return {"names": [name], "action": "SCMP_ACT_ALLOW", "args": equal}
