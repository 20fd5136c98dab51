"""`demo`, `serve` and `story`: a whole installation; `operator` and `manage`: commands in one."""

import os
import shlex
import sys
from pathlib import Path

from erpbridge.supervisor import Refusal, places, say, state
from erpbridge.supervisor.postgres import FORGETFUL
from erpbridge.supervisor.stack import Stack, Stopping, foreground, free_port, stop_on_signals
from erpbridge.supervisor.state import State

OTHERS = ("DATABASE_URL", "REDIS_URL")  # what people name instead of the embedded servers
# The people of the demo have no mailboxes: what would be mailed is shown to the operator.
NO_MAIL = {"EMAIL_URL": "page:"}
MANAGE = [sys.executable, "manage.py"]


def demo(port: int, sandbox: bool) -> int:
    """The demo company, with the stand-in ERPs unless a real one shall come."""
    return _keep_up(state.kept("demo"), port, demo_company=True, sandbox=sandbox)


def serve(port: int) -> int:
    """An installation that has only what its people enter."""
    return _keep_up(state.kept("serve"), port, demo_company=False, sandbox=False)


def _keep_up(where: State, wanted_port: int, demo_company: bool, sandbox: bool) -> int:
    _refuse_what_servers_cannot_run()
    stop_on_signals()
    try:
        with where.held():
            port = free_port(wanted_port)
            if port != wanted_port:
                say(f"Port {wanted_port} is taken; using {port}.")
            with Stack(where, f"http://localhost:{port}") as stack:
                if demo_company:
                    stack.environment |= NO_MAIL
                _start(stack, port, demo_company)
                pages = stack.start_sandboxes() if sandbox else {}
                _greet(stack, demo_company, pages)
                stack.watch()
    except Stopping:
        say("Stopped.")
    return 0


def _start(stack: Stack, port: int, demo_company: bool) -> None:
    say("Starting …")
    stack.start_databases()
    stack.state.announce(stack.base_url, stack.environment)
    stack.prepare(*([stack.load_demo()] if demo_company else []))
    stack.start_application(port)


def _greet(stack: Stack, demo_company: bool, pages: dict[str, str]) -> None:
    say(f"\nERP Bridge answers at {stack.base_url}\n")
    if demo_company:
        stack.setting.run([*MANAGE, "load_demo", "--print"])
    else:
        home = os.environ.get("ERPBRIDGE_HOME")
        prefix = f"ERPBRIDGE_HOME={shlex.quote(home)} " if home else ""
        say(f"The first operator: {prefix}./run operator EMAIL, in another terminal.")
    for erp, page in pages.items():
        say(f"\nThe stand-in for {erp} (it is not {erp}) shows itself at {page}")
    say(
        f"\nMessages go through {stack.broker_words}.\n"
        f"Data and logs: {stack.state.path}\n"
        "Ctrl-C stops everything; the data stays."
    )


def story(erp: str) -> int:
    """The main job told line by line on a stack of its own, which is thrown away afterwards."""
    _refuse_what_servers_cannot_run()
    stop_on_signals()
    try:
        with state.thrown_away("story") as where:
            port = free_port(8100)
            say("Starting …")
            with Stack(where, f"http://localhost:{port}") as stack:
                stack.environment |= NO_MAIL
                stack.start_databases(FORGETFUL)
                stack.prepare(stack.load_demo())
                stack.start_application(port)
                stack.start_sandboxes()
                command = [*MANAGE, "story", "--erp", erp, "--base-url", stack.base_url]
                status = foreground(command, stack.environment)
                if status:
                    # The logs are thrown away with everything else.
                    for server in stack.servers:
                        if server.name in {"web", "worker", "sandbox", "spectrum"}:
                            said = server.last_lines(30)
                            say("\n".join([f"\nLast words of {server.name}:", *said]))
                return status
    except Stopping:
        say("Stopped.")
        return 130


def manage(arguments: list[str]) -> int:
    """A management command on the installation that runs, else on the one there is."""
    return _manage(arguments, migrate=False)


def operator(arguments: list[str]) -> int:
    """Makes an operator, or a new one-time link for one; `arguments` of `manage.py operator`."""
    return _manage(["operator", *arguments], migrate=True)


def _manage(arguments: list[str], migrate: bool) -> int:
    where = _installation()
    sys.stderr.write(f"({where.path})\n")
    run = where.live_run()
    if run:
        named = {name: os.environ[name] for name in OTHERS if name in os.environ}
        return foreground([*MANAGE, *arguments], run["environment"] | named)
    stop_on_signals()
    try:
        with where.held(), Stack(where, "http://localhost:8000") as stack:
            stack.start_databases()
            if migrate:
                stack.manage("migrate", "--no-input")
            return foreground([*MANAGE, *arguments], stack.environment)
    except Stopping:
        return 130


def _installation() -> State:
    """Which one a command means: the running one, else the one without demo data, if it exists."""
    serve, demo = state.kept("serve"), state.kept("demo")
    for candidate in (serve, demo):
        if candidate.is_held():
            return candidate
    return demo if demo.path.exists() and not serve.path.exists() else serve


def _refuse_what_servers_cannot_run() -> None:
    if places.is_root() and not places.open_to_others(Path(os.__file__)):
        raise Refusal(
            f"The servers never run as root, and other accounts cannot enter {sys.base_prefix}, "
            "where Python is. Install one for all (Debian: apt-get install python3 python3-pip), "
            f"delete {places.venv()} and try again."
        )
