"""Who may see and do what: asked once per request, here and nowhere else.

What you may not see answers 404, what you may not do 403 with a sentence for people.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import Http404

from directory.compiled import CompiledQuery
from directory.history import Happened, append
from directory.models import (
    Company,
    CompanyUserObjectPermission,
    Membership,
    Project,
    ToolLevel,
    User,
)
from directory.perms import COMPANY_TOOLS, PUSH, PUSH_WORDS, Level, Tool


@dataclass(frozen=True, slots=True)
class Access:
    """What one person may do in one company, and in one of its projects where one is named."""

    user: User
    company: Company
    project: Project | None
    levels: dict[Tool, Level]
    can_push: bool
    # The company asks approvers and administrators for a second factor, and this one has none:
    # until then they look at its tools and decide nothing. `levels` and `can_push` say so already.
    lacks_second_factor: bool = False

    def level(self, tool: Tool) -> Level:
        return self.levels.get(tool, Level.NONE)

    def has(self, tool: Tool, level: Level) -> bool:
        return self.level(tool) >= level

    @property
    def is_approver(self) -> bool:
        """Decides what goes to the ERP: the tool and the privilege, both."""
        return self.can_push and self.has(Tool.ERP, Level.STANDARD)

    def see(self, *tools: Tool) -> None:
        """404 unless the person may at least read with one of `tools`."""
        if not any(self.has(tool, Level.READ) for tool in tools):
            raise Http404

    def need(self, tool: Tool, level: Level) -> None:
        """403, in words, unless the person has `level` on `tool`."""
        if why := self.lacks(tool, level):
            raise PermissionDenied(why)

    def lacks(self, tool: Tool, level: Level) -> str:
        """'' for who has `level` on `tool`; else why they do not, and who can change it."""
        if self.has(tool, level):
            return ""
        if self.lacks_second_factor and tool in COMPANY_TOOLS:
            return no_second_factor(self)
        return (
            f"This needs {Level(level).label} on {Tool(tool).label}. "
            "An administrator of your company can give it to you."
        )

    def need_approver(self) -> None:
        """403, in words, unless the person is an accounting approver."""
        if not self.is_approver:
            raise PermissionDenied(not_approver(self))


def no_second_factor(access: Access) -> str:
    return (
        f"{access.company} asks approvers and administrators for a second factor when they sign "
        "in. Set yours up under Your account; until then you can only look."
    )


def not_approver(access: Access) -> str:
    if access.lacks_second_factor:
        return no_second_factor(access)
    if why := access.lacks(Tool.ERP, Level.STANDARD):
        return why
    return (
        f"This needs the privilege '{PUSH_WORDS}'. An administrator of your company can ask the "
        "operator for it."
    )


# Every request asks this. Putting it together with the ORM takes longer than answering it.
_LEVELS = """
    SELECT level.tool, level.level, EXISTS (
        SELECT FROM directory_companyuserobjectpermission AS held
        JOIN auth_permission ON auth_permission.id = held.permission_id
        WHERE held.user_id = person.id AND held.content_object_id = level.company_id
          AND auth_permission.codename = %(push)s
    ), company.second_factor_required AND NOT EXISTS (
        SELECT FROM mfa_authenticator AS factor
        WHERE factor.user_id = person.id AND factor.type IN ('totp', 'webauthn')
    )
    FROM directory_toollevel AS level
    JOIN directory_membership AS member ON member.id = level.membership_id
    JOIN directory_user AS person ON person.id = member.user_id
    JOIN directory_company AS company ON company.id = level.company_id
    WHERE person.id = %(person)s AND level.company_id = %(company)s
      AND person.is_active AND member.is_active
      AND (level.project_id IS NULL OR level.project_id = %(project)s)
