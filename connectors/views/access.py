"""Who comes in: the connection of a company, or nothing; and the way back to its page."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from connectors.models import Connection
from directory.access import Access, open_company
from directory.http import person
from directory.perms import Tool


def open_connection(request: HttpRequest, company_id: int) -> tuple[Access, Connection]:
    """The company's connection, for who may see its page. Raises Http404, also without one."""
    access = open_company(person(request), company_id, Tool.ERP)
    return access, get_object_or_404(Connection, company=access.company)


def carry_out(
    request: HttpRequest, company_id: int, verb: Callable[[Connection, Access], object], said: str
) -> HttpResponse:
    """Do it to the company's connection. Its page tells what was `said`, or why nothing was done.

    Raises Http404, and PermissionDenied as the verb does.
    """
    access, found = open_connection(request, company_id)
    try:
        verb(found, access)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, said)
    return redirect("connection", company_id)
