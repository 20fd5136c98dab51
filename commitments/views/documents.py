"""What the pages of commitments and of change orders do alike.

`Pages` says what is different; `commitments.urls` hands one to each of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from approvals.access import TOOLS
from approvals.attaching import files_of
from approvals.bulk import outcome, ticked
from approvals.errors import Stale, StepError
from approvals.models import Kinds
from approvals.panel import panel_for
from approvals.states import Status
from approvals.workflow import send_all
from commitments import workflow
from commitments.forms import Field, Typed
from commitments.listing import Filters, Listed
from commitments.models import ChangeOrder, Commitment
from commitments.views.showing import (
    Action,
    Choice,
    Statuses,
    refused,
    since,
    with_quantities,
)
from commitments.workflow.verbs import Verbs
from directory.access import Access, access_to, open_project
from directory.addresses import address
from directory.compiled import let_go
from directory.downloads import Cell, csv_download
from directory.entered import Invalid
from directory.frame import frame_of
from directory.http import person, posted_version
from directory.models import Project
from directory.paging import rows_html
from directory.perms import Level, Tool

D = TypeVar("D", bound=Commitment | ChangeOrder)


@dataclass(frozen=True, kw_only=True)
class Pages(Generic[D]):
    """One kind of document, as its pages need it. `word` names it: Commitment, Change order."""

    kind: Kinds
    word: str
    verbs: Verbs[D]
    # The list and its log.
    list_template: str
    listed: Callable[..., Listed]  # of a project, with filters; whether rows can be ticked
    list_context: Callable[[Access, Project], Mapping[str, Any]]
    log_headings: Sequence[str]
    log: Callable[[Project, Filters], Iterable[Sequence[Cell]]]
    # The form. `target` heads the column that says what a line is for.
    target: str
    heading: Callable[[D], str]
    parent: Callable[[D], tuple[str, str]]  # what stands above it, and its address
    fields: Callable[[D], Sequence[Field]]
    form_context: Callable[[D], Mapping[str, Any]]
    typed: Callable[[D], Typed]
    entry: Callable[[Typed, D], Any]  # of what was typed
    entry_now: Callable[[D], Any]  # of the document as it is

    @property
    def list_name(self) -> str:
        """The name of its list's address, and of the tab."""
        return f"{self.kind.value}s"

    @property
    def list_label(self) -> str:
        """What its list is called."""
        return f"{self.word}s".title()

    def url(self, name: str, *args: int) -> str:
        """The address of one of its documents' pages: 'edit', 'status', 'delete'."""
        return address(f"{self.kind.value}_{name}", *args)


# --- The list ----------------------------------------------------------------------------------


@login_required
@require_GET
def document_list(request: HttpRequest, project_id: int, pages: Pages[Any]) -> HttpResponse:
    """A project's documents: search, filters, totals of what matches."""
    access, project = open_tool(request, project_id, pages)
    return _list(request, access, project, pages)


@login_required
@require_POST
def send_selected(request: HttpRequest, project_id: int, pages: Pages[Any]) -> HttpResponse:
    """Send the ticked ones, and show what became of each."""
    access, project = open_tool(request, project_id, pages)
    if why := _why_no_send(access, pages):
        return _list(request, access, project, pages, status=403, error=why)
    try:
        results = send_all(ticked(request.POST.getlist("item")), by=access)
    except StepError as error:
        return _list(request, access, project, pages, status=409, error=error.message)
    return _list(request, access, project, pages, outcome=outcome("send", results))


