"""Pam enters and edits commitments and change orders in the browser's forms; others look."""

from html import unescape

import pytest
from django.urls import reverse

from approvals.models import Export
from commitments.models import ChangeOrder, Commitment
from commitments.workflow import create_change_order, load_change_order, load_commitment
from directory.models import Project
from tests.commitments.entering import change, change_order
from tests.stage import Stage

pytestmark = pytest.mark.django_db

CELLS = ("id", "target", "cost_code", "category", "description", "quantity", "unit", "unit_cost")


@pytest.fixture
def pam(stage: Stage, client):
    client.force_login(stage.pam)
    return client


def lines(*rows: dict[str, str]) -> dict[str, list[str]]:
    """The cells as a browser sends them: every row has all of them, the last row is blank."""
    names = (*CELLS, "amount", "sub_job")
    return {f"line-{name}": [*(row.get(name, "") for row in rows), ""] for name in names}


def text(response) -> str:
    return unescape(response.content.decode())


def form_of(stage: Stage, **fields):
    return {
        "version": "0",
        "type": "subcontract",
        "number": "SC-100",
        "title": "Cast-in-place concrete",
        "vendor": str(stage.vendor.pk),
        "date_created": "2026-03-02",
        "retainage": "5",
        "description": "",
        "vendor_message": "",
        **fields,
    }


CONCRETE = {"cost_code": "03-300", "category": "Subcontract", "amount": "1,200.50"}


def test_a_subcontract_is_entered_with_two_lines(stage: Stage, pam) -> None:
    steel = {
        "cost_code": "05-120",
        "category": "Subcontract",
        "quantity": "3",
        "unit_cost": "0.335",
    }
    new = reverse("commitment_new", args=[stage.project.pk])
    assert pam.get(new, {"type": "purchase_order"}).status_code == 200
    saved = pam.post(new, {**form_of(stage), **lines(CONCRETE, steel)}, follow=True)
    page = text(saved)
    assert "Commitment SC-100 is saved, as a Draft." in page
    assert "1,201.51" in page
    assert "3 × 0.335" in page
    made = Commitment.objects.get()
    assert made.export.amount == made.total


def test_what_pam_entered_is_shown_as_it_is_kept(stage: Stage, pam) -> None:
    typed = form_of(stage, retainage="7.55")
    credit = {**CONCRETE, "amount": "-0.10"}
    saved = pam.post(
        reverse("commitment_new", args=[stage.project.pk]),
        {**typed, **lines(CONCRETE, credit)},
        follow=True,
    )
    page = text(saved)
    assert "<dd>7.55 %</dd>" in page
    assert "-0.0 %" not in page
    paper = text(pam.get(f"{Commitment.objects.get().get_absolute_url()}print/"))
    assert "<dd>7.55 %</dd>" in paper


def test_a_form_with_faults_comes_back_as_it_was_typed(stage: Stage, pam) -> None:
    typed = form_of(
        stage, title="", number='<b>"1"</b>', retainage="five", vendor_message="Call <us>"
    )
    bad = {
        "cost_code": "99-999",
        "category": "Labour?",
        "description": "Line <1>",
        "amount": "1.234,56",
    }
    new = reverse("commitment_new", args=[stage.project.pk])
    refused = pam.post(new, {**typed, **lines(bad, CONCRETE)})
    assert refused.status_code == 422
    page = text(refused)
    assert "Nothing is saved yet: 5 things to mend." in page
    for told in (
        "Title: Give it a title.",
        "Default retainage, %: “five” is not a number",
        "Line 1, cost code: There is no such cost code “99-999”.",
        "Line 1, category: There is no such category “Labour?”.",
        "Line 1, amount: “1.234,56”: write a point before the decimals",
    ):
        assert told in page
    for kept in ("five", "99-999", "Labour?", "1.234,56", "1,200.50"):
        assert f'value="{kept}"' in page
    raw = refused.content.decode()
    assert "<b>" not in raw
    assert "Line <1>" not in raw
    assert "Call &lt;us&gt;" in raw
    assert not Commitment.objects.exists()


def test_two_people_edit_one_and_the_second_loses_nothing(stage: Stage, pam) -> None:
    commitment = load_commitment(stage.commitment().pk)
    edit = reverse("commitment_edit", args=[stage.project.pk, commitment.pk])
    form = pam.get(edit)
    assert 'value="SC-001"' in text(form)
    mine = {
        **form_of(stage, number="SC-001", title="Mine"),
        **lines({**CONCRETE, "id": str(commitment.lines.all()[0].pk)}),
    }
    theirs = {**form_of(stage, number="SC-001", title="Theirs"), **lines(CONCRETE)}
    pam.post(edit, theirs)
    refused = pam.post(edit, mine)
    page = text(refused)
    assert refused.status_code == 409
    assert "nothing was saved" in page
    assert "Structural concrete → Theirs" in page
    assert 'value="Mine"' in page
    # Saved again, knowing it; the line that went away is told of as such.
    version = str(Export.objects.get().version)
    assert f'name="version" value="{version}"' in page
    again = pam.post(edit, {**mine, "version": version})
    assert again.status_code == 422
    assert "no longer there" in text(again)
    mine |= lines(CONCRETE)
    assert pam.post(edit, {**mine, "version": version}).status_code == 302
    assert load_commitment(commitment.pk).title == "Mine"


