"""What a company still needs before its first item can go to the ERP, for its administrators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from connectors.models import Connection
from directory.models import (
    Category,
    Company,
    CompanyUserObjectPermission,
    CostCode,
    Membership,
    Project,
    Vendor,
)
from directory.perms import PUSH, Level, Tool


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: where, and whether it is done."""

    text: str
    url: str
    done: bool


@dataclass(frozen=True, slots=True)
class SetUp:
    """A company that is not ready yet."""

    company: Company
    steps: Sequence[Step]

    @property
    def left(self) -> int:
        return sum(not step.done for step in self.steps)


def unready(companies: QuerySet[Company]) -> list[SetUp]:
    """Those of `companies` where something is still to be done, in one statement."""
    here = {"company": OuterRef("pk")}
    people = Membership.objects.filter(**here, is_active=True)
    pushes = CompanyUserObjectPermission.objects.filter(
        content_object=OuterRef("company"), user=OuterRef("user"), permission__codename=PUSH
    )
    found = companies.annotate(
        has_connected=Exists(Connection.objects.filter(**here, first_seen_at__isnull=False)),
        has_vendors=Exists(Vendor.objects.filter(**here).exclude(erp_id="")),
        has_codes=Exists(CostCode.objects.filter(**here).exclude(erp_id="")),
        has_categories=Exists(Category.objects.filter(**here)),
        has_projects=Exists(Project.objects.filter(**here, job__isnull=False)),
        has_managers=Exists(
            people.filter(levels__tool=Tool.COMMITMENTS, levels__level=Level.ADMIN),
        ),
        has_deciders=Exists(
            people.filter(Exists(pushes), levels__tool=Tool.ERP, levels__level__gte=Level.STANDARD),
        ),
    )
    return [one for one in (SetUp(each, _steps(each)) for each in found) if one.left]


def _steps(company: Company) -> list[Step]:
    done = vars(company)  # with what was annotated
    lists = [("vendors", "vendors"), ("cost codes", "codes")]
    return [
        Step(
            "Set up the connection to the accounting system, and have it answer once",
            reverse("connection", args=[company.pk]),
            done["has_connected"],
        ),
        *(
            Step(
                f"Link or import the {words} that it has",
                reverse(
                    "erp_list", kwargs={"company_id": company.pk, "slug": words.replace(" ", "-")}
                ),
                done[f"has_{name}"],
            )
            for words, name in lists
        ),
        Step(
            "Add categories: Labor, Material, Subcontract …",
            reverse("directory_list", args=[company.pk, "categories"]),
            done["has_categories"],
        ),
        Step(
            "Make a project and link it to its job",
            reverse("directory_list", args=[company.pk, "projects"]),
            done["has_projects"],
        ),
        Step(
            "Invite a project manager: Admin on Commitments and Change Orders of a project",
            reverse("directory", args=[company.pk]),
            done["has_managers"],
        ),
        Step(
            "Invite an approver: Standard on ERP Integrations, and ask the operator for 'Can Push "
            "to Accounting' on their page",
            reverse("directory", args=[company.pk]),
            done["has_deciders"],
        ),
    ]