"""


def access_to(user: User, company: Company, project: Project | None = None) -> Access:
    """The person's levels and privilege, fresh from the database in one query.

    Somebody without any level holds no privilege either, whatever the operator granted.
    """
    places = {
        "person": user.pk,
        "company": company.pk,
        "project": project.pk if project else None,
        "push": PUSH,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS, places)
        rows = cursor.fetchall()
    levels = {Tool(tool): Level(level) for tool, level, _, _ in rows}
    can_push = any(held for _, _, held, _ in rows)
    if any(lacks for _, _, _, lacks in rows) and (can_push or Level.ADMIN in _company(levels)):
        looks = {tool: min(levels[tool], Level.READ) for tool in COMPANY_TOOLS if tool in levels}
        return Access(user, company, project, levels | looks, False, lacks_second_factor=True)
    return Access(user, company, project, levels, can_push)


def _company(levels: dict[Tool, Level]) -> set[Level]:
    return {level for tool, level in levels.items() if tool in COMPANY_TOOLS}


def without_second_factor(user: User) -> list[Company]:
    """The companies that ask this person for a second factor that they do not have."""
    asking = Company.objects.filter(
        memberships__user=user, memberships__is_active=True, second_factor_required=True
    )
    return [one for one in asking.order_by("name") if access_to(user, one).lacks_second_factor]


def holds_push(user: User, company: Company) -> bool:
    """Whether the operator granted 'Can Push to Accounting', read from guardian's own rows.

    Not `user.has_perm`, which would also look at global permissions and groups.
    """
    return bool(_HOLDS_PUSH.rows(user.pk, company.pk))


_HOLDS_PUSH = CompiledQuery(
    lambda user, company: CompanyUserObjectPermission.objects.filter(
        user=user,
        user__is_active=True,
        content_object=company,
        permission__codename=PUSH,
        user__memberships__company=company,
        user__memberships__is_active=True,
    ).values("pk"),
    int,
    int,
)


_COMPANY = CompiledQuery(lambda pk: Company.objects.filter(pk=pk), int)
_PROJECT = CompiledQuery(
    lambda pk: Project.objects.select_related("company", "job").filter(pk=pk), int
)


def open_company(user: User, company_id: int, *tools: Tool) -> Access:
    """The company and what `user` may do there; 404 without at least reading one of `tools`."""
    company = _COMPANY.first(company_id)
    if company is None:
        raise Http404
    access = access_to(user, company)
    access.see(*tools)
    return access


def open_project(user: User, project_id: int, *tools: Tool) -> tuple[Access, Project]:
    """What `user` may do in the project, and it; 404 without at least reading one of `tools`."""
    project = _PROJECT.first(project_id)
    if project is None:
        raise Http404
    access = access_to(user, project.company, project)
    access.see(*tools)
    return access, project


@transaction.atomic
def set_level(
    membership: Membership, tool: Tool, level: Level, *, by: User, project: Project | None = None
) -> None:
    """Give a person a level. The last Admin on Directory cannot be lowered (PermissionDenied)."""
    Membership.objects.select_for_update().get(pk=membership.pk)
    if tool == Tool.DIRECTORY and level < Level.ADMIN:
        keep_an_administrator(membership)
    row, made = ToolLevel.objects.get_or_create(
        membership=membership,
        company=membership.company,
        project=project,
        tool=tool,
        defaults={"level": level},
    )
    before = Level.NONE if made else Level(row.level)
    if not made:
        row.level = level
        row.save(update_fields=["level"])
    if before != level:
        happened = Happened(
            "level",
            f"user:{membership.user_id}",
            by.pk,
            {
                "tool": tool,
                "project": project.pk if project else None,
                "from": Level(before).label,
                "to": Level(level).label,
            },
        )
        append(membership.company_id, [happened])


def keep_an_administrator(leaving: Membership) -> None:
    """PermissionDenied if `leaving` is the last active one with Admin on Directory.

    Locks the rows of all of them, so that two administrators cannot remove each other at once, and
    only then reads who is left: what somebody else committed meanwhile shows in a new statement.
    """
    admins = ToolLevel.objects.filter(
        company=leaving.company_id, tool=Tool.DIRECTORY, level=Level.ADMIN
    )
    list(admins.select_for_update().order_by("id"))
    active = admins.filter(membership__is_active=True, membership__user__is_active=True)
    if set(active.values_list("membership_id", flat=True)) == {leaving.pk}:
        raise PermissionDenied(
            f"{leaving.user} is the last one with Admin on Directory. Give it to somebody else "
            "first."
        )


def with_level(company: Company, tool: Tool, level: Level) -> QuerySet[Membership, int]:
    """The ids of the people who have that level on a tool of the company, or a higher one."""
    rows = Membership.objects.filter(
        company=company,
        is_active=True,
        user__is_active=True,
        levels__tool=tool,
        levels__level__gte=level,
    )
    return rows.values_list("user_id", flat=True)
