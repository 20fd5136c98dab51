"""Everything one installation runs: PostgreSQL, Redis, web, worker, beat, stand-in ERPs."""

import errno
import fcntl
import hashlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from erpbridge.supervisor import Refusal, broker, places, processes, say
from erpbridge.supervisor.children import Server, Setting, dies_with_us
from erpbridge.supervisor.postgres import Postgres
from erpbridge.supervisor.state import State

# What servers get to see of the environment that ./run was started in.
PASSED_ON = {"PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE"}
PASSED_ON_PREFIXES = ("ERPBRIDGE_", "EMAIL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
SIGNALS_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READY_WITHIN = 120  # seconds that the application gets to answer for the first time


class Stopping(BaseException):
    """Somebody asked the supervisor to stop: Ctrl-C, SIGTERM, or the terminal went away."""


def stop_on_signals() -> None:
    """From now on a signal to stop becomes `Stopping`. A second one leaves at once; the kernel then
    ends the servers."""

    def asked(_number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS_TO_STOP:
            signal.signal(each, lambda _number, _frame: os._exit(1))
        raise Stopping

    for each in SIGNALS_TO_STOP:
        signal.signal(each, asked)


class Stack:
    """Starts what is asked for, in order; on leaving `with`, stops it in the reverse order.

    `base_url` is where people and ERPs reach the application. The state has to be held.
    """

    def __init__(self, state: State, base_url: str) -> None:
        self.state = state
        self.base_url = base_url
        (state.path / "logs").mkdir(exist_ok=True)
        files = str(state.folder("files"))
        # Of this installation: what the application needs. `Setting` adds what a process needs.
        self.environment = {
            name: os.environ.get(name, state.secrets[name])
            for name in ("ERPBRIDGE_SECRET_KEY", "ERPBRIDGE_ENCRYPTION_KEYS")
        } | {
            "ERPBRIDGE_BASE_URL": os.environ.get("ERPBRIDGE_BASE_URL", base_url),
            "ERPBRIDGE_STATE": files,
            "DJANGO_SETTINGS_MODULE": "erpbridge.settings",
        }
        passed = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED_ON or name.upper().startswith(PASSED_ON_PREFIXES)
        }
        self._basics = {**passed, "HOME": files, "PYTHONUNBUFFERED": "1"}
        self.folder = places.code(state.path / "code")
        self.servers: list[Server] = []
        self.broker_words = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in reversed(self.servers):
            server.stop()

    @property
    def files(self) -> Path:
        """Where the application keeps its files, and the demo those of its stand-ins."""
        return Path(self.environment["ERPBRIDGE_STATE"])

    @property
    def setting(self) -> Setting:
        """How servers run: as the account without rights, with a small environment."""
        environment = self._basics | self.environment
        return Setting(self.folder, environment, self.state.owner, self.state.lock)

    def start(self, server: Server) -> None:
        self.servers.append(server)
        server.start()

    # --- databases --------------------------------------------------------------------------------

    def start_databases(self, options: Mapping[str, str] | None = None) -> None:
        """PostgreSQL and Redis, unless DATABASE_URL and REDIS_URL name others."""
        if os.environ.get("DATABASE_URL"):
            self.environment["DATABASE_URL"] = os.environ["DATABASE_URL"]
        else:
            postgres = Postgres(self.state, self.setting, dict(options or {}))
            self.servers.append(postgres.server)
            postgres.start()
            self.environment["DATABASE_URL"] = postgres.url
        chosen = broker.choose(self.state, self.setting)
        self.environment |= chosen.environment
        self.broker_words = chosen.words
        if chosen.server:
            self.start(chosen.server)

    # --- the application --------------------------------------------------------------------------

    def prepare(self, *commands: Sequence[str]) -> None:
        """Brings tables and static files up to date, then runs further management commands."""
        collecting = StaticFiles(self)
        for command in (["migrate", "--no-input"], *commands):
            self.manage(*command)
        collecting.finish()

    def manage(self, *arguments: str) -> None:
        """Runs one management command as the servers' account; what it says goes to a log."""
        log = self.log("setup")
        with log.open("ab") as output:
            status = self.setting.run([sys.executable, "manage.py", *arguments], output)
        if status:
            last = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-15:])
            raise Refusal(f"{last}\nmanage.py {arguments[0]} failed; the whole of it: {log}")

    def start_application(self, port: int) -> None:
        """Web, worker and beat; returns when the web server answers."""
        self.start(self.server("web", processes.web("127.0.0.1", port), patience=15))
        complaint = f"The application does not answer on port {port}."
        self.wait_until(lambda: healthy(port), complaint, "web")
        self.start(self.server("worker", processes.worker()))
        self.start(self.server("beat", processes.beat()))

    def load_demo(self) -> list[str]:
        """The management command that loads the demo. The stand-in for Spectrum may be called from
        now on, at the address that it had before; the first time at a free port, and seldom at one
        that another demo has, which does not run just now. Its Info-Link answers at the port behind
        that: what is typed on the connection's page holds the next time, too."""
        known = self.files / "spectrum" / "address"
        address = (
            known.read_text(encoding="utf-8")
            if known.exists()
            else f"http://127.0.0.1:{free_port(8482 + 2 * secrets.randbelow(500))}"
        )
        beside = f"sql+plain://127.0.0.1:{_port_of(address) + 1}"
        allowed = os.environ.get("ERPBRIDGE_ALLOWED_ERP_ORIGINS", "")
        self.environment["ERPBRIDGE_ALLOWED_ERP_ORIGINS"] = f"{allowed} {address} {beside}".strip()
        return ["load_demo", "--spectrum", address]

    def start_sandboxes(self) -> dict[str, str]:
        """Starts the stand-ins of a demo that is loaded: the ERP -> the address of its own page."""
        commands = {"QuickBooks": ("sandbox", processes.quickbooks(self.files / "sandbox"))}
        known = self.files / "spectrum" / "address"
        if known.exists():  # a demo of an older version has none
            port = _port_of(known.read_text(encoding="utf-8"))
            if free_port(port) == port:
                beside = port + 1 if free_port(port + 1) == port + 1 else None
                command = processes.spectrum(self.files / "spectrum", port, beside)
                commands["Spectrum"] = ("spectrum", command)
            else:
                say(f"Port {port} is taken, so the stand-in for Spectrum is left away for now.")
        pages = {erp: self.files / name / "control.url" for erp, (name, _) in commands.items()}
        for page in pages.values():
            page.unlink(missing_ok=True)
        for name, command in commands.values():
            self.start(self.server(name, command))
        for erp, page in pages.items():
            complaint = f"The stand-in for {erp} does not start."
            self.wait_until(page.exists, complaint, commands[erp][0])
        return {erp: page.read_text(encoding="utf-8").strip() for erp, page in pages.items()}

    def server(self, name: str, module: Sequence[str], patience: float = 10) -> Server:
        command = [sys.executable, "-m", *module]
        return Server(name, command, self.setting, self.log(name), patience=patience)

    def log(self, name: str) -> Path:
        return self.state.path / "logs" / f"{name}.log"

    def wait_until(self, ready: Callable[[], bool], complaint: str, server: str) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not ready():
            self.watch_once()
            if time.monotonic() > deadline:
                raise Refusal(f"{complaint} {self.log(server)} may say why.")
            time.sleep(0.05)

    def watch_once(self) -> None:
        for server in self.servers:
            server.watch()

    def watch(self) -> None:
        """Keeps everything running until a signal comes."""
        while True:
            self.watch_once()
            time.sleep(0.5)


