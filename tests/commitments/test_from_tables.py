"""Lines that come from a table: read into the form, every bad row told, nothing saved by halves."""

from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from commitments.models import ChangeOrder, Commitment
from tests.stage import Stage

pytestmark = pytest.mark.django_db

GOOD = b"""Cost code,Category,Description,Qty,UOM,Unit price,Total,Foreman
03-300,Subcontract,"Footings, east",2,CY,185.005,,Bo
05-120,Subcontract,=HYPERLINK(1),,,,"1,234.50",
"""


@pytest.fixture
def pam(stage: Stage, client):
    client.force_login(stage.pam)
    return client


def text(response) -> str:
    return unescape(response.content.decode())


def new(stage: Stage) -> str:
    return reverse("commitment_new", args=[stage.project.pk])


def header(**fields: str) -> dict[str, str]:
    return {
        "type": "subcontract",
        "number": "SC-7",
        "title": "Concrete",
        "date_created": "2026-03-02",
        "retainage": "10",
        **fields,
    }


def table(content: bytes, name: str = "sov.csv") -> dict[str, object]:
    return {"import": "1", "table": SimpleUploadedFile(name, content, "text/csv")}


def lines_of(response) -> dict[str, list[str]]:
    """The lines of the form, as the browser would send them back."""
    sent: dict[str, list[str]] = {}
    form = response.context["form"]
    from html.parser import HTMLParser

    class Cells(HTMLParser):
        area = ""

        def handle_starttag(self, tag, attributes):
            named = dict(attributes)
            if tag == "input" and named.get("name", "").startswith("line-"):
                sent.setdefault(named["name"], []).append(named.get("value") or "")
            if tag == "textarea":
                self.area = named["name"]
                sent.setdefault(self.area, []).append("")

        def handle_endtag(self, tag):
            if tag == "textarea":
                self.area = ""

        def handle_data(self, data):
            if self.area:
                sent[self.area][-1] += data.removeprefix("\n")

    Cells().feed(str(form.rows))
    return sent


def test_a_file_fills_the_form_and_is_saved_by_saving_it(stage: Stage, pam) -> None:
    read = pam.post(new(stage), {**header(), **table(GOOD)})
    assert read.status_code == 200
    page = text(read)
    assert "2 lines were read; nothing is saved yet." in page
    assert "Not taken over: Foreman." in page
    assert 'value="SC-7"' in page
    assert not Commitment.objects.exists()

    saved = pam.post(new(stage), {**header(), **lines_of(read)})
    assert saved.status_code == 302
    commitment = Commitment.objects.get()
    assert [
        (line.cost_code.code, line.description, line.unit, str(line.amount))
        for line in commitment.lines.all()
    ] == [
        ("03-300", "Footings, east", "CY", "370.01"),
        ("05-120", "=HYPERLINK(1)", "", "1234.50"),
    ]


