"""Several people at the same moment: numbers stay unique, nobody saves over what is being sent."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import partial
from threading import Barrier

import pytest
from django.db import connections

from approvals.errors import Stale
from approvals.models import Export
from approvals.workflow import send
from commitments.entries import commitment_entry
from commitments.models import ChangeOrder, Commitment
from commitments.workflow import (
    create_change_order,
    create_commitment,
    load_commitment,
    set_change_order_status,
    set_commitment_status,
    update_commitment,
)
from directory.entered import Invalid
from directory.history import faults
from tests.commitments.entering import change, change_order, line, subcontract
from tests.factories import VendorFactory
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*verbs: Callable[[], object]) -> Counter[str]:
    """All of them in the same moment, each on a connection of its own; how they ended."""
    start = Barrier(len(verbs))

    def run(verb: Callable[[], object]) -> str:
        try:
            start.wait(10)
            verb()
        except (Invalid, Stale) as refused:
            return type(refused).__name__
        else:
            return "done"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(verbs)) as people:
        return Counter(people.map(run, verbs))


def test_change_orders_made_at_once_get_numbers_of_their_own(stage: Stage) -> None:
    commitment = stage.commitment()
    pam = stage.access(stage.pam)
    entry = change_order(change(None, "10.00"))
    ended = at_once(*[lambda: create_change_order(commitment=commitment, by=pam, data=entry)] * 8)
    assert ended == {"done": 8}
    assert sorted(ChangeOrder.objects.values_list("number", flat=True)) == [
        f"{number:03}" for number in range(1, 9)
    ]
    assert list(commitment.lines.values_list("number", flat=True)) == list(range(1, 11))
    assert list(faults(stage.company.pk)) == []


def test_one_number_is_given_once(stage: Stage) -> None:
    pam = stage.access(stage.pam)
    others = [stage.commitment(number=f"SC-{place}") for place in range(4)]

    def renumber(commitment: Commitment) -> None:
        now = load_commitment(commitment.pk)
        entry = replace(commitment_entry(now), number="SC-100")
        update_commitment(now, by=pam, version=now.export.version, data=entry)

    def create() -> None:
        create_commitment(project=stage.project, by=pam, data=subcontract(stage))

    ended = at_once(*[create] * 4, *[lambda one=one: renumber(one) for one in others])
    assert ended == {"done": 1, "Invalid": 7}
    assert Commitment.objects.filter(number="SC-100").count() == 1


def test_what_is_sent_is_what_is_kept(stage: Stage) -> None:
    """Pam sends while somebody else saves another amount: one of them is told."""
    pam = stage.access(stage.pam)
    for place in range(5):
        commitment = load_commitment(stage.commitment(number=f"SC-{place}").pk)
        entry = replace(commitment_entry(commitment), lines=[line(amount="1.00")])
        version = commitment.export.version

        def save(commitment=commitment, entry=entry, version=version) -> None:
            saved = update_commitment(commitment, by=pam, version=version, data=entry)
            set_commitment_status(saved, by=pam, version=saved.export.version, status="approved")

        ended = at_once(save, partial(send, commitment, by=pam, version=version))
        assert ended == {"done": 1, "Stale": 1}
        export = Export.objects.get(pk=commitment.export_id)
        total = load_commitment(commitment.pk).total
        assert export.amount == total
        if export.status == "sent":
            assert (export.document.amount, total) == (total, Decimal("35000.00"))


def test_a_commitment_is_not_void_while_its_change_order_is_opened_again(stage: Stage) -> None:
    pam = stage.access(stage.pam)
    for place in range(5):
        commitment = stage.commitment(number=f"SC-{place}")
        cco = stage.change_order(commitment, status="rejected")
        ended = at_once(
            partial(set_commitment_status, commitment, by=pam, version=0, status="void"),
            partial(set_change_order_status, cco, by=pam, version=0, status="approved"),
        )
        assert ended == {"done": 1, "Invalid": 1}
        commitment.refresh_from_db()
        cco.refresh_from_db()
        assert (commitment.status, cco.status) in (("void", "rejected"), ("approved", "approved"))


def test_another_company_and_an_approval_at_once(stage: Stage) -> None:
    """Whoever comes second is told; nothing stays approved for a company that it was not for."""
    pam = stage.access(stage.pam)
    other = VendorFactory.create(company=stage.company)
    for place in range(5):
        commitment = load_commitment(stage.commitment(number=f"SC-{place}").pk)
        cco = stage.change_order(commitment, status="in_review")
        entry = replace(commitment_entry(commitment), vendor=other.pk)
        version = commitment.export.version
        ended = at_once(
            partial(update_commitment, commitment, by=pam, version=version, data=entry),
            partial(set_change_order_status, cco, by=pam, version=0, status="approved"),
        )
        cco.refresh_from_db()
        if ended == {"done": 2}:  # the approval came first and was taken back
            assert (cco.status, cco.revision) == ("revised", 1)
        else:
            assert (ended, cco.status) == ({"done": 1, "Stale": 1}, "in_review")