def _port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


class StaticFiles:
    """Style sheets and scripts, hashed and compressed, beside the state of this checkout.

    They are collected anew only when a file under static/, the packages or the settings changed;
    that takes seconds, so it runs while the caller does something else, until `finish`.
    """

    def __init__(self, stack: Stack) -> None:
        self.all = places.make_home() / "static"
        self.all.mkdir(exist_ok=True)
        self.collected = self.all / self._checksum()
        self.link = stack.files / "static"
        self.process: subprocess.Popen[bytes] | None = None
        if self.collected.is_dir():
            return
        self.log = stack.log("static")
        self.half = places.give(Path(tempfile.mkdtemp(dir=self.all)), stack.state.owner)
        setting = stack.setting
        setting.environment = {**setting.environment, "ERPBRIDGE_STATE": str(self.half)}
        with self.log.open("wb") as output:
            command = [sys.executable, "manage.py", "collectstatic", "--no-input"]
            self.process = setting.popen(command, output=output)

    def _checksum(self) -> str:
        checksum = hashlib.sha256((places.venv() / "installed").read_bytes())
        checksum.update((places.CHECKOUT / "erpbridge" / "settings.py").read_bytes())
        for file in sorted((places.CHECKOUT / "static").rglob("*")):
            if file.is_file():
                checksum.update(os.fsencode(file))
                checksum.update(file.read_bytes())
        return checksum.hexdigest()[:16]

    def finish(self) -> None:
        if self.process is not None:
            status = self.process.wait()
            if status:
                raise Refusal(f"The static files could not be collected: {self.log} says why.")
            try:
                (self.half / "static").rename(self.collected)
            except OSError:
                # Another run was faster.
                if not self.collected.is_dir():
                    raise
            shutil.rmtree(self.half)
            self._forget_old_ones()
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(self.collected)

    def _forget_old_ones(self) -> None:
        """Keeps the three newest, and what an installation is linked to."""
        linked = {link.resolve() for link in places.home().glob("*/files/static")}
        by_age = sorted(self.all.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in by_age[:-3]:
            if old.resolve() not in linked:
                shutil.rmtree(old, ignore_errors=True)


def healthy(port: int) -> bool:
    """Whether the application answers on this port, and reaches its database."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        # As the proxy does that an https address stands for; else the answer is a redirect.
        headers = {"Host": f"localhost:{port}", "X-Forwarded-Proto": "https"}
        connection.request("GET", "/health/live/", headers=headers)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port(first: int) -> int:
    """The first port from `first` on that nobody listens on, for IPv4 and IPv6 alike: a browser
    that looks for `localhost` may try either. Until this process ends, it is given to no other
    run, though nobody may listen there yet."""
    for port in range(first, min(first + 100, 65536)):
        if all(_free(family, host, port) for family, host in LOOPBACKS) and _is_ours(port):
            return port
    raise Refusal(f"No port from {first} to {first + 99} is free; name another with --port.")


LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


_ours: dict[int, int] = {}  # port -> the lock on it


def _is_ours(port: int) -> bool:
    """Whether no other run on this machine was given the port and has yet to listen there."""
    if port not in _ours:
        path = Path(tempfile.gettempdir()) / f"erpbridge-port-{port}"
        try:
            lock = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError:
            return True  # somebody else's file that may not be opened: as without it
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        _ours[port] = lock
    return True


def _free(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            candidate.bind((host, port))
    except PermissionError as error:
        raise Refusal(f"Port {port} is not allowed to you; name one from 1024 on.") from error
    except OSError as error:
        # A machine without IPv6 cannot have anybody listening on it.
        return family == socket.AF_INET6 and error.errno != errno.EADDRINUSE
    return True


def foreground(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs a command as the caller, on the caller's terminal, in the checkout; its exit status.

    Ctrl-C reaches it directly, and what it then does is waited for; SIGTERM is passed on.
    """
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=places.CHECKOUT,
        env={**os.environ, **environment},
        preexec_fn=dies_with_us(signal.SIGTERM),
    )
    before = {each: signal.getsignal(each) for each in SIGNALS_TO_STOP}
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda _number, _frame: process.terminate())
    try:
        status = process.wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return status if status >= 0 else 128 - status