def test_every_bad_row_is_shown_with_why_and_none_is_saved(stage: Stage, pam) -> None:
    content = b"""Cost code;Category;Description;Amount

03-300;Subcontract;Good;100.00
99-999;Subcontract;No such code;100.00
03-300;;No category;12,50
03-300;Subcontract;Formula;=B1*2
03-300;Subcontract;Both;1,234
03-300;Subcontract;Nothing;
03-300;Subcontract;Extra;1.00;what
"""
    read = pam.post(new(stage), {**header(title=""), **table(content)})
    assert read.status_code == 422
    page = text(read)
    for told in (
        "Line 2, cost code: There is no such cost code “99-999”. Choose one of the list. "
        "(Row 4 of the table.)",
        "Line 3, category: Choose a category. (Row 5 of the table.)",
        "Line 3, amount: “12,50”: write a point before the decimals, like 1,234.50. (Row 5",
        "Line 4, amount: “=B1*2” is a formula. Enter its value. (Row 6 of the table.)",
        "Line 5, amount: “1,234” could mean 1234 or 1.234",
        "Line 6, amount: Enter an amount, or both a quantity and a unit cost. (Row 8",
        "Line 7: This row has more cells than there are headings. (Row 9 of the table.)",
    ):
        assert told in page, told
    assert "Give it a title" not in page  # that is for later
    assert not Commitment.objects.exists()
    # Whoever saves it like this is told again, and still nothing is saved.
    assert pam.post(new(stage), {**header(), **lines_of(read)}).status_code == 422
    assert not Commitment.objects.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "There is nothing in it."),
        (b"Cost code,Amount\n03-300,1\n", "Category is missing there."),
        (b"Cost code,Category,Amount\n" + b"03-300,Subcontract,1\n" * 1001, "more than 1,000 rows"),
        (b"x" * (6 * 1024**2), "This has 6 MB; 5 MB are possible."),
        (b"PK\x03\x04\0\0", "This is no CSV file."),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_words(
    stage: Stage, pam, content: bytes, why: str
) -> None:
    refused = pam.post(new(stage), {**header(), **table(content)})
    assert refused.status_code == 422
    assert why in text(refused)
    assert 'href="#import"' in text(refused)
    assert 'value="SC-7"' in text(refused)


def test_a_pasted_table_is_added_to_the_lines_or_takes_their_place(stage: Stage, pam) -> None:
    commitment = stage.commitment(status="draft")
    edit = reverse("commitment_edit", args=[stage.project.pk, commitment.pk])
    lines = lines_of(pam.get(edit))
    pasted = "code\tcost type\ttotal\n09-290\tSubcontract\t(20.00)\n09-290\tLabour\t1\n"
    typed = header(**{"table-text": pasted, "import": "1", "version": "0"})
    added = pam.post(edit, {**typed, **lines})
    assert "Line 4, category: There is no such category “Labour”" in text(added)
    assert "(Row 3 of the table.)" in text(added)
    assert lines_of(added)["line-amount"][:4] == ["10,000.00", "25,000.00", "(20.00)", "1"]
    instead = pam.post(edit, {**typed, **lines, "instead": "1"})
    assert lines_of(instead)["line-amount"][:2] == ["(20.00)", "1"]
    assert [str(line.amount) for line in commitment.lines.all()] == ["10000.00", "25000.00"]


def test_a_change_orders_table_names_the_lines_it_changes(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    entering = reverse("change_order_new", args=[stage.project.pk, commitment.pk])
    content = (
        b"Changes line,Cost code,Category,Description,Amount\n"
        b"2,,Subcontract,Longer beams,-250.50\n"
        b"New scope,09-290,Subcontract,Patching,75\n"
        b"9,03-300,Subcontract,Nothing,1\n"
    )
    typed = {"number": "", "title": "Beams"}
    read = pam.post(entering, {**typed, **table(content)})
    told = "Line 3, changes line: The commitment has no such line (any more). (Row 4 of the table.)"
    assert told in text(read)
    read = pam.post(entering, {**typed, **table(content.rsplit(b"9,", 1)[0])})
    assert read.status_code == 200
    assert pam.post(entering, {**typed, **lines_of(read)}).status_code == 302
    made = ChangeOrder.objects.get()
    assert [
        (line.commitment_line.number, line.cost_code.code, str(line.amount))
        for line in made.lines.all()
    ] == [(2, "05-120", "-250.50"), (3, "09-290", "75.00")]


def test_a_locked_one_takes_no_table(stage: Stage, pam) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    edit = reverse("commitment_edit", args=[stage.project.pk, commitment.pk])
    assert "Read the table" not in text(pam.get(edit))
    stale = lines_of(pam.post(edit, {**header(), **table(GOOD), "version": "1"}))
    refused = pam.post(edit, {**header(), **stale, "version": "1"})
    assert refused.status_code == 422
    assert "This is locked. It waits for accounting." in text(refused)
