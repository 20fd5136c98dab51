"""Pam enters lines as in a spreadsheet: typed, pasted, moved through by keys, to the cent."""

from decimal import Decimal

import pytest

from budgets.importing import COLUMNS
from commitments.models import ChangeOrder, Commitment
from tests.budgets.entering import Desk
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.activeElement.dispatchEvent(
    new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""

TWO_CLICKS = """() => new Promise((done) => {
  const save = document.querySelector("#document-form button[type=submit]");
  save.click();
  setTimeout(() => { save.click(); done(); }, 20);
})"""


def cell(page, line: int, name: str):
    return page.get_by_label(f"Line {line}, {name}", exact=True)


def values(page, line: int, *names: str) -> list[str]:
    return [cell(page, line, name).input_value() for name in names]


def header(page, number: str, title: str) -> None:
    page.get_by_label("Number").fill(number)
    page.get_by_label("Title").fill(title)


def test_pam_types_a_purchase_order_without_the_mouse(stage: Stage, sign_in, screenshot) -> None:
    page = sign_in(stage.pam)
    page.goto(f"/projects/{stage.project.pk}/commitments/new/?type=purchase_order")
    header(page, "PO-1", "Reinforcing steel")
    cell(page, 1, "cost code").focus()
    for text in ("03-300", "Subc", "Bars", "12.5", "TON", "1185.005"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    # The category was completed, the amount is their product, and Tab went past it.
    assert values(page, 1, "category", "amount") == ["Subcontract", "14,812.56"]
    assert page.locator(":focus").get_attribute("aria-label") == "Line 2, cost code"
    cell(page, 2, "amount").focus()
    page.keyboard.type("(250.5)")
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("aria-label") == "Line 3, amount"
    page.keyboard.press("ArrowUp")
    assert page.locator(":focus").input_value() == "-250.50"
    for name in ("cost code", "category"):
        cell(page, 2, name).focus()
        page.keyboard.press("Control+d")
    assert values(page, 2, "cost code", "category") == ["03-300", "Subcontract"]
    assert page.locator("[data-total]").inner_text() == "14,562.06"
    assert page.locator("[data-count]").inner_text() == "2 lines"
    screenshot(page, "lines-typed")
    cell(page, 2, "amount").focus()
    page.keyboard.press("Control+Enter")
    page.get_by_text("Commitment PO-1 is saved, as a Draft.").wait_for()
    assert Commitment.objects.get().total == Decimal("14562.06")


def test_pam_is_told_which_columns_were_not_pasted(stage: Stage, sign_in) -> None:
    page = sign_in(stage.pam)
    page.goto(f"/projects/{stage.project.pk}/commitments/new/")
    cell(page, 1, "cost code").focus()
    page.evaluate(
        PASTE,
        "Cost code number\tCost type\tTitle\tScheduled value\tSub job\tForeman\n"
        "03-300\tSubcontract\tFootings\t1000\t02\tLee\n",
    )
    names = ("cost code", "category", "description", "amount")
    assert values(page, 1, *names) == ["03-300", "Subcontract", "Footings", "1,000.00"]
    count = page.locator("[data-count]")
    assert count.inner_text() == "1 line; 1 pasted; not taken over: Sub job, Foreman"
    # Without headings, what hangs over the last column.
    cell(page, 2, "unit cost").focus()
    page.evaluate(PASTE, "2.50\t5.00\tLee\n1.25\t2.50\t\n")
    assert count.inner_text() == "3 lines; 2 pasted; not taken over: Lee"


def test_what_a_column_is_called_on_the_page_is_known_in_what_is_pasted(
    stage: Stage, sign_in
) -> None:
    Desk(stage).create()
    page = sign_in(stage.pam)
    page.goto(f"/projects/{stage.project.pk}/budget/edit/")
    page.get_by_role("button", name="Add a line").click()
    last = page.locator("[data-sheet] tbody tr").count()
    page.evaluate(PASTE, "Cost code\tCategory\tOriginal amount\n03-300\tLabor\t1,250\n")
    assert values(page, last, "cost code", "amount") == ["03-300", "1,250.00"]


def test_the_headings_of_a_budgets_file_are_known_in_what_is_pasted(stage: Stage, sign_in) -> None:
    Desk(stage).create()
    page = sign_in(stage.pam)
    page.goto(f"/projects/{stage.project.pk}/budget/edit/")
    page.get_by_role("button", name="Add a line").click()
    last = page.locator("[data-sheet] tbody tr").count()
    for column in COLUMNS:
        if column.name == "sub_job":  # not where the ERP knows none
            continue
        for heading in (column.heading, *column.also):
            other = "Amount" if column.name == "description" else "Description"
            cell(page, last, "cost code").focus()
            page.evaluate(PASTE, f"{other}\t{heading}\n7\t0\n")
            taken = page.locator(f"[name=line-{column.name}]").nth(last - 1)
            assert taken.input_value() in ("0", "0.00"), heading
            taken.fill("")


def test_of_two_columns_for_one_that_which_is_called_as_on_the_page_is_pasted(
    stage: Stage, sign_in
) -> None:
    page = sign_in(stage.pam)
    page.goto(f"/projects/{stage.project.pk}/commitments/new/")
    for headings, row in (("Item\tDescription", "7\tSlab"), ("Description\tItem", "Slab\t7")):
        cell(page, 1, "cost code").focus()
        page.evaluate(PASTE, f"{headings}\tAmount\n{row}\t10\n")
        assert values(page, 1, "description", "amount") == ["Slab", "10.00"]
        count = page.locator("[data-count]").inner_text()
        assert count.endswith("not taken over: Item"), count


def test_pam_pastes_from_a_spreadsheet_and_mends_what_is_wrong(
    stage: Stage, sign_in, screenshot
) -> None:
    page = sign_in(stage.pam)
    page.goto(f"/projects/{stage.project.pk}/commitments/new/")
    header(page, "SC-1", "Concrete")
    cell(page, 1, "cost code").focus()
    page.evaluate(
        PASTE,
        "Cost Code\tType\tAmount\tDescription\r\n"
        '03-300 Concrete\tsubcontract\t$1,000.10\t"Footings,\n""east"" side"\r\n'
        "Steel\tSubcontract\t2000\tBeams\r\n"
        "99-999\tSubcontract\t1.234,56\tUnknown\r\n"
        "09-290\tSubcontract\t0.9\tBoard\r\n\r\n",
    )
    assert values(page, 1, "cost code", "category", "description", "amount") == [
        "03-300",
        "Subcontract",
        'Footings,\n"east" side',
        "1,000.10",
    ]
    assert values(page, 2, "cost code", "amount") == ["05-120", "2,000.00"]
    assert page.locator("[data-count]").inner_text() == "4 lines; 4 pasted"
    assert page.locator("[data-total]").inner_text() == "3,001.00"
    assert page.locator("[aria-invalid=true]").count() == 1

    page.get_by_role("button", name="Save").click()
    page.get_by_text("Nothing is saved yet: 2 things to mend.").wait_for()
    screenshot(page, "lines-refused")
    page.get_by_role("link", name="Line 3, cost code").click()
    cell(page, 3, "cost code").fill("09-290")
    cell(page, 3, "amount").fill("1234.56")
    page.get_by_role("button", name="Remove line 4").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Commitment SC-1 is saved, as a Draft.").wait_for()
    made = Commitment.objects.get()
    assert [(line.description, line.amount) for line in made.lines.all()] == [
        ('Footings,\n"east" side', Decimal("1000.10")),
        ("Beams", Decimal("2000.00")),
        ("Unknown", Decimal("1234.56")),
    ]


def test_a_change_order_counts_characters_and_sums_what_belongs_together(
    stage: Stage, sign_in, screenshot
) -> None:
    commitment = stage.commitment()
    page = sign_in(stage.pam)
    page.goto(f"/projects/{stage.project.pk}/commitments/{commitment.pk}/change-orders/new/")
    page.get_by_label("Title").fill("Footings three feet deeper east")
    assert "31 of 30 characters" in page.locator("#title-counter").inner_text()
    page.get_by_label("Title").fill("Footings three feet deeper")
    assert page.locator("#title-counter").inner_text() == "26 of 30 characters"
    for line, (target, amount) in enumerate([("1", "1500"), ("foot", "-250.50"), ("new", "10")], 1):
        cell(page, line, "changes line").fill(target)
        cell(page, line, "amount").fill(amount)
    cell(page, 3, "cost code").fill("09-290")
    cell(page, 3, "category").fill("Subcontract")
    assert values(page, 2, "changes line", "cost code", "category") == [
        "1 · 03-300 · Footings",
        "03-300",
        "Subcontract",
    ]
    together = "1 · 03-300 · Footings: 1,249.50 together (lines 1, 2)"
    assert together in page.locator("[data-target-sums]").inner_text()
    screenshot(page, "lines-change-order")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Change order 001 is saved, as a Draft.").wait_for()
    assert ChangeOrder.objects.get().total == Decimal("1259.50")


def test_without_scripts_the_form_still_saves(stage: Stage, browser, live_server, client) -> None:
    client.force_login(stage.pam)
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([{**cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"/projects/{stage.project.pk}/commitments/new/")
    header(page, "SC-1", "Concrete")
    for name, text in (("cost code", "03-300"), ("category", "Subcontract")):
        cell(page, 1, name).fill(text)
    cell(page, 1, "quantity").fill("3")
    cell(page, 1, "unit cost").fill("1.115")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Commitment SC-1 is saved, as a Draft.").wait_for()
    assert Commitment.objects.get().total == Decimal("3.35")
    context.close()


def test_a_double_click_on_save_makes_one(stage: Stage, sign_in) -> None:
    commitment = stage.commitment()
    page = sign_in(stage.pam)
    page.goto(f"{commitment.get_absolute_url()}change-orders/new/")
    header(page, "", "Deeper footings")  # without a number each click would get the next one
    cell(page, 1, "changes line").fill("1")
    cell(page, 1, "amount").fill("1500.00")
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    # Both clicks reach the page that is being left, as when the server takes its time.
    page.evaluate(TWO_CLICKS)
    page.get_by_text("is saved, as a Draft.").wait_for()
    assert len(sent) == ChangeOrder.objects.count() == 1
