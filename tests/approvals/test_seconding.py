"""From an amount that the company sets on, two approvers have to accept."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.alerts import without_a_decider
from approvals.errors import AwaitsSecond, StepError
from approvals.models import Export
from approvals.workflow import Item, take_all
from directory.models import Company, Event, Membership, User
from directory.privilege import grant_push, revoke_push
from directory.workflow import change_settings
from tests.stage import Stage, sign_in


@pytest.fixture
def limit(stage: Stage) -> Stage:
    """From 20,000.00 on; the commitment of the stage is 35,000.00."""
    _set(stage, Decimal("20000.00"))
    return stage


def _set(stage: Stage, amount: Decimal | None) -> None:
    change_settings(
        stage.company,
        by=stage.access(stage.dora),
        second_factor_required=False,
        rejection_reasons=[],
        second_approver_from=amount,
    )


def _accepts(stage: Stage, export: Export, by: User) -> str:
    [result] = take_all("accept", [Item(export.pk, export.version)], by=stage.access(by))
    return "accepted" if result.error is None else type(result.error).__name__


def test_the_first_is_noted_and_the_second_lets_it_go(limit: Stage) -> None:
    document = limit.commitment()
    export = limit.send(document)
    with pytest.raises(AwaitsSecond, match=r"From 20,000\.00 on a second approver"):
        limit.accept(document, limit.ann)
    assert limit.status(document) == "sent"
    assert limit.visit() == 0, "nothing goes yet"
    assert _accepts(limit, export, limit.ann) == "AwaitsSecond", "nor by asking twice"
    assert _accepts(limit, export, limit.bea) == "accepted"
    limit.visit()
    assert limit.status(document) == "synced"
    events = Event.objects.filter(subject=export.subject).order_by("id")
    assert [(event.verb, event.actor_id) for event in events][2:4] == [
        ("first-approval", limit.ann.pk),
        ("accept", limit.bea.pk),
    ]


def test_a_small_amount_needs_one(limit: Stage) -> None:
    document = limit.commitment(lines=[("03-300", "Footings", "19999.99")])
    limit.send(document)
    limit.accept(document, limit.ann)
    assert limit.status(document) == "accepted"


def test_what_was_sent_again_begins_anew(limit: Stage) -> None:
    document = limit.commitment()
    export = limit.send(document)
    assert _accepts(limit, export, limit.ann) == "AwaitsSecond"
    limit.step("retrieve", document, limit.pam)
    export = limit.send(document)
    assert _accepts(limit, export, limit.bea) == "AwaitsSecond", "Bea is the first now"
    assert _accepts(limit, export, limit.ann) == "accepted"


def test_where_it_goes_is_approved_by_both(limit: Stage) -> None:
    """The vendor was linked to another record after Ann had looked."""
    export = limit.send(limit.commitment())
    assert _accepts(limit, export, limit.ann) == "AwaitsSecond"
    limit.vendor.erp_id = limit.books.add_vendor("Ironwood Concrete of Alder")
    limit.vendor.save()
    assert _accepts(limit, export, limit.bea) == "AwaitsSecond"
    assert _accepts(limit, export, limit.ann) == "accepted"


def test_who_is_no_approver_any_more_does_not_count(limit: Stage) -> None:
    export = limit.send(limit.commitment())
    assert _accepts(limit, export, limit.ann) == "AwaitsSecond"
    revoke_push(Membership.objects.get(user=limit.ann), by=limit.otto)
    assert _accepts(limit, export, limit.bea) == "AwaitsSecond"


def test_it_is_said_on_the_page_and_by_api(limit: Stage) -> None:
    export = limit.send(limit.commitment())
    ann, bea = Client(), Client()
    ann.force_login(limit.ann)
    bea.force_login(limit.bea)
    page = f"/exports/{export.pk}/"
    assert "From 20,000.00 on two approvers" in ann.get(page).content.decode()
    told = ann.post(f"{page}accept/", {"version": export.version}, follow=True)
    assert "is noted" in told.content.decode()
    assert "Ann has; somebody else is missing" in bea.get(page).content.decode()
    path, body = f"/api/v1/exports/{export.pk}/accept/", {"version": export.version}
    refused = ann.post(path, body, "application/json")
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:erpbridge:second-approver",
    )
    assert bea.post(path, body, "application/json").json()["status"] == "accepted"


def test_who_has_said_it_is_offered_nothing_more_until_it_would_be_something_else(
    limit: Stage,
) -> None:
    export = limit.send(limit.commitment())
    ann, bea = Client(), Client()
    ann.force_login(limit.ann)
    bea.force_login(limit.bea)
    item = f"/exports/{export.pk}/"
    queue = f"/companies/{limit.company.pk}/erp/commitments/"
    assert _offers(ann, item, "accept")
    assert _offers(ann, queue, "accept")
    assert _accepts(limit, export, limit.ann) == "AwaitsSecond"
    for page in (item, queue):
        assert not _offers(ann, page, "accept")
        assert "You have said so" in ann.get(page).content.decode()
        assert _offers(bea, page, "accept")
    # It would go elsewhere now, and of that nobody has said anything.
    _link(limit, limit.books.add_vendor("Ironwood Concrete of Alder"))
    assert _offers(ann, item, "accept")
    assert _accepts(limit, export, limit.bea) == "AwaitsSecond", "Bea is the first now"
    assert _offers(ann, item, "accept")
    assert _offers(ann, queue, "accept")
    assert not _offers(bea, item, "accept")


def test_who_was_the_first_to_retry_is_not_asked_again(limit: Stage) -> None:
    export = _failed(limit)
    bea = Client()
    bea.force_login(limit.bea)
    queue = f"/companies/{limit.company.pk}/erp/commitments/?view=failed"
    pages = (f"/exports/{export.pk}/", queue)
    assert all(_offers(bea, page, "retry") for page in pages)
    assert _retries(limit, export, limit.bea) == "AwaitsSecond"
    assert not any(_offers(bea, page, "retry") for page in pages)
    ann = Client()
    ann.force_login(limit.ann)
    assert all(_offers(ann, page, "retry") for page in pages)


def _offers(who: Client, page: str, step: str) -> bool:
    """Whether a page has a button, for one item, that can be pressed."""
    text = who.get(page).content.decode()
    name = 'name="only"' if "/erp/" in page else ""
    return any(
        f"/{step}/" in tag and name in tag
        for tag in re.findall(r"<(?:form|button)[^>]*>", text)
        if "disabled" not in tag
    )


def test_it_cannot_be_set_while_fewer_than_two_decide(stage: Stage) -> None:
    revoke_push(Membership.objects.get(user=stage.bea), by=stage.otto)
    with pytest.raises(ValidationError, match="Fewer than two people can decide"):
        _set(stage, Decimal(1))
    assert Company.objects.get(pk=stage.company.pk).second_approver_from is None
    dora = Client()
    sign_in(dora, stage.dora)
    path = f"/companies/{stage.company.pk}/erp/settings/"
    [seen] = re.findall(r'name="seen" value="(\w{64})"', dora.get(path).content.decode())
    answer = dora.post(path, {"seen": seen, "second_approver_from": "1000"})
    assert answer.status_code == 422
    assert "Fewer than two people" in answer.content.decode()


def test_administrators_are_told_when_there_is_no_second(limit: Stage) -> None:
    limit.send(limit.commitment())
    limit.send(limit.commitment(number="PO-1", lines=[("03-300", "Pipe", "10.00")]))
    assert without_a_decider(limit.company) == 0
    revoke_push(Membership.objects.get(user=limit.bea), by=limit.otto)
    assert without_a_decider(limit.company) == 1
    revoke_push(Membership.objects.get(user=limit.ann), by=limit.otto)
    assert without_a_decider(limit.company) == 2


def test_many_at_once_ask_the_same_number_of_queries(limit: Stage) -> None:
    sent = [limit.send(limit.commitment(number=f"SC-{n:03}")) for n in range(9)]
    small = limit.send(limit.commitment(number="PO-1", lines=[("03-300", "Pipe", "10.00")]))
    items = [Item(one.pk, one.version) for one in (*sent, small)]
    results = take_all("accept", [items[0], items[9]], by=limit.access(limit.ann))
    assert [type(one.error).__name__ for one in results] == ["AwaitsSecond", "NoneType"]
    for person, some in (
        (limit.ann, [items[1:2], items[2:9]]),
        (limit.bea, [items[:1], items[1:9]]),
    ):
        counts = []
        for part in some:
            with CaptureQueriesContext(connection) as asked:
                results = take_all("accept", part, by=limit.access(person))
            counts.append(len(asked))
        assert counts[0] == counts[1]
        assert len({type(one.error) for one in results}) == 1


def test_nothing_of_it_is_asked_where_it_is_off(stage: Stage) -> None:
    with pytest.raises(StepError):
        stage.accept(stage.commitment())
    document = stage.commitment(number="SC-9")
    export = stage.send(document)
    with CaptureQueriesContext(connection) as asked:
        take_all("accept", [Item(export.pk, export.version)], by=stage.access(stage.ann))
    assert not any("firstapproval" in query["sql"] for query in asked)


def test_a_transfer_that_comes_to_nothing_still_moves_a_large_amount(limit: Stage) -> None:
    order = limit.commitment(lines=[("03-300", "Footings", "19000.00")])
    limit.synced(order)
    swap = limit.change_order(
        order, lines=[(1, "Less footings", "-20000.00"), (1, "More footings", "20000.00")]
    )
    export = limit.send(swap)
    assert export.amount == 0
    bea = Membership.objects.get(user=limit.bea)
    revoke_push(bea, by=limit.otto)
    assert without_a_decider(limit.company) == 1
    grant_push(bea, by=limit.otto)
    assert _accepts(limit, export, limit.ann) == "AwaitsSecond"
    assert _accepts(limit, export, limit.bea) == "accepted"
    small = limit.change_order(
        order,
        lines=[(1, "Less footings", "-19999.99"), (1, "More footings", "19999.99")],
        number="002",
    )
    limit.visit()
    export = limit.send(small)
    assert _accepts(limit, export, limit.ann) == "accepted"


# --- Retrying ------------------------------------------------------------------------------------


def _failed(stage: Stage) -> Export:
    """Accepted by Ann and Bea, and failed since the vendor was linked to another record by then."""
    document = stage.commitment()
    stage.send(document)
    with pytest.raises(AwaitsSecond):
        stage.accept(document, stage.ann)
    stage.accept(document, stage.bea)
    _link(stage, stage.books.add_vendor("Ironwood of Alder"), "Ironwood of Alder")
    stage.visit()
    export = stage.export(document)
    assert export.status == "failed", export.message
    return export


def _link(stage: Stage, vendor: str, name: str = "Ironwood Concrete") -> None:
    stage.vendor.erp_id, stage.vendor.erp_name = vendor, name
    stage.vendor.save()


def _retries(stage: Stage, export: Export, by: User) -> str:
    version = Export.objects.get(pk=export.pk).version
    [result] = take_all("retry", [Item(export.pk, version)], by=stage.access(by))
    return "accepted" if result.error is None else type(result.error).__name__


def test_a_retry_that_goes_elsewhere_is_seconded_anew(limit: Stage) -> None:
    export = _failed(limit)
    assert _retries(limit, export, limit.bea) == "AwaitsSecond"
    assert _retries(limit, export, limit.bea) == "AwaitsSecond", "nor by asking twice"
    assert limit.visit() == 0
    ann = Client()
    sign_in(ann, limit.ann)
    page = ann.get(f"/exports/{export.pk}/").content.decode()
    assert "From 20,000.00 on two approvers have to retry it" in page
    assert "Bea has (Retry as SC-001 to Ironwood of Alder); somebody" in page
    assert _retries(limit, export, limit.ann) == "accepted"
    limit.visit()
    assert Export.objects.get(pk=export.pk).status == "synced"
    retry, first = Event.objects.filter(
        subject=export.subject, verb__in=["retry", "first-approval"]
    ).order_by("-id")[:2]
    assert (first.verb, first.actor_id, retry.actor_id) == (
        "first-approval",
        limit.bea.pk,
        limit.ann.pk,
    )


@pytest.mark.parametrize("who", ["ann", "bea"])
def test_what_two_have_agreed_on_is_retried_by_one_of_them(limit: Stage, who: str) -> None:
    """It goes where both accepted it to go: the vendor was linked back."""
    before = limit.vendor.erp_id
    export = _failed(limit)
    _link(limit, before)
    assert _retries(limit, export, getattr(limit, who)) == "accepted"


def test_what_one_accepted_before_the_limit_was_set_is_retried_by_two(stage: Stage) -> None:
    before = stage.vendor.erp_id
    document = stage.commitment()
    stage.send(document)
    stage.accept(document, stage.ann)
    _link(stage, stage.books.add_vendor("Ironwood Concrete of Alder"))
    stage.visit()
    _link(stage, before)
    _set(stage, Decimal("20000.00"))
    export = stage.export(document)
    assert _retries(stage, export, stage.ann) == "AwaitsSecond", "Ann alone never was enough"
    assert _retries(stage, export, stage.bea) == "accepted", "both have said the same"


def test_who_agreed_and_is_no_approver_any_more_does_not_count(limit: Stage) -> None:
    before = limit.vendor.erp_id
    export = _failed(limit)
    _link(limit, before)
    revoke_push(Membership.objects.get(user=limit.bea), by=limit.otto)
    assert _retries(limit, export, limit.ann) == "AwaitsSecond"


def test_a_first_word_for_another_amount_is_none_for_this(limit: Stage) -> None:
    """Ann accepted 35,000.00. It came back, changed, when one approver was enough."""
    document = limit.commitment()
    assert _accepts(limit, limit.send(document), limit.ann) == "AwaitsSecond"
    limit.step("retrieve", document, limit.pam)
    document.lines.filter(number=1).update(amount=Decimal("90000.00"))
    _set(limit, None)
    limit.send(document)
    before = limit.vendor.erp_id
    limit.accept(document, limit.bea)
    _link(limit, limit.books.add_vendor("Ironwood Concrete of Alder"))
    limit.visit()
    _link(limit, before)
    _set(limit, Decimal("20000.00"))
    assert _retries(limit, limit.export(document), limit.bea) == "AwaitsSecond"
