"""No statement of people's pages and of the workers reads a table from its beginning to its end.

Each is planned by a PostgreSQL that does so only where no index leads to the rows. With the few
rows of a test that is the only way to see what would take long with those of ten years.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import test_permissions
from tests.engine import conftest as engine
from tests.engine.on_spectrum import OnSpectrum
from tests.stage import Stage
from tests.test_every_list import shown_to_somebody

at = test_permissions.at  # the table's own stage
spectrum = engine.spectrum

pytestmark = pytest.mark.django_db

# What has a row for each company or person at most and is looked through for all of them, and what
# is thrown away by age, once a day.
MAY_BE_READ = {
    "connectors_connection",
    "directory_company",
    "directory_user",
    "django_migrations",
    "django_site",
}
THROWN_AWAY = {
    "directory_mail",
    "directory_notice",
    "directory_requestkey",
    "django_session",
    "usersessions_usersession",
}


def read_whole(statements: Iterable[str]) -> dict[str, str]:
    """The tables that no index leads into, each with a statement."""
    planned = (one for one in statements if re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)", one))
    by_shape = {re.sub(r"\d+|'[^']*'", "?", one): one for one in planned}
    found: dict[str, str] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # whether or not PostgreSQL has looked by itself meanwhile
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in by_shape.values():
            cursor.execute(f"EXPLAIN (VERBOSE, COSTS OFF) {statement}")
            plan = [line for (line,) in cursor.fetchall()]
            found |= dict.fromkeys(_read_by(plan), statement)
    return {table: found[table] for table in found.keys() - MAY_BE_READ}


def _read_by(plan: list[str]) -> Iterator[str]:
    """The tables that a plan reads whole, but for those of a subquery that is hashed: of few rows
    PostgreSQL takes that for cheaper than the index, and it is not switched off."""
    hashed = set(re.findall(r"hashed (SubPlan \d+)", "\n".join(plan)))
    within = None
    for line in plan:
        depth = len(line) - len(line.lstrip())
        if within is not None and depth > within:
            continue
        within = depth if line.strip() in hashed else None
        yield from re.findall(r"Seq Scan on (?:\w+\.)?(\w+)", line)


def asked(within: CaptureQueriesContext) -> list[str]:
    return [one["sql"] for one in within.captured_queries]


def test_what_people_look_at(stage: Stage, at: dict[str, int]) -> None:
    statements: list[str] = []
    for client, address in shown_to_somebody(stage, at):
        with CaptureQueriesContext(connection) as within:
            client.get(address).getvalue()
        statements += asked(within)
    assert len(statements) > 800
    assert read_whole(statements) == {}


@pytest.mark.django_db(transaction=True)
def test_the_way_of_an_export_to_quickbooks(stage: Stage) -> None:
    with CaptureQueriesContext(connection) as within:
        commitment = stage.commitment()
        stage.send(commitment)
        stage.step("reject", commitment, stage.ann, "The vendor is another one.")
        stage.synced(commitment)
        stage.synced(stage.change_order(commitment))
    assert read_whole(asked(within)) == {}


@pytest.mark.django_db(transaction=True)
def test_the_way_of_an_export_to_spectrum(spectrum: OnSpectrum, stage: Stage) -> None:
    with CaptureQueriesContext(connection) as within:
        commitment = stage.commitment()
        spectrum.synced(commitment)
        spectrum.synced(stage.change_order(commitment))
    assert read_whole(asked(within)) == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", sorted(settings.CELERY_BEAT_SCHEDULE.keys() - {"verify"}))
def test_what_is_done_by_the_clock(stage: Stage, name: str) -> None:
    # What verifies the whole of what is stored reads all of it.
    stage.synced(stage.commitment())
    module, _, task = str(settings.CELERY_BEAT_SCHEDULE[name]["task"]).rpartition(".")
    with CaptureQueriesContext(connection) as within:
        getattr(import_module(module), task)()
    found = read_whole(asked(within))
    assert found.keys() <= (THROWN_AWAY if name == "forget" else set()), found
