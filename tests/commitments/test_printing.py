"""Commitments and change orders on paper."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from approvals.models import Export
from commitments.models import ChangeOrder
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def paper(stage: Stage, document: Any) -> str:
    client = Client()
    client.force_login(stage.vic)
    answer = client.get(f"{document.get_absolute_url()}print/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def sums(page: str) -> dict[str, str]:
    """The table of sums: what stands before each amount."""
    rows = re.findall(r'<th scope="row">(.*?)</th><td class="money">(.*?)</td>', page)
    return {re.sub(r"<.*?>", "", label).split(" (")[0]: amount for label, amount in rows}


def test_a_change_order_tells_the_contracts_sum_before_and_after(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.change_order(commitment, [(1, "Pump", "1000.00")], number="001")
    stage.change_order(commitment, [(1, "Never", "77.00")], number="002", status="rejected")
    third = stage.change_order(
        commitment, [(1, "Deeper", "1500.00"), (2, "Less steel", "-250.50")], number="003"
    )
    stage.change_order(commitment, [(1, "Later", "10.00")], number="004")
    page = paper(stage, third)
    assert sums(page) == {
        "Original contract sum": "35,000.00",
        "Net change by previous change orders": "1,000.00",
        "Contract sum before this change order": "36,000.00",
        "This change order": "1,249.50",
        "New contract sum": "37,249.50",
    }
    assert "(001)" in page
    assert "in none of these sums: 004." in page
    assert "not approved" not in page
    for told in ("Meridian Builders", "26-010 Riverside Library", "Ironwood Concrete", "Signature"):
        assert told in page


def test_what_is_not_approved_says_so(stage: Stage) -> None:
    commitment = stage.commitment(status="out_for_signature")
    cco = stage.change_order(commitment, status="in_review")
    assert "Out for Signature: not approved" in paper(stage, commitment)
    page = paper(stage, cco)
    assert "Pending - In Review: not approved" in page
    assert sums(page)["New contract sum"] == "36,500.00"


def test_a_commitment_shows_its_schedule_and_what_changed_it(stage: Stage) -> None:
    commitment = stage.commitment(vendor_message="Call before you come")
    page = paper(stage, commitment)
    assert "Contract sum to date" not in page
    assert "Call before you come" in page
    stage.change_order(commitment, [(1, "Deeper", "1500.00")])
    page = paper(stage, commitment)
    assert sums(page)["Contract sum to date"] == "36,500.00"
    assert ">11,500.00<" in page  # line 1, revised
    assert "<td>001</td><td>Deeper footings</td>" in page


def test_names_are_printed_and_not_carried_out(stage: Stage) -> None:
    stage.company.name = "Meridian <script>alert(1)</script> & Sons"
    stage.company.save()
    page = paper(stage, stage.commitment(title='<img src=x onerror="alert(1)">'))
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_a_hundred_change_orders_ask_no_more_questions(
    stage: Stage, django_assert_num_queries
) -> None:
    commitment = stage.commitment()
    first = stage.change_order(commitment)
    client = Client()
    client.force_login(stage.vic)
    address = f"{commitment.get_absolute_url()}print/"
    client.get(address)
    with django_assert_num_queries(11):
        client.get(address)
    for number in range(2, 12):
        stage.change_order(commitment, number=f"{number:03}")
    with django_assert_num_queries(11):
        client.get(address)
    assert ChangeOrder.objects.count() == 11
    assert Export.objects.filter(parent=commitment.export).count() == 11
    with django_assert_num_queries(16):
        client.get(f"{first.get_absolute_url()}print/")
