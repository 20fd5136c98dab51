"""The panel of a document's way to the ERP: the next button, why it is dead, and when it asks."""

from __future__ import annotations

import html as markup
import re

import pytest

from approvals.models import Exportable
from directory.models import User
from tests.approvals.test_pages_review import HTMX, form, page_of, signed_in
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def panel_of(person: User, document: Exportable, **query: str) -> str:
    answer = signed_in(person).get(f"/exports/{document.export_id}/panel/", query, headers=HTMX)
    return markup.unescape(answer.content.decode())


def test_pam_sends_and_takes_back_from_the_panel(stage: Stage) -> None:
    commitment = stage.commitment()
    panel = panel_of(stage.pam, commitment)
    assert "Not sent" in panel
    fields = form(panel, "send")
    client = signed_in(stage.pam)
    answer = client.post(f"/exports/{commitment.export_id}/send/", fields, headers=HTMX)
    assert answer.status_code == 200
    assert answer["HX-Trigger"] == "exportMoved"
    panel = markup.unescape(answer.content.decode())
    assert "Sent to accounting" in panel
    fields = form(panel, "retrieve")
    panel = client.post(
        f"/exports/{commitment.export_id}/retrieve/", fields, headers=HTMX
    ).content.decode()
    assert "Re-send to ERP" in panel
    assert stage.status(commitment) == "retrieved"


def test_a_dead_button_lists_every_failing_rule_with_a_way_to_mend_it(stage: Stage) -> None:
    commitment = stage.commitment(status="draft", vendor=None, number="SC-001-TOO-LONG")
    panel = panel_of(stage.pam, commitment)
    assert re.search(r"<button[^>]*disabled[^>]*>Send to ERP</button>", panel)
    rules = re.findall(r"<li><span>(.+?)</span></li>", panel)
    assert len(rules) == 3, rules
    page = commitment.get_absolute_url()
    for place in ("#status", "edit/#vendor", "edit/#number"):
        assert any(f'<a href="{page}{place}">Mend it</a>' in rule for rule in rules), place
    # Pressing it anyhow (an old page) is refused with the same rules.
    answer = signed_in(stage.pam).post(
        f"/exports/{commitment.export_id}/send/", {"version": "0"}, headers=HTMX
    )
    assert answer.status_code == 409
    assert "No contract company is chosen." in answer.content.decode()


def test_nobody_is_led_to_a_form_that_is_closed_to_them(stage: Stage) -> None:
    waiting, refused = stage.commitment(), stage.commitment(number="SC-002")
    for commitment in (waiting, refused):
        stage.send(commitment)
    stage.step("reject", refused, stage.ann, note="Another company, please.")
    stage.vendor.erp_active = False
    stage.vendor.save()
    # While it waits nobody may edit it, and Ann never may: the rule stands there without a way.
    page = page_of(stage.ann, waiting)
    assert "is linked to no active vendor" in page
    assert "/edit/" not in page
    # Pam mends what came back to her.
    assert f'<a href="{refused.get_absolute_url()}edit/">Mend it</a>' in panel_of(
        stage.pam, refused
    )


def test_who_may_not_send_reads_why(stage: Stage) -> None:
    commitment = stage.commitment()
    panel = panel_of(stage.vic, commitment)
    assert re.search(r"<button[^>]*disabled[^>]*>Send to ERP</button>", panel)
    assert "This needs Admin on Commitments." in panel
    answer = signed_in(stage.vic).post(
        f"/exports/{commitment.export_id}/send/", {"version": "0"}, headers=HTMX
    )
    assert answer.status_code == 403
    assert "This needs Admin on Commitments." in answer.content.decode()
    answer = signed_in(stage.vic).post(f"/exports/{commitment.export_id}/send/", {"version": "0"})
    assert answer.status_code == 403
    assert "This needs Admin on Commitments." in answer.content.decode()


def test_the_panel_asks_again_only_while_something_changes_by_itself(stage: Stage) -> None:
    commitment = stage.commitment()
    asks = 'hx-trigger="every 2s"'
    assert asks not in panel_of(stage.pam, commitment)
    stage.send(commitment)
    assert asks not in panel_of(stage.pam, commitment)
    stage.accept(commitment)
    panel = panel_of(stage.pam, commitment)
    assert asks in panel
    assert "Accepted, waiting for QuickBooks" in panel
    assert "it last called: never" in panel
    was = panel_of(stage.pam, commitment, was="accepted")
    assert "Accepted, waiting for QuickBooks" in was
    stage.visit()
    assert asks not in panel_of(stage.pam, commitment)
    # A page that was drawn before learns that all of it is old.
    answer = signed_in(stage.pam).get(
        f"/exports/{commitment.export_id}/panel/", {"was": "accepted"}, headers=HTMX
    )
    assert answer["HX-Refresh"] == "true"


def test_a_page_in_front_of_the_queue_asks_calmly_and_hears_nothing_until_there_is_news(
    stage: Stage, django_assert_max_num_queries
) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    panel = panel_of(stage.pam, commitment)
    [asked] = re.findall(r'hx-get="([^"]+)" hx-trigger="every 20s"', panel)
    client = signed_in(stage.pam)
    client.get(asked, headers=HTMX)
    with django_assert_max_num_queries(4):  # her session, herself, the item, her rights
        answer = client.get(asked, headers=HTMX)
    assert (answer.status_code, answer.content) == (204, b"")
    # The approver's page, with its half-written comment, is left alone.
    assert "hx-trigger" not in page_of(stage.ann, commitment).split('id="panel"')[1].split(">")[0]
    stage.step("reject", commitment, stage.ann, note="Footings are twice in it.")
    assert client.get(asked, headers=HTMX)["HX-Refresh"] == "true"


def test_sent_again_meanwhile_is_news_too(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    version = stage.export(commitment).version
    stage.step("retrieve", commitment, stage.pam)
    stage.send(commitment)
    panel = panel_of(stage.pam, commitment, was="sent", version=str(version))
    assert f"version={stage.export(commitment).version}" in panel
