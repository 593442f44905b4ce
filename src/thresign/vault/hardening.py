"""What the vault process gives up before it serves. Each step says how it went; status shows it to operators.

Order (facts, section 6): nothing that a later step needs may be gone, and nothing is given up by halves. A step that
fails is reported in its own words; with `required`, the vault does not start.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from thresign.errors import ConfigurationError
from thresign.vault.calls import Measure

_seccomp_error = ""
try:  # at import: later this process cannot read its libraries any more
    import pyseccomp
except (ImportError, OSError, RuntimeError) as missing:
    pyseccomp = None
    _seccomp_error = str(missing)

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_DUMPABLE = 4
_PR_SET_KEEPCAPS = 8
_PR_SET_NO_NEW_PRIVS = 38
_MCL_CURRENT, _MCL_FUTURE = 1, 2
_CAP_IPC_LOCK = 14
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWNET = 0x40000000

_SYS_LANDLOCK_CREATE_RULESET, _SYS_LANDLOCK_ADD_RULE, _SYS_LANDLOCK_RESTRICT_SELF = 444, 445, 446
_LANDLOCK_READ_FILE, _LANDLOCK_READ_DIR = 1 << 2, 1 << 3
_LANDLOCK_FS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # number of file-system access rights

OK = "ok"


class StepFailed(Exception):
    """Why a step could not be taken."""


def _call(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise StepFailed(f"{what}: {errno.errorcode.get(number, number)} ({os.strerror(number)})")
    return result


Steps = list[tuple[str, Callable[[], None]]]


def harden(steps: Steps, required: bool) -> list[Measure]:
    """Takes the steps in order. Raises ConfigurationError on the first failure if `required`."""
    measures = []
    for name, step in steps:
        try:
            step()
            result = OK
        except (StepFailed, OSError) as error:
            result = str(error)[:200]
            if required:
                raise ConfigurationError(f"hardening: {name}: {result}") from None
        measures.append(Measure(name, result))
    return measures


def own_network() -> None:
    """A network namespace without any interface: no network at all. The vault's UNIX socket works across it."""
    _call(_libc.unshare(_CLONE_NEWNET), "unshare")


def raise_lock_limit() -> None:
    """As root, where that is allowed: any amount of memory may be locked, also after the uid is dropped. Where it is
    not, `drop_to` keeps CAP_IPC_LOCK for it."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def drop_to(uid: int, gid: int) -> None:
    """Gives up root for a uid of its own, and all capabilities but CAP_IPC_LOCK where the limit stays low."""
    if os.geteuid() != 0:
        raise StepFailed("not started as root")
    keep = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY
    if keep:
        _call(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "PR_SET_KEEPCAPS")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    mask = 1 << _CAP_IPC_LOCK if keep else 0
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    data = struct.pack("6I", mask, mask, 0, 0, 0, 0)
    _call(_libc.capset(header, data), "capset")
    if os.geteuid() != uid or os.getegid() != gid:
        raise StepFailed("the uid did not change")


def lock_memory() -> None:
    """No page of this process goes to swap, now or later."""
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if limit != resource.RLIM_INFINITY and not _may_lock():
        # Locking all future pages under a low limit would make allocations fail later.
        raise StepFailed(f"RLIMIT_MEMLOCK is {limit} bytes: the token's own pages are locked, the rest is not")
    _call(_libc.mlockall(_MCL_CURRENT | _MCL_FUTURE), "mlockall")


def _may_lock() -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_IPC_LOCK & 1)
    return False


def no_core_dumps() -> None:
    """RLIMIT_CORE 0."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def not_dumpable() -> None:
    """No core, no ptrace and no /proc/<pid>/mem for other processes of this uid."""
    _call(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE")


def no_new_privileges() -> None:
    """Nothing that is executed gains a privilege."""
    _call(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")


def only_these_files(writable: Sequence[Path], readable: Sequence[Path]) -> Callable[[], None]:
    """Landlock: the file system outside these directories is gone; TCP too where the kernel knows how."""

    def step() -> None:
        abi = _call(_libc.syscall(_SYS_LANDLOCK_CREATE_RULESET, None, 0, 1), "landlock")
        rights = (1 << _LANDLOCK_FS_BY_ABI.get(abi, 16)) - 1
        attributes = struct.pack("QQ", rights, 3 if abi >= 4 else 0)
        size = 16 if abi >= 4 else 8
        ruleset = _call(_libc.syscall(_SYS_LANDLOCK_CREATE_RULESET, attributes, size, 0), "landlock ruleset")
        try:
            for paths, allowed in ((writable, rights), (readable, _LANDLOCK_READ_FILE | _LANDLOCK_READ_DIR)):
                for path in paths:
                    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
                    try:
                        rule = struct.pack("=Qi", allowed, descriptor)
                        _call(_libc.syscall(_SYS_LANDLOCK_ADD_RULE, ruleset, 1, rule, 0), f"landlock rule for {path}")
                    finally:
                        os.close(descriptor)
            _call(_libc.syscall(_SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock")
        finally:
            os.close(ruleset)

    return step


_SYSCALLS = (
    "read", "write", "readv", "writev", "pread64", "pwrite64", "recvmsg", "recvfrom", "sendmsg", "sendto",
    "accept4", "getsockopt", "getsockname", "getpeername", "shutdown", "close", "poll", "ppoll", "select", "pselect6",
    "epoll_wait", "epoll_pwait", "epoll_ctl", "fcntl", "ioctl", "fstat", "newfstatat", "stat", "lstat", "lseek",
    "openat", "open", "rename", "renameat", "renameat2", "unlink", "unlinkat", "ftruncate", "fsync", "fdatasync",
    "getdents64", "access", "faccessat", "faccessat2", "mmap", "munmap", "mremap", "mprotect", "madvise", "mlock",
    "mlock2", "munlock", "brk", "futex", "sched_yield", "clock_gettime", "clock_nanosleep", "nanosleep", "getrandom",
    "getpid", "gettid", "getuid", "geteuid", "getgid", "getegid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "sigaltstack", "restart_syscall", "exit", "exit_group", "uname", "getcwd", "readlink", "readlinkat", "flock",
    "statx", "membarrier", "rseq", "getrusage", "sysinfo", "umask",
)  # fmt: skip
"""What a warmed-up Python, libsodium and the token need. No socket(), no exec, no fork, no ptrace, no process_vm_*."""


def only_these_system_calls() -> None:
    """seccomp: any other system call kills the process."""
    if pyseccomp is None:
        raise StepFailed(f"libseccomp: {_seccomp_error}")
    filter_ = pyseccomp.SyscallFilter(pyseccomp.KILL_PROCESS)
    for name in _SYSCALLS:
        try:
            filter_.add_rule(pyseccomp.ALLOW, name)
        except (ValueError, OSError, RuntimeError):
            continue  # not a system call of this architecture
    filter_.load()


def warm_up(service_paths: Sequence[Callable[[], object]]) -> Callable[[], None]:
    """Runs what loads lazily (codecs, modules, name look-ups) while the file system is still there."""

    def step() -> None:
        "warm".encode("idna")
        socket.socketpair()[0].close()
        for path in service_paths:
            path()

    return step
