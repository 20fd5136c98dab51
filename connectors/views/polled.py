"""What a Web Connector needs: its password, its file, and the page that it opens for help."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from connectors import setup
from connectors.models import Connection
from connectors.views.access import open_connection
from connectors.views.showing import page
from directory.access import open_company
from directory.http import fresh, person
from directory.perms import Level, Tool


@login_required
@fresh
@require_POST
@never_cache
def password(request: HttpRequest, company_id: int) -> HttpResponse:
    """A new password for the Web Connector, on the page that answers, and never again."""
    access, found = open_connection(request, company_id)
    try:
        password = setup.reissue_password(found, by=access)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("connection", company_id)
    return page(request, access, password=password)


@login_required
@require_GET
def qwc(request: HttpRequest, connection_id: int) -> HttpResponse:
    """The .qwc file. It holds no secret, but it is an administrator's to hand out."""
    found = Connection.objects.select_related("company").filter(pk=connection_id).first()
    if found is None:
        raise Http404
    access = open_company(person(request), found.company_id, Tool.ERP)
    access.need(Tool.ERP, Level.ADMIN)
    try:
        text = setup.qwc_file(found)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("connection", found.company_id)
    response = HttpResponse(text, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="erp-bridge-{found.pk}.qwc"'
    return response


@require_GET
def support(request: HttpRequest, connection_id: int) -> HttpResponse:
    """The page that the Web Connector opens for help. Public: it looks at the address when the
    .qwc file is added, and tells nothing about anybody."""
    return render(request, "connectors/support.html", {})
