"""Month-end: what a job's documents commit here, what was exported of it, what the ERP holds.

Whoever closes a month wants a difference of 0.00, or each difference explained. It is read as it
stands at that moment; what the ERP holds is as old as the last answer that told of it, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from approvals.call_progress import TOLD_IN, partly_in
from approvals.models import Comparison, Export, Kinds
from approvals.states import Status
from connectors.models import Connection, Known
from connectors.registry import connector_for
from directory.access import Access, open_company
from directory.downloads import Cell, csv_download
from directory.formats import money
from directory.http import person
from directory.models import Committed, Project
from directory.paging import page
from directory.perms import Tool

NOTHING = Decimal("0.00")
CONTRACTS = (Kinds.COMMITMENT, Kinds.CHANGE_ORDER)
MOST = 2_000  # commitments of one job on its page
# Why an amount that is committed has not been exported, in the order of the way to the ERP.
WHY = {
    Status.DRAFT: "not sent",
    Status.RETRIEVED: "retrieved",
    Status.REJECTED: "rejected",
    Status.SENT: "ready to export",
    Status.ACCEPTED: "accepted, not there yet",
    Status.EXPORTING: "exporting",
    Status.UNKNOWN: "outcome not known",
    Status.FAILED: "failed to export",
    Status.NEEDS_ATTENTION: "needs attention",
    Status.UNLINKING: "being unlinked",
}


@dataclass(slots=True)
class Contract:
    """One commitment with its change orders. Money in the company's currency.

    `held` is what the ERP's record comes to, None while it has none or never told it.
    """

    export: int
    number: str
    title: str
    vendor: str
    erp_number: str
    committed: Decimal = NOTHING
    exported: Decimal = NOTHING
    held: Decimal | None = None
    seen_at: datetime | None = None
    # (why it is not exported, of how many documents, committed by them)
    missing: list[tuple[str, int, Decimal]] = field(default_factory=list)
    # which documents are there in part, or may be, although nothing counts as exported of them
    partly: list[str] = field(default_factory=list)

    @property
    def difference(self) -> Decimal:
        """Committed here, less what the ERP holds (as far as it is known, else was exported)."""
        return self.committed - (self.exported if self.held is None else self.held)

    @property
    def unexplained(self) -> Decimal:
        """What the ERP holds beside or short of what was exported to it."""
        return NOTHING if self.held is None else self.held - self.exported

    @property
    def reasons(self) -> list[str]:
        """The difference in words, part by part."""
        parts = [f"{of} {why}: {money(amount)}" for why, of, amount in self.missing]
        parts += self.partly
        if self.unexplained:
            more = "more" if self.unexplained > 0 else "less"
            parts.append(f"the ERP holds {money(abs(self.unexplained))} {more} than was exported")
        return parts


def contracts(project: Project, most: int | None = None) -> list[Contract]:
    """Every commitment of a project that commits, exported or holds anything, by number.

    As many queries however many there are. With `most`, no more commitments than that are looked
    at.
    """
    connection = Connection.of(project.company_id)
    heads = {
        row["id"]: Contract(
            row["id"], row["number"], row["title"], row["vendor_name"], row["erp_number"]
        )
        for row in _commitments(project)
        .order_by("number", "id")
        .values("id", "number", "title", "vendor_name", "erp_number")[:most]
    }
    for row in _sums(Export.objects.filter(project=project), "head"):
        contract = heads.get(row["head"])
        if contract is None:
            continue
        contract.committed += row["committed"]
        if row["status"] == Status.SYNCED:
            contract.exported += row["amount"]
        elif row["committed"]:
            contract.missing.append((WHY[Status(row["status"])], row["of"], row["committed"]))
    for contract in heads.values():
        contract.missing.sort(key=lambda part: list(WHY.values()).index(part[0]))
    if connection is not None:
        _see(connection, heads)
        for one in partly_there(connection, [project]):
            if contract := heads.get(one.head):
                contract.partly.append(one.words)
    return [
        one for one in heads.values() if one.committed or one.exported or one.held or one.partly
    ]


@dataclass(frozen=True, slots=True)
class Partly:
    """A document that is in the ERP in part, or may be, although nothing of it is Synced."""

    head: int  # the export of its commitment
    project: int
    words: str


def partly_there(connection: Connection, projects: Sequence[Project]) -> Iterator[Partly]:
    """Such documents, as each one's page knows it. Two queries, none where the ERP is asked."""
    erp = connection.capabilities
    if erp.can_find:
        return
    tried = Export.objects.filter(project__in=projects, kind__in=CONTRACTS, status__in=TOLD_IN)
    rows = tried.order_by("number", "id").values(
        "id", "number", "project_id", "parent_id", "parent__number"
    )
    found = {row["id"]: row for row in rows}
    for pk, is_known in partly_in(connection, list(found)).items():
        row = found[pk]
        name = f"{row['parent__number']} / {row['number']}" if row["parent_id"] else row["number"]
        said = f"part of {name} is" if is_known else f"{name}, or part of it, may be"
        words = f"{said} in {erp.short}"
        yield Partly(row["parent_id"] or pk, row["project_id"], words)


def _commitments(project: Project) -> QuerySet[Export]:
    return Export.objects.filter(project=project, kind=Kinds.COMMITMENT)


def _sums(exports: QuerySet[Export], by: str) -> QuerySet[Export, dict[str, Any]]:
    """Per `by` and status: how many documents commit, what they commit, what was sent of them."""
    committed = (
        Committed.objects.filter(source=OuterRef("pk"))
        .values("source")
        .annotate(sum=Sum("amount"))
        .values("sum")
    )
    rows: QuerySet[Export, dict[str, Any]] = (
        exports.filter(kind__in=CONTRACTS)
        .annotate(head=Coalesce("parent_id", "id"), commits=Coalesce(Subquery(committed), NOTHING))
        .order_by()
        .values(by, "status")
        .annotate(
            of=Count("id", filter=~Q(commits=0)), committed=Sum("commits"), amount=Sum("amount")
        )
    )
    return rows


