"""What commitments and change orders commit of the project's money, per cost code and category."""

from decimal import Decimal

import pytest

from commitments.workflow import (
    create_change_order,
    create_commitment,
    delete_commitment,
    load_change_order,
    load_commitment,
    set_change_order_status,
    set_commitment_status,
    update_commitment,
)
from directory.models import Committed
from tests.commitments.entering import change, change_order, line, subcontract
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def committed(stage: Stage) -> dict[str, Decimal]:
    """The project's ledger: code -> amount."""
    sums: dict[str, Decimal] = {}
    for row in Committed.objects.filter(project=stage.project).select_related("cost_code"):
        sums[row.cost_code.code] = sums.get(row.cost_code.code, Decimal(0)) + row.amount
    return sums


def test_the_ledger_follows_what_is_approved_reopened_and_deleted(stage: Stage) -> None:
    by = stage.access(stage.pam)
    entry = subcontract(stage, line("03-300", "1000.00"), line("03-300", "50.00"))
    made = create_commitment(project=stage.project, by=by, data=entry)
    assert committed(stage) == {}

    made = set_commitment_status(made, by=by, version=made.export.version, status="approved")
    assert committed(stage) == {"03-300": Decimal("1050.00")}

    changes = change_order(change(made.lines.all()[0].pk, "-200.00"), change(None, "75.25"))
    changed = create_change_order(commitment=made, by=by, data=changes)
    changed = set_change_order_status(
        changed, by=by, version=changed.export.version, status="approved"
    )
    assert committed(stage) == {"03-300": Decimal("925.25")}

    changed = load_change_order(changed.pk)
    set_change_order_status(changed, by=by, version=changed.export.version, status="void")
    assert committed(stage) == {"03-300": Decimal("1050.00")}

    made = load_commitment(made.pk)
    entry = subcontract(stage, line("05-120", "2000.00"))
    with pytest.raises(Exception, match="changed by change order"):
        update_commitment(made, by=by, version=made.export.version, data=entry)
    assert committed(stage) == {"03-300": Decimal("1050.00")}


def test_an_approved_commitment_that_is_edited_commits_nothing_until_approved_again(
    stage: Stage,
) -> None:
    by = stage.access(stage.pam)
    made = create_commitment(project=stage.project, by=by, data=subcontract(stage))
    made = set_commitment_status(made, by=by, version=made.export.version, status="approved")
    made = load_commitment(made.pk)
    entry = subcontract(stage, line("05-120", "2000.00"))
    made = update_commitment(made, by=by, version=made.export.version, data=entry)
    assert (made.status, committed(stage)) == ("draft", {})
    made = set_commitment_status(made, by=by, version=made.export.version, status="approved")
    assert committed(stage) == {"05-120": Decimal("2000.00")}
    made = load_commitment(made.pk)
    made = set_commitment_status(made, by=by, version=made.export.version, status="draft")
    delete_commitment(made, by=by, version=load_commitment(made.pk).export.version)
    assert committed(stage) == {}