def test_a_synced_commitment_opens_with_its_texts_alone(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    edit = reverse("commitment_edit", args=[stage.project.pk, commitment.pk])
    form = text(pam.get(edit))
    assert "change orders change its money" in form
    assert 'name="title"' not in form
    assert "line-amount" not in form
    version = str(stage.export(commitment).version)
    posted = {"texts-only": "1", "version": version, "description": "Later", "vendor_message": ""}
    page = text(pam.post(edit, posted, follow=True))
    assert "is saved" in page
    assert "Changed since it was sent" in page
    assert load_commitment(commitment.pk).title == "Structural concrete"


def test_what_is_typed_into_an_open_form_is_kept_when_it_is_sent_meanwhile(
    stage: Stage, pam
) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    edit = reverse("commitment_edit", args=[stage.project.pk, commitment.pk])
    version = str(stage.export(commitment).version)
    typed = form_of(stage, number="SC-001", title="Typed before it went", version=version)
    refused = pam.post(edit, {**typed, **lines(CONCRETE)})
    assert refused.status_code == 422
    assert "This is locked. It waits for accounting." in text(refused)
    assert 'value="Typed before it went"' in text(refused)


def test_pam_approves_completes_and_deletes_by_buttons(stage: Stage, pam) -> None:
    commitment = stage.commitment(status="draft")
    place = [stage.project.pk, commitment.pk]

    def press(name: str, **fields: str):
        version = str(stage.export(commitment).version)
        return text(
            pam.post(reverse(name, args=place), {"version": version, **fields}, follow=True)
        )

    assert "is Approved" in press("commitment_status", status="approved")
    assert "Only a Draft can be deleted" in press("commitment_delete")
    assert "Only a commitment that is in the ERP" in press("commitment_status", status="complete")
    assert "is Draft" in press("commitment_status", status="draft")
    assert "is deleted" in press("commitment_delete")
    assert not Commitment.objects.exists()


def test_who_may_only_look_sees_why_the_buttons_are_off(stage: Stage, client) -> None:
    commitment = stage.commitment(status="draft")
    cco = stage.change_order(commitment, status="draft")
    client.force_login(stage.vic)
    for page in (commitment.get_absolute_url(), cco.get_absolute_url()):
        shown = text(client.get(page))
        assert "This needs Admin on Commitments" in shown
        assert f'href="{page}edit/"' not in shown
        refused = client.get(f"{page}edit/")
        assert refused.status_code == 403
        assert "Admin on Commitments" in text(refused)
    assert "This needs Admin on Change Orders" in text(client.get(cco.get_absolute_url()))


def test_what_is_elsewhere_is_not_found(stage: Stage, client) -> None:
    commitment = stage.commitment()
    cco = stage.change_order(commitment)
    harbor = Project.objects.get(company=stage.other)
    client.force_login(stage.olga)
    for project in (stage.project.pk, harbor.pk):
        for name, pk in (
            ("commitment", commitment.pk),
            ("commitment_edit", commitment.pk),
            ("change_order_new", commitment.pk),
            ("change_order", cco.pk),
            ("change_order_edit", cco.pk),
            ("commitment", 999_999_999),
        ):
            assert client.get(reverse(name, args=[project, pk])).status_code == 404
    for name in ("project", "commitments", "change_orders", "commitment_new", "budget"):
        assert client.get(reverse(name, args=[stage.project.pk])).status_code == 404
        assert client.get(reverse(name, args=[harbor.pk])).status_code == 200


def test_a_change_order_names_lines_as_people_write_them(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    new = reverse("change_order_new", args=[stage.project.pk, commitment.pk])
    form = text(pam.get(new))
    assert 'value="001"' in form
    assert "2 · 05-120 · Steel frame" in form
    typed = {"number": "", "title": "Extras", "description": ""}
    rows = lines(
        {**CONCRETE, "target": "1"},
        {**CONCRETE, "target": "1 · 03-300 · Footings", "amount": "-200.50"},
        {**CONCRETE, "target": "new scope", "cost_code": "09-290", "description": "Drywall"},
    )
    page = text(pam.post(new, {**typed, **rows}, follow=True))
    assert "Change order 001 is saved, as a Draft." in page
    assert "What the ERP gets" in page
    assert "new scope" in page
    assert [line.commitment_line.number for line in ChangeOrder.objects.get().lines.all()] == [
        1,
        1,
        3,
    ]
    assert "added by change order 001" in text(pam.get(commitment.get_absolute_url()))


def test_a_line_that_moved_meanwhile_is_not_taken_for_another(stage: Stage, pam) -> None:
    """The form offered line 2 as steel; by now line 2 is something else."""
    commitment = stage.commitment(
        lines=[("03-300", "Footings", "1.00"), ("09-290", "Board", "2.00")]
    )
    new = reverse("change_order_new", args=[stage.project.pk, commitment.pk])
    typed = {"number": "", "title": "Extras", "description": ""}
    refused = pam.post(new, {**typed, **lines({**CONCRETE, "target": "2 · 05-120 · Steel frame"})})
    assert refused.status_code == 422
    assert "Line 1, changes line: The commitment has no such line" in text(refused)


def test_a_completed_commitment_offers_no_change_order(stage: Stage, pam) -> None:
    commitment = stage.commitment(status="complete")
    page = text(pam.get(commitment.get_absolute_url()))
    assert "it takes no change orders" in page
    new = reverse("change_order_new", args=[stage.project.pk, commitment.pk])
    assert new not in page
    assert "it takes no change orders" in text(pam.get(new, follow=True))


def test_a_rejected_change_order_tells_what_was_changed_since(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    cco = stage.change_order(commitment)
    stage.send(cco)
    stage.step("reject", cco, stage.ann, note="The quote says 1,400.00.")
    page = text(pam.get(cco.get_absolute_url()))
    assert "<strong>Ann</strong> asks for a change" in page
    assert "Nothing yet." in page  # she has changed nothing since
    assert f'href="/exports/{cco.export_id}/#copy">What was rejected</a>' in page
    [line] = load_change_order(cco.pk).lines.all()
    edit = reverse("change_order_edit", args=[stage.project.pk, cco.pk])
    assert "<blockquote>The quote says 1,400.00.</blockquote>" in text(pam.get(edit))
    row = {**CONCRETE, "id": str(line.pk), "target": "1", "amount": "1,400.00"}
    version = str(stage.export(cco).version)
    typed = {"number": "001", "title": "Deeper footings", "description": "", "version": version}
    page = text(pam.post(edit, {**typed, **lines(row)}, follow=True))
    assert "it is Pending - Revised until it is approved" in page
    assert "The quote says 1,400.00." in page
    assert "Changed since the rejection" in page
    assert "Total: 1,500.00 → 1,400.00" in page
    history = text(pam.get(f"/exports/{cco.export_id}/"))
    for told in (
        "<strong>Rejected</strong> by Ann",
        "Sent to accounting → Rejected by accounting",
        "“The quote says 1,400.00.”",
        "<strong>Edited</strong> by Pam",
        "Status: Approved → Pending - Revised",
        "Total: 1,500.00 → 1,400.00",
    ):
        assert told in history


def test_what_was_changed_after_a_retrieval_is_told(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.step("retrieve", commitment, stage.pam)
    page = commitment.get_absolute_url()
    assert "Changed since it was retrieved" not in text(pam.get(page))
    commitment.lines.filter(number=2).update(amount="24000.00")
    shown = text(pam.get(page))
    assert "Changed since it was retrieved" in shown
    assert "Total: 35,000.00 → 34,000.00" in shown


def test_a_description_with_line_breaks_survives_a_save_of_something_else(
    stage: Stage, pam
) -> None:
    commitment = stage.commitment()
    first = commitment.lines.all()[0].pk
    cco = create_change_order(
        commitment=commitment,
        by=stage.access(stage.pam),
        data=change_order(change(first, description="\nTwo\nlines"), description="A\n\nB"),
    )
    edit = reverse("change_order_edit", args=[stage.project.pk, cco.pk])
    assert "\nTwo\nlines</textarea>" in text(pam.get(edit))
    [line] = cco.lines.all()
    row = {"id": str(line.pk), "target": "1", "description": "Two\r\nlines", "amount": "500.00"}
    row |= {"cost_code": "03-300", "category": "Subcontract"}
    typed = {"number": "001", "title": "Other", "description": "A\r\n\r\nB", "version": "0"}
    assert pam.post(edit, {**typed, **lines(row)}).status_code == 302
    after = load_change_order(cco.pk)
    assert (after.description, after.lines.all()[0].description) == ("A\n\nB", "Two\nlines")


def test_the_project_page_leads_to_the_tools_one_may_read(stage: Stage, client) -> None:
    stage.commitment()
    for person, sees in ((stage.pam, True), (stage.dora, False)):
        client.force_login(person)
        page = text(client.get(reverse("project", args=[stage.project.pk])))
        assert "Riverside Library" in page
        assert ("35,000.00" in page) is sees
        assert (reverse("commitments", args=[stage.project.pk]) in page) is sees


def test_the_pages_of_documents_ask_few_statements(
    stage: Stage, pam, django_assert_num_queries
) -> None:
    commitment = stage.commitment()
    order = create_change_order(
        commitment=commitment,
        by=stage.access(stage.pam),
        data=change_order(change(commitment.lines.all()[0].pk)),
    )
    for document, statements in ((commitment, 12), (order, 13)):
        pam.get(document.get_absolute_url())
        with django_assert_num_queries(statements):
            pam.get(document.get_absolute_url())
