"""The forms of commitments and change orders: what was typed, kept as it was typed, and its faults.

A form is filled from a document or from what the browser sent, turned into an entry for
`commitments.workflow`, and shown again with every fault beside its field when that refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import QueryDict
from django.template import engines
from django.utils.safestring import SafeString, mark_safe

from commitments.entries import (
    ChangeEntry,
    ChangeOrderEntry,
    CommitmentEntry,
    LineEntry,
)
from commitments.models import AnyLine, ChangeOrder, Commitment, CommitmentLine
from connectors.contract import Capabilities
from directory.entered import Fault, id_of, posted_rows
from directory.formats import money, plain
from directory.sheets import Column, Sheet

COMMITMENT = (
    "type",
    "number",
    "title",
    "erp_title",
    "vendor",
    "date_created",
    "retainage",
    "description",
    "vendor_message",
)
CHANGE_ORDER = ("number", "title", "erp_title", "description", "erp_description")
# What stays open while a document is on its way or in the ERP.
TEXTS = ("description", "vendor_message")
# The mark of a form that holds them alone.
TEXTS_ONLY = "texts-only"
CELLS = (
    "id",
    "target",
    "cost_code",
    "category",
    "sub_job",
    "description",
    "erp_description",
    "quantity",
    "unit",
    "unit_cost",
    "amount",
)
NEW_SCOPE = "New scope"
BLANK_ROWS = 3

CHANGES_LINE = "Changes line"
OWN_TEXT = "Text for the ERP"

_LABELS = {
    "cost_code": "Cost code",
    "category": "Category",
    "sub_job": "Sub job",
    "description": "Description",
    "erp_description": OWN_TEXT,
    "quantity": "Quantity",
    "unit": "Unit",
    "unit_cost": "Unit cost",
    "amount": "Amount",
    "id": "Line",
}


@dataclass
class Typed:
    """The texts of a form: the header's fields by name, and the lines that are not blank."""

    header: dict[str, str]
    lines: list[dict[str, str]] = field(default_factory=list)


# --- From the browser --------------------------------------------------------------------------


def read(posted: QueryDict, names: Sequence[str]) -> Typed:
    """What the browser sent. Lines without any text are left out."""
    return Typed({name: posted.get(name, "") for name in names}, posted_rows(posted, CELLS))


def commitment_entry(typed: Typed) -> CommitmentEntry:
    """The entry that was typed; what makes no sense in it is found by the workflow."""
    header = dict(typed.header)
    return CommitmentEntry(
        vendor=id_of(header.pop("vendor")),
        lines=[LineEntry(**line_of(row)) for row in typed.lines],
        **header,
    )


def change_order_entry(typed: Typed, standing: Iterable[CommitmentLine]) -> ChangeOrderEntry:
    """The entry that was typed. `standing` are the lines of the commitment, as they are now."""
    known = {line.number: line for line in standing}
    lines = []
    for row in typed.lines:
        target, new_scope = _target(row["target"], known)
        lines.append(ChangeEntry(**line_of(row), commitment_line=target, new_scope=new_scope))
    return ChangeOrderEntry(lines=lines, **typed.header)


