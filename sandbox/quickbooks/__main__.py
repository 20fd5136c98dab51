"""Run the stand-in for QuickBooks Desktop and its Web Connector as a process. It is not QuickBooks.

    python -m sandbox.quickbooks var/sandbox
    python -m sandbox.quickbooks --file var/meridian.qbw --seed meridian.json --qwc bridge.qwc \\
        --password-file var/password

The first form waits for ``sandbox.json`` in the folder (or for the file that is named):

    {"qwc": {"url": "…", "user": "…", "owner_id": "{…}", "file_id": "{…}"}, "password": "…",
     "company_file": "meridian.qbw", "company_name": "…", "seed": "meridian.json",
     "every": 3, "port": 8790}

``qwc`` may also be the path of a .qwc file. Paths are relative to the file; ``seed`` (which
`CompanyFile.load` reads) fills a company file that is not there yet. When the file is written
again, it is read again before the next poll.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sandbox.own_page import ADDRESS
from sandbox.quickbooks.company_file import CompanyFile, load_seed
from sandbox.quickbooks.control import serve
from sandbox.quickbooks.faults import Faults
from sandbox.quickbooks.polling import Poller, Session
from sandbox.quickbooks.qwc import Qwc
from sandbox.quickbooks.web_connector import WebConnector

CONFIG_NAME = "sandbox.json"
EVERY, PORT = 3.0, 8790


@dataclass(frozen=True, slots=True)
class Config:
    """What the process is told."""

    qwc: Qwc
    password: str
    company_file: Path
    company_name: str
    seed: Path | None
    every: float
    port: int

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the JSON file described above; KeyError or ValueError when it does not hold."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        folder, qwc = path.parent, values["qwc"]
        return cls(
            qwc=Qwc(**qwc) if isinstance(qwc, dict) else Qwc.read(folder / qwc),
            password=values["password"],
            company_file=folder / values["company_file"],
            company_name=values.get("company_name", "Demo Company"),
            seed=folder / values["seed"] if values.get("seed") else None,
            every=float(values.get("every", EVERY)),
            port=int(values.get("port", PORT)),
        )

    @classmethod
    def from_options(cls, options: argparse.Namespace) -> Self:
        """Take the configuration from the command line."""
        return cls(
            qwc=Qwc.read(Path(options.qwc)),
            password=Path(options.password_file).read_text(encoding="utf-8").strip(),
            company_file=Path(options.file),
            company_name=options.company_name,
            seed=Path(options.seed) if options.seed else None,
            every=options.every,
            port=options.control_port,
        )

    def open_company_file(self) -> CompanyFile:
        """The company file, made from the seed if it is not there yet."""
        if self.company_file.exists():
            return CompanyFile(self.company_file)
        company = CompanyFile.create(self.company_file, company_name=self.company_name)
        if self.seed:
            company.load(load_seed(self.seed))
        return company


def say(text: str) -> None:
    """A line for whoever watches the process."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Process:
    """The poller and its control server, begun anew when the configuration file changes."""

    def __init__(self, path: Path | None, config: Config | None) -> None:
        self._path = path
        self._config = config
        self._read_at = 0
        self._stop = threading.Event()
        self._poller: Poller | None = None
        self._faults = Faults()

    def stop(self, *_: object) -> None:
        """Let `run` end."""
        self._stop.set()
        if self._poller:
            self._poller.stop()

    def run(self) -> None:
        """Wait for the configuration, then poll until `stop`."""
        if self._path and not self._path.exists():
            say(f"Waiting for {self._path}.")
        while not self._stop.is_set():
            config, self._config = self._config or self._read_again(), None
            if config:
                self._serve(config)
            else:
                self._stop.wait(0.5)
        say("The stand-in for QuickBooks has stopped.")

    def _serve(self, config: Config) -> None:
        """Poll and show the page until `stop`, or until there is a new configuration."""
        company_file = config.open_company_file()
        connector = WebConnector(config.qwc, config.password, company_file, faults=self._faults)
        poller = Poller(connector, config.every, on_session=self._after)
        if self._poller:
            poller.sessions.extend(self._poller.sessions)
        self._poller = poller
        server = serve(poller, config.port)
        address = f"http://{ADDRESS}:{server.server_port}/"
        if self._path:
            (self._path.parent / "control.url").write_text(f"{address}\n", encoding="utf-8")
        say(f"Stand-in for QuickBooks Desktop (not QuickBooks): {company_file.path}")
        say(f"What it holds, and its faults: {address}")
        say(f"Its Web Connector polls {config.qwc.url} every {config.every:g} s.")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            if not self._stop.is_set():
                poller.run()
        finally:
            server.shutdown()
            server.server_close()
            company_file.close()

    def _after(self, session: Session) -> None:
        result = session.result
        if result.outcome != "nothing to do":
            said = "; ".join([result.message, *result.refusals])
            say(
                f"{session.started:%H:%M:%S} {result.outcome}: {len(result.requests)} to"
                f" QuickBooks, {result.writes} of them writing. {said}"
            )
        if self._poller and (config := self._read_again()):
            say(f"{self._path} was written again.")
            self._config = config
            self._poller.stop()

    def _read_again(self) -> Config | None:
        """The configuration, if it comes from a file that is there, new, and holds."""
        if self._path is None:
            return None
        try:
            written_at = self._path.stat().st_mtime_ns
            if written_at == self._read_at:
                return None
            self._read_at = written_at
            return Config.read(self._path)
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as error:
            say(f"{self._path} cannot be used: {type(error).__name__}: {error}")
            return None


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line; ends the process with a usage message when it does not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.quickbooks",
        description="A stand-in for QuickBooks Desktop and its Web Connector. Not QuickBooks.",
    )
    parser.add_argument("where", nargs="?", help=f"folder with {CONFIG_NAME}, or that file")
    parser.add_argument("--config", help="the same")
    parser.add_argument("--file", help="the company file; made if it is not there")
    parser.add_argument("--company-name", default="Demo Company")
    parser.add_argument("--seed", help="JSON with vendors, customers and items for a new file")
    parser.add_argument("--qwc", help="the .qwc file of the application")
    parser.add_argument("--password-file", help="a file that holds the password")
    parser.add_argument("--every", type=float, default=EVERY, help="seconds between polls")
    parser.add_argument("--control-port", type=int, default=PORT, help="port of the page; 0: any")
    options = parser.parse_args(arguments)
    options.config = options.config or options.where
    if not options.config and not (options.file and options.qwc and options.password_file):
        parser.error(
            "give a folder or file with the configuration, or --file, --qwc and --password-file"
        )
    return options


def main(arguments: Sequence[str]) -> None:
    """Run until SIGTERM or Ctrl-C."""
    options = options_of(arguments)
    path = Path(options.config) if options.config else None
    if path and path.suffix != ".json":
        path = path / CONFIG_NAME
    process = Process(path, None if path else Config.from_options(options))
    signal.signal(signal.SIGTERM, process.stop)
    signal.signal(signal.SIGINT, process.stop)
    process.run()


if __name__ == "__main__":
    main(sys.argv[1:])
