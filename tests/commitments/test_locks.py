"""What may be changed while a document is on its way: field by field, status by status, and the
same through the form of a page and through the API, for whoever comes with an old version, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from approvals.models import Export
from approvals.states import Status
from commitments.workflow import load_change_order, load_commitment
from tests.approvals.test_steps import put_into
from tests.attachments.files import pdf, upload
from tests.stage import Stage

pytestmark = pytest.mark.django_db

# o: may be changed; -: locked. The columns are the statuses of the way to the ERP, in this order:
COLUMNS = "draft sent retrieved rejected accepted exporting unknown failed needs_attention synced "
COLUMNS += "unlinking"
COMMITMENT = """
type            o - o o - - - - - - -
number          o - o o - - - - - - -
title           o - o o - - - - - - -
vendor          o - o o - - - - - - -
date_created    o - o o - - - - - - -
retainage       o - o o - - - - - - -
line:amount     o - o o - - - - - - -
line:code       o - o o - - - - - - -
line:new        o - o o - - - - - - -
line:gone       o - o o - - - - - - -
line:order      o - o o - - - - - - -
description     o o o o o o o o o o o
vendor_message  o o o o o o o o o o o
status:draft    o - o o - - - - - - -
status:void     o - o o - - - - - - -
status:complete - - - - - - - - - o -
attachment      o - o o - - - - - o -
"""
CHANGE_ORDER = """
number          o - o o - - - - - - -
title           o - o o - - - - - - -
line:amount     o - o o - - - - - - -
line:code       o - o o - - - - - - -
line:new        o - o o - - - - - - -
line:gone       o - o o - - - - - - -
line:scope      o - o o - - - - - - -
description     o o o o o o o o o o o
status:draft    o - o o - - - - - - -
status:rejected o - o o - - - - - - -
status:void     o - o o - - - - - - -
attachment      o - o o - - - - - o -
"""
FIELDS = {
    "type": "purchase_order",
    "number": "X-9",
    "title": "Another title",
    "vendor": None,
    "date_created": "2026-01-31",
    "retainage": "7.50",
    "description": "Told later",
    "vendor_message": "Call ahead",
}
HEADERS = {
    "commitment": (
        "type",
        "number",
        "title",
        "vendor",
        "date_created",
        "retainage",
        "description",
        "vendor_message",
    ),
    "change_order": ("number", "title", "description"),
}


def table(text: str) -> dict[str, dict[str, bool]]:
    rows = (line.split() for line in text.strip().splitlines())
    return {
        name: dict(zip(COLUMNS.split(), (mark == "o" for mark in marks), strict=True))
        for name, *marks in rows
    }


class Case:
    """One document, and a person who saves it whole with something changed."""

    def __init__(self, stage: Stage, kind: str) -> None:
        self.kind = kind
        commitment = stage.commitment()
        if kind == "commitment":
            self.document: Any = commitment
        else:
            lines = ((1, "Deeper", "1500.00"), (2, "Less steel", "-250.50"))
            self.document = stage.change_order(commitment, lines)
            put_into(commitment.export, "synced")
        self.page = self.document.get_absolute_url()
        plural = f"{kind}s".replace("_", "-")
        self.api = f"/api/v1/{plural}/{self.document.pk}/"
        self.files = f"exports/{self.document.export_id}/attachments/"
        self.client, self.program = Client(), APIClient()
        self.client.force_login(stage.pam)
        self.program.force_authenticate(stage.pam)

    def put_into(self, status: str) -> int:
        """As if it had come to `status`; its version."""
        put_into(self.document.export, status)
        return Export.objects.values_list("version", flat=True).get(pk=self.document.export_id)

    def now(self) -> Any:
        load = load_commitment if self.kind == "commitment" else load_change_order
        return load(self.document.pk)

    def seen(self) -> tuple[str, str]:
        now = self.now()
        return now.status, now.to_document().canonical()

    def entry(self, what: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The whole document with one thing changed: its header and its lines."""
        now = self.now()
        header = {name: getattr(now, name) for name in HEADERS[self.kind]}
        if self.kind == "commitment":
            header |= {"vendor": now.vendor_id, "date_created": now.date_created.isoformat()}
            header["retainage"] = str(now.retainage)
        header |= {what: FIELDS[what]} if what in header else {}
        own = now.own_lines() if self.kind == "commitment" else now.lines.all()
        lines = [
            {
                "id": line.pk,
                "cost_code": line.cost_code.code,
                "category": line.category.name,
                "description": line.description,
                "amount": str(line.amount),
                "target": getattr(line, "commitment_line", None),
            }
            for line in own
        ]
        first = lines[0]
        changes: dict[str, Callable[[], list[dict[str, Any]]]] = {
            "line:amount": lambda: [{**first, "amount": "1.00"}, *lines[1:]],
            "line:code": lambda: [{**first, "cost_code": "09-290"}, *lines[1:]],
            "line:new": lambda: [*lines, {**first, "id": None}],
            "line:gone": lambda: lines[1:],
            "line:order": lambda: lines[::-1],
            "line:scope": lambda: [*lines, {**first, "id": None, "target": None}],
        }
        return header, changes[what]() if what in changes else lines

    def by_page(self, what: str, version: int) -> int:
        if what == "attachment":
            # The page goes back to the document and says there what happened.
            before = self.seen()
            self.client.post(f"/{self.files}", {"file": upload("a.pdf", pdf())})
            return 302 if self.seen() != before else 422
        if what.startswith("status:"):
            before = self.seen()
            sent = {"version": version, "status": what.partition(":")[2]}
            self.client.post(f"{self.page}status/", sent)
            return 302 if self.seen() != before else 422
        header, lines = self.entry(what)
        form: dict[str, Any] = {name: value or "" for name, value in header.items()}
        for name in ("id", "cost_code", "category", "description", "amount"):
            form[f"line-{name}"] = [line[name] or "" for line in lines]
        form["line-target"] = [
            line["target"].number if line["target"] else "New scope" for line in lines
        ]
        if self.kind == "commitment":
            del form["line-target"]
        for name in ("sub_job", "quantity", "unit", "unit_cost"):
            form[f"line-{name}"] = [""] * len(lines)
        answer = self.client.post(f"{self.page}edit/", {**form, "version": version})
        return int(answer.status_code)

    def by_api(self, what: str, version: int) -> int:
        if what == "attachment":
            files = {"file": upload("a.pdf", pdf())}
            answer = self.program.post(f"/api/v1/{self.files}", files, format="multipart")
        elif what.startswith("status:"):
            sent = {"version": version, "status": what.partition(":")[2]}
            answer = self.program.post(f"{self.api}status/", sent, format="json")
        else:
            header, lines = self.entry(what)
            for line in lines:
                target = line.pop("target")
                if self.kind == "change_order":
                    line["commitment_line"] = target.pk if target else None
                    line["new_scope"] = target is None
            body = {**header, "lines": lines, "version": version}
            answer = self.program.put(self.api, body, format="json")
        return int(answer.status_code)


