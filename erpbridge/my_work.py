"""What waits for one person: every query bounded, none per row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from approvals import erp_wording
from approvals.listing import Counts, counts
from approvals.models import Export, Kinds
from approvals.states import Status, View
from connectors.models import Connection
from directory.models import (
    Company,
    CompanyUserObjectPermission,
    Membership,
    Project,
    ToolLevel,
    User,
)
from directory.perms import PUSH, Level, Tool
from erpbridge.setting_up import SetUp, unready

FEW = 5
MANY = 20
PROJECTS = 20
# The page of a document, by its kind.
PAGES = {
    Kinds.COMMITMENT: "commitment",
    Kinds.CHANGE_ORDER: "change_order",
    Kinds.BUDGET: "budget",
}
# Companies whose waiting items are listed; of the others the counts are shown.
COMPANIES = 10

ROW = (
    "id",
    "company_id",
    "project_id",
    "document_id",
    "kind",
    "number",
    "title",
    "amount",
    "vendor_name",
    "status",
    "status_at",
    "message",
    "project__number",
    "project__name",
    "parent__number",
    "sent_by_id",
    "sent_by__name",
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One sub-tab of ERP Integrations: how many wait there."""

    slug: str
    label: str
    ready: int
    failed: int
    progress: int


@dataclass(frozen=True, slots=True)
class Desk:
    """One company's queue, for somebody who may open it."""

    company: Company
    decides: bool  # accounting approver there
    tabs: Sequence[Tab]
    # What waits for this person's decision: the longest waiting, and the latest that failed.
    oldest: Sequence[dict[str, Any]]
    failed: Sequence[dict[str, Any]]

    @property
    def waiting(self) -> int:
        return sum(tab.ready + tab.failed for tab in self.tabs)


@dataclass(frozen=True, slots=True)
class Link:
    """How the connection of one company is doing."""

    company: str
    company_id: int
    erp: str
    heard: str  # what it does when it is heard of: called, answered
    last_seen_at: datetime | None
    last_result: str
    trouble: str  # '' where the last call came to no trouble
    is_silent: bool
    opens: bool  # the person may open the connection's page


@dataclass(frozen=True, slots=True)
class Place:
    """A project, and the name of its company."""

    project: Project
    company: str


@dataclass(frozen=True, slots=True)
class Work:
    """Everything on the first page."""

    desks: Sequence[Desk]
    came_back: Sequence[dict[str, Any]]
    begun: Sequence[dict[str, Any]]
    projects: Sequence[Place]
    more_projects: bool
    links: Sequence[Link]
    member: bool
    unready: Sequence[SetUp]  # the companies that this person administers and that lack something
    closed: Sequence[str]  # the companies that were closed to who belongs to none now


def work_of(user: User, search: str = "") -> Work:
    """What waits for `user`; `search` narrows the list of projects."""
    memberships = list(
        Membership.objects.filter(user=user, is_active=True)
        .select_related("company")
        .order_by("company__name")
    )
    companies = {membership.company_id: membership.company for membership in memberships}
    levels = ToolLevel.objects.filter(
        membership__in=memberships, tool__in=(Tool.ERP, Tool.DIRECTORY), level__gte=Level.READ
    ).values_list("tool", "company_id", "level")
    erp_levels: dict[int, int] = {}
    administered: list[int] = []
    for tool, company, level in levels:
        if tool == Tool.ERP:
            erp_levels[company] = level
        elif level == Level.ADMIN and len(administered) < COMPANIES:
            administered.append(company)
    found = list(_projects(memberships, search)[: PROJECTS + 1])
    return Work(
        desks=_desks(user, [c for pk, c in companies.items() if pk in erp_levels], erp_levels),
        came_back=_came_back(user, companies),
        begun=_begun(user, companies),
        projects=[
            Place(project, companies[project.company_id].name) for project in found[:PROJECTS]
        ],
        more_projects=len(found) > PROJECTS,
        links=_links(companies, erp_levels),
        member=bool(companies),
        unready=unready(Company.objects.filter(pk__in=administered).order_by("name"))
        if administered
        else [],
        closed=[] if companies else _closed(user),
    )


def _closed(user: User) -> list[str]:
    former = Membership.objects.filter(user=user, is_active=False)
    return list(former.order_by("company__name").values_list("company__name", flat=True))


