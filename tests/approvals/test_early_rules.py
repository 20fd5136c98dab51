"""Rules on where a document goes that are told before it is sent, where the ERP's connector wants
that; what they look at is what was last read of the ERP.

The ERP is a toy; see `tests.ledger`.
"""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.errors import NotReady
from approvals.models import Export
from approvals.workflow import Item, send_all
from connectors.models import Known
from tests.ledger import Books
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db


def closed(stage: Stage, *codes: str) -> None:
    """The ledger was read, and has closed these cost codes on the job."""
    assert stage.project.job is not None
    Known.objects.update_or_create(
        connection=stage.connection,
        record=f"codes:{stage.project.job.erp_id}",
        defaults={"value": {"closed": list(codes)}, "seen_at": Now()},
    )


@pytest.mark.usefixtures("ledger")
def test_pam_is_told_before_she_sends(stage: Stage, client: Client) -> None:
    commitment = stage.commitment()
    closed(stage, "05-120")
    sign_in(client, stage.pam)
    page = client.get(commitment.get_absolute_url()).content.decode()
    assert "Line 2: 05-120 is closed in Ledger." in page
    with pytest.raises(NotReady, match="05-120 is closed in Ledger"):
        stage.send(commitment)
    closed(stage)
    stage.send(commitment)
    assert stage.status(commitment) == "sent"


@pytest.mark.usefixtures("ledger")
def test_what_is_not_linked_is_said_once(stage: Stage, client: Client) -> None:
    stage.vendor.erp_id = ""
    stage.vendor.save()
    commitment = stage.commitment()
    closed(stage, "05-120")
    sign_in(client, stage.pam)
    page = client.get(commitment.get_absolute_url()).content.decode()
    assert "Ironwood Concrete is not linked to a vendor of the ERP." in page
    assert "No vendor of Ledger." not in page
    assert "Line 2: 05-120 is closed in Ledger." in page


def test_ann_is_told_what_closed_since_and_so_is_the_worker(stage: Stage, ledger: Books) -> None:
    first, second = stage.commitment(), stage.commitment(number="SC-002")
    stage.send(first)
    stage.send(second)
    stage.accept(first)
    closed(stage, "05-120")
    with pytest.raises(NotReady, match="05-120 is closed in Ledger"):
        stage.accept(second)
    ledger.visit(stage.connection.pk)
    export = stage.export(first)
    assert (export.status, ledger.asked) == ("failed", 0)
    assert "Line 2: 05-120 is closed in Ledger." in export.message


@pytest.mark.usefixtures("ledger")
def test_many_are_sent_in_as_many_queries_as_one(stage: Stage) -> None:
    commitments = [stage.commitment(number=f"SC-{n:03}") for n in range(1, 13)]
    closed(stage, "09-290")

    def sent(some) -> int:
        items = [Item(one.export_id, Export.objects.get(pk=one.export_id).version) for one in some]
        with CaptureQueriesContext(database) as queries:
            results = send_all(items, by=stage.access(stage.pam))
        assert [result.error for result in results] == [None] * len(items)
        return len(queries)

    assert sent(commitments[1:]) == sent(commitments[:1])
