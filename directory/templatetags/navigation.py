"""`{% load navigation %}`: where a person may go from any page."""

from dataclasses import dataclass

from django import template
from django.urls import reverse

from directory.models import ToolLevel, User
from directory.perms import COMPANY_TOOLS, Level, Tool

register = template.Library()

MOST = 40


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(slots=True)
class Place:
    """A company, and the tools there that the person may open."""

    company: str
    links: list[Link]


@register.simple_tag
def company_links(user: User) -> list[Place]:
    """The person's companies with the company tools that they may read; one query."""
    rows = (
        ToolLevel.objects.filter(
            membership__user=user,
            membership__is_active=True,
            project=None,
            tool__in=COMPANY_TOOLS,
            level__gte=Level.READ,
        )
        .order_by("company__name", "-tool")
        .values_list("company_id", "company__name", "tool")[:MOST]
    )
    places: dict[int, Place] = {}
    for company, name, tool in rows:
        places.setdefault(company, Place(name, [])).links.append(_link(Tool(tool), company))
    return list(places.values())


def _link(tool: Tool, company: int) -> Link:
    if tool == Tool.ERP:
        return Link(tool.label, reverse("queue", args=[company, "change-orders"]))
    return Link(tool.label, reverse("directory", args=[company]))
