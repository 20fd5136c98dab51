"""Month-end: what is committed here, what was exported, what QuickBooks holds."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from approvals import month_end
from approvals.comparing import queue_comparisons
from approvals.month_end import contracts, jobs
from commitments.states import ChangeOrderStatus, CommitmentStatus
from directory.models import User
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def place(stage: Stage) -> str:
    return f"/companies/{stage.company.pk}/erp/month-end/{stage.project.pk}/"


def test_a_job_that_is_all_in_quickbooks_differs_by_nothing(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.synced(stage.change_order(commitment))
    [row] = contracts(stage.project)
    assert (row.committed, row.exported, row.held) == (Decimal("36500.00"),) * 3
    assert (row.difference, row.reasons) == (Decimal("0.00"), [])
    page = signed_in(stage.ann).get(place(stage)).content.decode()
    assert "QuickBooks holds what is committed here, to the cent." in page


def test_each_part_of_a_difference_is_named(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.send(stage.change_order(commitment, number="001"))
    rejected = stage.change_order(commitment, number="002", lines=[(1, "More", "200.00")])
    stage.send(rejected)
    stage.step("reject", rejected, stage.ann, note="Wrong line.")
    stage.change_order(commitment, number="003", lines=[(2, "Less", "-50.25")])
    # Not agreed yet: it commits nothing.
    stage.change_order(
        commitment, number="004", lines=[(2, "Maybe", "9.00")], status=ChangeOrderStatus.DRAFT
    )
    stage.commitment(number="SC-002", lines=[("03-300", "Not sent", "70.00")])
    first, second = contracts(stage.project)
    assert first.committed == Decimal("36649.75")
    assert (first.exported, first.held) == (Decimal("35000.00"),) * 2
    assert first.difference == Decimal("1649.75")
    assert first.reasons == [
        "1 not sent: -50.25",
        "1 rejected: 200.00",
        "1 ready to export: 1,500.00",
    ]
    assert (second.held, second.difference) == (None, Decimal("70.00"))
    [job] = jobs([stage.project])
    assert (job.committed, job.exported) == (Decimal("36719.75"), Decimal("35000.00"))


def test_what_was_changed_by_hand_in_quickbooks_shows(stage: Stage) -> None:
    stage.synced(stage.commitment())
    order = stage.order()
    stage.books.by_hand.edit_line(order.txn_id, 0, amount=Decimal("9000.00"))
    queue_comparisons(stage.connection)
    stage.visit()
    [row] = contracts(stage.project)
    assert (row.held, row.difference) == (Decimal("34000.00"), Decimal("1000.00"))
    assert row.reasons == ["the ERP holds 1,000.00 less than was exported"]

    stage.books.by_hand.delete_order(order.txn_id)
    queue_comparisons(stage.connection)
    stage.visit()
    [row] = contracts(stage.project)
    assert (row.held, row.difference) == (Decimal("0.00"), Decimal("35000.00"))


def test_the_file_says_the_same_and_runs_nothing(stage: Stage) -> None:
    commitment = stage.commitment(title='=HYPERLINK("https://evil.example")')
    stage.synced(commitment)
    stage.change_order(commitment)
    answer = signed_in(stage.ann).get(place(stage).removesuffix("/") + ".csv")
    content = answer.getvalue().decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(content))
    assert row["Title"] == '\'=HYPERLINK("https://evil.example")'
    assert row["Committed here"] == "36500.00"
    assert row["Held by the ERP"] == "35000.00"
    assert row["Difference"] == "1500.00"
    assert row["Explanation"] == "1 not sent: 1,500.00"
    assert row["As of (UTC)"]


def test_more_commitments_cost_no_more_queries(
    stage: Stage, django_assert_num_queries: Any
) -> None:
    stage.synced(stage.commitment(number="SC-100"))
    with django_assert_num_queries(6):
        contracts(stage.project)
    for n in range(12):
        commitment = stage.commitment(number=f"SC-{n:03d}")
        stage.synced(commitment)
        stage.change_order(commitment)
    with django_assert_num_queries(6):
        assert len(contracts(stage.project)) == 13
    other = factories.ProjectFactory.create(company=stage.company)
    with django_assert_num_queries(1):
        assert len(jobs([stage.project, other])) == 2


def test_two_differences_that_cancel_each_other_do_not_agree(stage: Stage) -> None:
    for number, amount in (("SC-001", "150.00"), ("SC-002", "-150.00")):
        commitment = stage.commitment(number=number)
        stage.synced(commitment)
        stage.change_order(commitment, lines=[(1, "Not sent", amount)])
    page = signed_in(stage.ann).get(place(stage))
    assert page.context["open"] == 0
    assert "to the cent" not in page.text


def test_what_is_too_much_for_the_page_is_said_and_in_the_file(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(month_end, "MOST", 2)
    # It commits nothing, so it has no row.
    stage.commitment(number="SC-001", status=CommitmentStatus.DRAFT)
    for number in ("SC-002", "SC-003"):
        stage.synced(stage.commitment(number=number))
    client = signed_in(stage.ann)
    page = client.get(place(stage)).text
    assert "Only the first 2 commitments of this job are counted" in page
    assert "to the cent" not in page
    file = "".join(part.decode() for part in client.get(place(stage).rstrip("/") + ".csv"))
    assert "SC-003" in file


def test_a_project_of_another_company_is_not_found(stage: Stage) -> None:
    theirs = factories.ProjectFactory.create(company=stage.other)
    client = signed_in(stage.ann)
    where = f"/companies/{stage.company.pk}/erp/month-end/{theirs.pk}"
    assert client.get(f"{where}/").status_code == 404
    assert client.get(f"{where}.csv").status_code == 404
