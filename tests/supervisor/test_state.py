"""Ports, folders and locks."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from erpbridge.supervisor import Refusal, places, state
from erpbridge.supervisor.stack import free_port


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_port_that_somebody_listens_on_is_passed_over(family, host):
    try:
        somebody = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {family.name}, so nobody can listen there")
    with somebody:
        taken = somebody.getsockname()[1]
        assert free_port(taken) > taken


def test_two_runs_that_start_together_are_given_different_ports():
    """Between finding a port and listening there lie seconds."""
    first = free_port(18300)
    assert free_port(first) == first, "it stays this run's own"
    ask = f"from erpbridge.supervisor.stack import free_port; print(free_port({first}))"
    other = subprocess.run(
        [sys.executable, "-c", ask], cwd=places.CHECKOUT, capture_output=True, check=True
    )
    assert int(other.stdout) > first


def test_a_folder_has_one_supervisor_at_a_time(home):
    where = state.State(home / "serve", None)
    again = state.State(home / "serve", None)
    with where.held():
        where.announce("http://localhost:8123", {})
        assert again.is_held()
        with pytest.raises(Refusal, match=r"running already.*http://localhost:8123"), again.held():
            pass
    assert not again.is_held()
    with again.held():
        pass


def test_sockets_of_a_folder_with_a_long_name_lie_elsewhere(home):
    owner = places.account()
    where = state.State(home / ("x" * 90), owner)
    with where.held():
        sockets = where.sockets
        assert len(str(sockets)) < 80
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert not sockets.exists()


def test_a_thrown_away_folder_that_a_killed_run_left_is_cleared_away():
    left = Path(tempfile.mkdtemp(prefix="erpbridge-swept-"))
    (left / "lock").touch()
    os.utime(left, (0, 0))
    with state.thrown_away("swept") as where:
        assert not left.exists()
        assert where.path.exists()
    assert not where.path.exists()


def test_a_closed_folder_on_the_way_closes_what_is_below(home):
    home.mkdir()
    file = home / "open"
    file.touch(mode=0o644)
    assert places.open_to_others(file)
    home.chmod(0o700)
    assert not places.open_to_others(file)
