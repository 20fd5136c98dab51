"""`{% load navigation %}`: where a person may go from any page."""

from dataclasses import dataclass
from functools import cache

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from directory.access import without_second_factor
from directory.addresses import address
from directory.models import Company, Notice, ToolLevel, User
from directory.notices import KINDS, notices_of
from directory.paging import rows_html
from directory.perms import COMPANY_TOOLS, Level, Tool
from directory.prepared import Prepared

register = template.Library()

MOST = 40
FEW = 5


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(slots=True)
class Place:
    """A company, and the tools there that the person may open."""

    company: str
    links: list[Link]


_TOOLS = Prepared(
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


@register.simple_tag
@cache
def assets() -> SafeString:
    """What every page loads; it stays as long as the process."""
    return render_to_string("parts/assets.html")


@register.simple_tag(takes_context=True)
def topbar(context: Context) -> SafeString:
    """The bar above every page, with where its person may go."""
    user, request = context.get("user"), context.get("request")
    known = user if user is not None and user.is_authenticated else None
    return rows_html(
        "topbar.jinja",
        user=known,
        places=company_links(known) if known else [],
        path=request.path if request is not None else "",
        csrf_token=context.get("csrf_token", ""),
    )


def company_links(user: User) -> list[Place]:
    """The person's companies with the company tools that they may read; one query."""
    places: dict[int, Place] = {}
    for row in _TOOLS.rows(user.pk):
        company, name, tool = row["company_id"], row["company__name"], row["tool"]
        places.setdefault(company, Place(name, [])).links.append(_link(Tool(tool), company))
    return list(places.values())


def _link(tool: Tool, company: int) -> Link:
    if tool == Tool.ERP:
        return Link(tool.label, address("queue", company, "change-orders"))
    return Link(tool.label, address("directory", company))


@register.simple_tag
def new_notices(user: User) -> list[Notice]:
    """The latest notices that the person has not read; one query."""
    return list(notices_of(user).filter(is_read=False)[:FEW])


@register.filter
def notice_kind(kind: str) -> str:
    """What notices of a kind are called, as in the subject of their mail."""
    return KINDS[kind].subject


@register.simple_tag
def second_factor_asked_by(user: User) -> list[Company]:
    """The companies that ask this person for a second factor that they do not have."""
    return without_second_factor(user)
