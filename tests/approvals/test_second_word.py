"""From an amount that the company sets on, two approvers say what is in the ERP and what is not.

QuickBooks is the sandbox's stand-in; the ERP that cannot be asked is a toy, see `tests.ledger`.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.test import Client

from approvals.errors import AwaitsSecond
from approvals.history_texts import history_of
from approvals.linking import workflow as linking
from approvals.linking.look_ups import candidates_of
from approvals.models import FirstApproval, LookUp
from approvals.workflow import Item, take_all
from directory.models import Event, Membership, ToolLevel, User
from directory.perms import Level, Tool
from directory.privilege import revoke_push
from directory.workflow import change_settings
from tests.approvals.test_attesting import WHOLE, in_part, post
from tests.approvals.test_linking import lost, typed_in
from tests.ledger import Books
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(stage: Stage, settings) -> Stage:
    """From 20,000.00 on; the commitment of the stage is 35,000.00. Both may link."""
    settings.ERP_QUARANTINE_SECONDS = 0
    change_settings(
        stage.company,
        by=stage.access(stage.dora),
        second_factor_required=False,
        rejection_reasons=[],
        second_approver_from=Decimal("20000.00"),
    )
    ToolLevel.objects.filter(
        membership__user__in=[stage.ann, stage.bea], tool=Tool.COMMITMENTS
    ).update(level=Level.ADMIN)
    return stage


def limit(stage: Stage, amount: str | None) -> None:
    stage.company.second_approver_from = Decimal(amount) if amount else None
    stage.company.save()


def lost_large(stage: Stage):
    """Written before two had to accept, and never answered."""
    limit(stage, None)
    commitment = stage.commitment()
    lost(stage, commitment)
    limit(stage, "20000.00")
    return commitment


def found(stage: Stage, commitment, by: User, number: str = "") -> str:
    """Look it up, and the id of what was found."""
    export = stage.export(commitment)
    linking.ask(export.pk, by=stage.access(by), version=export.version, number=number)
    stage.visit()
    [candidate] = candidates_of(LookUp.objects.get(export=export))
    return candidate.receipt.id


def links(stage: Stage, commitment, by: User, record: str) -> str:
    version = stage.export(commitment).version
    try:
        linking.link(commitment.export_id, by=stage.access(by), version=version, record=record)
    except AwaitsSecond:
        return "waits"
    return stage.status(commitment)


def records_absent(stage: Stage, commitment, by: User) -> str:
    export = stage.export(commitment)
    item = Item(export.pk, export.version)
    [result] = take_all("record-absent", [item], by=stage.access(by), note="Not on the list.")
    return "waits" if isinstance(result.error, AwaitsSecond) else stage.status(commitment)


def test_two_record_what_was_found(stage: Stage) -> None:
    commitment = lost_large(stage)
    record = found(stage, commitment, stage.ann)
    assert links(stage, commitment, stage.ann, record) == "waits"
    assert stage.status(commitment) == "needs_attention"
    assert links(stage, commitment, stage.ann, record) == "waits", "nor by saying it twice"
    assert links(stage, commitment, stage.bea, record) == "synced"
    second, first, *_ = history_of(stage.export(commitment))
    assert (first.who, first.what) == (
        "Ann",
        "Recorded: it is in the ERP (the first of two approvers)",
    )
    assert first.note.startswith("Purchase order SC-001 of Ironwood Concrete")
    assert (second.who, second.what) == ("Bea", "Recorded: it is in the ERP")
    events = Event.objects.filter(subject=stage.export(commitment).subject, verb="first-approval")
    assert events.count() == 1, "saying it twice is no other word"


def test_another_record_begins_anew(stage: Stage) -> None:
    """Ann saw one order; somebody mended it in QuickBooks, and Bea looked again."""
    commitment = lost_large(stage)
    record = found(stage, commitment, stage.ann)
    assert links(stage, commitment, stage.ann, record) == "waits"
    order = stage.order()
    line = order.lines[0].txn_line_id
    stage.books.by_hand.edit_line(order.txn_id, line, amount=Decimal("9000.00"))
    stage.books.by_hand.edit_line(order.txn_id, line, amount=Decimal("10000.00"))
    assert found(stage, commitment, stage.bea) == record
    assert links(stage, commitment, stage.bea, record) == "waits"
    assert links(stage, commitment, stage.ann, record) == "synced"


def test_there_and_not_there_are_not_the_same_word(stage: Stage) -> None:
    commitment = lost_large(stage)
    assert records_absent(stage, commitment, stage.ann) == "waits"
    record = found(stage, commitment, stage.bea)
    assert links(stage, commitment, stage.bea, record) == "waits"
    assert records_absent(stage, commitment, stage.ann) == "waits"
    assert stage.status(commitment) == "needs_attention"
    assert records_absent(stage, commitment, stage.bea) == "failed"


def test_the_word_of_who_is_no_approver_any_more_does_not_count(stage: Stage) -> None:
    commitment = lost_large(stage)
    assert records_absent(stage, commitment, stage.ann) == "waits"
    revoke_push(Membership.objects.get(user=stage.ann), by=stage.otto)
    assert records_absent(stage, commitment, stage.bea) == "waits"
    assert FirstApproval.objects.get().by == stage.bea


def test_two_adopt_a_large_order_and_one_a_small(stage: Stage) -> None:
    large = stage.commitment()
    record = typed_in(stage, "A-77")
    assert found(stage, large, stage.ann, "A-77") == record
    assert links(stage, large, stage.ann, record) == "waits"
    assert stage.status(large) == "draft"
    assert links(stage, large, stage.bea, record) == "synced"
    small = stage.commitment(number="SC-002", lines=[("03-300", "Pipe", "10.00")])
    record = stage.books.by_hand.enter_order(
        "Ironwood Concrete", "SC-002", [("03-300", "City of Alder:Library", "Pipe", Decimal(10))]
    )
    assert found(stage, small, stage.ann) == record
    assert links(stage, small, stage.ann, record) == "synced"


def test_what_is_sent_meanwhile_begins_anew(stage: Stage) -> None:
    commitment = stage.commitment()
    record = typed_in(stage, "SC-001")
    assert found(stage, commitment, stage.ann) == record
    assert links(stage, commitment, stage.ann, record) == "waits"
    stage.send(commitment)
    stage.step("retrieve", commitment, stage.pam)
    assert found(stage, commitment, stage.bea) == record
    assert links(stage, commitment, stage.bea, record) == "waits"


def test_pages_and_the_api_say_who_has_and_who_is_missing(stage: Stage) -> None:
    commitment = lost_large(stage)
    ann, bea = Client(), Client()
    sign_in(ann, stage.ann)
    sign_in(bea, stage.bea)
    page = f"/exports/{commitment.export_id}/"
    address = f"/api/v1{page}"
    rule = "From 20,000.00 on two approvers have to record the same"
    assert rule in ann.get(page).content.decode()
    second = ann.get(address).json()["second"]
    assert second == {
        "limit": "20000.00",
        **dict.fromkeys(("step", "first_by", "first_at", "words")),
    }
    record = found(stage, commitment, stage.ann)
    said = {"version": stage.export(commitment).version, "record": record}
    answer = ann.post(f"{page}link/", said, follow=True).content.decode()
    assert "Your approval of Commitment SC-001 is noted." in answer
    assert "second approver has to record the same, too" in answer
    answer = bea.get(page).content.decode()
    assert "Ann has (Purchase order SC-001" in answer
    assert "somebody else is missing" in answer
    second = bea.get(address).json()["second"]
    assert (second["step"], second["first_by"]) == ("record-found", "Ann")
    assert "Purchase order SC-001" in second["words"]
    bea.post(f"{page}link/", said)
    assert bea.get(address).json()["second"] is None
    assert stage.status(commitment) == "synced"


def test_what_is_not_sent_yet_says_it_where_it_is_linked(stage: Stage, client: Client) -> None:
    commitment = stage.commitment()
    sign_in(client, stage.ann)
    page = client.get(f"/exports/{commitment.export_id}/").content.decode()
    assert "From 20,000.00 on two approvers have to link it to the same record." in page
    small = stage.commitment(number="SC-002", lines=[("03-300", "Pipe", "10.00")])
    page = client.get(f"/exports/{small.export_id}/").content.decode()
    assert "two approvers" not in page


def test_the_page_names_what_was_approved_once(stage: Stage, client: Client) -> None:
    limit(stage, None)
    commitment = stage.commitment()
    stage.synced(commitment)
    limit(stage, "1000.00")
    sign_in(client, stage.ann)
    for document, name in (
        (stage.commitment(number="SC-002"), "Commitment SC-002"),
        (stage.change_order(commitment), "Commitment Change Order 001"),
    ):
        export = stage.send(document)
        said = {"version": export.version}
        answer = client.post(f"/exports/{export.pk}/accept/", said, follow=True)
        [told] = [str(one) for one in answer.context["messages"]]
        assert told.startswith(f"Your approval of {name} is noted. From 1,000.00 on")


def test_two_attest_where_nobody_can_be_asked(stage: Stage, ledger: Books) -> None:
    limit(stage, None)
    commitment = in_part(stage, ledger)
    limit(stage, "20000.00")
    ann, bea = Client(), Client()
    sign_in(ann, stage.ann)
    sign_in(bea, stage.bea)
    page = post(ann, stage, commitment, "attest", number="SC-001", **WHOLE).content.decode()
    assert "is noted" in page
    assert stage.status(commitment) == "needs_attention"
    # Another number is another record.
    page = post(bea, stage, commitment, "attest", number="SC-009", **WHOLE).content.decode()
    assert "is noted" in page
    page = post(ann, stage, commitment, "attest", number="SC-009", **WHOLE).content.decode()
    assert "Recorded. It is Synced from now on." in page
    export = stage.export(commitment)
    assert (export.status, export.erp_number) == ("synced", "SC-009")
    kept = [
        (event.actor.name, json.loads(event.body)["data"]["attested"].partition(";")[0][-29:])
        for event in Event.objects.filter(subject=export.subject).order_by("id")
        if "attested" in event.body and event.actor
    ]
    assert kept == [
        ("Ann", "subcontract SC-001, 35,000.00"),
        ("Bea", "subcontract SC-009, 35,000.00"),
        ("Ann", "subcontract SC-009, 35,000.00"),
    ]


def test_a_bulk_acceptance_says_apart_what_waits_for_a_second(stage: Stage, client: Client) -> None:
    large, small = (
        stage.commitment(),
        stage.commitment(number="PO-1", lines=[("03-300", "Pipe", "10.00")]),
    )
    items = [f"{one.pk}:{one.version}" for one in (stage.send(large), stage.send(small))]
    sign_in(client, stage.ann)
    address = f"/companies/{stage.company.pk}/erp/commitments/bulk/accept/"
    page = client.post(address, {"item": items}).content.decode()
    assert "1: first approval given, a second approver is missing" in page
    assert "1 accepted" in page
    assert "not accepted" not in page
    assert "Ann has approved; a second approver is missing" in page
