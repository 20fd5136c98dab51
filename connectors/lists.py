"""The pages of the ERP's lists: what is ready to be imported, linked, or put aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from connectors import importing
from connectors.importing import LISTS, STEPS, VIEWS, Done, ErpList
from connectors.matching import Suggestion
from connectors.models import Connection
from directory.access import Access, open_company
from directory.entered import Invalid
from directory.formats import counted
from directory.http import number_of, person
from directory.paging import PAGE, rows_html
from directory.perms import Level, Tool

# More than these are not offered while typing; what is typed is found all the same.
OFFERED = 1000
BUTTONS = (*STEPS, "import-all", "import-job")


@login_required
@require_GET
def erp_list(request: HttpRequest, company_id: int, slug: str) -> HttpResponse:
    """One view of one of the lists, a page at a time, with a search."""
    access = open_company(person(request), company_id, Tool.ERP)
    each = LISTS[slug]
    view = request.GET.get("view", "ready")
    if view not in VIEWS:
        raise Http404
    return _list_page(request, access, each, view, request.GET)


def _list_page(
    request: HttpRequest,
    access: Access,
    each: ErpList,
    view: str,
    asks: Mapping[str, str],
    entered: tuple[int, str, str] = (0, "", ""),
) -> HttpResponse:
    """`entered`: a row, and the number and name of the project that were refused for it."""
    asked = asks.get("q", "").strip()[:100]
    found, more = _page(each, access, view, asked, asks.get("after", ""))
    if entered[0] and entered[0] not in [one.pk for one in found]:  # from a later page
        found = [*each.view(access.company, view).filter(pk=entered[0]), *found]
    suggested = each.suggested(access.company, found) if view == "ready" else {}
    connection = Connection.of(access.company.pk)
    erp = connection.capabilities if connection else None
    address = reverse("erp_list", kwargs={"company_id": access.company.pk, "slug": each.slug})
    why_not = access.lacks(Tool.ERP, Level.STANDARD)
    may = not why_not
    why_no_unlink = access.lacks(Tool.ERP, Level.ADMIN)
    context = {
        "access": access,
        "company": access.company,
        "current": each.slug,
        "list": each,
        "view": view,
        "views": _views(each, access, address, view),
        "title": f"{each.title} - {VIEWS[view]}",
        "erp": erp.short if erp else "the ERP",
        "q": asked,
        "rows": rows_html(
            "erp_list.jinja",
            rows=[_row(each, access, one, suggested.get(one.pk), entered) for one in found],
            view=view,
            has_jobs=each.has_jobs,
            may=may,
            may_unlink=not why_no_unlink,
            why_no_unlink=why_no_unlink,
            steps={step: f"{address}{step}/" for step in BUTTONS},
        ),
        "shown": len(found),
        "next": urlencode({"view": view, "q": asked, "after": str(more)}) if more else "",
        "address": address,
        "may": may,
        "why_not": [why_not],
        "offered": _offered(each, access) if view == "ready" and may else [],
        "connection": connection,
    }
    status = 422 if entered[0] else 200
    return render(request, "connectors/list.html", context, status=status)


@login_required
@require_POST
def erp_list_step(request: HttpRequest, company_id: int, slug: str, step: str) -> HttpResponse:
    """Link, import, archive, restore or unlink, one or several."""
    access = open_company(person(request), company_id, Tool.ERP)
    each = LISTS[slug]
    if step not in BUTTONS:
        raise Http404
    try:
        text, left = _taken(request, each, access, step)
    except Invalid as error:
        messages.error(request, " ".join(fault.message for fault in error.faults))
        if step == "import-job" and (only := _id(request.POST.get("only", ""))):
            number, name = (request.POST.get(f"{one}-{only}", "") for one in ("number", "name"))
            return _list_page(request, access, each, "ready", request.POST, (only, number, name))
    else:
        if text:
            messages.success(request, text)
        for one in left[:20]:
            messages.warning(request, one)
    back = {"restore": "archived", "unlink": "linked"}.get(step, "ready")
    query = {"view": back, "q": request.POST.get("q", "")}
    address = reverse("erp_list", kwargs={"company_id": company_id, "slug": slug})
    return redirect(f"{address}?{urlencode({k: v for k, v in query.items() if v})}")


def _taken(
    request: HttpRequest, each: ErpList, access: Access, step: str
) -> tuple[str, Sequence[str]]:
    """Takes the step; what came of it, and a sentence for each that was left."""
    posted = request.POST
    only = _id(posted.get("only", ""))
    ticked = [only] if only else [_id(one) for one in posted.getlist("item")][: importing.MOST]
    match step:
        case "link":
            text = posted.get(f"to-{only}", "")
            importing.link(each, by=access, record=only, to=_mine(each, access, text))
            return f"Linked to {text.strip()}.", ()
        case "link-all":
            done = importing.link_all(each, by=access)
            return f"{counted(done.count, each.one)} linked to yours.", ()
        case "import":
            return _imported(each, importing.import_records(each, by=access, records=ticked))
        case "import-all":
            return _imported(each, importing.import_records(each, by=access, records=None))
        case "import-job":
            number, name = posted.get(f"number-{only}", ""), posted.get(f"name-{only}", "")
            project = importing.import_job(by=access, job=only, number=number, name=name)
            return f"Project {project} is made, and linked to its job.", ()
        case "archive":
            done = importing.archive(each, by=access, records=ticked)
            return f"{counted(done.count, each.one)} put aside, under Archived.", ()
        case "restore":
            done = importing.restore(each, by=access, records=ticked)
            return f"{counted(done.count, each.one)} brought back, ready to be imported.", ()
        case _:
            importing.unlink(each, by=access, row=only)
            return f"Unlinked. The {each.one} of yours stays.", ()


def _imported(each: ErpList, done: Done) -> tuple[str, Sequence[str]]:
    nothing = done.left and not done.count
    return "" if nothing else f"{counted(done.count, f'new {each.one}')} imported.", done.left


def _mine(each: ErpList, access: Access, text: str) -> int:
    """The free row of ours that was typed; 0, which nothing has, for any other text."""
    text = text.strip()
    wanted = Q(**{each.key: text})
    if each.has_jobs:  # 26-010 Riverside Library
        number, _, name = text.partition(" ")
        wanted |= Q(number=number, name=name)
    return each.free(access.company).filter(wanted).values_list("pk", flat=True).first() or 0


def _id(text: str) -> int:
    return number_of(text) or 0


# --- What the page shows -----------------------------------------------------------------------


def _page(
    each: ErpList, access: Access, view: str, asked: str, after: str
) -> tuple[list[Any], int]:
    """The rows behind the row `after` (its id) in the order of what stands first in them, and the
    id of the last one if more come."""
    first = each.first if view == "linked" else "name"
    rows = each.view(access.company, view).order_by(first, "pk")
    for word in asked.split():
        rows = rows.filter(Q(name__icontains=word) | Q(erp_name__icontains=word))
    all_rows = each.view(access.company, view)
    last = all_rows.filter(pk=_id(after)).values_list(first, flat=True).first()
    if last is not None:
        behind = Q(**{f"{first}__gt": last}) | Q(**{first: last}, pk__gt=_id(after))
        rows = rows.filter(behind)
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else 0


def _views(each: ErpList, access: Access, address: str, current: str) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": f"{address}?view={view}",
            "count": each.view(access.company, view).count(),
            "current": view == current,
        }
        for view, label in VIEWS.items()
    ]


def _offered(each: ErpList, access: Access) -> list[str]:
    """What can be typed as the row of ours to link to."""
    rows = each.free(access.company).order_by(each.key)[:OFFERED]
    return [str(one) if each.has_jobs else getattr(one, each.key) for one in rows]


def _row(
    each: ErpList,
    access: Access,
    one: Any,
    suggested: Suggestion | None,
    entered: tuple[int, str, str],
) -> dict[str, Any]:
    mine: Any = one.project if each.has_jobs and hasattr(one, "project") else one
    kind = {"jobs": "projects"}.get(each.slug, each.slug)
    sees = access.has(Tool.DIRECTORY, Level.READ)
    refused = one.pk == entered[0]
    # As a project of ours: what numbers its jobs shows the number before the name.
    number, leaf = "", one.name.rsplit(":", 1)[-1]
    if one.erp_id and one.name.startswith(f"{one.erp_id} "):
        number, leaf = one.erp_id, one.name.removeprefix(f"{one.erp_id} ")
    return {
        "id": one.pk,
        "name": one.name,
        "about": one.erp_name if one.erp_name != one.name else "",
        "theirs": one.name if each.has_jobs else one.erp_name,
        "mine": str(mine),
        "url": reverse("directory_entry", args=[access.company.pk, kind, mine.pk]) if sees else "",
        "active": one.erp_active,
        "problem": one.erp_problem,
        "importable": one.erp_active and not one.erp_problem,
        "suggested": suggested.name if suggested else "",
        "reason": suggested.reason if suggested else "",
        "refused": refused,
        "number": entered[1] if refused else number,
        "leaf": entered[2] if refused else leaf,
    }
