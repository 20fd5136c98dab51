"""The page of one item: what was sent, what that does to the ERP, and its history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from approvals import erp_wording, listing, seconding
from approvals.access import sees_document
from approvals.filters import Filters
from approvals.history_texts import attested, history_of
from approvals.linking import eligible
from approvals.linking.look_ups import candidates_of
from approvals.listing import TABS, VIEWS
from approvals.models import Export, LookUp
from approvals.panel import ENTERED, Tried, review_panel
from approvals.review import review
from approvals.rights import why_not
from approvals.states import EDITABLE, View
from connectors.contract import Capabilities
from directory.access import Access
from directory.http import MOST_SHOWN_AGAIN
from directory.perms import Level, Tool


def item_page(
    request: HttpRequest,
    item: Export,
    access: Access,
    tried: Tried | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of an item, with what was entered for a step that was refused."""
    found = review(item)
    filters, _ = Filters.read(request.GET)
    before, after = listing.beside(item, filters)
    digest = found.terms.digest() if found.terms else ""
    document = item.live() if sees_document(item, access) else None
    history = history_of(item)
    link = _linking(item, access, found.erp, tried)
    if tried and link and link["step"] == tried.step:
        # What was entered stands in the form that it was entered in.
        tried = None if link["fault"] else replace(tried, entered={})
    context = {
        "access": access,
        "company": access.company,
        "project": item.project,
        "export": item,
        "review": found,
        "panel": review_panel(
            item,
            access,
            progress=found.progress,
            problems=found.problems,
            terms=digest,
            to_confirm=found.to_confirm,
            number=found.terms.number if found.terms else "",
            number_most=found.number_most,
            then=own_address(request.POST.get("then", "")) or _then(after or before, filters),
            tried=tried,
        ),
        "document_url": document.get_absolute_url() if document else "",
        "sees_queue": access.has(Tool.ERP, Level.READ),
        "queue_url": queue_url(item, filters),
        "queue_label": View(item.view).label,
        "before": _then(before, filters),
        "after": _then(after, filters),
        "history": history,
        "attested": attested(history),
        "linking": link,
        "reads_exchanges": access.has(Tool.ERP, Level.STANDARD),
    }
    return render(request, "approvals/export.html", context, status=status)


def _then(item: int | None, filters: Filters) -> str:
    """The address of the next item to decide, read in the same order; '' for none."""
    if item is None:
        return ""
    query = urlencode(filters.query)
    return f"{reverse('export', args=[item])}{'?' if query else ''}{query}"


def queue_url(item: Export, filters: Filters) -> str:
    """The view of the queue that an item stands in now, narrowed as it was read; '' for none."""
    tab = next((name for name, kind in TABS.items() if kind == item.kind), "")
    if not tab or item.view not in VIEWS:
        return ""
    query = urlencode({"view": item.view, **filters.query})
    return f"{reverse('queue', args=[item.company_id, tab])}?{query}"


def _linking(
    export: Export, access: Access, erp: Capabilities | None, tried: Tried | None
) -> dict[str, Any] | None:
    """What `approvals/link.html` shows of one item; None where nothing can be linked."""
    step = eligible.step_of(export)
    if step is None or not access.is_approver:
        return None
    asked = LookUp.objects.filter(export=export, version=export.version).first()
    why = why_not(step, access, export.sent_by_id, export.kind)
    unasked = erp_wording.why_unasked(erp) if erp and not erp_wording.asks(erp) else ""
    form = "" if why else "attest" if unasked else "look-up"
    again = tried if tried and tried.step == form else None
    terms = export.frozen_terms
    number = terms.number if terms else export.number if export.parent_id is None else ""
    if asked and not unasked:
        number = asked.number
    return {
        "step": form,
        "fault": again.message if again and again.about else "",
        "about": again.about if again else "",
        "soon": erp_wording.soon(erp),
        "unasked": unasked,
        "number": again.entered.get("number", "") if again else number,
        "note": again.entered.get("note", "") if again else "",
        "why": [why] if why else [],
        "second": _second(export),
        "asked": asked,
        "candidates": candidates_of(asked),
        "was_unknown": step.name == "record-found",
    }


def _second(export: Export) -> seconding.Second | None:
    """Who has and who is missing of a large amount that was never sent; the panel says it of what
    needs attention."""
    if export.company.second_approver_from is None or export.status not in EDITABLE:
        return None
    document = export.live()
    return seconding.second_for(export, document.to_document()) if document else None


# --- What comes with a step ---


def entered_of(request: HttpRequest) -> dict[str, str]:
    """What was entered with a step."""
    return {
        name: text[:MOST_SHOWN_AGAIN]
        for name in ENTERED
        if (text := request.POST.get(name)) is not None
    }


def own_address(address: str) -> str:
    """An address of our own as it is; '' for any other."""
    own = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if own else ""
