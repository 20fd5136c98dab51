"""What people type, paste and send, good and bad: the same answer from page and API, and what is
kept is shown as it was meant, wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from commitments.forms import CELLS
from commitments.models import ChangeOrder, Commitment
from directory.models import Category, Company, CostCode, Project, User, Vendor
from tests.stage import Stage

pytestmark = pytest.mark.django_db

KEPT_AMOUNTS = {
    "0": "0.00",
    "-0": "0.00",
    "-1500.25": "-1500.25",
    "−12.50": "-12.50",  # the minus of a spreadsheet
    "(1,234.50)": "-1234.50",
    "$1,234.50": "1234.50",
    " 7 ": "7.00",
    ".5": "0.50",
    "1.10": "1.10",
    "1.1000": "1.10",
    "9999999999999.99": "9999999999999.99",  # thirteen digits
}
BAD_AMOUNTS = [
    "",
    "   ",
    "1.234,56",
    "1234,56",
    "1,23",
    "12,34,567",
    "0.005",
    "1.001",
    "10000000000000",
    "99999999999999999999999999999999999999999",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "1e3",
    "0x10",
    "1_000",
    "--1",
    "1-",
    "٣",
    "½",
    "1 000 000",
    "=1+1",
    "twelve",
    ".",
    "-",
    "$",
    "()",
]
KEPT_TEXTS = [
    '<&">',
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "{{ 7*7 }}{% now %}",
    "Müller & Söhne 🏗️ 👷🏽‍♀️",
    "שלום عربى",  # written from right to left by itself
    "=HYPERLINK(1)",
]
BAD_TEXTS = {
    "a bell": "Foot\x07ings",
    "an escape": "\x1b[2J",
    "a delete": "Foot\x7fings",
    "a next line": "Foot\x85ings",
    "a line break": "Foot\nings",
    "a turn": "Pay \u202e00.1\u202c",
    "an isolate": "Pay \u2067abc\u2069",
    "nothing to see": "\u200b\u2060",
    "too much": "x" * 10_000,
}


class Doors:
    """Both ways in, for both kinds of document."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.client, self.program = Client(), APIClient()
        self.client.force_login(stage.pam)
        self.program.force_authenticate(stage.pam)
        self.parent = stage.commitment(number="SC-900")
        self.line = self.parent.lines.get(number=1)

    def tried(self) -> list[tuple[str, Callable[..., int]]]:
        return [
            ("a commitment's page", self.commitment_page),
            ("a commitment by API", self.commitment_api),
            ("a change order's page", self.change_order_page),
            ("a change order by API", self.change_order_api),
        ]

    def made(self) -> Any:
        """The document that was made last; None if none was."""
        rows = Commitment.objects.exclude(pk=self.parent.pk)
        return rows.order_by("-id").first() or ChangeOrder.objects.order_by("-id").first()

    def forget(self) -> None:
        made: list[Any] = [*ChangeOrder.objects.all()]
        made += Commitment.objects.exclude(pk=self.parent.pk)
        for one in made:
            one.lines.all().delete()
            one.delete()

    def _page(self, address: str, fields: dict[str, Any], line: dict[str, Any]) -> int:
        cells = {f"line-{name}": line.get(name, "") for name in CELLS}
        return int(self.client.post(address, {**fields, **cells}).status_code)

    def commitment_page(self, amount: str = "1.00", text: str = "", **header: str) -> int:
        fields = {"type": "subcontract", "number": "SC-1", "title": "T", "retainage": "0"}
        fields |= {"date_created": "2026-03-02", "vendor": "", "description": ""}
        fields |= {"vendor_message": "", **header}
        address = f"/projects/{self.stage.project.pk}/commitments/new/"
        line = {"cost_code": "03-300", "category": "Subcontract", "description": text}
        return self._page(address, fields, {**line, "amount": amount})

    def change_order_page(self, amount: str = "1.00", text: str = "", **header: str) -> int:
        fields = {"number": "001", "title": "T", "description": "", **header}
        address = f"{self.parent.get_absolute_url()}change-orders/new/"
        line = {"cost_code": "03-300", "category": "Subcontract", "description": text}
        return self._page(address, fields, {**line, "amount": amount, "target": "1"})

    def _api(self, path: str, body: dict[str, Any]) -> int:
        return int(self.program.post(f"/api/v1/{path}/", body, format="json").status_code)

    def commitment_api(self, amount: str = "1.00", text: str = "", **header: str) -> int:
        line = {"cost_code": "03-300", "category": "Subcontract", "description": text}
        body = {"project": self.stage.project.pk, "type": "subcontract", "number": "SC-1"}
        body |= {"title": "T", "date_created": "2026-03-02", "lines": [{**line, "amount": amount}]}
        return self._api("commitments", {**body, **header})

    def change_order_api(self, amount: str = "1.00", text: str = "", **header: str) -> int:
        line = {"commitment_line": self.line.pk, "category": "Subcontract", "description": text}
        body = {"commitment": self.parent.pk, "number": "001", "title": "T"}
        return self._api("change-orders", {**body, "lines": [{**line, "amount": amount}], **header})


@pytest.fixture
def doors(stage: Stage) -> Doors:
    return Doors(stage)


