"""P11: the page of a commitment with 200 lines and 40 change orders.

The other side is the same rows as JSON that one SQL statement makes, behind the same login.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

from django.db import transaction

from approvals.models import Export
from bench import exports
from bench.data import settle
from bench.database import database
from bench.exports import BIG
from bench.measuring import Result
from bench.pages import managed_by, page_against_json
from commitments.models import ChangeOrder, ChangeOrderLine, Commitment, CommitmentLine
from commitments.states import ChangeOrderStatus
from directory.models import CostCode, Project, User, Vendor
from tests import factories

EXPORTS = 10_000
LINES = 200
CHANGE_ORDERS = 40
REQUESTS = 20  # in a round


def measure(_wanted: Collection[str], _large: int) -> Iterator[Result]:
    with database("p11") as url:
        people = exports.build(EXPORTS)
        commitment = _commitment(managed_by(people.pam), people.pam)
        settle()
        yield page_against_json(
            "P11",
            f"a commitment's page, {LINES} lines and {CHANGE_ORDERS} change orders",
            LINES + CHANGE_ORDERS,
            url=url,
            person=people.pam,
            page=commitment.get_absolute_url(),
            json=f"/bench/document/?id={commitment.pk}",
            requests=REQUESTS,
        )


@transaction.atomic
def _commitment(project: Project, made_by: User) -> Commitment:
    """A commitment whose change orders change two lines each; three of four are approved."""
    category = factories.CategoryFactory.create(company=project.company)
    codes = list(CostCode.objects.filter(company=BIG))
    vendor = Vendor.objects.filter(company=BIG)[0]
    made: Commitment = factories.CommitmentFactory.create(
        project=project, number="PC-1", vendor=vendor, created_by=made_by
    )
    lines = CommitmentLine.objects.bulk_create(
        CommitmentLine(
            company_id=BIG,
            commitment=made,
            number=number,
            cost_code=codes[number % len(codes)],
            category=category,
            description=f"Footings, gridline {number}",
            quantity=Decimal(number) if number % 3 == 0 else None,
            unit="CY" if number % 3 == 0 else "",
            unit_cost=Decimal("185.005") if number % 3 == 0 else None,
            amount=Decimal(100 * number),
        )
        for number in range(1, LINES + 1)
    )
    for number in range(1, CHANGE_ORDERS + 1):
        approved = number % 4 != 0
        change: ChangeOrder = factories.ChangeOrderFactory.create(
            commitment=made,
            number=f"{number:03}",
            status=ChangeOrderStatus.APPROVED if approved else ChangeOrderStatus.PRICING,
            created_by=made_by,
        )
        ChangeOrderLine.objects.bulk_create(
            ChangeOrderLine(
                company_id=BIG,
                change_order=change,
                commitment=made,
                commitment_line=line,
                number=place,
                cost_code=line.cost_code,
                category=category,
                description="Deeper footings",
                amount=Decimal(-50 if place == 1 else 125),
            )
            for place, line in enumerate(lines[number : number + 2], 1)
        )
        Export.objects.filter(pk=change.export_id).update(amount=Decimal(75), document_id=change.pk)
    total = sum(line.amount for line in lines)
    Export.objects.filter(pk=made.export_id).update(amount=total, document_id=made.pk)
    return made
