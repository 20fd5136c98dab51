"""Where things lie, and as whom the servers run.

An ordinary user has everything inside the checkout, and the servers run as that user. For root they
run as an account without rights: `postgres` where it exists, else `nobody`. If that account cannot
enter the checkout (one below /root, say), state, packages and a copy of the code lie in
/var/lib/erpbridge instead. Permissions of folders that we did not make stay as they are.
"""

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from erpbridge.supervisor import Refusal

CHECKOUT = Path(__file__).resolve().parents[2]

# What is in a checkout but is no code: not copied to where the servers' account can read it.
NOT_CODE = (".*", "var", "__pycache__", "node_modules")


@dataclass(frozen=True)
class Account:
    """Who a server runs as."""

    uid: int
    gid: int
    name: str


def open_to_others(path: Path) -> bool:
    """Whether any account may reach `path` and read it, by the permission bits on the way."""
    way = path.resolve()
    try:
        doors = all(parent.stat().st_mode & stat.S_IXOTH for parent in way.parents)
        mode = way.stat().st_mode
    except OSError:
        return False
    needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return doors and mode & needed == needed


def is_root() -> bool:
    return os.geteuid() == 0


def apart() -> bool:
    """Whether root's servers cannot work in the checkout, because their account cannot enter it."""
    return is_root() and not (open_to_others(CHECKOUT) and open_to_others(CHECKOUT / "manage.py"))


def place_apart() -> Path:
    digest = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()
    return Path("/var/lib/erpbridge") / digest[:12]


def home() -> Path:
    """The folder of everything that `./run` keeps, databases included: ERPBRIDGE_HOME, else var."""
    chosen = os.environ.get("ERPBRIDGE_HOME")
    if chosen:
        return Path(chosen).resolve()
    return place_apart() if apart() else CHECKOUT / "var"


def venv() -> Path:
    return place_apart() / "venv" if apart() else CHECKOUT / ".venv"


def make_home() -> Path:
    """Makes the home folder, and refuses one that root's servers could not work in."""
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    if is_root() and not all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents):
        raise Refusal(
            f"The servers never run as root, and other accounts cannot enter {folder}. "
            "Set ERPBRIDGE_HOME to a folder below one that they can, such as /var/lib."
        )
    return folder


def account() -> Account | None:
    """Whom the servers run as; None: as the user who started `./run`.

    The choice is written down, because the files of a database belong to one account for good, and
    a package installed later may bring a `postgres` that was not there before.
    """
    if not is_root():
        return None
    record = make_home() / "account"
    if not record.exists():
        known = {entry.pw_name for entry in pwd.getpwall()}
        record.write_text("postgres" if "postgres" in known else "nobody", encoding="utf-8")
        record.chmod(0o644)
    name = record.read_text(encoding="utf-8").strip()
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Refusal(
            f"{record} says that the files belong to the account {name!r}, which is gone. "
            f"Bring it back, or delete {record.parent} and with it all data."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, name)


def package(name: str, file: str) -> Path | None:
    """A file of an installed package, found without importing the package; None: not here."""
    spec = find_spec(name)
    for folder in spec.submodule_search_locations or () if spec else ():
        if (Path(folder) / file).exists():
            return Path(folder) / file
    return None


def give(path: Path, owner: Account | None) -> Path:
    """Hands a file or folder that we made to the servers' account."""
    if owner is not None:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    return path


def code(copy: Path) -> Path:
    """The folder the servers run in: the checkout, or a fresh copy that their account can read."""
    if not apart():
        return CHECKOUT
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(*NOT_CODE), symlinks=True)
    for folder, _, files in os.walk(copy):
        os.chmod(folder, 0o755)  # noqa: S103
        for name in files:
            if not os.path.islink(os.path.join(folder, name)):
                os.chmod(os.path.join(folder, name), 0o644)
    return copy
