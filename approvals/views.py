"""The pages of ERP Integrations: the queue of a company, and one item of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from approvals import bulk, erp_wording, listing, queue, rejecting
from approvals.access import open_export
from approvals.buttons import IN_LISTS
from approvals.call_progress import progress_of
from approvals.errors import AwaitsSecond, StepError
from approvals.exchanges import talks, whole_reply
from approvals.item import entered_of, item_page, own_address
from approvals.listing import TABS
from approvals.models import Export
from approvals.panel import Panel, Tried, connection_of, panel_for, review_panel
from approvals.review import why_not_again
from approvals.seconding import first_approvals
from approvals.states import STEPS, Status, View
from approvals.workflow import MOST_AT_ONCE, MOST_UNASKED, WHY_ASKED, take, take_all
from connectors.models import Connection
from directory.access import Access, not_approver, open_company
from directory.frame import frame_of
from directory.http import ask_first, by_htmx, is_fresh, number_of, person
from directory.paging import rows_html
from directory.perms import Level, Tool

# --- The queue ---------------------------------------------------------------------------------


@login_required
@require_GET
def erp_queue(request: HttpRequest, company_id: int, tab: str) -> HttpResponse:
    """One view of the company's queue, 50 rows at a time."""
    access = open_company(person(request), company_id, Tool.ERP)
    return _queue(request, access, tab)


@login_required
@require_GET
def queue_filters(request: HttpRequest, company_id: int, tab: str) -> HttpResponse:
    """The form that narrows a view, filled with what the address asks for. Read only when it is
    opened: the lists of projects and people are long in a large company."""
    access = open_company(person(request), company_id, Tool.ERP)
    if tab not in TABS:
        raise Http404
    asked = queue.Asked.read(access.company.pk, tab, request.GET)
    context = {
        "company": access.company,
        "current": tab,
        "asked": asked,
        "said": request.GET,
        "projects": queue.projects(access.company.pk)[: queue.MOST_CHOICES],
        "senders": queue.senders(access.company.pk)[: queue.MOST_CHOICES],
    }
    template = "approvals/filters.html"
    return render(request, f"{template}#form" if by_htmx(request) else template, context)


@login_required
@require_POST
def queue_bulk(request: HttpRequest, company_id: int, tab: str, step: str) -> HttpResponse:
    """Take one step with the ticked items, and show what became of each."""
    access = open_company(person(request), company_id, Tool.ERP)
    if step not in IN_LISTS or tab not in TABS:
        raise Http404
    items = [one for one in request.POST.getlist("only") if one] or request.POST.getlist("item")
    if len(items) > MOST_UNASKED and access.is_approver and not is_fresh(request):
        return ask_first(request, WHY_ASKED)
    try:
        results = take_all(step, bulk.ticked(items), by=access, note=_note(request, step, access))
    except StepError as refused:
        return _queue(request, access, tab, error=refused.message, status=409)
    except PermissionDenied as refused:
        return _queue(request, access, tab, error=str(refused), status=403)
    return _queue(request, access, tab, outcome=bulk.outcome(step, results))


