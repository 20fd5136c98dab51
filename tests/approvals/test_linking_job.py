"""A job that was half done in QuickBooks before it came here: linked from a list, not sent again.

QuickBooks is the sandbox's stand-in; the ERP that cannot be asked is a toy, see `tests.ledger`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.errors import StepError
from approvals.linking import workflow as linking
from approvals.models import LookUp
from approvals.workflow import Item
from connectors.models import Conversation
from directory.models import ToolLevel
from directory.perms import Level, Tool
from tests import factories
from tests.ledger import Books
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db
JOB = "City of Alder:Library"


@pytest.fixture
def stage(stage: Stage) -> Stage:
    ToolLevel.objects.filter(
        membership__user__in=[stage.ann, stage.bea], tool__in=[Tool.COMMITMENTS, Tool.BUDGET]
    ).update(level=Level.ADMIN)
    return stage


@pytest.fixture
def ann(stage: Stage) -> Client:
    client = Client()
    sign_in(client, stage.ann)
    return client


def typed_in(stage: Stage, number: str, amount: str = "100.00", words: str = "Pipe") -> str:
    lines = [("03-300", JOB, words, Decimal(amount))]
    return stage.books.by_hand.enter_order(
        "Ironwood Concrete", number, lines, txn_date="2026-03-02"
    )


def commitment(stage: Stage, number: str, amount: str = "100.00"):
    return stage.commitment(number=number, lines=[("03-300", "Pipe", amount)])


def address(stage: Stage, step: str = "", tab: str = "commitments") -> str:
    job = f"/companies/{stage.company.pk}/erp/linking/{stage.project.pk}/{tab}/"
    return f"{job}{step}/" if step else job


def ticks(page: str) -> list[str]:
    return re.findall(r'type="checkbox" name="item" value="([^"]+)"', page)


def fits(page: str) -> list[str]:
    return re.findall(r'type="hidden" name="fits" value="([^"]+)"', page)


def text(response) -> str:
    return unescape(response.content.decode())


def test_a_job_is_looked_up_and_linked_from_a_list(stage: Stage, ann: Client) -> None:
    same, other, missing = (commitment(stage, number) for number in ("SC-1", "SC-2", "SC-3"))
    mine = typed_in(stage, "SC-1")
    typed_in(stage, "SC-2", "99.00")
    page = text(ann.get(address(stage)))
    assert len(ticks(page)) == 3
    page = text(ann.post(address(stage, "look-up"), {"item": ticks(page)}))
    assert "QuickBooks is asked about 3 of them at the next call." in page
    assert ticks(page) == [], "each is looked up once"
    stage.visit()
    page = text(ann.get(address(stage)))
    assert fits(page) == [f"{same.export_id}:0:{mine}"]
    assert "It comes to 99.00, not 100.00." in page
    assert "Nothing was found there as SC-3" in page
    page = text(ann.post(address(stage, "link"), {"fits": fits(page)}))
    assert "1 linked" in page
    assert [stage.status(one) for one in (same, other, missing)] == ["synced", "draft", "draft"]
    export = stage.export(same)
    assert (export.erp_number, export.decided_by) == ("SC-1", stage.ann)
    assert len(stage.books.purchase_orders()) == 2, "nothing was written"


def test_change_orders_follow_their_commitment(stage: Stage, ann: Client) -> None:
    order = commitment(stage, "SC-1")
    change = stage.change_order(order, lines=[(1, "Deeper", "50.00")])
    stage.books.by_hand.enter_order(
        "Ironwood Concrete",
        "SC-1",
        [("03-300", JOB, "Pipe", Decimal(100)), ("03-300", JOB, "Deeper", Decimal(50))],
        txn_date="2026-03-02",
    )
    changes = address(stage, tab="change-orders")
    assert "once their commitment is linked" in text(ann.get(changes))
    by = stage.access(stage.ann)
    [result] = linking.ask_all([Item(change.export_id, 0)], by=by)
    assert result.error is not None
    assert "is not in the ERP" in result.error.message
    # The order is there with its change, so its total is another one; that of another is not yet.
    second = commitment(stage, "SC-2")
    stage.synced(second)
    parent = stage.change_order(second, lines=[(1, "Deeper", "50.00")])
    record = stage.order("SC-2")
    stage.books.by_hand.add_line(
        record.txn_id, "03-300", "CCO 001: Deeper footings - Deeper", Decimal(50), customer=JOB
    )
    page = text(ann.get(changes))
    assert ticks(page) == [f"{parent.export_id}:0"]
    ann.post(address(stage, "look-up", "change-orders"), {"item": ticks(page)})
    stage.visit()
    page = text(ann.get(changes))
    assert [one.split(":")[0] for one in fits(page)] == [str(parent.export_id)]
    ann.post(address(stage, "link", "change-orders"), {"fits": fits(page)})
    assert stage.status(parent) == "synced"


def test_what_differs_is_linked_on_its_own_page(stage: Stage, ann: Client) -> None:
    one = commitment(stage, "SC-1")
    record = typed_in(stage, "SC-1", words="Copper pipe")
    ann.post(address(stage, "look-up"), {"item": f"{one.export_id}:0"})
    stage.visit()
    page = text(ann.get(address(stage)))
    assert fits(page) == []
    assert "1 difference" in page
    assert "here Pipe, there Copper pipe" in page
    page = text(ann.post(address(stage, "link"), {"fits": f"{one.export_id}:0:{record}"}))
    assert "It differs in 1 place. Open it" in page
    assert stage.status(one) == "draft"
    ann.post(f"/exports/{one.export_id}/link/", {"version": 0, "record": record})
    assert stage.status(one) == "synced"


def test_of_two_for_one_record_the_first_has_it(stage: Stage) -> None:
    first, second = commitment(stage, "SC-1"), commitment(stage, "SC-2")
    record = typed_in(stage, "A-7")
    by = stage.access(stage.ann)
    items = [Item(one.export_id, 0, number="A-7", record=record) for one in (first, second)]
    assert all(result.error is None for result in linking.ask_all(items, by=by))
    stage.visit()
    results = linking.link_all(items, by=by)
    assert [type(result.error).__name__ for result in results] == ["NoneType", "StepError"]
    assert [stage.status(one) for one in (first, second)] == ["synced", "draft"]


def test_what_is_not_in_order_says_why_and_holds_nothing_back(stage: Stage, ann: Client) -> None:
    draft = stage.commitment(number="SC-1", status="draft")
    fine = commitment(stage, "SC-2")
    items = [f"{one.export_id}:0" for one in (draft, fine)]
    page = text(ann.post(address(stage, "look-up"), {"item": items}))
    assert "1 not asked about" in page
    assert "Approved" in page
    assert LookUp.objects.get().export_id == fine.export_id
    assert Conversation.objects.get().purpose == "look-up"
    # Asked again before the answer: once in the lane.
    ann.post(address(stage, "look-up"), {"item": items[1]})
    assert Conversation.objects.exclude(state="closed").count() == 1


def test_a_large_one_waits_for_the_second_approver(stage: Stage, ann: Client) -> None:
    stage.company.second_approver_from = Decimal(100)
    stage.company.save()
    one = commitment(stage, "SC-1")
    typed_in(stage, "SC-1")
    ann.post(address(stage, "look-up"), {"item": f"{one.export_id}:0"})
    stage.visit()
    page = text(ann.get(address(stage)))
    page = text(ann.post(address(stage, "link"), {"fits": fits(page)}))
    assert "1: first approval given, a second approver is missing" in page
    assert "Ann has linked it; a second approver is missing." in page
    assert fits(page) == [], "not Ann again"
    bea = Client()
    sign_in(bea, stage.bea)
    page = text(bea.get(address(stage)))
    assert "1 linked" in text(bea.post(address(stage, "link"), {"fits": fits(page)}))
    assert stage.status(one) == "synced"


def test_another_project_is_not_reached_through_this_one(stage: Stage, ann: Client) -> None:
    other = factories.ProjectFactory.create(company=stage.company, number="26-011")
    strange = factories.CommitmentFactory.create(
        project=other, number="SC-9", created_by=stage.pam, vendor=stage.vendor
    )
    results = linking.ask_all([Item(strange.export_id, 0)], by=stage.access(stage.ann))
    assert results[0].export is None
    assert not LookUp.objects.exists()
    mine = f"/companies/{stage.company.pk}/erp/linking/"
    assert ann.get(f"{mine}{other.pk}/commitments/").status_code == 404
    assert "26-011" not in text(ann.get(mine))
    assert ann.get(f"/companies/{stage.other.pk}/erp/linking/").status_code == 404


def test_at_most_two_hundred_at_once(stage: Stage) -> None:
    items = [Item(pk, 0) for pk in range(1, 202)]
    with pytest.raises(StepError, match="At most 200"):
        linking.ask_all(items, by=stage.access(stage.ann))


def test_many_ask_as_many_queries_as_few(stage: Stage, ann: Client) -> None:
    def made(*numbers: int) -> list[Item]:
        made = [commitment(stage, f"SC-{n:02}") for n in numbers]
        return [Item(one.export_id, 0, record=typed_in(stage, one.number)) for one in made]

    by = stage.access(stage.ann)
    asked, linked, drawn = [], [], []
    for items in (made(1, 2), made(*range(3, 14))):
        with CaptureQueriesContext(connection) as queries:
            results = linking.ask_all(items, by=by)
        assert all(result.error is None for result in results)
        asked.append(len(queries))
        stage.visit()
        with CaptureQueriesContext(connection) as queries:
            assert len(fits(text(ann.get(address(stage))))) == len(items)
        drawn.append(len(queries))
        with CaptureQueriesContext(connection) as queries:
            results = linking.link_all(items, by=by, exact=True)
        assert all(result.error is None for result in results)
        linked.append(len(queries))
    assert [len(set(counts)) for counts in (asked, drawn, linked)] == [1, 1, 1]


def test_pages_follow_each_other(stage: Stage, ann: Client, monkeypatch) -> None:
    monkeypatch.setattr("approvals.linking.listing.PAGE", 2)
    monkeypatch.setattr("approvals.linking.listing.page.__kwdefaults__", {"after": None, "size": 2})
    made = [commitment(stage, f"SC-{n}") for n in range(5)]
    page, seen = text(ann.get(address(stage))), []
    while True:
        seen += [int(one.split(":")[0]) for one in ticks(page)]
        more = re.search(r'href="[^"]+(\?after=\d+)" rel="next"', page)
        if more is None:
            break
        page = text(ann.get(address(stage) + more[1]))
    assert seen == [one.export_id for one in reversed(made)]


def test_where_nobody_can_be_asked_each_is_attested(
    stage: Stage, ledger: Books, ann: Client
) -> None:
    one = commitment(stage, "SC-1")
    page = text(ann.get(address(stage)))
    assert "Ledger cannot be asked what it holds. Open each one" in page
    assert ticks(page) == []
    assert f'href="/exports/{one.export_id}/#link-head"' in page
    answer = ann.post(address(stage, "look-up"), {"item": f"{one.export_id}:0"})
    assert answer.status_code == 409
    assert "cannot be asked" in text(answer)
    said = {"version": 0, "number": "SC-1", "note": "On the list of job 26-010."}
    api = f"/api/v1/exports/{one.export_id}/attest/"
    refused = ann.post(api, {**said, "attested": False}, "application/json")
    assert refused.status_code == 409
    answer = ann.post(api, {**said, "attested": True}, "application/json")
    assert answer.json()["status"] == "synced"


def test_programs_do_the_same(stage: Stage, ann: Client) -> None:
    same, other = commitment(stage, "SC-1"), commitment(stage, "SC-2")
    record = typed_in(stage, "A-1")
    typed_in(stage, "SC-2", words="Copper")
    listed = f"/api/v1/linking/?project={stage.project.pk}"
    assert [row["looked_up"] for row in ann.get(listed).json()["results"]] == [None, None]
    items = [
        {"id": same.export_id, "version": 0, "number": "A-1"},
        {"id": other.export_id, "version": 0},
    ]
    answer = ann.post("/api/v1/linking/look-up/", {"items": items}, "application/json")
    assert [row["done"] for row in answer.json()["results"]] == [True, True]
    stage.visit()
    second, first = ann.get(listed).json()["results"]
    assert first["fits"] is None, "its number differs"
    [found] = first["looked_up"]["found"]
    assert (found["record"], found["number"], found["amount"]) == (record, "A-1", "100.00")
    assert [one["where"] for one in found["differences"]] == ["number"]
    theirs = second["looked_up"]["found"][0]["record"]
    items = [
        {"id": same.export_id, "version": 0, "record": record},
        {"id": other.export_id, "version": 0, "record": theirs},
    ]
    body = {"items": items, "exact": True}
    answer = ann.post("/api/v1/linking/link/", body, "application/json")
    assert [row["done"] for row in answer.json()["results"]] == [False, False]
    answer = ann.post("/api/v1/linking/link/", {**body, "exact": False}, "application/json")
    assert [row["status"] for row in answer.json()["results"]] == ["synced", "synced"]
    assert ann.get(listed).json() == {"results": [], "next": None}


def test_who_may_not_link_is_told_who_can_change_that(stage: Stage, client: Client) -> None:
    commitment(stage, "SC-1")
    sign_in(client, stage.vic)
    page = text(client.get(address(stage)))
    assert ticks(page) == []
    assert "This needs Standard on ERP Integrations." in page


def test_many_at_once_ask_for_the_password_again(stage: Stage) -> None:
    one = commitment(stage, "SC-1")
    rows = [f"{one.export_id}:0:1", *(f"{pk}:0:1" for pk in range(900_000, 900_050))]
    client = Client()
    client.force_login(stage.ann)
    answer = client.post(address(stage, "link"), {"fits": rows})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    sign_in(client, stage.ann)
    assert client.post(address(stage, "link"), {"fits": rows}).status_code == 200
