"""A project's lists: what they find, what they add up, and that more rows ask no more questions."""

import os
import re
from datetime import date
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals.models import Export
from commitments import listing
from commitments.models import ChangeOrder, Commitment
from tests.factories import ChangeOrderLineFactory, CommitmentLineFactory
from tests.stage import Stage

# Ten thousand with ERPBRIDGE_FULL set: their references are checked one by one as the test ends.
MANY = 10_000 if os.environ.get("ERPBRIDGE_FULL") else 1_000

pytestmark = pytest.mark.django_db


@pytest.fixture
def pam(stage: Stage, client):
    client.force_login(stage.pam)
    return client


def text(response) -> str:
    return unescape(response.content.decode())


def questions(client, url: str) -> int:
    client.get(url)  # caches of the process
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.get(url)
        assert answer.status_code == 200
        answer.getvalue()  # a log is read while it is sent
    return len(asked)


def commitments(stage: Stage) -> str:
    return reverse("commitments", args=[stage.project.pk])


def change_orders(stage: Stage) -> str:
    return reverse("change_orders", args=[stage.project.pk])


def test_empty_lists_say_what_comes_next(stage: Stage, pam) -> None:
    assert "no commitments yet" in text(pam.get(commitments(stage)))
    assert "no change orders yet" in text(pam.get(change_orders(stage)))


def test_the_commitments_are_added_up(stage: Stage, pam) -> None:
    first = stage.commitment(number="SC-001")
    stage.commitment(number="SC-002", lines=[("03-300", "Slab", "100.25")])
    stage.change_order(first, [(1, "More", "1500.00")], number="001")
    stage.change_order(first, [(1, "Not yet", "9999.00")], number="002", status="in_review")
    page = text(pam.get(commitments(stage)))
    for shown in ("35,000.00", "1,500.00", "36,500.00", "100.25", "35,100.25", "36,600.25"):
        assert shown in page
    assert "9,999.00" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "steel"}, {"PO-1"}),
        ({"q": "ironwood"}, {"SC-1", "PO-1"}),
        ({"q": "concrete SC"}, {"SC-1"}),
        ({"type": "purchase_order"}, {"PO-1"}),
        ({"status": "draft"}, {"SC-1"}),
        ({"erp": "synced"}, {"PO-1"}),
        ({"erp": "synced", "status": "draft"}, set()),
        ({"status": "no such", "type": "'", "erp": "%"}, {"SC-1", "PO-1"}),
        ({"q": "%_"}, set()),
    ],
)
def test_commitments_are_found_by_what_they_are(stage: Stage, pam, query, found) -> None:
    stage.commitment(number="SC-1", title="Concrete work", status="draft")
    order = stage.commitment(number="PO-1", title="Steel", type="purchase_order")
    stage.synced(order)
    page = text(pam.get(commitments(stage), query))
    assert {number for number in ("SC-1", "PO-1") if f">{number}</a>" in page} == found
    assert ("No commitment matches." in page) is (not found)


def test_change_orders_are_found_by_what_they_are(stage: Stage, pam) -> None:
    first, second = stage.commitment(number="SC-001"), stage.commitment(number="SC-002")
    stage.change_order(first, title="Deeper footings")
    stage.change_order(second, [(1, "Credit", "-20.00")], title="Less rebar", status="draft")
    for query, shown, hidden in (
        ({"q": "sc-002"}, "Less rebar", "Deeper footings"),
        ({"status": "approved"}, "Deeper footings", "Less rebar"),
        ({"q": "rebar"}, "-20.00", "1,500.00"),
    ):
        page = text(pam.get(change_orders(stage), query))
        assert shown in page
        assert hidden not in page


