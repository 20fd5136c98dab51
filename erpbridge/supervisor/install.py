"""Makes .venv what a lock file says, then becomes the supervisor inside it.

Runs on the machine's own Python, before any package is there. `demo`, `serve`, `story`, `operator`
and `manage` need requirements/run.lock; `test`, `simulate`, `check` and `bench` need
requirements/dev.lock, which holds everything of the first at the same versions. A finished
environment carries a stamp with the lock's checksum and the Python it was made with; while the
stamp fits, nothing is installed and no network is needed.
"""

import fcntl
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from erpbridge.supervisor import Refusal, places, say, usage

FOR_DEVELOPERS = {"test", "simulate", "check", "bench"}


def stamp(lock: str, target: Path) -> str:
    """What an environment with this lock says of itself: set, checksum, and the Python below it."""
    digest = hashlib.sha256(lock_file(lock).read_bytes()).hexdigest()
    return f"{lock} {digest} {os.path.realpath(target / 'bin' / 'python')}"


def lock_file(lock: str) -> Path:
    return places.CHECKOUT / "requirements" / f"{lock}.lock"


def locked_names(lock: str) -> set[str]:
    names = re.findall(r"^([A-Za-z0-9._-]+)==", lock_file(lock).read_text("utf-8"), re.MULTILINE)
    return {normal(name) for name in names}


def normal(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def fits(lock: str, target: Path) -> bool:
    """Whether the environment is finished and has at least the packages of this lock."""
    return stamp_found(target) in {stamp(lock, target), stamp("dev", target)}


def stamp_found(target: Path) -> str:
    """The stamp of a finished environment whose Python is still there; '' otherwise."""
    try:
        (target / "bin" / "python").stat()
        return (target / "installed").read_text(encoding="utf-8")
    except OSError:
        return ""


@contextmanager
def alone() -> Iterator[int]:
    """Waits until nobody else installs for this checkout; the lock, for pip to hold as well: it may
    outlive a killed `./run`."""
    checkout = os.open(places.CHECKOUT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(checkout, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./run is installing the packages; waiting for it …")
            fcntl.flock(checkout, fcntl.LOCK_EX)
        yield checkout
    finally:
        os.close(checkout)


def pip(target: Path, held: int, *arguments: str | Path) -> None:
    # The machine's pip works on an environment that has none: Debian's Python cannot make one with.
    command = [sys.executable, "-m", "pip", "--python", str(target / "bin" / "python")]
    command += map(str, arguments)
    done = subprocess.run(command, pass_fds=(held,), check=False)  # noqa: S603
    if done.returncode:
        raise Refusal(
            "The packages could not be installed; pip's own words are above. "
            "Run the same command again once its complaint is settled (pip must be 22.3 or later)."
        )


def install(lock: str, target: Path, held: int) -> None:
    """Brings the environment to exactly the lock. It has no stamp until that is done."""
    if not stamp_found(target).endswith(f" {os.path.realpath(target / 'bin' / 'python')}"):
        # None yet, one cut short, or one whose Python was exchanged.
        shutil.rmtree(target, ignore_errors=True)
        venv.create(target, with_pip=False, symlinks=True)
    (target / "installed").unlink(missing_ok=True)
    names = locked_names(lock)
    say(f"Installing {len(names)} packages into {target} (once; about half a minute) …")
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-warn-script-location"]
    exact = ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
    pip(target, held, "install", *options, *exact, "-r", lock_file(lock))
    (packages,) = target.glob("lib/python*/site-packages")
    found = importlib.metadata.distributions(path=[str(packages)])
    strays = sorted({normal(each.metadata["Name"]) for each in found} - names)
    if strays:
        pip(target, held, "uninstall", "--quiet", "--yes", *strays)
    half = target / "installed.half"
    half.write_text(stamp(lock, target), encoding="utf-8")
    half.rename(target / "installed")


def ensure(lock: str) -> Path:
    """The Python of an environment that has at least the packages of this lock."""
    target = places.venv()
    if not fits(lock, target):
        with alone() as held:
            if not fits(lock, target):
                install(lock, target, held)
    return target / "bin" / "python"


def main(arguments: list[str]) -> None:
    command = arguments[0] if arguments else "help"
    if command not in usage.COMMANDS:
        say(usage.USAGE)
        sys.exit(0 if command in {"help", "-h", "--help"} else 2)
    if places.is_root():
        # Whatever the user's habit: the servers' account has to read the packages.
        os.umask(0o022)
    try:
        python = ensure("dev" if command in FOR_DEVELOPERS else "run")
    except Refusal as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit("Stopped. The next ./run installs the packages anew.")
    supervisor = [str(python), "-m", "erpbridge.supervisor", *arguments]
    os.execv(python, supervisor)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
