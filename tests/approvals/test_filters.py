"""The queue narrowed and ordered: by project, contract company, sender, amount and age."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from approvals import listing
from approvals.filters import Filters, Order
from approvals.models import Export
from commitments.models import Commitment
from directory.models import User
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(stage: Stage) -> str:
    return f"/companies/{stage.company.pk}/erp/commitments/"


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(stage: Stage, queue: str, **query: Any) -> str:
    return signed_in(stage.ann).get(queue, query).content.decode()


def numbers(html: str) -> list[str]:
    return re.findall(r'<th scope="row"[^>]*><a [^>]*>([^<]+)</a>', html)


def waiting(stage: Stage, number: str, amount: str, *, days: int = 0, **fields: Any) -> Commitment:
    """A commitment that has been in the queue for so many days."""
    made = stage.commitment(number=number, lines=[("03-300", "Work", amount)], **fields)
    stage.send(made)
    moment = timezone.now() - timedelta(days=days)
    Export.objects.filter(pk=made.export_id).update(status_at=moment)
    return made


@pytest.fixture
def four(stage: Stage) -> list[Commitment]:
    """From a day to a month old, from 75.50 to 12,000.00."""
    name = "Calder Roofing"
    other = factories.VendorFactory.create(
        company=stage.company, name=name, erp_id=stage.books.add_vendor(name), erp_name=name
    )
    return [
        waiting(stage, "SC-1", "900.00", days=30),
        waiting(stage, "SC-2", "12000.00", days=10),
        waiting(stage, "SC-3", "900.00", days=9, vendor=other),
        waiting(stage, "SC-4", "75.50", days=1),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["SC-4", "SC-3", "SC-2", "SC-1"]),
        ({"vendor": "roofing"}, ["SC-3"]),
        ({"least": "900"}, ["SC-3", "SC-2", "SC-1"]),
        ({"least": "100.00", "most": "1,000.00"}, ["SC-3", "SC-1"]),
        ({"days": "10"}, ["SC-2", "SC-1"]),
        ({"order": "oldest"}, ["SC-1", "SC-2", "SC-3", "SC-4"]),
        ({"order": "largest"}, ["SC-2", "SC-3", "SC-1", "SC-4"]),
        ({"order": "largest", "q": "SC-", "most": "900"}, ["SC-3", "SC-1", "SC-4"]),
        ({"vendor": "100%"}, []),
        ({"vendor": "a\0b"}, []),
    ],
)
@pytest.mark.usefixtures("four")
def test_ann_finds_what_she_narrows_the_view_to(
    stage: Stage, queue: str, query: dict[str, str], found: list[str]
) -> None:
    assert numbers(page(stage, queue, **query)) == found


@pytest.mark.usefixtures("four")
def test_by_project_and_by_sender(stage: Stage, queue: str) -> None:
    assert len(numbers(page(stage, queue, project=stage.project.pk))) == 4
    assert len(numbers(page(stage, queue, sender=stage.pam.pk))) == 4
    assert numbers(page(stage, queue, sender=stage.ann.pk)) == []
    html = page(stage, queue, project=stage.project.pk, sender=stage.pam.pk, least="900")
    assert f"Project {stage.project}" in html
    assert f"Sent by {stage.pam.name}" in html
    assert "From 900" in html
    assert "3 shown" in html


@pytest.mark.usefixtures("four")
def test_what_cannot_be_read_is_said_and_left_out(stage: Stage, queue: str) -> None:
    html = page(stage, queue, least="1.234,56", days="soon", order="sideways", project="x")
    assert "“1.234,56” is no amount. Write it like 1,250.00. It was left out." in html
    assert "“soon” is no number of days" in html
    assert "There is no such order." in html
    assert len(numbers(html)) == 4


@pytest.mark.usefixtures("four")
def test_a_project_of_another_company_is_not_named(stage: Stage, queue: str) -> None:
    theirs = factories.ProjectFactory.create(company=stage.other, name="Harbor Secret")
    html = page(stage, queue, project=theirs.pk, sender=stage.olga.pk)
    assert numbers(html) == []
    assert "Harbor Secret" not in html
    assert stage.olga.name not in html
    form = page(stage, f"{queue}filters/")
    assert f'<li><a href="{queue}?view=ready">ERP Integrations</a>' in form
    assert "Harbor Secret" not in form
    assert stage.olga.name not in form


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.usefixtures("four")
def test_pages_in_every_order_show_each_item_once(
    stage: Stage, queue: str, monkeypatch: pytest.MonkeyPatch, order: Order
) -> None:
    everything = numbers(page(stage, queue, order=order.value))
    monkeypatch.setattr(listing, "PAGE", 1)
    client = signed_in(stage.ann)
    seen, address = [], f"?view=ready&order={order.value}"
    for _ in everything:
        html = client.get(queue + address).content.decode()
        seen += numbers(html)
        following = re.search(rf'href="{queue}(\?[^"]+)" rel="next"', html)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == everything
    assert address == ""
    back = []
    while preceding := re.search(rf'href="{queue}(\?[^"]+)" rel="prev"', html):
        html = client.get(queue + preceding[1].replace("&amp;", "&")).content.decode()
        back += numbers(html)
    assert back == everything[-2::-1]


def test_previous_and_next_keep_to_what_was_asked_for(
    stage: Stage, queue: str, four: list[Commitment]
) -> None:
    html = page(stage, queue, least="900", order="oldest")
    address = re.search(r'href="(/exports/[^"]+)"', html)
    assert address is not None
    assert address[1] == f"/exports/{four[0].export_id}/?least=900&amp;order=oldest"
    client = signed_in(stage.ann)
    html = client.get(address[1].replace("&amp;", "&")).content.decode()
    following = re.search(r'href="([^"]+)" rel="next"', html)
    assert following is not None
    assert following[1] == f"/exports/{four[1].export_id}/?least=900&amp;order=oldest"
    then = re.search(r'name="then" value="([^"]+)"', html)
    assert then is not None
    assert then[1] == following[1]
    # SC-4 is less than 900.00: nothing comes after SC-3.
    html = client.get(f"/exports/{four[2].export_id}/?least=900&order=oldest").content.decode()
    assert 'rel="next"' not in html
    assert "view=ready&amp;least=900&amp;order=oldest" in html  # the way back


@pytest.mark.parametrize("then", ["https://elsewhere.example/", "//elsewhere.example/", "x"])
def test_nobody_is_led_elsewhere_after_a_decision(stage: Stage, then: str) -> None:
    made = stage.commitment()
    stage.send(made)
    form = {"version": str(stage.export(made).version), "note": "No.", "then": then}
    answer = signed_in(stage.ann).post(f"/exports/{made.export_id}/reject/", form)
    assert answer["Location"] == f"/exports/{made.export_id}/"


@pytest.mark.usefixtures("four")
def test_the_api_narrows_and_orders_the_same(stage: Stage) -> None:
    client = signed_in(stage.ann)
    query: dict[str, str | int] = {
        "company": stage.company.pk,
        "kind": "commitment",
        "least": "100",
        "order": "largest",
        "size": 2,
    }
    first = client.get("/api/v1/exports/", query).json()
    assert [row["number"] for row in first["results"]] == ["SC-2", "SC-3"]
    rest = client.get("/api/v1/exports/", {**query, "cursor": first["next"]}).json()
    assert [row["number"] for row in rest["results"]] == ["SC-1"]
    assert rest["next"] is None
    answer = client.get("/api/v1/exports/", {**query, "least": "much", "order": "sideways"})
    assert answer.status_code == 400
    assert {fault["where"] for fault in answer.json()["faults"]} == {"least", "order"}


def test_an_address_says_what_was_read() -> None:
    query = QueryDict("q=roof&project=4&vendor=Cal&sender=2&least=-1,000.50&days=3&order=largest")
    filters, faults = Filters.read(query)
    assert faults == {}
    assert filters.least == Decimal("-1000.50")
    assert Filters.read(filters.query) == (filters, {})
    assert filters.without("least").query.keys() == filters.query.keys() - {"least"}
