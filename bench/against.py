"""The other sides: the least that the same work can be done with, on the same server."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from lxml import etree

from connectors.quickbooks import soap

_ECHO = soap.result("closeConnection", "OK")


@csrf_exempt
def soap_echo(request: HttpRequest) -> HttpResponse:
    """Reads any SOAP message with lxml and answers always the same."""
    etree.fromstring(request.body)
    return HttpResponse(_ECHO, content_type=soap.CONTENT_TYPE)
