"""`{% jinja "approvals/panel.jinja" panel=panel %}`: a part of a page whose template is Jinja's.
`{% waiting as sent %}`: what is carried out once the password was entered.
`{% mail_delivery as mailed %}`: smtp, page, or '' where no mail leaves."""

from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.utils.safestring import SafeString

from directory import sessions
from directory.paging import rows_html

register = template.Library()


@register.simple_tag(takes_context=True)
def jinja(context: Context, name: str, **given: Any) -> SafeString:
    """The part knows what it is given, and `request` and `csrf_token` as every template does."""
    known = {"request": context.get("request"), "csrf_token": context.get("csrf_token", "")}
    return rows_html(name, **known, **given)


@register.simple_tag(takes_context=True)
def waiting(context: Context) -> tuple[str, list[tuple[str, str]]] | None:
    """Its address and its fields, if there is any."""
    return sessions.waiting(context["request"])


@register.simple_tag
def mail_delivery() -> str:
    return str(settings.MAIL_DELIVERY)
