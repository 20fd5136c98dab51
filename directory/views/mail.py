"""The operator's view of outgoing mail: whether it goes out, and what became of each.

What a mail says is shown only where mails are shown instead of being sent, as in the demo: it is
not the operator's to read, and may hold a link with which one becomes its reader.
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from directory.models import Mail
from directory.views.operator import operators_only

SHOWN = 100


@operators_only
@require_GET
def outgoing(request: HttpRequest) -> HttpResponse:
    """The latest mails, newest first, and how they leave this installation."""
    context = {
        "current": "mail",
        "delivery": settings.MAIL_DELIVERY,
        "mails": Mail.objects.order_by("-id")[:SHOWN],
        "waiting": Mail.objects.filter(state=Mail.State.WAITING).count(),
    }
    return render(request, "directory/operator_mail.html", context)


@operators_only
@require_GET
def as_html(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail as a mail program shows it. Mails carry their styles in themselves, so this page
    allows that, and nothing else."""
    if settings.MAIL_DELIVERY != "page":
        raise Http404
    mail = get_object_or_404(Mail, pk=pk, state=Mail.State.SHOWN)
    answer = HttpResponse(mail.html)
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return answer
