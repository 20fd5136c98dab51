"""The folder in which one installation keeps everything: databases, secrets, logs, files.

lock            held by the supervisor and by every server it started, so it is free only when
                nothing of the last run lives any more
secrets.json    passwords and keys, made once (0600)
running.json    process, address and environment of the run that holds the lock (0600)
postgres redis broker   what the embedded servers keep
sockets         their Unix sockets; elsewhere if the path is too long for one
files           ERPBRIDGE_STATE: what the application itself keeps
logs            one file per server
"""

import base64
import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from erpbridge.supervisor import Refusal, places, say

PATIENCE = 30  # seconds that the servers of a killed run get to stop
SOCKET_PATH = re.compile(r"[A-Za-z0-9_./-]{1,80}")  # fits sun_path, and needs no escaping in a URL
ELSEWHERE = "sockets-elsewhere"  # names the folder of sockets that is not inside


class State:
    """One state folder; `with state.held():` makes this process its only supervisor."""

    def __init__(self, path: Path, owner: places.Account | None) -> None:
        self.path = path
        self.owner = owner
        self._lock: int | None = None

    @property
    def name(self) -> str:
        return self.path.name

    def folder(self, name: str) -> Path:
        """A folder inside that belongs to the servers' account alone; made when missing."""
        folder = self.path / name
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            places.give(folder, self.owner)
        return folder

    # --- one supervisor at a time -----------------------------------------------------------------

    @property
    def lock(self) -> int:
        """The open lock file, for servers to inherit."""
        if self._lock is None:
            raise RuntimeError("The state folder is not held.")
        return self._lock

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the folder, or says who does. Waits for servers that a killed run left to stop."""
        self.path.mkdir(parents=True, exist_ok=True)
        # Servers have to pass through it, but only root and they may look inside.
        self.path.chmod(0o711 if self.owner else 0o700)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(lock)
            self._lock = lock
            (self.path / "running.json").unlink(missing_ok=True)
            yield
        finally:
            if self._lock is not None:
                (self.path / "running.json").unlink(missing_ok=True)
                _remove_sockets_elsewhere(self.path)
            self._lock = None
            os.close(lock)

    def _take(self, lock: int) -> None:
        deadline = time.monotonic() + PATIENCE
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                pass
            run = self.running()
            if run and _alive(run["pid"]):
                raise Refusal(
                    f"{self.name} is running already, in {self.path}, as process {run['pid']}"
                    + (f", at {run['url']}" if run["url"] else "")
                    + ". Stop that one first (Ctrl-C in its terminal)."
                )
            if time.monotonic() > deadline:
                raise Refusal(
                    f"Somebody still works in {self.path}: another ./run manage, or servers of a "
                    f"killed run (`fuser {self.path / 'lock'}` names them). Try again afterwards."
                )
            if run and not told:
                say("The last run was killed; waiting until its servers have stopped …")
                told = True
            time.sleep(0.1)

    def running(self) -> dict[str, Any] | None:
        """What the run that holds the folder wrote down of itself; None: nothing there."""
        try:
            found: dict[str, Any] = json.loads((self.path / "running.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def is_held(self) -> bool:
        """Whether a supervisor or one of its servers is alive in here."""
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def live_run(self) -> dict[str, Any] | None:
        """What a supervisor that is up wrote down of itself."""
        run = self.running() if self.is_held() else None
        return run if run and _alive(run["pid"]) else None

    def announce(self, url: str, environment: dict[str, str]) -> None:
        """Writes down what `./run operator` and `./run manage` need to reach this run."""
        run = {"pid": os.getpid(), "url": url, "environment": environment}
        _write_private(self.path / "running.json", json.dumps(run))

    # --- secrets ----------------------------------------------------------------------------------

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Passwords and keys of this installation, made at its first start."""
        file = self.path / "secrets.json"
        if not file.exists():
            made = {
                "postgres": secrets.token_urlsafe(32),
                "erpbridge": secrets.token_urlsafe(32),
                "ERPBRIDGE_SECRET_KEY": secrets.token_urlsafe(64),
                # A Fernet key.
                "ERPBRIDGE_ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            }
            _write_private(file, json.dumps(made, indent=1))
        kept: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return kept

    # --- sockets ----------------------------------------------------------------------------------

    @cached_property
    def sockets(self) -> Path:
        """A folder, closed to others, whose path is short enough for a Unix socket."""
        inside = self.path / "sockets"
        if SOCKET_PATH.fullmatch(str(inside)):
            return self.folder("sockets")
        # Elsewhere, under a name that nobody can foresee; the one of the last run goes.
        _remove_sockets_elsewhere(self.path)
        made = places.give(Path(tempfile.mkdtemp(prefix="erpbridge-s-", dir="/tmp")), self.owner)
        (self.path / ELSEWHERE).write_text(str(made), encoding="utf-8")
        return made


def _remove_sockets_elsewhere(state: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree((state / ELSEWHERE).read_text(encoding="utf-8"))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_private(file: Path, text: str) -> None:
    """Writes the file whole or not at all, readable by its owner alone."""
    half = file.with_suffix(".half")
    half.unlink(missing_ok=True)
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    half.rename(file)


def kept(name: str) -> State:
    """The state of this checkout's `demo`, `serve` or `bench`."""
    return State(places.make_home() / name, places.account())


@contextmanager
def thrown_away(purpose: str) -> Iterator[State]:
    """A held state folder that is deleted at the end; also clears away what killed runs left."""
    below = Path(tempfile.gettempdir())
    if places.is_root() and not places.open_to_others(below):
        below = places.make_home()
    prefix = f"erpbridge-{purpose}-"
    _sweep(below, prefix)
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=below))
    try:
        state = State(path, places.account())
        with state.held():
            yield state
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _sweep(below: Path, prefix: str) -> None:
    """Deletes our throw-away folders whose lock nobody holds, unless they were just made."""
    for left in below.glob(f"{prefix}*"):
        try:
            status = left.lstat()
            if status.st_uid != os.geteuid() or time.time() - status.st_mtime < 60:
                continue
            lock = os.open(left / "lock", os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_sockets_elsewhere(left)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