def test_pages_follow_one_another_without_gaps(stage: Stage, pam, monkeypatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    commitment = stage.commitment(number="SC-0")
    for place in range(1, 5):
        stage.commitment(number=f"SC-{place}")
    for place in range(1, 6):
        stage.change_order(commitment, number=f"00{place}")
    for url, expected in (
        (commitments(stage), [["SC-0", "SC-1"], ["SC-2", "SC-3"], ["SC-4"]]),
        (change_orders(stage), [["005", "004"], ["003", "002"], ["001"]]),
    ):
        query = "?q=sc"
        seen = []
        while query:
            page = text(pam.get(url + query))
            seen.append(re.findall(r"(SC-\d|00\d)</a>", page))
            following = re.search(r'href="([^"]*)" rel="next"', page)
            query = following[1] if following else ""
        assert seen == expected


def test_more_rows_ask_no_more_questions(stage: Stage, pam) -> None:
    commitment = stage.commitment(number="SC-000")
    cco = stage.change_order(commitment, number="000")
    pages = [
        commitments(stage),
        change_orders(stage),
        reverse("project", args=[stage.project.pk]),
        commitment.get_absolute_url(),
        f"{commitment.get_absolute_url()}edit/",
        reverse("change_order_new", args=[stage.project.pk, commitment.pk]),
        cco.get_absolute_url(),
        f"{cco.get_absolute_url()}edit/",
    ]
    few = [questions(pam, page) for page in pages]
    for place in range(1, 40):
        other = stage.commitment(number=f"SC-{place:03}")
        stage.change_order(other, number="001")
        stage.change_order(commitment, [(1, "More", "1.00")] * 2, number=f"{place:03}")
    for place in range(2, 40):
        ChangeOrderLineFactory.create(
            change_order=cco,
            number=place,
            commitment_line=commitment.lines.get(number=place % 2 + 1),
        )
    for place in range(3, 60):
        CommitmentLineFactory.create(
            commitment=commitment,
            number=place,
            cost_code=stage.codes["03-300"],
            category=stage.category,
        )
    assert [questions(pam, page) for page in pages] == few
    assert max(few) < 30, few


def test_thousands_of_rows_ask_what_ten_ask(stage: Stage, pam) -> None:
    parent = stage.commitment(number="SC-PARENT")
    project = stage.project.pk
    pages = [
        commitments(stage),
        f"{commitments(stage)}?q=concrete&status=approved&type=subcontract&erp=draft",
        f"{commitments(stage)}?vendor={stage.vendor.pk}&after=SC-0",
        change_orders(stage),
        f"{change_orders(stage)}?q=rebar&status=approved&vendor={stage.vendor.pk}",
        reverse("commitments_log", args=[project]),
        reverse("change_orders_log", args=[project]),
        f"/api/v1/commitments/?project={project}",
        f"/api/v1/change-orders/?project={project}&q=rebar",
        f"/api/v1/change-orders/?commitment={parent.pk}",
    ]
    made = 0
    asked = []
    for size in (10, MANY):
        many(stage, parent, range(made, size))
        made = size
        asked.append([questions(pam, page) for page in pages])
    assert asked[0] == asked[1]
    assert max(asked[0]) < 20, asked[0]


def many(stage: Stage, parent: Commitment, numbers: range) -> None:
    """Commitments without lines and change orders of `parent`, as many as `numbers`."""

    def export(kind: str, number: str, title: str, above: Export | None) -> Export:
        return Export(
            company=stage.company,
            project=stage.project,
            kind=kind,
            number=number,
            title=title,
            amount=1,
            created_by=stage.pam,
            parent=above,
        )

    def exports(kind: str, title: str, above: Export | None) -> list[Export]:
        return Export.objects.bulk_create(export(kind, f"{n:05}", title, above) for n in numbers)

    Commitment.objects.bulk_create(
        Commitment(
            company=stage.company,
            project=stage.project,
            export=one,
            type="subcontract",
            number=f"SC-{one.number}",
            title=one.title,
            vendor=stage.vendor,
            status="approved",
            date_created=date(2026, 3, 2),
        )
        for one in exports("commitment", "Concrete", None)
    )
    ChangeOrder.objects.bulk_create(
        ChangeOrder(
            company=stage.company,
            commitment=parent,
            export=one,
            number=one.number,
            title=one.title,
            status="approved",
            date_created=date(2026, 4, 6),
        )
        for one in exports("change_order", "Rebar", parent.export)
    )
