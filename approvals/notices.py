"""Who is told of which step. Written in the step's own transaction; see `directory.notices`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse

from approvals.access import TOOLS
from approvals.models import Export, Kinds
from approvals.states import Status
from directory.compiled import CompiledQuery, point
from directory.formats import money
from directory.models import Event, Project, ToolLevel
from directory.notices import News, tell
from directory.perms import Level, Tool

if TYPE_CHECKING:
    from approvals.moves import Move

REJECTED = {
    Kinds.COMMITMENT: "rejected-commitment",
    Kinds.CHANGE_ORDER: "rejected-cco",
    Kinds.BUDGET: "rejected-budget",
}
# step -> what its notices are, for those that anybody is told of.
TOLD = {
    "reject": "rejected",
    "send": "resent",
    "fail": "failed",
    "cannot-tell": "failed",
    "gone": "unlinked",
    "still-there": "unlinked",
}


def tell_of(step: str, moves: Sequence[Move], by: int | None, note: str) -> None:
    """Tell whom it concerns of `moves`, before they are written into the exports in memory.

    Nobody is told of what they did themselves, and nobody of what they may not read.
    """
    if step not in TOLD:
        return
    kinds: dict[str, list[tuple[Export, set[int], str]]] = {}
    for move in moves:
        whom = {person for person in _whom(step, move.export) if person not in (by, None)}
        if whom:
            kind = REJECTED[Kinds(move.export.kind)] if step == "reject" else TOLD[step]
            text = note or str(move.changes.get("message", ""))
            kinds.setdefault(kind, []).append((move.export, whom, text))
    if not kinds:
        return
    company = moves[0].export.company_id
    people = {person for rows in kinds.values() for _, whom, _ in rows for person in whom}
    readers = _readers(company, people)
    told = [export for rows in kinds.values() for export, _, _ in rows]
    point(told, "parent", _PARENTS.all([one.parent_id for one in told if one.parent_id]))
    point(told, "project", _PROJECTS.all([one.project_id for one in told]))
    for kind, rows in kinds.items():
        tell(
            kind,
            company,
            [
                News(person, title(export), reverse("export", args=[export.pk]), text)
                for export, whom, text in rows
                for person in sorted(whom)
                if _may_read(export, readers.get(person, set()))
            ],
        )


_PARENTS = CompiledQuery(lambda pks: Export.objects.filter(pk__in=pks), list[int])
_PROJECTS = CompiledQuery(lambda pks: Project.objects.filter(pk__in=pks), list[int])


def _whom(step: str, export: Export) -> Iterator[int | None]:
    match step:
        case "reject":
            yield export.sent_by_id
            yield export.created_by_id
        case "send":
            # Again, after somebody rejected it.
            if export.status == Status.REJECTED or (
                export.status == Status.RETRIEVED and export.rejected_copy
            ):
                yield export.decided_by_id
        case "fail" | "cannot-tell":
            yield export.sent_by_id
            yield export.decided_by_id
        case "gone" | "still-there":
            asked = Event.objects.filter(subject=export.subject, verb="unlink")
            yield asked.order_by("-id").values_list("actor", flat=True).first()


def _readers(company: int, people: set[int]) -> dict[int, set[tuple[str, int | None]]]:
    """person -> the tools that they may read: (tool, project or None)."""
    found: dict[int, set[tuple[str, int | None]]] = {}
    for row in _READS.rows(company, list(people)):
        reads = found.setdefault(row["membership__user_id"], set())
        reads.add((row["tool"], row["project_id"]))
    return found


_READS = CompiledQuery(
    lambda company, people: (
        ToolLevel.objects.filter(
            company=company,
            membership__user__in=people,
            membership__is_active=True,
            level__gte=Level.READ,
        )
        .exclude(tool=Tool.DIRECTORY)
        .values("membership__user_id", "tool", "project_id")
    ),
    int,
    list[int],
)


def _may_read(export: Export, reads: set[tuple[str, int | None]]) -> bool:
    return (Tool.ERP.value, None) in reads or any(
        (tool.value, export.project_id) in reads for tool in TOOLS[Kinds(export.kind)]
    )


def title(export: Export) -> str:
    """An item in one line: CCO 003 of SC-017, Deeper footings, 1,249.50."""
    name = f"CCO {export.number}" if export.kind == Kinds.CHANGE_ORDER else str(export)
    return f"{name}{export.of}, {export.title}, {money(export.amount)}"
