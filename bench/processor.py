"""How much of a processor processes have used, and how much memory they hold."""

from __future__ import annotations

import os
from pathlib import Path

from django.db import connection

_TICK = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 11, 12, 13, 14
_PARENT = 1


def seconds_used(process: int) -> float:
    """Seconds of one core that a process has used so far, in user and system mode."""
    fields = _fields(process)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICK


def seconds_of_database() -> float:
    """The same for all processes of PostgreSQL, those included that have ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        postmaster = int(_fields(cursor.fetchone()[0])[_PARENT])
    fields = _fields(postmaster)
    ended = (int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])) / _TICK
    return ended + sum(seconds_used(child) for child in children_of(postmaster))


def children_of(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def _fields(process: int) -> list[str]:
    """What /proc says of it, from its state on."""
    stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    return stat.rpartition(")")[2].split()


def most_memory(process: int) -> int:
    """The most memory, in bytes, that it held since it began or since `forget_most_memory`."""
    return _status(process, "VmHWM")


def memory(process: int) -> int:
    """The memory, in bytes, that it holds now."""
    return _status(process, "VmRSS")


def forget_most_memory(process: int) -> None:
    """Let the most that it holds be what it holds now."""
    Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")


def _status(process: int, name: str) -> int:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)
