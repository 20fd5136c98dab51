"""The lists as tools: many sent at once, a log for the spreadsheet, a copy of what stands there."""

import csv
import io
from html import unescape

import pytest
from django.urls import reverse

from approvals.models import Export
from commitments.models import Commitment
from directory.models import Event
from tests.factories import VendorFactory
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def pam(stage: Stage, client):
    client.force_login(stage.pam)
    return client


def text(response) -> str:
    return unescape(response.content.decode())


def url(stage: Stage, name: str) -> str:
    return reverse(name, args=[stage.project.pk])


def ticked(*documents) -> dict[str, list[str]]:
    versions = dict(Export.objects.values_list("pk", "version"))
    return {"item": [f"{one.export_id}:{versions[one.export_id]}" for one in documents]}


def log(response) -> list[dict[str, str]]:
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def test_the_ticked_are_sent_and_each_result_is_told(stage: Stage, pam) -> None:
    first, second = stage.commitment(number="SC-1"), stage.commitment(number="SC-2")
    draft = stage.commitment(number="SC-3", status="draft", vendor=None)
    page = text(pam.post(url(stage, "commitments_send"), ticked(first, draft, second)))
    assert "2 sent" in page
    assert "1 not sent" in page
    # Each rule on a line of its own, and not once more which document it is.
    assert (
        "</a>: The status is Draft. Only an Approved commitment is sent."
        "<br>No contract company is chosen.</li>"
    ) in page
    assert [stage.status(one) for one in (first, second, draft)] == ["sent", "sent", "draft"]
    assert Event.objects.filter(verb="send").count() == 2
    # What stands in the queue cannot be ticked again.
    assert text(pam.get(url(stage, "commitments"))).count('name="item"') == 1


def test_change_orders_are_sent_from_their_tool(stage: Stage, pam) -> None:
    synced, waiting = stage.commitment(number="SC-1"), stage.commitment(number="SC-2")
    stage.synced(synced)
    stage.send(waiting)
    good, early = stage.change_order(synced), stage.change_order(waiting)
    sent = pam.post(f"{url(stage, 'change_orders_send')}?status=approved", ticked(early, good))
    page = text(sent)
    assert "1 sent" in page
    assert "Commitment SC-2 is not in the ERP yet (Sent to accounting). It goes first" in page
    assert (stage.status(good), stage.status(early)) == ("sent", "draft")
    assert '<option value="approved" selected>' in page  # the filters stay


