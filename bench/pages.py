"""A document's page, as its project manager opens it, against the same rows as JSON."""

from __future__ import annotations

from bench.client import request, seconds_each, signed_in
from bench.exports import BIG
from bench.measuring import Goal, Result, alternate
from bench.serving import serving
from directory.models import Membership, Project, ToolLevel, User
from directory.perms import PROJECT_TOOLS, Level

ROUNDS = 11


def managed_by(person: User) -> Project:
    """The big company's first project, on whose tools `person` is Admin from now on."""
    project = Project.objects.filter(company=BIG).order_by("pk")[0]
    member = Membership.objects.get(user=person, company=BIG)
    for tool in PROJECT_TOOLS:
        ToolLevel.objects.create(
            membership=member, company_id=BIG, project=project, tool=tool, level=Level.ADMIN
        )
    return project


def page_against_json(
    name: str, what: str, size: int, *, url: str, person: User, page: str, json: str, requests: int
) -> Result:
    """Pages a second of `page` against those of `json`, on the database at `url`, in turn."""
    with serving(url) as server:
        ours, against = (
            [request("GET", path, signed_in(person))] * requests for path in (page, json)
        )
        times = alternate(
            lambda: seconds_each(server, ours),
            lambda: seconds_each(server, against),
            rounds=ROUNDS,
        )
    return Result(
        name=name,
        what=f"{what}, against JSON",
        size=size,
        ours=1 / times.ours,
        against=1 / times.against,
        unit="pages/s",
        ratio=1 / times.ratio,
        goal=Goal(0.25, at_least=True),
        spread=times.spread,
    )