def line_of(row: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a `LineEntry` that a row of the sheet gives."""
    entry: dict[str, Any] = {name: row[name] for name in CELLS if name not in ("id", "target")}
    return {**entry, "id": id_of(row["id"])}


def _target(text: str, known: Mapping[int, CommitmentLine]) -> tuple[int | None, bool]:
    """The commitment line that a text names: 'New scope', its number, or its whole label.

    A label that no longer fits its number (the lines were moved meanwhile) names none.
    """
    text = text.strip()
    if text.casefold() in (NEW_SCOPE.casefold(), "new"):
        return None, True
    if not text:
        return None, False
    number = re.match(r"[0-9]{1,6}", text)
    line = known.get(int(number[0])) if number else None
    if line is None or (text != str(line.number) and text != target_label(line)):
        return 0, False
    return line.pk, False


# --- From a table ------------------------------------------------------------------------------

_TEXTS = (
    Column("cost_code", "Cost code", ["code", "cost code number"], required=True),
    Column("category", "Category", ["cost type", "type"], required=True),
    Column("sub_job", "Sub job"),
    Column("description", "Description", ["item", "title"]),
)
_AMOUNTS = (
    Column("quantity", "Quantity", ["qty"], number=True),
    Column("unit", "Unit", ["uom"]),
    Column("unit_cost", "Unit cost", ["unit price", "rate"], number=True),
    Column("amount", "Amount", ["total", "scheduled value"], number=True),
)


def columns(target: str, kind: str, erp: Capabilities | None) -> list[Column]:
    """The columns of a table of lines of a document of that kind; with `target` the first says what
    a line is for. `erp`: the company's, which may get a text of its own of each."""
    first = [Column("target", target, ["line", "commitment line"], required=True)] if target else []
    takes_own = erp is not None and "line" in erp.own_lengths(kind)
    own = [Column("erp_description", OWN_TEXT, [f"For {erp.short}"])] if erp and takes_own else []
    return [*first, *_TEXTS, *own, *_AMOUNTS]


def from_sheet(sheet: Sheet) -> list[dict[str, str]]:
    """The rows of a table as lines of the form."""
    return [dict.fromkeys(CELLS, "") | row.cells for row in sheet.rows]


def with_table(
    typed: Typed, sheet: Sheet, wrong: Callable[[Typed], Iterable[Fault]], *, instead: bool = False
) -> tuple[Typed, list[Fault]]:
    """What was typed with the rows of a table behind its lines, or `instead` of them; and all that
    is wrong with lines then, or with all of them together. `wrong` gives the faults of an entry as
    if it were saved now."""
    before = 0 if instead else len(typed.lines)
    filled = replace(typed, lines=[*typed.lines[:before], *from_sheet(sheet)])
    unread = [replace(one, line=before + (one.line or 0)) for one in sheet.faults]
    about_lines = [one for one in wrong(filled) if one.line or one.field == "lines"]
    return filled, [*unread, *about_lines]


# --- From a document ---------------------------------------------------------------------------


def typed_commitment(commitment: Commitment) -> Typed:
    """A commitment as its form shows it first."""
    header = {
        "type": commitment.type,
        "number": commitment.number,
        "title": commitment.title,
        "erp_title": commitment.erp_title,
        "vendor": str(commitment.vendor_id or ""),
        "date_created": commitment.date_created.isoformat(),
        "retainage": f"{commitment.retainage.normalize():f}",
        "description": commitment.description,
        "vendor_message": commitment.vendor_message,
    }
    return Typed(header, [cells_of(line) for line in commitment.own_lines()])


def typed_copy(commitment: Commitment, *, number: str) -> Typed:
    """A commitment as the form of a new one like it shows it first: with lines of its own."""
    copy = typed_commitment(commitment)
    copy.header["number"] = number
    copy.lines = [{**cells, "id": ""} for cells in copy.lines]
    return copy


def typed_change_order(change_order: ChangeOrder) -> Typed:
    """A change order as its form shows it first."""
    header = {name: getattr(change_order, name) for name in CHANGE_ORDER}
    prefetch_related_objects(list(change_order.lines.all()), "commitment_line__cost_code")
    lines = [
        cells_of(line, target_label(line.commitment_line)) for line in change_order.lines.all()
    ]
    return Typed(header, lines)


def target_label(line: CommitmentLine) -> str:
    """A line of the commitment as a change order's form names it: 2 · 05-120 · Steel frame."""
    words = (line.description.split("\n")[0].strip() or line.cost_code.name)[:60].strip()
    return f"{line.number} · {line.cost_code.code} · {words}"


def cells_of(line: AnyLine, target: str = "") -> dict[str, str]:
    """A line as a row of the sheet; `target` is the text of what it is for."""
    return {
        "id": str(line.pk),
        "target": target,
        "cost_code": line.cost_code.code,
        "category": line.category.name,
        "sub_job": line.sub_job,
        "description": line.description,
        "erp_description": line.erp_description if isinstance(line, CommitmentLine) else "",
        "quantity": plain(line.quantity),
        "unit": line.unit,
        "unit_cost": plain(line.unit_cost, 2),
        "amount": money(line.amount),
    }


def quantity(line: AnyLine) -> str:
    """12.5 CY × 185.005; a lump sum has none, or only the half that is known."""
    if line.quantity is None and line.unit_cost is None:
        return line.unit
    parts = (f"{plain(line.quantity)} {line.unit}".strip(), plain(line.unit_cost, 2))
    return " × ".join(part for part in parts if part)


# --- For the page ------------------------------------------------------------------------------


@dataclass
class Field:
    """One field of the header, ready for `commitments/field.html`.

    `limit` is how many characters the ERP takes; more can be typed and saved, but not sent.
    `instead_of` names the field whose place this one takes in the ERP: it is `hidden` where that
    one fits and nothing is typed into this one.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    help: str = ""
    required: bool = False
    limit: int = 0
    options: Sequence[tuple[str, str]] = ()
    faults: Sequence[str] = ()
    instead_of: str = ""
    hidden: bool = False


@dataclass
class Form:
    """A form as the page shows it: fields, line rows as HTML, and what belongs to no field.

    `target` heads the column that says what a line is for; without it there is none. `own` is how
    many characters the text has at most that the ERP alone gets of a line; 0: there is none.
    """

    fields: Sequence[Field]
    rows: SafeString
    faults: Sequence[Fault] = ()
    target: str = ""
    with_sub_jobs: bool = False
    own: int = 0

    @property
    def before_amount(self) -> int:
        """How many columns stand before the one of the amounts."""
        return 7 + bool(self.target) + self.with_sub_jobs + bool(self.own)

    @property
    def listed(self) -> list[tuple[str, str]]:
        """Every fault as (anchor on the page, sentence), for the list above the form."""
        labels = {one.name: one.label for one in self.fields}
        listed = []
        for fault in self.faults:
            if fault.line:
                label = _LABELS.get(fault.field, self.target) if fault.field else ""
                label = label[:1].lower() + label[1:]
                words = f"Line {fault.line}{', ' if label else ''}{label}: {fault.message}"
                listed.append((f"line-{fault.line}", words))
            elif fault.field in labels:
                listed.append((fault.field, f"{labels[fault.field]}: {fault.message}"))
            elif fault.field == "table":
                listed.append(("import", fault.message))
            else:
                listed.append(("lines", fault.message))
        return listed


def form(
    typed: Typed,
    fields: Sequence[Field],
    faults: Sequence[Fault] = (),
    *,
    target: str = "",
    erp: str = "",
    own: int = 0,
) -> Form:
    """Puts what was typed and what is wrong with it into the fields and rows.

    `target` heads the column that says what a line is for. Faults of fields that are no cell are
    shown there. `erp` and `own`: the ERP that gets a text of its own of each line, and its length.
    """
    for one in fields:
        one.value = typed.header.get(one.name, "")
        one.faults = [
            fault.message for fault in faults if fault.field == one.name and not fault.line
        ]
        fits = len(typed.header.get(one.instead_of, "")) <= one.limit
        one.hidden = bool(one.instead_of) and fits and not one.value and not one.faults
    with_sub_jobs = any(row["sub_job"] for row in typed.lines)
    rows = [_row(number, row, faults, target) for number, row in enumerate(typed.lines, 1)]
    blank = dict.fromkeys(CELLS, "")
    rows += [_row(len(rows) + more, blank, (), target) for more in range(1, BLANK_ROWS + 1)]
    html = engines["jinja2"].get_template("sheet.jinja")
    made = html.render(
        {"rows": rows, "target": target, "with_sub_jobs": with_sub_jobs, "own": own, "erp": erp}
    )
    safe = mark_safe(made)  # noqa: S308 escaped by the template
    return Form(fields, safe, faults, target, with_sub_jobs, own)


def with_own_texts(
    fields: Sequence[Field], lengths: Mapping[str, int], erp: str
) -> Sequence[Field]:
    """The fields, and behind each the one that may take its place in the ERP. `lengths`: of these
    texts, by the field that they stand for."""
    found = []
    for one in fields:
        found.append(one)
        if most := lengths.get(one.name):
            about = f"{erp} gets this in its place. Here everybody goes on seeing the whole one."
            own = Field(f"erp_{one.name}", f"{one.label} for {erp}", one.kind, help=about)
            own.instead_of, own.limit, own.required = one.name, most, True
            found.append(own)
    return found


def _row(
    number: int, cells: Mapping[str, str], faults: Sequence[Fault], target: str
) -> dict[str, Any]:
    mine = [fault for fault in faults if fault.line == number]
    wrong = {one.field if one.field in _LABELS else "target" for one in mine if one.field}
    told = [
        f"{_LABELS.get(fault.field, target)}: {fault.message}" if fault.field else fault.message
        for fault in mine
    ]
    return {"number": number, "cells": cells, "wrong": wrong, "faults": told}