def _queue(
    request: HttpRequest,
    access: Access,
    tab: str,
    *,
    outcome: bulk.Outcome | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    """The queue's page, or the part of it that htmx asked for."""
    if tab not in TABS:
        raise Http404
    asked = queue.Asked.read(access.company.pk, tab, request.GET)
    company, kind, view = access.company, asked.kind, asked.view
    page = listing.page(
        company.pk,
        kind,
        view,
        after=asked.after,
        before=asked.before,
        filters=asked.filters,
        size=MOST_AT_ONCE if asked.everything else listing.PAGE,
    )
    counts = listing.counts(company.pk)[company.pk]
    erp = _erp_name(access)
    undone = error or (outcome and outcome.refused)
    here, actions = asked.address(), asked.actions()
    firsts = first_approvals(company, {row["id"]: row["version"] for row in page.rows})
    context = {
        "access": access,
        "company": company,
        "current": tab,
        "tab_counts": {name: counts.waiting(of) for name, of in TABS.items()},
        "asked": asked,
        "here": here,
        "view": view,
        "views": asked.views(counts),
        "title": queue.title(kind, view, erp),
        "when": queue.WHEN[view],
        "rows": queue.html(
            page.rows,
            asked,
            access,
            actions=actions,
            firsts=firsts,
            stuck=_stuck(access, page.rows) if view == View.FAILED else {},
        ),
        "shown": len(page.rows),
        "total": counts.of(kind, view),
        "most": MOST_AT_ONCE,
        "next": page.next and asked.address(after=page.next),
        "previous": page.previous and asked.address(before=page.previous),
        "chips": asked.chips() if asked.filters.narrows else [],
        "buttons": [(one, actions[one.step]) for one in queue.bulk_buttons(view, access)],
        "actions": actions,
        "reasons": [] if access.is_approver else [not_approver(access)],
        "empty": [text.format(erp=erp) for text in queue.EMPTY[view]],
        "error": error,
        "outcome": outcome,
        # What was said of what was not done is there when it is said again.
        "note": request.POST.get("note", "") if undone else "",
        "reason": request.POST.get("reason", "") if undone else "",
    }
    if by_htmx(request):
        html = rows_html("approvals/queue_view.jinja", csrf_token=get_token(request), **context)
    else:
        html = rows_html("approvals/queue.jinja", **frame_of(request), **context)
    return HttpResponse(html, status=status)


def _stuck(access: Access, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Why a retry of these rows would go nowhere, by the ids of those."""
    connection = Connection.of(access.company.pk)
    if connection is None or not access.is_approver:
        return {}
    shown = Export.objects.filter(pk__in=[row["id"] for row in rows])
    return why_not_again(connection, list(shown.select_related("company", "parent")))


def _erp_name(access: Access) -> str:
    connection = Connection.of(access.company.pk)
    return connection.capabilities.name if connection else "the ERP"


# --- One item ----------------------------------------------------------------------------------


@login_required
@require_GET
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: what was sent, what that does to the ERP, its history."""
    item, access = open_export(person(request), pk)
    return item_page(request, item, access)


@login_required
@require_GET
def export_exchanges(request: HttpRequest, pk: int) -> HttpResponse:
    """Every question to the ERP about one item, and every answer."""
    item, access = open_export(person(request), pk)
    access.need(Tool.ERP, Level.STANDARD)
    template = "approvals/exchanges.html"
    context = {"export": item, "company": access.company, "talks": talks(item)}
    return render(request, f"{template}#talks" if by_htmx(request) else template, context)


@login_required
@require_GET
def export_reply(request: HttpRequest, pk: int, message: int) -> StreamingHttpResponse:
    """One whole answer of the ERP about an item, however long it is."""
    item, access = open_export(person(request), pk)
    access.need(Tool.ERP, Level.STANDARD)
    response = StreamingHttpResponse(whole_reply(item, message), content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="answer-{message}.xml"'
    return response


@login_required
@require_GET
def export_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel alone, for a page that asks again while something changes by itself, or that did
    not wait until its many lines were checked."""
    item, access = open_export(person(request), pk)
    if request.GET.get("was", item.status) != item.status:
        return HttpResponseClientRefresh()  # the rest of the page tells of the old status
    if item.status == Status.SENT and request.GET.get("version") == str(item.version):
        return HttpResponse(status=204)
    if "review" in request.GET:
        progress = progress_of(item, connection_of(item)[0])
        return _panel(request, review_panel(item, access, progress=progress))
    return _panel(request, panel_for(item, access, many_lines="many" in request.GET))


@login_required
@require_POST
def export_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Take one step with one item, as it was seen at `version`."""
    item, access = open_export(person(request), pk)
    if step not in STEPS or not STEPS[step].label:
        raise Http404
    version = number_of(request.POST.get("version", ""))
    try:
        if version is None:
            raise StepError("The page sent no version. Load it again.")
        take(
            step,
            item,
            by=access,
            version=version,
            note=_note(request, step, access, item),
            terms=request.POST.get("terms", ""),
            number=request.POST.get("number", ""),
            attested=request.POST.get("attested") == "yes",
        )
        connection, erp = connection_of(item)
        done = erp_wording.done(step, erp, asked=erp_wording.asks_about(item, connection))
        said = f"{item}{item.of}: {done}"
    except AwaitsSecond as waits:
        said = done = waits.message
    except StepError as refused:
        changes = getattr(refused, "changes", ())
        tried = Tried(step, refused.message, changes, refused.field, entered_of(request))
        return _refused(request, pk, tried, 409)
    except PermissionDenied as refused:
        return _refused(request, pk, Tried(step, str(refused), entered=entered_of(request)), 403)
    if by_htmx(request):
        item, access = open_export(person(request), pk)
        response = _panel(request, replace(panel_for(item, access), notice=done))
        response["HX-Trigger"] = "exportMoved"
        return response
    messages.success(request, said)
    # After a decision the next item of the queue; else back to where the button was.
    then, back = (own_address(request.POST.get(name, "")) for name in ("then", "back"))
    return redirect(then or back or reverse("export", args=[pk]))


def _note(request: HttpRequest, step: str, access: Access, item: Export | None = None) -> str:
    """The comment of a form; that of a rejection may name a reason and lines."""
    note = request.POST.get("note", "")
    if step != "reject":
        return note
    lines = rejecting.numbers(request.POST.get("lines", ""))
    reason = request.POST.get("reason", "")
    return rejecting.comment(access.company, note, reason=reason, lines=lines, export=item)


def _refused(request: HttpRequest, pk: int, tried: Tried, status: int) -> HttpResponse:
    """Says why a step was not taken, beside how things stand now and what was entered for it."""
    item, access = open_export(person(request), pk)
    if by_htmx(request):
        return _panel(request, replace(panel_for(item, access), tried=tried), status=status)
    if back := own_address(request.POST.get("back", "")):
        messages.error(request, " ".join([tried.message, *tried.changes]))
        return redirect(back)
    return item_page(request, item, access, tried, status)


def _panel(request: HttpRequest, panel: Panel, **options: Any) -> HttpResponse:
    return render(request, "approvals/panel.jinja", {"panel": panel}, using="jinja2", **options)