def _see(connection: Connection, heads: Mapping[int, Contract]) -> None:
    """Add what the ERP held of each when it was last seen there."""
    connector = connector_for(connection.erp)
    synced = Export.objects.filter(pk__in=heads, status=Status.SYNCED).values_list("id", "erp_id")
    names = {connector.held_as("commitment", erp_id): pk for pk, erp_id in synced}
    for known in Known.objects.filter(connection=connection, record__in=names):
        if amount := known.value.get("amount"):
            contract = heads[names[known.record]]
            contract.held, contract.seen_at = Decimal(amount), known.seen_at
    for gone in Comparison.objects.filter(export__in=names.values(), gone=True):
        contract = heads[gone.export_id]
        if contract.seen_at is None or contract.seen_at <= gone.compared_at:
            contract.held, contract.seen_at = NOTHING, gone.compared_at


@dataclass(frozen=True, slots=True)
class Job:
    """One project in the list of all."""

    project: Project
    committed: Decimal
    exported: Decimal
    partly: Sequence[str] = ()  # what of it is in the ERP in part, or may be, in words

    @property
    def difference(self) -> Decimal:
        return self.committed - self.exported


def jobs(projects: Sequence[Project], connection: Connection | None = None) -> list[Job]:
    """What is committed and exported in each of `projects`; one query, and those of `partly_there`
    with a connection."""
    committed = dict.fromkeys((project.pk for project in projects), NOTHING)
    exported = dict(committed)
    for row in _sums(Export.objects.filter(project__in=projects), "project_id"):
        committed[row["project_id"]] += row["committed"]
        if row["status"] == Status.SYNCED:
            exported[row["project_id"]] += row["amount"]
    partly: dict[int, list[str]] = {project.pk: [] for project in projects}
    for found in partly_there(connection, projects) if connection else ():
        partly[found.project].append(found.words)
    return [Job(one, committed[one.pk], exported[one.pk], partly[one.pk]) for one in projects]


# --- Pages -------------------------------------------------------------------------------------


@login_required
@require_GET
def month_end(request: HttpRequest, company_id: int) -> HttpResponse:
    """The company's jobs, with what of each is not in the ERP yet."""
    access = open_company(person(request), company_id, Tool.ERP)
    projects = Project.objects.filter(company=access.company).select_related("job")
    shown, after = page(projects, "number", request.GET.get("after", ""))
    connection = Connection.of(access.company.pk)
    context = {**_place(access), "jobs": jobs(shown, connection), "after": after}
    return render(request, "approvals/month_end.html", context)


@login_required
@require_GET
def month_end_job(request: HttpRequest, company_id: int, project_id: int) -> HttpResponse:
    """One job: every commitment with its change orders, here and in the ERP."""
    access, project = _open(request, company_id, project_id)
    rows = contracts(project, MOST)
    more = _commitments(project).count() > MOST
    context = {
        **_place(access),
        "project": project,
        "rows": rows,
        "total": _total(rows),
        "open": sum((row.difference for row in rows), NOTHING),
        # Differences may cancel each other in the sum, and what is not shown may differ.
        "agrees": not more and not any(row.difference for row in rows),
        "unread": any(row.held is None and row.exported for row in rows),
        "more": more,
        "most": MOST,
        "at": timezone.now(),
    }
    return render(request, "approvals/month_end_job.html", context)


@login_required
@require_GET
def month_end_csv(request: HttpRequest, company_id: int, project_id: int) -> StreamingHttpResponse:
    """The same as a file, with the moment it was made in its name and in each row."""
    _, project = _open(request, company_id, project_id)
    now = timezone.now()
    headings = (
        *("As of (UTC)", "Project", "Commitment", "Title", "Contract company", "ERP number"),
        *("Committed here", "Exported", "Held by the ERP", "ERP last read (UTC)", "Difference"),
        "Explanation",
    )
    name = f"month-end-{project.pk}-{now:%Y-%m-%d}.csv"
    return csv_download(name, headings, _cells(project, contracts(project), now))


def _cells(project: Project, rows: Sequence[Contract], now: datetime) -> Iterator[Sequence[Cell]]:
    for row in rows:
        seen = f"{row.seen_at:%Y-%m-%d %H:%M}" if row.seen_at else ""
        yield (
            *(f"{now:%Y-%m-%d %H:%M}", str(project), row.number, row.title, row.vendor),
            *(row.erp_number, row.committed, row.exported, row.held, seen, row.difference),
            "; ".join(row.reasons),
        )


def _open(request: HttpRequest, company_id: int, project_id: int) -> tuple[Access, Project]:
    access = open_company(person(request), company_id, Tool.ERP)
    return access, get_object_or_404(
        Project.objects.select_related("job"), pk=project_id, company=access.company
    )


def _place(access: Access) -> dict[str, Any]:
    connection = Connection.of(access.company.pk)
    erp = connection.capabilities if connection else None
    return {
        "access": access,
        "company": access.company,
        "current": "month-end",
        "erp": erp,
    }


def _total(rows: Sequence[Contract]) -> Contract:
    """All rows in one."""
    total = Contract(0, "", "", "", "")
    total.committed = sum((row.committed for row in rows), NOTHING)
    total.exported = sum((row.exported for row in rows), NOTHING)
    total.held = sum((row.held or NOTHING for row in rows), NOTHING)
    return total
