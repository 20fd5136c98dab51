"""Pam keeps the budget on its pages; others look, and are told what they may not do."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgets.models import Budget
from commitments.workflow import create_commitment, set_commitment_status
from directory.models import CostCode
from tests.budgets.entering import Desk
from tests.budgets.many import many_lines
from tests.commitments.entering import line as sov
from tests.commitments.entering import subcontract
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def pam(stage: Stage, client):
    client.force_login(stage.pam)
    return client


def text(response) -> str:
    return unescape(response.content.decode())


def address(stage: Stage, name: str = "budget", *more: object) -> str:
    return reverse(name, args=[stage.project.pk, *more])


def cells(*rows: tuple[str, ...]) -> dict[str, list[str]]:
    """(id, cost code, amount) of each line, and a blank row, as a browser sends them."""
    filled = [*rows, ("", "", "")]
    return {
        "line-id": [row[0] for row in filled],
        "line-cost_code": [row[1] for row in filled],
        "line-category": ["Subcontract" if row[1] else "" for row in filled],
        "line-sub_job": [""] * len(filled),
        "line-description": [""] * len(filled),
        "line-amount": [row[2] for row in filled],
    }


def version(desk: Desk) -> dict[str, str]:
    return {"version": str(desk.budget.export.version)}


def shown_row(page: str, number: int) -> str:
    return page.split(f'id="line-{number}"')[1].split("</tr>")[0]


def test_what_the_erp_has_of_a_line_is_text_and_the_rest_is_saved(
    stage: Stage, desk: Desk, pam
) -> None:
    desk.create()
    edit = address(stage, "budget_edit")
    first = shown_row(text(pam.get(edit)), 1)
    assert 'type="text" name="line-amount" value="40,000.00"' in first
    assert "data-remove-line" in first
    desk.lock()
    desk.synced()
    desk.sync()
    desk.unlock()
    page = text(pam.get(edit))
    first = shown_row(page, 1)
    assert 'type="text"' not in first
    assert ">40,000.00</span>" in first
    assert ">03-300</span>" in first
    assert "data-remove-line" not in first
    blank = shown_row(page, 5)
    assert 'type="text" name="line-cost_code"' in blank
    assert 'type="text" name="line-amount"' not in blank
    CostCode.objects.create(company=stage.company, code="31-100", name="Earthwork")
    pk = desk.budget.lines.get(number=1).pk
    saved = pam.post(
        edit, version(desk) | cells((str(pk), "03-300", "40,000.00"), ("", "31-100", ""))
    )
    assert saved.status_code == 302
    assert [(one.number, one.amount) for one in desk.budget.lines.order_by("number")][-1] == (
        4,
        Decimal("0.00"),
    )


def test_a_budget_is_created_entered_and_locked(stage: Stage, desk: Desk, pam) -> None:
    assert "has no budget yet" in text(pam.get(address(stage)))
    assert pam.post(address(stage, "budget_new")).url == address(stage, "budget_edit")
    edit = address(stage, "budget_edit")
    saved = pam.post(
        edit,
        {**cells(("", "03-300", "40,000.00"), ("", "05-120", "(500.00)")), **version(desk)},
        follow=True,
    )
    page = text(saved)
    assert "39,500.00" in page
    locked = pam.post(address(stage, "budget_step", "lock"), version(desk), follow=True)
    assert "The budget is locked." in text(locked)
    assert pam.get(edit).url == address(stage)
    assert pam.post(address(stage, "budget_step", "nothing")).status_code == 404


def test_a_form_with_faults_comes_back_as_it_was_typed(stage: Stage, desk: Desk, pam) -> None:
    desk.create()
    typed = cells(("", "99-999", "1.234,56"), ("", "03-300", ""))
    answer = pam.post(address(stage, "budget_edit"), {**typed, **version(desk)})
    page = text(answer)
    assert answer.status_code == 422
    assert "There is no such cost code “99-999”" in page
    assert "write a point before the decimals" in page
    assert "0.00 is possible" in page
    assert 'value="1.234,56"' in page
    assert desk.budget.lines.count() == 3


def test_lines_that_were_shown_and_are_missing_are_removed(stage: Stage, desk: Desk, pam) -> None:
    desk.create()
    first, second, _ = desk.budget.lines.all()
    typed = cells((str(first.pk), "03-300", "41000.00"))
    was = f"{first.pk} {second.pk}"
    pam.post(address(stage, "budget_edit"), {**typed, **version(desk), "was": was})
    assert [(line.cost_code.code, line.amount) for line in desk.budget.lines.all()] == [
        ("03-300", Decimal("41000.00")),
        ("09-290", Decimal("0.00")),
    ]


def test_two_people_edit_and_the_second_loses_nothing(stage: Stage, desk: Desk, pam) -> None:
    desk.create()
    seen = version(desk)
    first = desk.budget.lines.get(number=1)
    pam.post(address(stage, "budget_edit"), {**cells((str(first.pk), "03-300", "1.00")), **seen})
    answer = pam.post(
        address(stage, "budget_edit"), {**cells((str(first.pk), "03-300", "2.00")), **seen}
    )
    page = text(answer)
    assert answer.status_code == 409
    assert "03-300 Subcontract 40,000.00 → 03-300 Subcontract 1.00" in page
    assert 'value="2.00"' in page


def test_the_page_tells_what_is_awaited_and_why_nothing_can_be_done(
    stage: Stage, desk: Desk, pam
) -> None:
    desk.create()
    desk.lock()
    desk.synced()
    page = text(pam.get(address(stage)))
    assert "Waiting for the ERP's job costs" in page
    assert "2 of 3" in page
    assert "2 of 3 exported cost codes are not back in the ERP's job costs yet" in page
    assert "not yet" in page
    [found] = stage.books.estimates()
    stage.books.by_hand.edit_line(found.txn_id, 0, amount=Decimal("39999.99"))
    desk.sync()
    page = text(pam.get(address(stage)))
    assert "39,999.99" in page
    assert "There are two ways out" in page


def test_the_grid_shows_budget_committed_and_cost(stage: Stage, desk: Desk, pam) -> None:
    desk.create()
    entry = subcontract(stage, sov("03-300", "45000.00"), sov("09-290", "10.00"))
    made = create_commitment(project=stage.project, by=desk.by, data=entry)
    set_commitment_status(made, by=desk.by, version=made.export.version, status="approved")
    stage.books.by_hand.enter_bill("City of Alder:Library", "05-120", Decimal(26000))
    desk.sync()
    page = text(pam.get(address(stage)))
    for amount in ("-5,000.00", "26,000.00", "-999.50", "-10.00", "45,010.00", "-6,009.50"):
        assert amount in page, amount
    assert "<svg" in page
    csv = b"".join(pam.get(address(stage, "budget_csv"))).decode("utf-8-sig").splitlines()
    assert csv[1] == ("03-300,Concrete,Subcontract,,40000.00,0.00,40000.00,45000.00,0.00,-5000.00")


def test_a_modification_is_entered_and_removed(stage: Stage, desk: Desk, pam) -> None:
    desk.create()
    desk.lock()
    new = address(stage, "modification_new")
    assert "New budget modification" in text(pam.get(new))
    header = {"type": "transfer", "date": "2026-05-04", "reason": "Soft soil"}
    wrong = pam.post(
        new,
        {**header, **cells(("", "03-300", "-5"), ("", "05-120", "6")), **version(desk)},
    )
    assert wrong.status_code == 422
    assert "A transfer comes to 0.00, and this one to 1.00." in text(wrong)
    saved = pam.post(
        new,
        {**header, **cells(("", "03-300", "-5"), ("", "05-120", "5")), **version(desk)},
        follow=True,
    )
    assert "It goes to the ERP with round 2" in text(saved)
    made = desk.budget.modifications.get()
    remove = address(stage, "modification_delete", made.pk)
    assert "is removed" in text(pam.post(remove, version(desk), follow=True))


def test_a_table_is_imported_whole_or_not_at_all(stage: Stage, desk: Desk, pam) -> None:
    desk.create(("03-300", "100.00"))
    where = address(stage, "budget_import")
    bad = "Cost code;Category;Amount\n03-300;Subcontract;5.00\n05-120;Labour;1,234.00\n=A1;;x\n"
    answer = pam.post(where, {"table": bad})
    page = text(answer)
    assert answer.status_code == 422
    assert "Row 3: There is no such category" in page
    assert "Row 4:" in page
    good = "Cost code,Category,Description,Amount\n03-300,Subcontract,Slabs,150.00\n"
    good += '05-120,Subcontract,"Frame, roof","1,250.50"\n'
    page = text(pam.post(where, {"table": good}))
    assert "1 new, 1 changed, 0 the same" in page
    assert "1,400.50" in page
    assert desk.budget.amount == Decimal("100.00")
    saved = pam.post(where, {"table": good, "save": "1", **version(desk)}, follow=True)
    assert "Imported: 1 new, 1 changed, 0 the same." in text(saved)
    assert desk.budget.amount == Decimal("1400.50")


def test_others_look_and_strangers_do_not(stage: Stage, desk: Desk, client) -> None:
    desk.create()
    client.force_login(stage.vic)
    page = text(client.get(address(stage)))
    assert "This needs Admin on Budget" in page
    for name in ("budget_edit", "budget_import", "modification_new"):
        assert client.get(address(stage, name)).status_code == 403
    assert client.post(address(stage, "budget_step", "lock"), version(desk)).status_code == 403
    client.force_login(stage.olga)
    for name in ("budget", "budget_edit", "budget_csv"):
        assert client.get(address(stage, name)).status_code == 404
    assert not Budget.objects.get().locked


@pytest.mark.parametrize("name", ["budget", "budget_csv"])
def test_as_many_queries_for_3000_lines_as_for_3(stage: Stage, desk: Desk, pam, name: str) -> None:
    desk.create()
    pam.get(address(stage, name))
    with CaptureQueriesContext(
        connection,
    ) as few:
        b"".join(pam.get(address(stage, name)))
    many_lines(desk.budget, 3000)
    with CaptureQueriesContext(connection) as many:
        b"".join(pam.get(address(stage, name)))
    assert len(many) <= len(few)


def test_a_long_budget_does_not_wait_until_all_of_its_lines_are_checked(
    stage: Stage, desk: Desk, pam
) -> None:
    desk.create()
    many_lines(desk.budget, 1000)
    page = text(pam.get(address(stage)))
    panel = panel_of(page)
    assert "The budget is not locked." in panel  # what is known without looking at lines
    assert "Its lines are being checked." in panel
    assert re.search(r"<button[^>]*disabled[^>]*>Send to ERP</button>", panel)
    # The page asks for the rest; without scripts a person does.
    [rest] = re.findall(r'hx-get="([^"]+)" hx-trigger="load"', panel)
    for whole in (
        panel_of(text(pam.get(rest))),
        panel_of(text(pam.get(f"{address(stage)}?checked"))),
    ):
        assert "The budget is not locked." in whole
        assert "Its 1,003 lines can be sent." in whole
        assert "hx-trigger" not in whole
    CostCode.objects.filter(erp_id__in=["MANY-7", "MANY-8"]).update(erp_active=False)
    whole = panel_of(text(pam.get(rest)))
    assert "6 faults in its 1,003 lines have to be mended." in whole
    assert whole.count("cannot be sent: it is not linked") == 6
    CostCode.objects.update(erp_active=True)
    desk.lock()
    whole = panel_of(text(pam.get(rest)))
    assert not re.search(r"<button[^>]*disabled[^>]*>Send to ERP</button>", whole)


def panel_of(page: str) -> str:
    """The panel of the way to the ERP."""
    return page[page.index('id="panel"') :].partition("</section>")[0]


def test_a_round_is_named_with_its_project_wherever_it_stands_alone(
    stage: Stage, desk: Desk, pam
) -> None:
    desk.create()
    desk.lock()
    desk.synced()
    desk.sync()
    desk.modify(("03-300", "100.00"))
    export = desk.budget.export
    back = {"version": export.version, "back": address(stage)}
    sent = text(pam.post(reverse("export_step", args=[export.pk, "send"]), back, follow=True))
    round_2 = f"Budget round 2 of {stage.project.number}"
    assert f"{round_2}: Sent." in sent
    pam.force_login(stage.ann)
    item = f"{export.pk}:{desk.budget.export.version}"
    rejected = pam.post(
        reverse("queue_bulk", args=[stage.company.pk, "budgets", "reject"]),
        {"item": [item], "note": "Name the soil report.", "view": "ready"},
        follow=True,
    )
    assert f"{stage.project} budget round 2: Modification 1" in text(rejected)
    pam.force_login(stage.pam)
    assert f"{round_2}, Modification 1, 100.00" in text(pam.get(reverse("notices")))
    pam.force_login(stage.dora)
    assert round_2 in text(pam.get(reverse("history", args=[stage.company.pk])))


def test_pam_reads_what_was_asked_for_where_she_mends_it(stage: Stage, desk: Desk, pam) -> None:
    desk.create()
    desk.lock()
    stage.send(desk.budget)
    stage.step("reject", desk.budget, stage.ann, note="Concrete is too low.")
    assert "<blockquote>Concrete is too low.</blockquote>" in text(
        pam.get(address(stage, "budget_edit"))
    )


def test_the_project_tells_how_far_each_round_of_its_budget_came(
    stage: Stage, desk: Desk, pam
) -> None:
    def told() -> str:
        page = text(pam.get(reverse("project", args=[stage.project.pk])))
        return re.sub(r"<[^>]+>", "", page.partition("Budget</a></h2>")[2].partition("</ul>")[0])

    desk.create()
    desk.lock()
    assert told().endswith("1 round not sent")
    desk.synced()
    assert told().endswith("1 round in the ERP")
    desk.sync()
    desk.modify(("03-300", "100.00"))
    assert told().endswith("1 round not sent1 round in the ERP")


def test_a_modification_that_is_sent_twice_is_not_said_to_be_replaced(
    stage: Stage, desk: Desk, pam
) -> None:
    desk.create()
    desk.lock()
    typed = {**cells(("", "03-300", "100.00")), **version(desk)}
    typed |= {"type": "change", "date": "2026-05-04", "reason": "Soft soil"}
    new = address(stage, "modification_new")
    assert pam.post(new, typed).url == address(stage)
    again = pam.post(new, typed)
    assert again.status_code == 409
    assert "if yours is not there yet, save again" in text(again)
    assert "puts yours in its place" not in text(again)
    assert desk.budget.modifications.count() == 1
