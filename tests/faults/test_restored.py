"""A backup is restored, and QuickBooks is ahead of it.

What was exported since the backup was made is in QuickBooks and not known here. At the first
contact it is recognised: nothing is written twice, and people tie it to what is there.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connections, transaction

from approvals.comparing import queue_comparisons
from approvals.linking.look_ups import candidates_of
from approvals.linking.workflow import ask, link
from approvals.models import Exportable, LookUp
from commitments.models import ChangeOrder
from directory.models import ToolLevel
from directory.perms import Level, Tool
from erpbridge import verifying
from erpbridge.supervisor.postgres import DATABASE, Postgres
from tests.faults.aftermath import assert_all_ended
from tests.faults.conftest import PLAYED, as_superuser, own_url, run_tool
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_exported_since_the_backup_is_recognised(
    postgres: Postgres, own_stage: Stage, tmp_path: Path
) -> None:
    stage = own_stage
    commitment = stage.commitment()
    stage.synced(commitment)
    before = stage.change_order(commitment, number="001")
    stage.synced(before)
    accepted = stage.change_order(commitment, number="002")
    stage.send(accepted)
    stage.accept(accepted)
    sent = stage.change_order(commitment, number="003")
    stage.send(sent)
    new = stage.commitment(number="SC-002")
    stage.send(new)

    dump = tmp_path / "evening.dump"
    run_tool("pg_dump", "--format=custom", f"--file={dump}", own_url(postgres))

    # The day goes on: all of it is exported, and one more that the backup knows nothing of.
    stage.visit()
    for document in (sent, new):
        stage.accept(document)
        stage.visit()
    stage.synced(stage.change_order(commitment, number="004"))
    told = {order.ref_number: order.total for order in stage.books.purchase_orders()}
    assert told == {"SC-001": Decimal("41000.00"), "SC-002": Decimal("35000.00")}

    # The machine is lost. The backup of the evening is restored.
    connections.close_all()
    as_superuser(
        postgres,
        f"DROP DATABASE {PLAYED} WITH (FORCE)",
        f"CREATE DATABASE {PLAYED} OWNER {DATABASE}",
    )
    run_tool("pg_restore", "--no-owner", f"--dbname={own_url(postgres)}", str(dump))
    assert not ChangeOrder.objects.filter(number="004").exists()
    assert stage.status(accepted) == "accepted"

    # First contact: what was accepted goes, is recognised, and is not written again.
    stage.visit()
    for document in (sent, new):
        stage.accept(document)
        stage.visit()
    for document in (accepted, sent, new):
        export = stage.export(document)
        assert export.status == "needs_attention", (str(export), export.status)
        assert "Nothing was written" in export.message
    assert {one.ref_number: one.total for one in stage.books.purchase_orders()} == told

    # Ann looks each of them up, and ties it to what is there.
    for document in (accepted, sent, new):
        _tie(stage, document)
    assert {one.ref_number: one.total for one in stage.books.purchase_orders()} == told

    # What was made after the backup stands in QuickBooks alone: looking everything over tells of
    # it. Pam enters it once more, and Ann ties it to what is there instead of having it sent.
    with transaction.atomic():
        queue_comparisons(stage.connection)
    stage.visit()
    [fault] = verifying.check(verifying.RULES)
    assert fault.item.startswith("Commitment SC-001")
    assert "comes to 41000.00 and 39500.00 were exported" in fault.what
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    _tie(stage, stage.change_order(commitment, number="004"))
    assert {one.ref_number: one.total for one in stage.books.purchase_orders()} == told
    assert_all_ended()


def _tie(stage: Stage, document: Exportable) -> None:
    """The record is looked up in QuickBooks, and chosen."""
    export = stage.export(document)
    by = stage.access(stage.ann, export.project)
    ask(export.pk, by=by, version=export.version, number="")
    stage.visit()
    [candidate] = candidates_of(LookUp.objects.get(export=export))
    assert candidate.problem == "", candidate
    link(export.pk, by=by, version=export.version, record=candidate.receipt.id)
    assert stage.status(document) == "synced"
