"""`{% jinja "approvals/panel.jinja" panel=panel %}`: a part of a page whose template is Jinja's."""

from typing import Any

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString

from directory.paging import rows_html

register = template.Library()


@register.simple_tag(takes_context=True)
def jinja(context: Context, name: str, **given: Any) -> SafeString:
    """The part knows what it is given, and `request` and `csrf_token` as every template does."""
    known = {"request": context.get("request"), "csrf_token": context.get("csrf_token", "")}
    return rows_html(name, **known, **given)
