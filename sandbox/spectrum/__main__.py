"""Run the stand-in for Viewpoint Spectrum as a process. It is not Spectrum.

    python -m sandbox.spectrum --state var/spectrum --seed harbor.json --info-link-port 1433

The company is kept in ``company.spectrum`` in the state folder; the seed (which `ByHand.load`
reads, with ``code`` and ``name`` of the company) fills one that is not there yet. The address of
the page is written to ``control.url`` beside it.
"""

from __future__ import annotations

import argparse
import json
import signal
import socketserver
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from secrets import token_urlsafe

from sandbox.spectrum import control, server, tds
from sandbox.spectrum.company import SpectrumCompany

COMPANY_NAME, ADDRESS_NAME = "company.spectrum", "control.url"
PORT, CONTROL_PORT = 8482, 8792


def open_company(state: Path, seed: Path | None) -> SpectrumCompany:
    """The company of a state folder, made from the seed if it is not there yet."""
    path = state / COMPANY_NAME
    if path.exists() or seed is None:
        return SpectrumCompany(path)
    told = json.loads(seed.read_text(encoding="utf-8"))
    company = SpectrumCompany(path, code=told["code"], name=told["name"])
    company.load(told)
    return company


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line; ends the process with a usage message when it does not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.spectrum",
        description="A stand-in for Viewpoint Spectrum. Not Spectrum.",
    )
    parser.add_argument("--state", required=True, type=Path, help="folder of the company")
    parser.add_argument("--seed", type=Path, help="JSON with the lists of a new company")
    parser.add_argument("--port", type=int, default=PORT, help="port of the services; 0: any")
    parser.add_argument(
        "--control-port", type=int, default=CONTROL_PORT, help="port of the page; 0: any"
    )
    parser.add_argument(
        "--info-link-port", type=int, help="port of Info-Link; 0: any; without it there is none"
    )
    return parser.parse_args(arguments)


def say(text: str) -> None:
    """A line for whoever watches the process."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Run until SIGTERM or Ctrl-C."""
    options = options_of(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    company = open_company(options.state, options.seed)
    services = server.serve(company, options.port)
    address = f"http://{server.ADDRESS}:{services.server_port}"
    servers: list[socketserver.BaseServer] = [services]
    info_link = ""
    if options.info_link_port is not None:
        if company.info_link_user is None:
            company.open_info_link("reader", token_urlsafe(12))
        beside = tds.serve(company, options.info_link_port)
        info_link = f"sql+plain://{server.ADDRESS}:{beside.server_address[1]}"
        servers.append(beside)
    page = control.serve(company, address, options.control_port, info_link)
    servers.append(page)
    for each in servers:
        threading.Thread(target=each.serve_forever, daemon=True).start()
    own_address = f"http://{server.ADDRESS}:{page.server_port}/"
    say(f"Stand-in for Spectrum (not Spectrum), company {company.code}, answers at {address}")
    say(f"What it holds, and its faults: {own_address}")
    if info_link:
        say(f"Its Info-Link (a stand-in, too): {info_link}")
    (options.state / ADDRESS_NAME).write_text(f"{own_address}\n", encoding="utf-8")
    stop.wait()
    for each in servers:
        each.shutdown()
        each.server_close()
    company.close()
    say("The stand-in for Spectrum has stopped.")


if __name__ == "__main__":
    main(sys.argv[1:])
