"""Processes that live and die with the supervisor.

Each server is the leader of its own session, so Ctrl-C reaches the supervisor alone, which stops
them in order. If the supervisor itself is killed, the kernel ends them (PR_SET_PDEATHSIG, Linux).
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from erpbridge.supervisor import places, say

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 20_000_000  # bytes; a longer log becomes its only predecessor
LONGEST_PAUSE = 30.0  # seconds between two restarts of a server that keeps dying

LIBC = ctypes.CDLL(None)


def dies_with_us(death: signal.Signals) -> Callable[[], None]:
    """For Popen(preexec_fn=…): the child gets `death` when this process ends, however it ends."""
    parent = os.getpid()

    def bind() -> None:
        # Popen has changed user by now; a change of user afterwards would undo this.
        if hasattr(LIBC, "prctl"):
            LIBC.prctl(PR_SET_PDEATHSIG, death.value)
            if os.getppid() != parent:
                os._exit(1)

    return bind


@dataclass
class Setting:
    """What all processes of one run share."""

    folder: Path
    environment: Mapping[str, str]
    owner: places.Account | None
    lock: int

    def popen(
        self,
        command: Sequence[str | Path],
        death: signal.Signals = signal.SIGTERM,
        output: IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a process as the servers' account, bound to the life of this one."""
        owner = self.owner
        return subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
            pass_fds=(self.lock,),
            umask=0o077,
            preexec_fn=dies_with_us(death),
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=[] if owner else None,
        )

    def run(self, command: Sequence[str | Path], output: IO[bytes] | None = None) -> int:
        """Runs a process to its end; its exit status. If we are interrupted, it is ended too."""
        process = self.popen(command, output=output)
        try:
            return process.wait()
        finally:
            end(process, signal.SIGTERM, 5)


def end(process: subprocess.Popen[bytes], ask: signal.Signals, patience: float) -> None:
    """Asks a process to end, waits, then kills whatever is left of it and its children."""
    if process.poll() is None:
        process.send_signal(ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass
class Server:
    """One process that has to be up; started again, after a growing pause, when it dies."""

    name: str
    command: Sequence[str | Path]
    setting: Setting
    log: Path
    ask: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    pause: float = field(default=0.5, init=False)
    due: float = field(default=0.0, init=False)

    def start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = self.setting.popen(self.command, self.ask, log)
        self.started = time.monotonic()

    def watch(self) -> None:
        """Notices a death and says so; starts the server again when its pause is over."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        status = self.process.poll()
        if status is None:
            return
        end(self.process, signal.SIGKILL, 0)
        self.process = None
        self.pause = 0.5 if now - self.started > 60 else min(self.pause * 2, LONGEST_PAUSE)
        self.due = now + self.pause
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        say(
            f"{self.name} ended unexpectedly ({how}); starting it again in {self.pause:.0f} s. "
            f"Its log: {self.log}"
        )
        for line in self.last_lines(5):
            say(f"    {line}")

    def last_lines(self, count: int) -> list[str]:
        with contextlib.suppress(OSError):
            tail = self.log.read_bytes()[-10_000:].decode(errors="replace")
            return tail.splitlines()[-count:]
        return []

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, self.ask, self.patience)
            self.process = None