def _list(
    request: HttpRequest,
    access: Access,
    project: Project,
    pages: Pages[Any],
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    filters = Filters.read(request.GET)
    query = filters.address
    why_no_send = _why_no_send(access, pages)
    context = {
        "access": access,
        "project": project,
        "current": pages.list_name,
        "filters": filters,
        "list": pages.listed(project, filters, tickable=not why_no_send),
        "list_url": address(pages.list_name, project.pk),
        "send_url": f"{address(f'{pages.list_name}_send', project.pk)}{query}",
        "log_url": f"{address(f'{pages.list_name}_log', project.pk)}{query}",
        "erp_statuses": Status.choices,
        "why_no_send": why_no_send,
        **pages.list_context(access, project),
        **more,
    }
    return render(request, pages.list_template, context, status=status)


@login_required
@require_GET
def document_log(request: HttpRequest, project_id: int, pages: Pages[Any]) -> HttpResponseBase:
    """All that the list's filters find, as a CSV file."""
    _, project = open_tool(request, project_id, pages)
    name = f"{pages.list_name}-{project.pk}-{timezone.localdate().isoformat()}.csv"
    return csv_download(
        name.replace("_", "-"), pages.log_headings, pages.log(project, Filters.read(request.GET))
    )


def _why_no_send(access: Access, pages: Pages[Any]) -> str:
    """What `may_send` says of any of them."""
    return next(
        (lack for tool in TOOLS[pages.kind] if (lack := access.lacks(tool, Level.ADMIN))), ""
    )


# --- One document ------------------------------------------------------------------------------


def page(
    request: HttpRequest, template: str, heading: str, shown: Mapping[str, Any]
) -> HttpResponse:
    """The page of a document: `template` makes it of what is `shown`."""
    html = rows_html(template, **frame_of(request), **shown, heading=heading)
    let_go(shown["document"])
    return HttpResponse(html)


def shown(pages: Pages[D], now: D, access: Access) -> dict[str, Any]:
    """What the page of a document of either kind shows."""
    project = now.project
    edit_url = pages.url("edit", project.pk, now.pk)
    lack = access.lacks(Tool.COMMITMENTS, Level.ADMIN)
    locked = workflow.why_locked(now.export)
    why_no_delete = lack or pages.verbs.why_not_delete(now)
    edit = Action("Edit texts" if locked else "Edit", edit_url, [lack] if lack else [])
    heading, differs = since(now)
    files = files_of(now.export, access)  # the panel looks at them, too
    return {
        "access": access,
        "project": project,
        "current": pages.list_name,
        "parent_label": pages.list_label,
        "parent_url": address(pages.list_name, project.pk),
        "document": now,
        "panel": panel_for(now, access),
        "sees_commitments": access.has(Tool.COMMITMENTS, Level.READ),
        "locked": locked,
        "count": len(now.lines.all()),
        "with_quantities": with_quantities(now),
        "print_url": pages.url("print", project.pk, now.pk),
        "edit": edit,
        "actions": [edit],
        "statuses": _statuses(pages.verbs, now, access),
        "status_url": pages.url("status", project.pk, now.pk),
        "delete_url": pages.url("delete", project.pk, now.pk),
        "why_no_delete": [why_no_delete] if why_no_delete else [],
        "files": files,
        "since_heading": heading,
        "since": differs,
    }


def _statuses(verbs: Verbs[D], now: D, access: Access) -> Statuses:
    return Statuses(
        [
            Choice(
                status.value,
                status.label,
                access.lacks(verbs.status_tool(now, status.value), Level.ADMIN)
                or verbs.why_not_status(now, status.value),
                status == now.status,
            )
            for status in verbs.statuses(now)
        ]
    )


@login_required
@require_POST
def document_status(
    request: HttpRequest, project_id: int, pk: int, pages: Pages[Any]
) -> HttpResponse:
    """Give a document another business status."""
    access, now = open_document(request, project_id, pk, pages)
    status, version = request.POST.get("status", ""), posted_version(request)
    try:
        after = pages.verbs.set_status(now, by=access, version=version, status=status)
    except (Stale, Invalid) as error:
        return refused(request, now, error)
    messages.success(request, f"{pages.word} {after.number} is {after.get_status_display()}.")
    return redirect(after.get_absolute_url())


@login_required
@require_POST
def document_delete(
    request: HttpRequest, project_id: int, pk: int, pages: Pages[Any]
) -> HttpResponse:
    """Delete a Draft."""
    access, now = open_document(request, project_id, pk, pages)
    try:
        pages.verbs.delete(now, by=access, version=posted_version(request))
    except (Stale, Invalid) as error:
        return refused(request, now, error)
    messages.success(request, f"{pages.word} {now.number} is deleted.")
    return redirect(pages.parent(now)[1])


# --- Access ------------------------------------------------------------------------------------


def open_tool(request: HttpRequest, project_id: int, pages: Pages[Any]) -> tuple[Access, Project]:
    """A project, of one who may read such documents there. Raises Http404."""
    return open_project(person(request), project_id, *TOOLS[pages.kind])


def open_document(
    request: HttpRequest, project_id: int, pk: int, pages: Pages[D]
) -> tuple[Access, D]:
    """A document of the project, and what the person may do there. Raises Http404."""
    now = pages.verbs.load(pk)
    if now.project.pk != project_id:
        raise Http404
    access = access_to(person(request), now.project.company, now.project)
    access.see(*TOOLS[pages.kind])
    return access, now
