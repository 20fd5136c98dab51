"""PostgreSQL itself: stopped at once in the middle of a visit and started again; its disk is full.

It is a server of its own, that may be hurt. An immediate stop is what a crash of the machine is to
PostgreSQL, but for what the disk had not written: the disk is believed here (fsync is off).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from erpbridge.supervisor import places
from erpbridge.supervisor.postgres import Postgres
from tests.faults.aftermath import accepted, assert_all_ended, assert_once, visit_until_quiet
from tests.faults.conftest import FULL, PLAYED, Servers, as_superuser
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def start_again(postgres: Postgres) -> None:
    connections.close_all()
    assert postgres.server.process is not None
    postgres.server.process.wait(30)
    postgres.start()


def test_postgresql_is_stopped_at_once_and_started_again(
    postgres: Postgres, own_stage: Stage, own_servers: Servers
) -> None:
    stage, servers = own_stage, own_servers
    commitment = stage.commitment()
    stage.synced(commitment)
    stopped = 0
    for point in range(1, 61 if FULL else 31, 1 if FULL else 5):
        if point % 50 == 0:  # the Memo of one order has no room for more
            commitment = stage.commitment(number=f"SC-{point:03}")
            stage.synced(commitment)
        change_order = accepted(stage, commitment, f"{point:03}")
        assert postgres.server.process is not None
        master = postgres.server.process.pid
        address = servers.start(point, "database", postmaster=master)
        # The point may lie in a later visit than the first.
        while (visit := stage.web_connector(address).run_once()).outcome != "nothing to do":
            if postgres.server.process.poll() is not None:
                stopped += 1
                start_again(postgres)
                break
        visit_until_quiet(stage, address)  # the same web process
        assert_once(stage, change_order, f"point {point}: {visit.message}")
    assert stopped > 4, "PostgreSQL was not stopped"
    assert_all_ended()


@pytest.fixture
def small_disk(postgres: Postgres) -> Iterator[Path]:
    """A disk of 16 MB, for one table."""
    folder = postgres.state.path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(
            "A FULL DISK WAS NOT TRIED: it takes a disk of its own, and this machine lets nobody "
            f"mount one here ({mounted.stderr.decode().strip()})."
        )
    places.give(folder, postgres.state.owner)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_the_disk_is_full_in_the_middle_of_a_visit(
    postgres: Postgres, own_stage: Stage, own_servers: Servers, small_disk: Path
) -> None:
    """QuickBooks wrote, and its answer cannot be kept: it is looked for once there is room."""
    stage, servers = own_stage, own_servers
    commitment = stage.commitment()
    stage.synced(commitment)
    _on_a_disk_of_its_own(postgres, small_disk, "connectors_message")
    change_order = accepted(stage, commitment, "001")
    address = servers.start()
    visit = stage.web_connector(address).steps()
    reached = 0
    # It fills up once QuickBooks was asked about the order: what is stored next takes the rest.
    for step in visit:
        reached += step.name == "QuickBooks"
        if reached == 1:
            _fill(small_disk)
            break
    for _ in visit:
        pass
    told = stage.web_connector(address).run_once()
    assert told.outcome == "error"
    assert stage.status(change_order) in ("accepted", "exporting", "unknown")
    (small_disk / "filling").unlink()
    visit_until_quiet(stage, address)
    assert_once(stage, change_order, "after the disk had room again")
    assert_all_ended()
    _back(postgres)


def _on_a_disk_of_its_own(postgres: Postgres, folder: Path, table: str) -> None:
    connections.close_all()
    as_superuser(
        postgres,
        f"CREATE TABLESPACE small LOCATION '{folder}'",
        f"ALTER TABLE {table} SET TABLESPACE small",
        where=PLAYED,
    )


def _back(postgres: Postgres) -> None:
    connections.close_all()
    as_superuser(
        postgres,
        "ALTER TABLE connectors_message SET TABLESPACE pg_default",
        "DROP TABLESPACE small",
        where=PLAYED,
    )


def _fill(folder: Path) -> None:
    with (folder / "filling").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
