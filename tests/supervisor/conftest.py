"""A folder in which root's servers can work too, and `./run` as people call it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from erpbridge.supervisor import places, state
from erpbridge.supervisor.stack import Stack

HOLD_AND_LEAVE = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX)"


@pytest.fixture
def home() -> Iterator[Path]:
    """An ERPBRIDGE_HOME with a name that is easy to get wrong. (pytest's own temporary folders
    are closed to other accounts.)"""
    outer = Path(tempfile.mkdtemp(prefix="erpbridge-home-"))
    outer.chmod(0o755)
    yield outer / "Büro & Co's state"
    shutil.rmtree(outer)


@pytest.fixture
def stack() -> Iterator[Stack]:
    """Nothing started yet, on a state that is thrown away."""
    with state.thrown_away("part") as where, Stack(where, "http://localhost:8000") as empty:
        yield empty


class Run:
    """One `./run …` in a terminal that we read."""

    def __init__(self, home: Path, *arguments: str) -> None:
        environment = {**os.environ, "ERPBRIDGE_HOME": str(home)}
        # The suite's own databases are not this one's.
        for name in ("DATABASE_URL", "REDIS_URL", "ERPBRIDGE_STATE", "ERPBRIDGE_BASE_URL"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [str(places.CHECKOUT / "run"), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.seen = ""

    def until(self, words: str) -> str:
        """Reads up to the line with these words; that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen += line
            if words in line:
                return line
        pytest.fail(f"{words!r} never came. What came:\n{self.seen}")

    def ends(self) -> int:
        """Waits for the end; the exit status."""
        rest, _ = self.process.communicate(timeout=60)
        self.seen += rest
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


@pytest.fixture
def run(home: Path) -> Iterator[Callable[..., Run]]:
    """`run("serve")` is `./run serve` with everything kept in `home`; none outlives the test."""
    runs: list[Run] = []

    def start(*arguments: str) -> Run:
        runs.append(Run(home, *arguments))
        return runs[-1]

    yield start
    for each in runs:
        each.kill()
    for state_folder in home.glob("*/lock"):
        wait_until_nobody_holds(state_folder.parent)


def wait_until_nobody_holds(state_folder: Path) -> None:
    """Every server of an installation holds its lock, so a free lock means that all are gone."""
    command = [sys.executable, "-c", HOLD_AND_LEAVE, str(state_folder / "lock")]
    subprocess.run(command, check=True, timeout=30)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Returns as soon as the condition holds; fails when it never does."""
    deadline = time.monotonic() + seconds
    never = Event()
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        never.wait(0.05)
