"""Documents of a job that the ERP may have already: unsent, with what was found there of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from approvals import seconding
from approvals.linking.look_ups import candidates_of
from approvals.listing import COLUMNS
from approvals.models import Export, FirstApproval, Kinds, LookUp
from approvals.states import EDITABLE, Status
from connectors.contract import Candidate
from directory.access import Access
from directory.models import Project

PAGE = 200
# The documents themselves; an Export stays when its document is deleted.
_HAS_DOCUMENT = {kind: Q(**{f"{kind.replace('_', '')}__isnull": False}) for kind in Kinds.values}


@dataclass(frozen=True, slots=True)
class Linkable:
    """One document. `export`: the columns of the queue. `look_up`: of the document as it is now."""

    export: dict[str, Any]
    look_up: LookUp | None
    candidates: Sequence[Candidate]
    first: FirstApproval | None  # who has linked it, where two have to

    @property
    def item(self) -> str:
        """What a tick sends: the item as it was seen."""
        return f"{self.export['id']}:{self.export['version']}"

    @property
    def fits(self) -> str:
        """The id of the one record that differs in nothing; '' if there is none, or several."""
        same = [one for one in self.candidates if not one.problem and not one.differences]
        return same[0].receipt.id if len(same) == 1 else ""

    @property
    def is_waiting(self) -> bool:
        """The ERP has not answered yet."""
        return self.look_up is not None and self.look_up.answered_at is None


def linkable(projects: Sequence[Project]) -> QuerySet[Export]:
    """What can be linked in these projects. A change order is looked for in the record of its
    commitment, and a later round of a budget in that of the round before: they follow it."""
    kinds = Q()
    for kind, exists in _HAS_DOCUMENT.items():
        kinds |= Q(kind=kind) & exists
    return Export.objects.filter(
        kinds,
        Q(parent=None) | Q(parent__status=Status.SYNCED),
        project__in=projects,
        status__in=EDITABLE,
    )


def counts(projects: Sequence[Project]) -> dict[int, dict[str, int]]:
    """How many of each kind there are, by the project's id; one query."""
    found: dict[int, dict[str, int]] = {project.pk: {} for project in projects}
    rows = linkable(projects).values("project", "kind").order_by().annotate(n=Count("id"))
    for row in rows:
        found[row["project"]][row["kind"]] = row["n"]
    return found


def page(
    by: Access, project: Project, kind: str, *, after: int | None = None, size: int = PAGE
) -> tuple[list[Linkable], int | None]:
    """Those of one kind, newest first, behind the export `after`; and where the next page begins.

    Three queries, and a fourth where two approvers have to link.
    """
    exports = linkable([project]).filter(kind=kind).order_by("-id")
    if after is not None:
        exports = exports.filter(id__lt=after)
    found = list(exports.values(*COLUMNS)[: size + 1])
    shown = found[:size]
    versions = {row["id"]: row["version"] for row in shown}
    asked = LookUp.objects.filter(export__in=versions).select_related("asked_by")
    look_ups = {one.export_id: one for one in asked if one.version == versions[one.export_id]}
    firsts = seconding.first_approvals(by.company, versions)
    rows = [
        Linkable(
            row,
            look_ups.get(row["id"]),
            candidates_of(look_ups.get(row["id"])),
            firsts.get(row["id"]),
        )
        for row in shown
    ]
    return rows, shown[-1]["id"] if len(found) > size else None
