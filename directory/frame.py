"""What is around every page: its head, the bar above it, messages. `frame.jinja` shows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from directory.addresses import address
from directory.compiled import CompiledQuery
from directory.models import ToolLevel, User
from directory.perms import COMPANY_TOOLS, Level, Tool

MOST = 40


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    inside: str  # how the addresses of its pages begin


@dataclass(slots=True)
class Place:
    """A company, and the tools there that the person may open."""

    company: str
    links: list[Link]


_TOOLS = CompiledQuery(
    lambda user: (
        ToolLevel.objects.filter(
            membership__user=user,
            membership__is_active=True,
            project=None,
            tool__in=COMPANY_TOOLS,
            level__gte=Level.READ,
        )
        .order_by("company__name", "-tool")
        .values("company_id", "company__name", "tool")[:MOST]
    ),
    int,
)


def frame_of(request: HttpRequest | None) -> dict[str, Any]:
    """What `frame.jinja` needs besides the parts of the page; without a request, nobody's."""
    user = getattr(request, "user", None)
    known = user if user is not None and user.is_authenticated else None
    return {
        "assets": _assets(),
        "request": request,
        "csrf_token": get_token(request) if request else "",
        "user": known,
        "places": company_links(known) if known else [],
        "path": request.path if request else "",
        "messages": get_messages(request) if request else [],
    }


@cache
def _assets() -> SafeString:
    """What every page loads; it stays as long as the process."""
    return render_to_string("parts/assets.html")


def company_links(user: User) -> list[Place]:
    """The person's companies with the company tools that they may read; one query."""
    places: dict[int, Place] = {}
    for row in _TOOLS.rows(user.pk):
        company, name, tool = row["company_id"], row["company__name"], row["tool"]
        places.setdefault(company, Place(name, [])).links.append(_link(Tool(tool), company))
    return list(places.values())


def _link(tool: Tool, company: int) -> Link:
    if tool == Tool.ERP:
        first = address("queue", company, "change-orders")
        return Link(tool.label, first, first.removesuffix("change-orders/"))
    first = address("directory", company)
    return Link(tool.label, first, first)
