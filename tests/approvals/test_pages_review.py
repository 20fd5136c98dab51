"""One item: what was sent, what that does to QuickBooks, and the buttons of who looks at it."""

from __future__ import annotations

import html as markup
import re
from decimal import Decimal

import pytest
from django.test import Client

from approvals.models import Export, Exportable
from approvals.review import review
from commitments.models import CommitmentLine
from connectors.models import Exchange, Message
from connectors.replies import Spool, keep
from directory.models import CostCode, User, Vendor
from tests.stage import Stage

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page_of(person: User, document: Exportable) -> str:
    """The item's page, as its text reads."""
    answer = signed_in(person).get(f"/exports/{document.export_id}/")
    assert answer.status_code == 200
    return markup.unescape(answer.content.decode())


def form(page: str, step: str) -> dict[str, str]:
    """The hidden fields of a step's form: what the button would send."""
    found = re.search(rf'<form[^>]*action="/exports/\d+/{step}/".*?</form>', page, re.S)
    assert found, f"there is no button for {step}"
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found.group(0))
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def test_quantities_stand_there_as_they_were_entered(stage: Stage) -> None:
    commitment = stage.commitment()
    CommitmentLine.objects.filter(commitment=commitment, number=1).update(
        quantity="10", unit="ea", unit_cost="1234.5"
    )
    stage.send(commitment)
    assert "10 ea × 1,234.50" in page_of(stage.ann, commitment)