@contextmanager
def undone() -> Iterator[None]:
    """What happens within did not happen afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


TABLES = {"commitment": table(COMMITMENT), "change_order": table(CHANGE_ORDER)}
# Both doors lead to the same verbs: one is tried everywhere, the other where it looks different.
STATUSES = {"by_api": Status.values, "by_page": ["draft", "sent", "rejected", "failed", "synced"]}


@pytest.mark.parametrize("kind", ["commitment", "change_order"])
@pytest.mark.parametrize("door", ["by_page", "by_api"])
def test_what_is_open_and_what_is_locked(stage: Stage, kind: str, door: str) -> None:
    case, wrong = Case(stage, kind), []
    for status in STATUSES[door]:
        version = case.put_into(status)
        before = case.seen()
        for what, opened in TABLES[kind].items():
            with undone():
                answered = getattr(case, door)(what, version)
                changed = case.seen() != before
                moved = stage.export(case.document).version > version
            expected = (200, 201, 302) if opened[status] else (422,)
            if answered not in expected or {changed, moved} != {opened[status]}:
                wrong.append((status, what, answered, changed, moved))
    assert wrong == []


@pytest.mark.parametrize("kind", ["commitment", "change_order"])
@pytest.mark.parametrize("door", ["by_page", "by_api"])
def test_who_comes_with_an_old_version_changes_nothing(stage: Stage, kind: str, door: str) -> None:
    case, wrong = Case(stage, kind), []
    for status in ("draft", "sent", "synced"):
        version = case.put_into(status)
        before = case.seen()
        # Attaching adds, and overwrites nothing that was seen.
        for what in TABLES[kind].keys() - {"attachment"}:
            with undone():
                answered = getattr(case, door)(what, version - 1)
                if case.seen() != before or answered not in (409, 422):
                    wrong.append((status, what, answered))
    assert wrong == []


@pytest.mark.parametrize("kind", ["commitment", "change_order"])
def test_the_second_of_two_is_shown_the_difference_and_loses_nothing(
    stage: Stage, kind: str
) -> None:
    case = Case(stage, kind)
    version = case.put_into("draft")
    assert case.by_api("line:amount", version) == 200  # somebody else, meanwhile
    header, lines = case.entry("title")
    form: dict[str, Any] = {**header, "vendor": header.get("vendor") or "", "version": version}
    for name in ("id", "cost_code", "category", "description", "amount"):
        form[f"line-{name}"] = [line[name] for line in lines]
    refused = case.client.post(f"{case.page}edit/", form)
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "was changed since you opened this page, so nothing was saved" in page
    assert "Line 1: " in page  # what the other one changed
    assert "1.00" in page
    assert 'value="Another title"' in page  # what was typed here
    assert "Save mine in its place" in page
    # The API tells the same, for the program to decide.
    body = {**header, "version": version, "lines": []}
    told = case.program.put(case.api, body, format="json")
    assert told.status_code == 409
    assert any(change.startswith("Line 1: ") for change in told.json()["changes"])
    assert told.json()["version_now"] == version + 1


def test_a_locked_change_order_locks_its_commitments_company(stage: Stage) -> None:
    """It is the company of both, and the commitment is in the ERP."""
    case = Case(stage, "change_order")
    case.put_into("sent")
    commitment = case.document.commitment
    whole = case.program.get(f"/api/v1/commitments/{commitment.pk}/").json()
    row = whole["commitment"]
    body = {name: row[name] for name in ("version", "type", "number", "title", "date_created")}
    lines = [
        {"id": line["id"], "cost_code": line["cost_code"], "category": line["category"]}
        | {"amount": line["amount"], "description": line["description"]}
        for line in whole["lines"]
    ]
    body |= {"vendor": None, "lines": lines}
    answer = case.program.put(f"/api/v1/commitments/{commitment.pk}/", body, format="json")
    assert answer.status_code == 422
    assert [fault["where"] for fault in answer.json()["faults"]] == ["/vendor"]


@pytest.mark.parametrize("kind", ["commitment", "change_order"])
def test_what_is_on_its_way_is_not_deleted(stage: Stage, kind: str) -> None:
    case = Case(stage, kind)
    stored = type(case.document).objects.filter(pk=case.document.pk)
    stored.update(status="draft")
    for status in Status.values:
        version = case.put_into(status)
        gone = status in ("draft", "retrieved", "rejected")
        with undone():
            case.client.post(f"{case.page}delete/", {"version": version})
            assert stored.exists() is not gone, status
        with undone():
            answer = case.program.delete(f"{case.api}?version={version}")
            assert answer.status_code == (204 if gone else 422), status