def test_amounts_that_can_be_meant_are_kept_to_the_cent(doors: Doors) -> None:
    for name, door in doors.tried():
        for typed, kept in KEPT_AMOUNTS.items():
            assert door(amount=typed) in (201, 302), (name, typed)
            made = doors.made()
            assert [line.amount for line in made.lines.all()] == [Decimal(kept)], (name, typed)
            assert made.export.amount == Decimal(kept)
            doors.forget()


def test_amounts_that_cannot_are_refused_everywhere(doors: Doors) -> None:
    for name, door in doors.tried():
        for typed in BAD_AMOUNTS:
            assert door(amount=typed) == 422, (name, typed)
    assert doors.made() is None


def test_texts_are_kept_as_they_were_meant(doors: Doors) -> None:
    for name, door in doors.tried():
        for typed in KEPT_TEXTS:
            made_it = door(title=typed, text=typed, description=typed, number=typed[:40])
            assert made_it in (201, 302), (name, typed)
            made = doors.made()
            stored = (made.title, made.description, made.lines.get().description)
            assert stored == (typed, typed, typed), name
            doors.forget()


def test_texts_that_nobody_could_read_are_refused_everywhere(doors: Doors) -> None:
    for name, door in doors.tried():
        for what, typed in BAD_TEXTS.items():
            for field in ("title", "number"):
                assert door(**{field: typed}) in (422,), (name, what, field)
            if what != "a line break":  # a line's words may have several lines
                assert door(text=typed) == 422, (name, what)
        assert door(description="x" * 10_001) == 422, name
        assert door(title="T\0") == 400, name
    assert doors.made() is None


def test_long_texts_are_kept_whole(doors: Doors) -> None:
    for name, door in doors.tried():
        words = "Zeile 1\n" + "y" * 9_992
        assert door(description=words, title="z" * 255, text="w" * 1000) in (201, 302), name
        made = doors.made()
        assert (made.description, len(made.title)) == (words, 255)
        doors.forget()


def test_markup_is_shown_and_never_obeyed_on_any_page(stage: Stage, doors: Doors) -> None:
    evil = '<img src=x onerror="alert(1)"><script>alert(1)</script>'
    stage.vendor.name = "<script>alert(2)</script>"
    stage.vendor.save()
    commitment = stage.commitment(
        title=evil, description=evil, number="<i>1</i>", lines=[("03-300", evil, "1.00")]
    )
    cco = stage.change_order(commitment, [(1, evil, "5.00")], title="<b>30</b>", number="<u>1</u>")
    stage.send(commitment)
    stage.step("reject", commitment, stage.ann, note=evil)
    project, company = f"/projects/{stage.project.pk}/", f"/companies/{stage.company.pk}/"
    pages = {
        stage.pam: [
            "/",
            project,
            f"{project}commitments/",
            f"{project}change-orders/",
            *[f"{one.get_absolute_url()}{what}" for one in (commitment, cco) for what in PAGES],
            f"/exports/{commitment.export_id}/",
            f"{commitment.get_absolute_url()}change-orders/new/",
        ],
        stage.ann: [f"{company}erp/commitments/?view=rejected"],
        stage.dora: [f"{company}directory/vendors/"],
    }
    for person, addresses in pages.items():
        doors.client.force_login(person)
        for address in addresses:
            answer = doors.client.get(address)
            assert answer.status_code == 200, address
            page = answer.content.decode()
            for tag in ("<img src", "<script>alert", "<b>30", "<u>1", "<i>1"):
                assert tag not in page, (address, tag)


PAGES = ("", "edit/", "print/")


# --- Names in the directory --------------------------------------------------------------------


def listed(stage: Stage, person: User, what: str, **fields: str) -> int:
    client = Client()
    client.force_login(person)
    address = f"/companies/{stage.company.pk}/directory/{what}/new/"
    return int(client.post(address, fields).status_code)


def test_names_in_the_directory_are_read_as_they_are_written(stage: Stage) -> None:
    fields: dict[str, tuple[type[Any], dict[str, str]]] = {
        "vendors": (Vendor, {"name": "?"}),
        "cost-codes": (CostCode, {"code": "99-1", "name": "?"}),
        "categories": (Category, {"name": "?"}),
        "projects": (Project, {"number": "P-1", "name": "?"}),
    }
    for what, (model, form) in fields.items():
        before = model.objects.count()
        for why, typed in BAD_TEXTS.items():
            for name in form:
                assert listed(stage, stage.dora, what, **{**form, name: typed}) == 422, (what, why)
        assert model.objects.count() == before
        for number, typed in enumerate(KEPT_TEXTS):
            filled = dict.fromkeys(form, f"N-{number}") | {"name": typed}
            assert listed(stage, stage.dora, what, **filled) == 302, (what, typed)
            assert model.objects.filter(name=typed).exists()


def test_names_of_people_and_companies_are_read_as_they_are_written(stage: Stage) -> None:
    otto = Client()
    otto.force_login(stage.otto)
    for why, typed in BAD_TEXTS.items():
        people = {"name": typed, "email": "new@test.example"}
        assert listed(stage, stage.dora, "people", **people) == 422, why
        assert otto.post("/operator/", {"name": typed}).status_code == 422, why
    assert not User.objects.filter(email="new@test.example").exists()
    assert Company.objects.count() == 2
