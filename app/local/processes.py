"""Ties the life of a child process to that of its parent."""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1

# Loaded here and not on use: `die_with_parent` runs between fork and exec, where importing or
# allocating more than necessary can deadlock.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(signum: signal.Signals, *, parent: int | None = None) -> None:
    """Have the kernel send `signum` to this process when its parent ends, by kill -9 too.

    `parent` is the process id of the expected parent: when that one has ended already, this
    process ends at once. Only Linux can do this; elsewhere the call does nothing.

    Two traps. A change of user clears the wish, so call this after setuid. And Linux means the
    *thread* that forked: fork from a thread that lives as long as the process, the main one.
    """
    if _libc is None:
        return
    if _libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def parent_name() -> str | None:
    """The name of the program that started this process; None where it cannot be told."""
    try:
        return Path(f"/proc/{os.getppid()}/comm").read_text().strip()
    except OSError:
        return None


def is_running(pid: int) -> bool:
    """Whether a process with this id exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