def _desks(user: User, companies: Sequence[Company], levels: dict[int, int]) -> list[Desk]:
    if not companies:
        return []
    pushes = set(
        CompanyUserObjectPermission.objects.filter(
            user=user, permission__codename=PUSH, content_object__in=companies
        ).values_list("content_object_id", flat=True)
    )
    numbers = counts(*(company.pk for company in companies))
    decides = {pk for pk in pushes if levels[pk] >= Level.STANDARD}
    listed = [
        company
        for company in companies
        if company.pk in decides and any(numbers[company.pk].waiting(kind) for kind in Kinds.values)
    ][:COMPANIES]
    oldest = _waiting(listed, View.READY, "status_at")
    failed = _waiting(listed, View.FAILED, "-status_at")
    return [
        Desk(
            company=company,
            decides=company.pk in decides,
            tabs=_tabs(numbers[company.pk]),
            oldest=[row for row in oldest if row["company_id"] == company.pk],
            failed=[row for row in failed if row["company_id"] == company.pk],
        )
        for company in companies
    ]


def _tabs(numbers: Counts) -> list[Tab]:
    return [
        Tab(
            slug,
            label,
            numbers.of(kind, View.READY),
            numbers.of(kind, View.FAILED),
            numbers.of(kind, View.PROGRESS),
        )
        for slug, label, kind in (
            ("commitments", "Commitments", Kinds.COMMITMENT),
            ("change-orders", "Commitment Change Orders", Kinds.CHANGE_ORDER),
            ("budgets", "Budgets", Kinds.BUDGET),
        )
    ]


def _waiting(companies: Sequence[Company], view: View, order: str) -> list[dict[str, Any]]:
    """The first few of a view in each company, in one statement; the index answers each part."""
    parts = [
        Export.objects.filter(company=company, view=view).order_by(order).values("pk")[:FEW]
        for company in companies
    ]
    if not parts:
        return []
    first, *rest = parts
    ids = [row["pk"] for row in first.union(*rest, all=True)]
    rows = Export.objects.filter(pk__in=ids).order_by(order).values(*ROW)
    return [{**row, "url": reverse("export", args=[row["id"]])} for row in rows]


def _came_back(user: User, companies: dict[int, Company]) -> list[dict[str, Any]]:
    """What accounting rejected, of what this person sent or made."""
    return _with_documents(
        Export.objects.filter(
            Q(sent_by=user) | Q(created_by=user),
            company_id__in=companies,
            kind__in=PAGES,
            view=View.REJECTED,
        )
        .order_by("-status_at")
        .values(*ROW)[:MANY]
    )


def _begun(user: User, companies: dict[int, Company]) -> list[dict[str, Any]]:
    """What this person made or took back and has not sent."""
    return _with_documents(
        Export.objects.filter(
            created_by=user,
            company_id__in=companies,
            kind__in=PAGES,
            status__in=(Status.DRAFT, Status.RETRIEVED),
        )
        # A later round that was unlinked waits for its budget to come to it again.
        .exclude(kind=Kinds.BUDGET, budget__isnull=True)
        .order_by("-status_at")
        .values(*ROW)[:FEW]
    )


def _with_documents(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the address of the live document, where it is mended."""
    return [{**row, "url": _page(row)} for row in rows]


def _page(row: dict[str, Any]) -> str:
    document = [] if row["kind"] == Kinds.BUDGET else [row["document_id"]]  # a project has one
    return reverse(PAGES[row["kind"]], args=[row["project_id"], *document])


def _projects(memberships: Sequence[Membership], search: str) -> QuerySet[Project]:
    """The projects where the person may read something, in the order of their numbers.

    The memberships are named by id, not joined: the planner then walks the project numbers and
    stops after the first few, however many projects the person has.
    """
    reads = ToolLevel.objects.filter(
        membership__in=[membership.pk for membership in memberships],
        project=OuterRef("pk"),
        level__gte=Level.READ,
    )
    projects = Project.objects.filter(
        Exists(reads), company__in=[membership.company_id for membership in memberships]
    )
    if search:
        projects = projects.filter(Q(number__icontains=search) | Q(name__icontains=search))
    return projects.order_by("company_id", "number")


def _links(companies: dict[int, Company], levels: dict[int, int]) -> list[Link]:
    return [
        Link(
            company=companies[connection.company_id].name,
            company_id=connection.company_id,
            erp=connection.capabilities.short,
            heard=erp_wording.heard(connection.capabilities),
            last_seen_at=connection.last_seen_at,
            last_result=connection.last_result,
            trouble=connection.trouble,
            is_silent=connection.is_silent,
            opens=connection.company_id in levels,
        )
        for connection in Connection.objects.filter(company_id__in=companies).order_by(
            "last_seen_at"
        )[:COMPANIES]
    ]