def test_an_old_page_sends_nothing_that_changed_since(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    item = ticked(commitment)
    stage.send(commitment)
    stage.step("retrieve", commitment, stage.pam)
    page = text(pam.post(url(stage, "commitments_send"), item))
    assert "has changed since you opened this page" in page
    assert stage.status(commitment) == "retrieved"


@pytest.mark.parametrize("items", [[], ["x"], ["1:two"], [f"{2**60}:0", f"{2**60}:0"]])
def test_what_no_page_sends_is_refused(stage: Stage, pam, items: list[str]) -> None:
    assert pam.post(url(stage, "commitments_send"), {"item": items}).status_code == 409


def test_another_projects_documents_are_not_sent_from_here(stage: Stage, pam) -> None:
    page = pam.post(url(stage, "commitments_send"), {"item": [f"{2**40}:0"]})
    assert "There is no such item." in text(page)


def test_who_may_not_send_sees_why(stage: Stage, client) -> None:
    commitment = stage.commitment()
    client.force_login(stage.vic)
    page = text(client.get(url(stage, "commitments")))
    assert "disabled>Send ticked to ERP" in page
    assert "This needs Admin on Commitments." in page
    refused = client.post(url(stage, "commitments_send"), ticked(commitment))
    assert refused.status_code == 403
    assert stage.status(commitment) == "draft"


def test_many_ask_no_more_questions_than_few(
    stage: Stage, pam, django_assert_max_num_queries
) -> None:
    few = [stage.commitment(number=f"SC-{n}") for n in range(2)]
    many = [stage.commitment(number=f"PO-{n}") for n in range(30)]
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    pam.get(url(stage, "commitments"))
    asked = []
    for documents in (few, many):
        with CaptureQueriesContext(connection) as queries:
            pam.post(url(stage, "commitments_send"), ticked(*documents))
        asked.append(len(queries))
    assert asked[0] == asked[1], asked


def test_the_commitment_log(stage: Stage, pam) -> None:
    first = stage.commitment(number="SC-1", title="=1+1 concrete")
    stage.commitment(number="SC-2", vendor=None, status="draft")
    stage.change_order(first, [(1, "Less", "-1500.00")])
    rows = log(pam.get(url(stage, "commitments_log")))
    assert rows[0] == {
        "Number": "SC-1",
        "Title": "'=1+1 concrete",
        "Contract company": "Ironwood Concrete",
        "Type": "Subcontract",
        "Status": "Approved",
        "Date": "2026-03-02",
        "Default retainage %": "0.00",
        "Original": "35000.00",
        "Approved changes": "-1500.00",
        "Revised": "33500.00",
        "ERP status": "Not sent",
        "Number in the ERP": "",
    }
    assert [row["Number"] for row in rows] == ["SC-1", "SC-2"]
    only = pam.get(url(stage, "commitments_log"), {"status": "draft"})
    assert [row["Number"] for row in log(only)] == ["SC-2"]
    assert only.headers["Content-Disposition"].startswith('attachment; filename="commitments-')


def test_the_change_order_log(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    cco = stage.change_order(commitment)
    stage.synced(cco)
    [row] = log(pam.get(url(stage, "change_orders_log")))
    assert (row["Commitment"], row["Number"], row["Amount"]) == ("SC-001", "001", "1500.00")
    assert (row["ERP status"], row["Status"]) == ("Synced", "Approved")
    assert log(pam.get(url(stage, "change_orders_log"), {"q": "nothing"})) == []


def test_lists_are_filtered_by_company_and_type(stage: Stage, pam) -> None:
    other = VendorFactory.create(company=stage.company, name="Stone & Sons")
    mine = stage.commitment(number="SC-1")
    theirs = stage.commitment(number="PO-1", type="purchase_order", vendor=other)
    for commitment, title in ((mine, "Mine"), (theirs, "Theirs")):
        stage.change_order(commitment, title=title)
    page = text(pam.get(url(stage, "commitments"), {"vendor": other.pk}))
    assert ">PO-1</a>" in page
    assert ">SC-1</a>" not in page
    assert f'<option value="{other.pk}" selected>Stone & Sons</option>' in page
    for query in ({"vendor": other.pk}, {"type": "purchase_order"}):
        page = text(pam.get(url(stage, "change_orders"), query))
        assert "Theirs" in page
        assert "Mine" not in page


def test_a_commitment_is_copied(stage: Stage, pam) -> None:
    first = stage.commitment(number="SC-009", retainage="7.5", description="Per plan")
    stage.commitment(number="SC-010")
    stage.change_order(first)
    page = pam.get(f"{url(stage, 'commitment_new')}?copy={first.pk}")
    typed = page.context["form"].fields
    assert {one.name: one.value for one in typed if one.name != "date_created"} == {
        "type": "subcontract",
        "number": "SC-011",
        "title": "Structural concrete",
        "vendor": str(stage.vendor.pk),
        "retainage": "7.5",
        "description": "Per plan",
        "vendor_message": "",
    }
    assert "Footings" in text(page)
    assert text(page).count('name="line-id" value=""') == 5  # lines of its own, and blank ones
    assert Commitment.objects.count() == 2


def test_another_projects_commitment_is_not_copied(stage: Stage, pam) -> None:
    assert pam.get(f"{url(stage, 'commitment_new')}?copy={2**60}").status_code == 404


def test_the_page_shows_each_lines_share(stage: Stage, pam) -> None:
    commitment = stage.commitment()  # 10,000 and 25,000
    stage.change_order(commitment, [(1, "More", "5000.00")])
    page = text(pam.get(commitment.get_absolute_url()))
    assert "37.5 %" in page
    assert "62.5 %" in page
