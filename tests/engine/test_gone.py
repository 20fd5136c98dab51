"""The connection to the database is gone in the middle: the process can go on with a new one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import InterfaceError, close_old_connections, connection
from django.db.models.functions import Now

from connectors import engine
from connectors.models import Connection, Session
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_sweeper_goes_on_after_its_connection_was_gone(stage: Stage) -> None:
    """Two sessions fell silent. Over the first one the connection ends."""
    other = Connection.objects.create(
        company=factories.CompanyFactory.create(), erp="quickbooks", user_name="qb-other"
    )
    for one in (stage.connection, other):
        engine.open_session(one.pk)
    long_ago = timedelta(seconds=settings.ERP_SESSION_IDLE_SECONDS + 1)
    Session.objects.update(last_seen_at=Now() - long_ago)

    def end(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "connectors_lane" in sql and "FOR UPDATE" in sql:
            connection.connection.close()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end), pytest.raises((InterfaceError, psycopg2.InterfaceError)):
        engine.expire_sessions()
    close_old_connections()  # as before each task
    assert engine.expire_sessions() == 2
