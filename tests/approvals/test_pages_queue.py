"""The queue as accounting uses it: views with counts, pages, many decisions at once."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from django.test import Client

from approvals import listing
from approvals.models import Export, Kinds
from approvals.states import VIEW_OF, View
from commitments.models import ChangeOrder
from directory.models import ToolLevel, User
from directory.perms import Level, Tool
from directory.privilege import grant_push
from tests.stage import Stage

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def queue(stage: Stage) -> str:
    """The address of the change orders' queue."""
    return f"/companies/{stage.company.pk}/erp/change-orders/"


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def sent(stage: Stage, how_many: int) -> list[ChangeOrder]:
    """So many change orders of one synced commitment, in the queue."""
    commitment = stage.commitment()
    stage.synced(commitment)
    made = [
        stage.change_order(
            commitment, number=f"{n:03d}", title=f"Change {n}", lines=[(1, "More", f"{n}.25")]
        )
        for n in range(1, how_many + 1)
    ]
    for change_order in made:
        stage.send(change_order)
    return made


def item(change_order: ChangeOrder) -> str:
    """How a page names what it shows: id and version."""
    export = Export.objects.get(pk=change_order.export_id)
    return f"{export.pk}:{export.version}"


def ids(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'<tr id="item-(\d+)"', html)]


def test_ann_finds_what_pam_sent(stage: Stage, queue: str) -> None:
    [change_order] = sent(stage, 1)
    html = signed_in(stage.ann).get(queue).content.decode()
    assert "Change Orders - Ready to be Exported to QuickBooks® Desktop" in html
    assert ids(html) == [change_order.export_id]
    assert "SC-001" in html
    assert "Change 1" in html
    assert "1.25" in html
    assert stage.pam.name in html
    assert 'data-name="SC-001 / 001 Change 1"' in html  # what the dialog of a rejection names


@pytest.mark.parametrize(
    ("view", "title"),
    [
        ("ready", "Change Orders - Ready to be Exported to QuickBooks® Desktop"),
        ("failed", "Change Orders - Failed to Export to QuickBooks® Desktop"),
        ("progress", "Change Orders - On the way to QuickBooks® Desktop"),
        ("synced", "Change Orders - Successfully Synced with QuickBooks® Desktop"),
        ("rejected", "Change Orders - Rejected by accounting"),
        ("nonsense", "Change Orders - Ready to be Exported to QuickBooks® Desktop"),
    ],
)
def test_an_empty_view_says_what_would_stand_in_it(
    stage: Stage, queue: str, view: str, title: str
) -> None:
    html = signed_in(stage.ann).get(queue, {"view": view}).content.decode()
    assert title in html
    assert re.search(r'<div class="empty"><strong>[^<]+</strong>[^<]+(<a [^<]+</a>\.)?</div>', html)


def test_a_longer_queue_costs_no_more_queries(
    stage: Stage, queue: str, django_assert_num_queries
) -> None:
    [first, *_] = sent(stage, 2)
    client = signed_in(stage.ann)
    client.get(queue)  # the session is read once more after signing in
    # Session, person, company, levels and privilege, page, counts, connection, menu.
    with django_assert_num_queries(8):
        assert len(ids(client.get(queue).content.decode())) == 2
    for n in range(3, 20):
        stage.send(
            stage.change_order(first.commitment, number=f"{n:03d}", lines=[(1, "More", "1.00")])
        )
    with django_assert_num_queries(8):
        assert len(ids(client.get(queue).content.decode())) == 19