def test_ann_sees_both_sides_and_sums_that_agree(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(
        commitment,
        [
            (1, "Deeper footings", "1500.00"),
            (1, "Less rebar", "-250.50"),
            (2, "Extra beam", "0.00"),
        ],
    )
    stage.send(change_order)
    page = page_of(stage.ann, change_order)
    assert "What was sent" in page
    assert "What will change in QuickBooks" in page
    assert "Sum of 2 lines" in page
    assert "1. Deeper footings" in page
    assert "1,249.50" in page
    assert "35,000.00" in page
    assert "36,249.50" in page
    assert "= what was sent" in page
    found = review(stage.export(change_order))
    assert found.agrees
    assert found.preview is not None
    assert found.preview.change == Decimal("1249.50")
    assert found.known_at is not None


def test_text_and_subtotals_of_the_bookkeeper_stand_there_without_amounts(stage: Stage) -> None:
    commitment = stage.commitment()
    order, hand = stage.synced(commitment).erp_id, stage.books.by_hand
    stage.books.add_item("Subtotal", kind="subtotal")
    hand.add_text(order, 0, "Phase 1")
    hand.add_text(order, 2)
    hand.add_subtotal(order, 4)
    stage.synced(stage.change_order(commitment))
    change_order = stage.change_order(commitment, number="002")
    stage.send(change_order)
    table = page_of(stage.ann, change_order).partition("What will change in QuickBooks")[2]
    rows = [
        re.sub(r"<[^>]+>|\s", " ", row).split()
        for row in re.findall(r"<tr.*?</tr>", table.partition("</table>")[0], re.S)
    ]
    assert ["kept", "Phase", "1"] in rows
    assert ["kept", "(an", "empty", "line)"] in rows
    assert ["kept", "Subtotal", "Subtotal"] in rows
    assert rows[-2][-2:] == ["36,500.00", "38,000.00"]


def test_accept_carries_what_was_on_the_screen_and_opens_the_next_item(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    first = stage.change_order(commitment, number="001")
    second = stage.change_order(commitment, number="002")
    stage.send(first)
    stage.send(second)
    fields = form(page_of(stage.ann, second), "accept")
    assert fields["version"] == "1"
    assert len(fields["terms"]) == 64
    assert fields["then"] == f"/exports/{first.export_id}/"
    answer = signed_in(stage.ann).post(f"/exports/{second.export_id}/accept/", fields)
    assert answer.status_code == 302
    assert answer["Location"] == f"/exports/{first.export_id}/"
    export = stage.export(second)
    assert (export.status, export.terms_digest) == ("accepted", fields["terms"])


def test_a_stale_accept_is_refused_with_what_happened(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    fields = form(page_of(stage.ann, commitment), "accept")
    stage.step("retrieve", commitment, stage.pam)
    stage.send(commitment)
    client = signed_in(stage.ann)
    answer = client.post(f"/exports/{commitment.export_id}/accept/", fields, follow=True)
    page = markup.unescape(answer.content.decode())
    assert "has changed since you opened this page" in page
    assert f"Retrieved from ERP by {stage.pam.name}" in page
    assert stage.status(commitment) == "sent"

    # By htmx the same words come inside the panel, with a status that htmx shows.
    answer = client.post(f"/exports/{commitment.export_id}/accept/", fields, headers=HTMX)
    assert answer.status_code == 409
    assert 'id="panel"' in answer.content.decode()
    assert "has changed since you opened this page" in answer.content.decode()


def test_another_destination_than_the_one_on_the_screen_is_refused(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    fields = form(page_of(stage.ann, commitment), "accept")
    Vendor.objects.filter(pk=stage.vendor.pk).update(erp_name="Ironwood Concrete Inc")
    answer = signed_in(stage.ann).post(
        f"/exports/{commitment.export_id}/accept/", fields, follow=True
    )
    assert "would go in the ERP has changed" in answer.content.decode()
    assert stage.status(commitment) == "sent"


def test_what_cannot_go_now_is_listed_beside_a_dead_button(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    Vendor.objects.filter(pk=stage.vendor.pk).update(erp_active=False)
    CostCode.objects.filter(company=stage.company, code="03-300").update(erp_id="")
    page = page_of(stage.ann, commitment)
    assert re.search(r"<button[^>]*disabled[^>]*>Accept</button>", page)
    rules = re.findall(r"<li><span>([^<]+)", page)
    assert len(rules) >= 2
    assert any("vendor" in rule.lower() for rule in rules)
    assert any("03-300" in rule for rule in rules)


def test_the_buttons_are_those_of_the_person(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    ann, vic, pam = (page_of(person, commitment) for person in (stage.ann, stage.vic, stage.pam))
    assert re.search(r'<button class="btn btn-primary" type="submit">Accept</button>', ann)
    assert "Retrieve from ERP" not in ann
    for page in (vic, pam):
        assert re.search(r"<button[^>]*disabled[^>]*>Accept</button>", page)
        assert "This needs Standard on ERP Integrations." in page
    assert re.search(r'type="submit">Retrieve from ERP</button>', pam)
    assert "Unlink" not in ann


def test_a_rejection_and_what_was_changed_after_it(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    client = signed_in(stage.ann)
    fields = form(page_of(stage.ann, commitment), "reject")
    address = f"/exports/{commitment.export_id}/reject/"
    answer = client.post(address, {**fields, "note": ""}, follow=True)
    assert "Say in the comment" in answer.content.decode()
    client.post(address, {**fields, "note": "Two lines are one too many."})
    assert stage.status(commitment) == "rejected"
    assert "Two lines are one too many." in page_of(stage.pam, commitment)

    commitment.lines.filter(number=2).update(amount="24000.00")
    stage.send(commitment)
    page = page_of(stage.ann, commitment)
    assert "Changed since the last rejection" in page
    assert "Total: 35,000.00 → 34,000.00" in page


def test_synced_shows_what_quickbooks_confirmed_and_every_word_of_it(stage: Stage) -> None:
    commitment = stage.commitment()
    export = stage.synced(commitment)
    page = page_of(stage.ann, commitment)
    assert "What QuickBooks confirmed" in page
    assert export.erp_id in page
    assert stage.order().lines[0].txn_line_id in page
    assert f"Accepted</strong> by {stage.ann.name}" in page
    assert "Sent to accounting → Accepted" in page

    words = signed_in(stage.ann).get(f"/exports/{export.pk}/exchanges/").content.decode()
    words = markup.unescape(words)
    assert "<PurchaseOrderAddRq>\n" in words
    assert 'statusMessage="Status OK"' in words
    assert "Is anything remembered" not in words
    part = signed_in(stage.ann).get(f"/exports/{export.pk}/exchanges/", headers=HTMX)
    assert b"<html" not in part.content


def test_the_exchanges_are_for_accounting(stage: Stage) -> None:
    export = stage.synced(stage.commitment())
    for person in (stage.vic, stage.pam):
        answer = signed_in(person).get(f"/exports/{export.pk}/exchanges/")
        assert answer.status_code == 403
        assert "This needs Standard on ERP Integrations." in answer.content.decode()
        page = signed_in(person).get(f"/exports/{export.pk}/").content.decode()
        assert "What was said to" not in page


def test_hostile_answers_are_shown_and_not_obeyed(stage: Stage) -> None:
    export = stage.synced(stage.commitment())
    exchange = Exchange.objects.filter(conversation__subject=str(export.pk)).latest("id")
    hostile = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x><script>alert(1)'
    exchange.message.reply = hostile
    exchange.message.save()
    answer = signed_in(stage.ann).get(f"/exports/{export.pk}/exchanges/").content.decode()
    assert "root:" not in answer
    assert "<script>alert" not in answer
    assert markup.escape(hostile) in answer


def test_a_long_answer_is_cut_and_says_so(stage: Stage) -> None:
    export = stage.synced(stage.commitment())
    exchange = Exchange.objects.filter(conversation__subject=str(export.pk)).latest("id")
    exchange.message.reply = f"<QBXML>{'x' * 300_000}</QBXML>"
    exchange.message.save()
    answer = signed_in(stage.ann).get(f"/exports/{export.pk}/exchanges/").content.decode()
    assert "Only the beginning of 300,015 characters stands here." in answer
    assert "</QBXML>" not in markup.unescape(answer)
    whole = signed_in(stage.ann).get(f"/exports/{export.pk}/exchanges/{exchange.message_id}/")
    assert whole.getvalue().decode() == exchange.message.reply


def test_an_answer_that_no_page_could_hold_is_downloaded_piece_by_piece(stage: Stage) -> None:
    """The order is read again for a comparison, and has grown notes of three million letters."""
    export = stage.synced(stage.commitment())
    exchange = Exchange.objects.filter(conversation__subject=str(export.pk)).latest("id")
    long = Spool()
    for number in range(50_000):
        long.write(f"<Note>{number}: das Gerüst steht, die Maße stimmen nicht.</Note>\n")
    Message.objects.filter(pk=exchange.message_id).update(replied_at=None)  # as if it came now
    keep(exchange.message, long)
    ann = signed_in(stage.ann)
    page = ann.get(f"/exports/{export.pk}/exchanges/").content.decode()
    size = sum(len(piece) for piece in long.read())
    assert f"Only the beginning of {size:,} bytes stands here." in page
    assert len(page) < 1_000_000
    [link] = re.findall(r'href="([^"]+)" download', page)
    answer = ann.get(link)
    assert (
        answer["Content-Disposition"] == f'attachment; filename="answer-{exchange.message_id}.xml"'
    )
    pieces = list(answer)
    assert len(pieces) > 1
    assert b"".join(pieces) == b"".join(long.read())
    long.close()


def test_an_answer_is_only_found_with_the_item_that_it_is_about(stage: Stage) -> None:
    export = stage.synced(stage.commitment())
    other = stage.synced(stage.commitment(number="SC-002"))
    message = Exchange.objects.filter(conversation__subject=str(other.pk)).latest("id").message_id
    ann = signed_in(stage.ann)
    assert ann.get(f"/exports/{other.pk}/exchanges/{message}/").status_code == 200
    assert ann.get(f"/exports/{export.pk}/exchanges/{message}/").status_code == 404


@pytest.mark.parametrize("step", ["begin", "succeed", "gone", "frobnicate"])
def test_the_workers_steps_have_no_door(stage: Stage, step: str) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    answer = signed_in(stage.ann).post(f"/exports/{commitment.export_id}/{step}/", {"version": "1"})
    assert answer.status_code == 404
    assert stage.status(commitment) == "sent"


def test_a_way_back_leads_only_to_our_own_pages(stage: Stage) -> None:
    commitment = stage.commitment()
    for back, goes in (
        (commitment.get_absolute_url(), commitment.get_absolute_url()),
        ("https://elsewhere.example/", f"/exports/{commitment.export_id}/"),
        ("//elsewhere.example/", f"/exports/{commitment.export_id}/"),
    ):
        export = Export.objects.get(pk=commitment.export_id)
        step = "retrieve" if export.status == "sent" else "send"
        answer = signed_in(stage.pam).post(
            f"/exports/{export.pk}/{step}/", {"version": export.version, "back": back}
        )
        assert answer["Location"] == goes


def test_olga_finds_nothing(stage: Stage) -> None:
    export = stage.synced(stage.commitment())
    client = signed_in(stage.olga)
    for address in ("", "panel/", "exchanges/"):
        assert client.get(f"/exports/{export.pk}/{address}").status_code == 404
    assert client.post(f"/exports/{export.pk}/retry/", {"version": "1"}).status_code == 404


def test_what_waits_behind_a_lost_answer_says_so(stage: Stage) -> None:
    """QuickBooks calls every few minutes, and yet neither goes: each page tells why."""
    commitment = stage.commitment()
    stage.synced(commitment)
    first = stage.change_order(commitment, number="001")
    second = stage.change_order(commitment, number="002")
    for change_order in (first, second):
        stage.send(change_order)
        stage.accept(change_order)
    assert "It goes when QuickBooks next calls" in page_of(stage.pam, second)
    Export.objects.filter(pk=first.export_id).update(status="unknown")
    assert "After 10 minutes it is asked" in page_of(stage.pam, first)
    waits = page_of(stage.pam, second)
    assert "once the outcome of Commitment Change Order 001 is known" in waits
    assert "next calls" not in waits
