"""The pages of change events as Pam reads and fills them; what others see of them."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from change_events import listing
from change_events.models import ChangeEvent, ChangeEventLine
from change_events.workflow import create_change_orders, load_event, set_event_status
from directory.access import set_level
from directory.models import Membership
from directory.perms import Level, Tool
from tests import factories
from tests.change_events.conftest import event, ids, line
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(stage: Stage, client):
    client.force_login(stage.pam)
    return client


def text(response) -> str:
    return unescape(response.content.decode())


def the_list(stage: Stage) -> str:
    return reverse("change_events", args=[stage.project.pk])


def questions(client, url: str) -> int:
    client.get(url)  # caches of the process
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def test_pam_enters_one_and_makes_a_change_order_of_it(stage: Stage, signed_in) -> None:
    commitment = stage.commitment()
    assert "no change events yet" in text(signed_in.get(the_list(stage)))
    new = reverse("change_event_new", args=[stage.project.pk])
    assert "SC-001 · Ironwood Concrete" in text(signed_in.get(new))
    posted = {
        "number": "",
        "title": "Owner moves the stair",
        "reason": "owner",
        "line-target": ["sc-001", "Nobody Inc."],
        "line-cost_code": ["03-300", "05-120"],
        "line-category": ["Subcontract", "Subcontract"],
        "line-description": ["Footings", "Stringers"],
        "line-amount": ["1,500.00", "900"],
    }
    refused = signed_in.post(new, posted)
    assert refused.status_code == 422
    assert "Line 2, commitment or company: This project has no such commitment or company." in text(
        refused
    )
    assert "Nobody Inc." in text(refused)
    posted["line-target"] = ["sc-001", "ironwood concrete"]
    page = signed_in.post(new, posted, follow=True)
    assert "Change event 001 is saved." in text(page)
    made = load_event(ChangeEvent.objects.get().pk)

    create = reverse("change_event_carry", args=[stage.project.pk, made.pk, "create"])
    body = {"version": 0, "line": ids(made), "title": "Stair"}
    refused = signed_in.post(create, body)
    assert refused.status_code == 422
    assert "Choose the commitment for line 2. It names Ironwood Concrete." in text(refused)
    assert text(refused).count(" checked") == 2  # what was ticked stays ticked
    page = text(signed_in.post(create, {**body, "commitment": commitment.pk}, follow=True))
    assert "Made, as a Draft: SC-001 / 001." in page
    order = commitment.change_orders.get()
    assert order.get_absolute_url() in page
    assert "Not sent" in page
    theirs = text(signed_in.get(order.get_absolute_url()))
    assert f'<a href="{made.get_absolute_url()}">change event 001, line 2</a>' in theirs


def test_who_reads_no_change_events_sees_their_words_but_no_way_there(stage, client) -> None:
    commitment = stage.commitment()
    made = event(stage, line(commitment=commitment.pk))
    [order] = create_change_orders(made, by=stage.access(stage.pam), version=0, lines=ids(made))
    membership = Membership.objects.get(user=stage.vic, company=stage.company)
    set_level(membership, Tool.CHANGE_EVENTS, Level.NONE, by=stage.dora, project=stage.project)
    client.force_login(stage.vic)
    page = text(client.get(order.get_absolute_url()))
    assert "From change event 001, line 1" in page
    assert made.get_absolute_url() not in page
    assert client.get(made.get_absolute_url()).status_code == 404


def test_who_may_not_change_it_is_told_why(stage: Stage, client) -> None:
    made = event(stage, line())
    client.force_login(stage.vic)
    page = text(client.get(made.get_absolute_url()))
    assert "This needs Standard on Change Events." in page
    assert 'type="checkbox"' not in page
    other = event(stage)
    address = reverse("change_event", args=[stage.other.projects.get().pk, other.pk])
    assert client.get(address).status_code == 404


def test_a_page_that_is_old_says_what_happened_since(stage: Stage, signed_in) -> None:
    made = event(stage, line(commitment=stage.commitment().pk))
    set_event_status(made, by=stage.access(stage.pam), version=0, status="closed")
    create = reverse("change_event_carry", args=[stage.project.pk, made.pk, "create"])
    answer = signed_in.post(create, {"version": 0, "line": ids(made)})
    assert answer.status_code == 409
    assert "Status: Open → Closed" in text(answer)


def test_the_tool_is_switched_on_and_off_in_the_directory(stage: Stage, client) -> None:
    made = event(stage, line(commitment=stage.commitment().pk))
    client.force_login(stage.dora)
    address = reverse("directory_entry", args=[stage.company.pk, "projects", stage.project.pk])
    project = {"number": "26-010", "name": "Riverside Library", "job": stage.project.job_id}
    page = text(client.post(address, project, follow=True))
    assert "is saved" in page
    history = text(client.get(address))
    assert "Change Events: on → off" in history

    client.force_login(stage.pam)
    page = text(client.get(made.get_absolute_url()))
    assert "switched off in this project" in page
    assert f'href="{the_list(stage)}"' not in text(
        client.get(reverse("commitments", args=[stage.project.pk]))
    )
    answer = client.get(reverse("change_event_edit", args=[stage.project.pk, made.pk]), follow=True)
    assert "Somebody with Admin on Directory can switch it on." in text(answer)

    client.force_login(stage.dora)
    client.post(address, {**project, "change_events": "on"})
    client.force_login(stage.pam)
    commitments = text(client.get(reverse("commitments", args=[stage.project.pk])))
    assert f'href="{the_list(stage)}"' in commitments


def test_events_are_found_and_added_up(stage: Stage, signed_in) -> None:
    pam = stage.access(stage.pam)
    commitment = stage.commitment()
    first = event(stage, line("1500.10", commitment=commitment.pk), line("20"), reason="owner")
    event(stage, line("-300.05"), title="Less paving", reason="design")
    create_change_orders(first, by=pam, version=0, lines=ids(first, 1))
    page = text(signed_in.get(the_list(stage)))
    for shown in ("1,520.10", "-300.05", "1,220.05", "1,500.10", "-280.05"):
        assert shown in page, shown
    for query, expected in (
        ({"q": "paving"}, {"002"}),
        ({"reason": "owner"}, {"001"}),
        ({"status": "closed"}, set()),
        ({"status": "'", "reason": "%", "after": "x"}, {"001", "002"}),
    ):
        page = text(signed_in.get(the_list(stage), query))
        assert set(re.findall(r">(00\d)</a>", page)) == expected
        assert ("No change event matches." in page) is (not expected)


def test_pages_follow_one_another_without_gaps(stage: Stage, signed_in, monkeypatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    for _ in range(5):
        event(stage, title="Any")
    query, seen = "?q=any", []
    while query:
        page = text(signed_in.get(the_list(stage) + query))
        seen.append(re.findall(r">(00\d)</a>", page))
        following = re.search(r'href="([^"]*)" rel="next"', page)
        query = following[1] if following else ""
    assert seen == [["005", "004"], ["003", "002"], ["001"]]


def test_more_rows_ask_no_more_questions(stage: Stage, signed_in) -> None:
    commitment = stage.commitment()
    made = event(stage, line(commitment=commitment.pk), line())
    [order] = create_change_orders(made, by=stage.access(stage.pam), version=0, lines=ids(made, 1))
    pages = [
        the_list(stage),
        made.get_absolute_url(),
        f"{made.get_absolute_url()}edit/",
        order.get_absolute_url(),
        reverse("project", args=[stage.project.pk]),
    ]
    few = [questions(signed_in, page) for page in pages]
    events = [
        ChangeEvent(
            company=stage.company,
            project=stage.project,
            number=f"A-{place}",
            title="Many",
            created_by=stage.pam,
        )
        for place in range(10_000)
    ]
    ChangeEvent.objects.bulk_create(events)
    same = {
        "company": stage.company,
        "cost_code": stage.codes["03-300"],
        "category": stage.category,
        "amount": 1,
    }
    ChangeEventLine.objects.bulk_create(
        [ChangeEventLine(event=one, number=1, vendor=stage.vendor, **same) for one in events]
        + [
            ChangeEventLine(event=made, number=place, commitment=commitment, **same)
            for place in range(3, 203)
        ]
    )
    for place in range(2, 30):
        factories.CommitmentFactory.create(
            project=stage.project, number=f"B-{place}", vendor=stage.vendor, created_by=stage.pam
        )
    assert [questions(signed_in, page) for page in pages] == few
    assert max(few) < 30, few
    assert "10001 change events" in text(signed_in.get(the_list(stage)))


def test_the_companys_history_names_it(stage: Stage, client) -> None:
    made = event(stage, line(commitment=stage.commitment().pk))
    create_change_orders(made, by=stage.access(stage.pam), version=0, lines=ids(made))
    client.force_login(stage.dora)
    page = text(client.get(f"/companies/{stage.company.pk}/history/?about=change_event"))
    for words in ("Change event 001", "Put into a change order", "Line 1: into SC-001 / 001"):
        assert words in page
