"""Saving a document: what is locked, which lines changed, what the history is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import F

from approvals.differences import changed as copies_differ
from approvals.models import Export
from approvals.saving import why_locked
from approvals.states import EDITABLE
from commitments.models import AnyLine, ChangeOrder, Commitment
from directory.access import Access
from directory.entered import Reader
from directory.history import Happened, append
from directory.ledger import commit

L = TypeVar("L", bound=AnyLine)

# What a line says of the work and its money, and what it changes: what is approved.
WORK = (
    "id",
    "commitment_line_id",
    "cost_code_id",
    "category_id",
    "sub_job",
    "description",
    "quantity",
    "unit",
    "unit_cost",
    "amount",
)
# What a line is. Not its number: that follows from its place.
_LINE = (*WORK, "erp_description")


def lock_faults(reader: Reader, export: Export, changed: set[str]) -> None:
    """A fault for each locked field that would change."""
    if changed and (why := why_locked(export)):
        for name in sorted(changed):
            reader.fault(name.removesuffix("_id"), f"This is locked. {why}")


def differ(stored: Sequence[L], lines: Sequence[L], names: Sequence[str] = _LINE) -> bool:
    """Whether the lines are not those that are stored, in this order, as far as `names` tell."""
    return [_values(line, names) for line in stored] != [_values(line, names) for line in lines]


def _values(line: AnyLine, names: Sequence[str] = _LINE) -> tuple[Any, ...]:
    return tuple(getattr(line, name, None) for name in names)


def save_lines(lines: Sequence[L], stored: Sequence[L], **owner: Commitment | ChangeOrder) -> None:
    """Make the stored lines what `lines` are. Their numbers may swap: checked at the end."""
    if not lines and not stored:
        return
    model = type([*lines, *stored][0])
    for line in lines:
        for name, document in owner.items():
            setattr(line, name, document)
    kept = {line.pk for line in lines}
    model._default_manager.filter(pk__in=[s.pk for s in stored if s.pk not in kept]).delete()
    before = {line.pk: (line.number, *_values(line)) for line in stored}
    model._default_manager.bulk_create([line for line in lines if line.pk is None])
    model._default_manager.bulk_update(
        [
            line
            for line in lines
            if line.pk in before and before[line.pk] != (line.number, *_values(line))
        ],
        [field.name for field in model._meta.concrete_fields if not field.primary_key],
        batch_size=200,
    )


def columns(document: Commitment | ChangeOrder, lines: Iterable[AnyLine]) -> dict[str, Any]:
    """What the Export of an unsent document shows of it in lists."""
    return {
        "number": document.number,
        "title": document.title,
        "amount": sum((line.amount for line in lines), Decimal("0.00")),
        "vendor_name": document.vendor.name if document.vendor else "",
    }


Seen = tuple[str, str]


def seen(document: Commitment | ChangeOrder) -> Seen:
    """The status and the copy of a document at this moment, to be compared later."""
    return document.get_status_display(), document.to_document().canonical()


@dataclass(frozen=True)
class Saved:
    """A save: the locked Export, what the document was, and what it is; None if deleted."""

    export: Export
    was: Seen
    document: Commitment | ChangeOrder | None


def record(verb: str, by: Access, *saved: Saved, also: Sequence[Happened] = ()) -> None:
    """Write saves into the history and move the versions; an unsent Export follows its document,
    and so does what it commits.

    `also`: what it brought about elsewhere.
    """
    happened = []
    for one in saved:
        export, document = one.export, one.document
        told: dict[str, Any] = {"version": export.version + 1}
        follow: dict[str, Any] = {}
        if document is not None:
            told["changes"] = _changes(one.was, seen(document))
            if export.status in EDITABLE:
                follow = columns(document, document.lines.all())
        commit(
            export.pk,
            document.commits() if document is not None else (),
            company=export.company_id,
            project=export.project_id,
        )
        Export.objects.filter(pk=export.pk).update(version=F("version") + 1, **follow)
        happened.append(Happened(verb, export.subject, by.user.pk, told))
    append(by.company.pk, [*happened, *also])


def _changes(was: Seen, now: Seen) -> list[str]:
    moved = [f"Status: {was[0]} → {now[0]}"] if was[0] != now[0] else []
    return moved + copies_differ(was[1], now[1])


def assign(document: Commitment | ChangeOrder, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(document, name, value)