def test_turning_pages_shows_every_item_once(
    stage: Stage, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    everything = [change_order.export_id for change_order in reversed(sent(stage, 8))]
    # Some were sent in the same moment: the id decides.
    moment = Export.objects.get(pk=everything[3]).status_at
    Export.objects.filter(pk__in=everything[2:6]).update(status_at=moment)
    client = signed_in(stage.ann)

    def turn(address: str, direction: str) -> tuple[list[int], str]:
        html = client.get(queue + address).content.decode()
        found = re.search(rf'href="{queue}(\?[^"]+)" rel="{direction}"', html)
        return ids(html), found.group(1).replace("&amp;", "&") if found else ""

    seen, pages, address = [], 0, "?view=ready"
    while address:
        rows, address = turn(address, "next")
        last = rows
        seen += rows
        pages += 1
    assert seen == everything
    assert pages == 3
    assert last == everything[6:]

    # And back again, from the last page.
    html = client.get(f"{queue}?after={listing.Place.of(_row(everything[5]))}").content.decode()
    back = re.search(rf'href="{queue}(\?[^"]+)" rel="prev"', html)
    assert back is not None
    rows, newer = turn(back.group(1).replace("&amp;", "&"), "prev")
    assert rows == everything[3:6]
    rows, newer = turn(newer, "prev")
    assert rows == everything[:3]
    assert newer == ""


def _row(export: int) -> Mapping[str, object]:
    return Export.objects.values("id", "status_at").get(pk=export)


def test_what_leaves_the_view_moves_nothing_that_is_still_to_come(
    stage: Stage, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    made = sent(stage, 6)
    newest_first = [change_order.export_id for change_order in reversed(made)]
    client = signed_in(stage.ann)
    html = client.get(queue).content.decode()
    assert ids(html) == newest_first[:2]
    older = re.search(rf'href="{queue}(\?[^"]+)" rel="next"', html)
    assert older is not None
    stage.accept(made[-1])
    stage.accept(made[-2])
    html = client.get(queue + older.group(1).replace("&amp;", "&")).content.decode()
    assert ids(html) == newest_first[2:4]


def test_the_counts_are_those_of_the_rows(stage: Stage, queue: str) -> None:
    made = sent(stage, 6)
    stage.accept(made[0])
    stage.step("reject", made[1], stage.ann, note="Wrong line.")
    stage.step("retrieve", made[2], stage.pam)
    stage.visit()
    stage.accept(made[3])
    counts = listing.counts(stage.company.pk)[stage.company.pk]
    for kind in Kinds.values:
        for view in View.values:
            statuses = [status for status, one in VIEW_OF.items() if one == view]
            rows = Export.objects.filter(
                company=stage.company, kind=kind, status__in=statuses
            ).count()
            assert counts.of(kind, view) == rows, (kind, view)
    html = signed_in(stage.ann).get(queue).content.decode()
    shown = dict(re.findall(r">(\w[\w ]+) <span class=\"count[^\"]*\">(\d+)</span></a>", html))
    assert shown["Ready to Export"] == "2"
    assert shown["In progress"] == "1"
    assert shown["Synced"] == "1"
    assert shown["Rejected"] == "1"
    assert shown["Failed to Export"] == "0"


def test_search_looks_at_number_title_company_and_commitment(stage: Stage, queue: str) -> None:
    made = sent(stage, 12)
    client = signed_in(stage.ann)

    def found(text: str) -> list[int]:
        return ids(client.get(queue, {"q": text}).content.decode())

    assert found("change 12") == [made[11].export_id]
    assert found("007") == [made[6].export_id]
    assert len(found("ironwood")) == 12
    assert len(found("SC-001")) == 12
    assert found("100%") == []
    html = client.get(queue, {"q": "nowhere"}).content.decode()
    assert "Nothing in this view matches “nowhere”" in html
    assert 'value="nowhere"' in html


def test_vic_may_look_and_is_told_who_can_let_him_decide(stage: Stage, queue: str) -> None:
    [change_order] = sent(stage, 1)
    client = signed_in(stage.vic)
    html = client.get(queue).content.decode()
    assert ids(html) == [change_order.export_id]
    buttons = re.findall(r"<button[^>]*>(?:Accept|Reject)[^<]*</button>", html)
    assert len(buttons) == 4  # for the row, and for what is ticked
    assert all("disabled" in button for button in buttons)
    assert "This needs Standard on ERP Integrations." in html
    assert "An administrator of your company can give it to you." in html
    assert 'name="item"' not in html

    answer = client.post(f"{queue}bulk/accept/?view=ready", {"item": item(change_order)})
    assert answer.status_code == 403
    assert "This needs Standard on ERP Integrations." in answer.content.decode()
    assert stage.status(change_order) == "sent"


def test_ann_accepts_many_and_reads_what_became_of_each(stage: Stage, queue: str) -> None:
    first, second, third = sent(stage, 3)
    ticked = [item(first), item(second), item(third), "999999:1"]
    # While Ann looks, Pam takes one back and changes nothing; Bea accepts another.
    stage.step("retrieve", second, stage.pam)
    stage.accept(third, by=stage.bea)

    client = signed_in(stage.ann)
    answer = client.post(f"{queue}bulk/accept/?view=ready", {"item": ticked}, headers=HTMX)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert html.lstrip().startswith('<div id="queue">')
    assert "1 accepted" in html
    assert "3 not accepted" in html
    assert "it is now: Retrieved" in html
    assert "it is now: Accepted" in html
    assert f"Accepted by {stage.bea.name}" in html
    assert "There is no such item." in html
    assert (stage.status(first), stage.status(second), stage.status(third)) == (
        "accepted",
        "retrieved",
        "accepted",
    )
    assert ids(html) == []


def test_one_row_can_be_decided_while_others_are_ticked(stage: Stage, queue: str) -> None:
    first, second = sent(stage, 2)
    form = {"item": [item(first)], "only": item(second)}
    signed_in(stage.ann).post(f"{queue}bulk/accept/?view=ready", form)
    assert (stage.status(first), stage.status(second)) == ("sent", "accepted")


def test_a_rejection_says_why(stage: Stage, queue: str) -> None:
    first, second = sent(stage, 2)
    client = signed_in(stage.ann)
    ticked = {"item": [item(first), item(second)]}
    answer = client.post(f"{queue}bulk/reject/?view=ready", {**ticked, "note": "  "})
    assert answer.status_code == 409
    assert "Say in the comment what has to be changed" in answer.content.decode()
    assert stage.status(first) == "sent"

    note = "Line 1 belongs to <another> contract."
    html = client.post(f"{queue}bulk/reject/?view=ready", {**ticked, "note": note}).content.decode()
    assert "2 rejected" in html
    html = client.get(queue, {"view": "rejected"}).content.decode()
    assert "Line 1 belongs to &lt;another&gt; contract." in html
    assert ids(html) == [second.export_id, first.export_id]


@pytest.mark.parametrize("ticked", [[], ["x:1"], ["5"], ["5:-1"], ["5:1; DROP"]])
def test_nothing_or_nonsense_ticked_is_refused_in_words(
    stage: Stage, queue: str, ticked: list[str]
) -> None:
    answer = signed_in(stage.ann).post(f"{queue}bulk/accept/", {"item": ticked})
    assert answer.status_code == 409
    words = "Nothing is ticked" if not ticked else "The page sent something unreadable"
    assert words in answer.content.decode()


def test_a_tab_that_there_is_not_takes_no_step(stage: Stage, queue: str) -> None:
    [first] = sent(stage, 1)
    nowhere = f"/companies/{stage.company.pk}/erp/nowhere/bulk/accept/"
    answer = signed_in(stage.ann).post(nowhere, {"item": [item(first)]})
    assert (answer.status_code, stage.status(first)) == (404, "sent")


def test_select_all_ticks_every_row_that_it_shows(
    stage: Stage, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    made = sent(stage, 5)
    client = signed_in(stage.ann)
    assert "Select all in this view" in client.get(queue).content.decode()
    html = client.get(queue, {"view": "ready", "all": "1"}).content.decode()
    ticked = re.findall(r'name="item" value="(\d+:\d+)"[^>]* checked>', html)
    assert sorted(ticked) == sorted(item(change_order) for change_order in made)


def test_the_sender_sees_why_somebody_else_decides(stage: Stage, queue: str) -> None:
    ToolLevel.objects.filter(
        membership__user=stage.ann, tool__in=[Tool.COMMITMENTS, Tool.CHANGE_ORDERS]
    ).update(level=Level.ADMIN)
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order, by=stage.ann)
    html = signed_in(stage.ann).get(queue).content.decode()
    row = html[html.index("<tr id=") :]
    assert re.search(r'<button[^>]*disabled title="You sent it yourself[^>]*>Accept</button>', row)


def test_another_company_finds_nothing_here(stage: Stage, queue: str) -> None:
    [change_order] = sent(stage, 1)
    client = signed_in(stage.olga)
    assert client.get(queue).status_code == 404
    # Nor from her own queue, where she decides.
    grant_push(stage.olga.memberships.get(), by=stage.otto)
    theirs = f"/companies/{stage.other.pk}/erp/change-orders/"
    answer = client.post(f"{theirs}bulk/reject/", {"item": item(change_order), "note": "No."})
    html = answer.content.decode()
    assert "There is no such item." in html
    assert "Change 1" not in html
    assert stage.status(change_order) == "sent"


@pytest.mark.parametrize("after", ["", "x", "1_2_3", "99999999999999999999_1", "-5_1", "1_x"])
def test_a_broken_place_is_the_first_page(stage: Stage, queue: str, after: str) -> None:
    made = sent(stage, 1)
    html = signed_in(stage.ann).get(queue, {"after": after}).content.decode()
    assert ids(html) in ([made[0].export_id], [])


def too_many(change_order: ChangeOrder) -> list[str]:
    """So many ticks that who sends them is asked for their password once more."""
    return [item(change_order), *(f"{pk}:1" for pk in range(900_000, 900_050))]


def signed_in_by_password(person: User) -> Client:
    """Long ago: the password is asked for again."""
    person.set_password("a long enough password")
    person.save(update_fields=["password"])
    return signed_in(person)


def once_more(client: Client, asked: str) -> str:
    """The page that comes when the password was entered where `asked` leads to."""
    page = client.get(asked).content.decode()
    assert "What you sent is not lost: it is carried out then." in page
    found = re.search(r'name="next" value="([^"]+)"', page)
    assert found, page
    entered = {"password": "a long enough password", "next": found[1]}
    return client.post("/accounts/reauthenticate/", entered).content.decode()


def test_more_than_a_page_is_decided_by_who_has_just_entered_their_password(
    stage: Stage, queue: str
) -> None:
    """A browser that was left open must not empty the queue."""
    [change_order] = sent(stage, 1)
    ticked = too_many(change_order)
    client = signed_in_by_password(stage.ann)
    answer = client.post(f"{queue}bulk/accept/?view=ready", {"item": ticked}, headers=HTMX)
    asked = answer["HX-Redirect"]
    assert asked.startswith("/accounts/reauthenticate/?")
    items = [{"id": int(pk), "version": 1} for pk, _ in (one.split(":") for one in ticked)]
    path = "/api/v1/exports/bulk/accept/"
    assert client.post(path, {"items": items}, "application/json").status_code == 404
    assert stage.status(change_order) == "sent"
    page = once_more(client, asked)
    assert "1 accepted" in page
    assert "50 not accepted" in page


def test_what_was_said_of_many_goes_on_when_the_password_was_entered(
    stage: Stage, queue: str
) -> None:
    [change_order] = sent(stage, 1)
    client = signed_in_by_password(stage.ann)
    said = {"item": too_many(change_order), "note": "See <5>."}
    asked = client.post(f"{queue}bulk/reject/?view=failed&q=x", said)
    assert asked.status_code == 302
    page = once_more(client, asked["Location"])
    assert "50 not rejected" in page
    assert stage.export(change_order).message == "See <5>."
    assert 'name="note" rows="4">See &lt;5&gt;.</textarea>' in page
    # It stands under the address of another page, and leads back to where it was sent from.
    assert f'<form method="post" action="{queue}?view=failed&amp;q=x"' in page
    assert re.findall(r'(?:href|action|hx-post)="(?:\?[^"]*)?"', page) == []


def test_who_opens_the_address_of_a_bulk_step_finds_the_view(stage: Stage, queue: str) -> None:
    """As after signing in again, or when the page that a step answered with is loaded anew."""
    answer = signed_in(stage.ann).get(f"{queue}bulk/reject/?view=failed&q=x")
    assert answer["Location"] == f"{queue}?view=failed&q=x"


def test_every_page_of_erp_integrations_has_the_same_tabs(stage: Stage) -> None:
    dora = signed_in(stage.dora)
    company, project = stage.company.pk, stage.project.pk
    pages = [
        *("vendors/", "jobs/", "cost-codes/", "commitments/", "change-orders/", "budgets/"),
        *("job-costs/", f"job-costs/{project}/", "differences/", "connection/", "settings/"),
        *("month-end/", f"month-end/{project}/", "linking/"),
    ]
    seen = {}
    for page in pages:
        answer = dora.get(f"/companies/{company}/erp/{page}")
        assert answer.status_code == 200, page
        tabs = re.search(
            r'<nav class="tabs" aria-label="ERP Integrations">(.*?)</nav>',
            answer.content.decode(),
            re.S,
        )
        assert tabs, page
        seen[page] = re.findall(r'href="([^"]+)"', tabs[1])
    assert set(map(tuple, seen.values())) == {tuple(seen["vendors/"])}, seen
