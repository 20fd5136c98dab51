"""A server whose disk takes its time to keep a commit, as one across a network does. Where the disk
of a machine is so fast that a commit is mostly reckoning, a ratio to bare commits says little."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from bench.database import template
from erpbridge.servers import database
from erpbridge.supervisor import state
from erpbridge.supervisor.postgres import Postgres
from erpbridge.supervisor.stack import Stack


@contextmanager
def slow_disk(microseconds: int) -> Iterator[None]:
    """While it lasts, databases are made on a server of their own, whose commits wait so much
    longer, whether others commit or not."""
    settings = connections["default"].settings_dict
    before, url = dict(settings), os.environ["DATABASE_URL"]
    waits = {"commit_delay": str(microseconds), "commit_siblings": "0", "shared_buffers": "512MB"}
    with state.thrown_away("bench") as where, Stack(where, "http://localhost:8000") as stack:
        server = Postgres(where, stack.setting, waits)
        stack.servers.append(server.server)
        server.start()
        os.environ["DATABASE_URL"] = server.url
        settings.update(database(server.url))
        try:
            with template():
                yield
        finally:
            connections.close_all()
            settings.update(before)
            os.environ["DATABASE_URL"] = url
