"""A day in the life of `./run serve`: real servers, in a folder of their own."""

import os
import shlex
import signal
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from erpbridge.supervisor.stack import healthy
from tests.supervisor.conftest import wait_for, wait_until_nobody_holds


@contextmanager
def somebody_on_a_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield somebody.getsockname()[1]


def status_of(page: str) -> int:
    with urllib.request.urlopen(page, timeout=10) as answer:
        return int(answer.status)


def address_in(line: str) -> str:
    return line.split()[-1]


def processes_of(folder: Path) -> list[str]:
    """The command lines of whatever runs with this folder in its arguments or its environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in command + environment:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_the_port_is_taken_the_computer_is_switched_off_and_on_again(home, run):
    with somebody_on_a_port() as taken:
        first = run("serve", "--port", str(taken))
        assert f"Port {taken} is taken; using" in first.until("is taken")
        address = address_in(first.until("answers at"))
        told = first.until("The first operator")
    assert f"ERPBRIDGE_HOME={shlex.quote(str(home))} ./run operator" in told, "of this one"
    assert status_of(f"{address}/health/live/") == 200

    # Otto, in another terminal, has forgotten that it runs.
    second = run("serve")
    assert second.ends() == 1
    assert "running already" in second.seen
    assert address in second.seen
    assert status_of(f"{address}/health/live/") == 200

    # What a command stores is there after the worst end there is, and nothing outlives it.
    made = run("operator", "otto@installation.example", "--name", "Otto Orr")
    assert made.ends() == 0, made.seen
    assert f"{address}/accounts/password/reset/key/" in made.seen
    asked = run("manage", "shell", "--no-imports", "-c", REMEMBER)
    assert asked.ends() == 0, asked.seen
    first.kill()
    wait_until_nobody_holds(home / "serve")
    assert processes_of(home / "serve") == []

    # Without a running one, a command starts the database for its own time.
    asked = run("manage", "shell", "--no-imports", "-c", RECALL)
    assert asked.ends() == 0, asked.seen
    assert "remembered" in asked.seen

    again = run("serve", "--port", "18100")
    address = address_in(again.until("answers at"))
    assert status_of(f"{address}/health/live/") == 200
    again.process.send_signal(signal.SIGTERM)
    assert again.ends() == 0
    assert again.seen.endswith("Stopped.\n")
    assert processes_of(home / "serve") == []


REMEMBER = """
from django.contrib.sessions.models import Session
from django.utils import timezone
Session.objects.create(session_key="remembered", session_data="", expire_date=timezone.now())
"""
RECALL = """
from django.contrib.sessions.models import Session
print(Session.objects.get().session_key)
"""


def test_a_web_server_that_dies_is_started_again(run):
    serve = run("serve", "--port", "18200")
    address = address_in(serve.until("answers at"))
    serve.until("Ctrl-C")
    (server,) = (
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if parent_of(process) == serve.process.pid and b"granian" in command_of(process)
    )
    os.kill(server, signal.SIGKILL)
    assert "starting it again" in serve.until("web ended unexpectedly (signal SIGKILL)")
    wait_for(lambda: healthy(int(address.rpartition(":")[2])))
    serve.process.send_signal(signal.SIGINT)
    assert serve.ends() == 0


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def command_of(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
