"""Commitments and their change orders: what they hold, and what must be right before they go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models.functions import Now

from approvals.models import Exportable
from approvals.rules import line_problems, place_problems, vendor_problems
from approvals.states import Status
from commitments.in_full import InFull
from commitments.states import ChangeOrderStatus, CommitmentStatus, Type
from connectors.contract import Document, Kind, Line, Named, Problem
from directory.access import Access
from directory.addresses import address
from directory.compiled import point
from directory.ledger import Part
from directory.models import Category, Company, CostCode, Project, Vendor
from directory.perms import Level, Tool


class Commitment(Exportable):
    """Money promised to one company: a purchase order or a subcontract."""

    kind: Kind = "commitment"

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.PROTECT, related_name="commitments")
    type = models.CharField(max_length=14, choices=Type.choices)
    number = models.CharField(max_length=40)
    title = models.CharField(max_length=255)
    # What the ERP alone gets in its place, where it takes texts of its own; '' as a rule.
    erp_title = models.CharField(max_length=255, blank=True, default="", db_default="")
    vendor = models.ForeignKey(
        Vendor, models.PROTECT, null=True, blank=True, verbose_name="contract company"
    )
    status = models.CharField(
        max_length=20, choices=CommitmentStatus.choices, default=CommitmentStatus.DRAFT
    )
    retainage = models.DecimalField(
        "default retainage", max_digits=5, decimal_places=2, default=Decimal(0)
    )
    description = models.TextField(blank=True, default="")
    vendor_message = models.CharField(max_length=255, blank=True, default="")
    date_created = models.DateField()

    # Its change orders, once they were read: see `commitments.listing.change_orders_of`.
    change_order_rows: list[dict[str, Any]] | None = None

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="commitment_number"),
            models.UniqueConstraint(fields=["id", "company"], name="commitment_of_company"),
        ]

    @classmethod
    def in_full(cls, pks: Sequence[int]) -> list[Commitment]:
        found = _COMMITMENTS.load(pks)
        for one in found:
            point([one.export], "company", [one.project.company])
        return found

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return address("commitment", self.project_id, self.pk)

    @property
    def total(self) -> Decimal:
        """The sum of the schedule of values, from the lines that are loaded."""
        return sum((line.amount for line in self.lines.all()), Decimal("0.00"))

    def may_send(self, access: Access) -> str:
        return access.lacks(Tool.COMMITMENTS, Level.ADMIN)

    def problems(self) -> list[Problem]:
        found = place_problems(self.project)
        if self.status != CommitmentStatus.APPROVED:
            found.append(
                Problem(
                    code="status",
                    where="status",
                    text=f"The status is {self.get_status_display()}. Only an Approved "
                    "commitment is sent.",
                )
            )
        found += vendor_problems(self.vendor)
        found += line_problems(self.own_lines())
        return found

    def mended_at(self, access: Access) -> Mapping[str, str]:
        form = address("commitment_edit", self.project_id, self.pk)
        chosen = {"vendor": f"{form}#vendor"} if self.vendor_id is None else {}
        return _mended_at(self, form, access) | chosen

    def commits(self) -> list[Part]:
        """What it commits of the project's money: its own lines, once it is approved."""
        if self.status not in (CommitmentStatus.APPROVED, CommitmentStatus.COMPLETE):
            return []
        return [(line.cost_code_id, line.category_id, line.amount) for line in self.own_lines()]

    def own_lines(self) -> list[CommitmentLine]:
        """The schedule of values without the lines that change orders added for a new scope."""
        return [line for line in self.lines.all() if line.introduced_by_id is None]

    def to_document(self) -> Document:
        lines = tuple(_lines(self.own_lines()))
        return Document(
            kind="commitment",
            id=self.pk,
            type=self.type,
            number=self.number,
            title=self.title,
            erp_title=self.erp_title,
            description=self.description,
            vendor_message=self.vendor_message,
            date=self.date_created,
            project=_project(self.project),
            vendor=Named(id=self.vendor.pk, name=self.vendor.name) if self.vendor else None,
            retainage=self.retainage,
            amount=sum((line.amount for line in lines), Decimal("0.00")),
            lines=lines,
            attachments=self.export.attached,
        )


class AnyLine(models.Model):
    """What a line of a schedule of values and a line of a change order have in common."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField("line")
    cost_code = models.ForeignKey(CostCode, models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, models.PROTECT, related_name="+")
    sub_job = models.CharField(max_length=60, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    quantity = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True, default="")
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    amount = models.DecimalField(max_digits=15, decimal_places=2)

    class Meta:
        abstract = True


class CommitmentLine(AnyLine):
    """One line of a commitment's schedule of values.

    A change order with a new scope adds a line of 0.00 for it, even to a locked schedule. That line
    belongs to the change order (`introduced_by`): it travels with it and goes with it.
    """

    commitment = models.ForeignKey(Commitment, models.CASCADE, related_name="lines")
    introduced_by = models.ForeignKey(
        "ChangeOrder", models.PROTECT, null=True, blank=True, related_name="new_lines"
    )
    # What the ERP alone gets in place of the description: see `Commitment.erp_title`.
    erp_description = models.CharField(max_length=1000, blank=True, default="", db_default="")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["commitment", "number"],
                name="commitment_line_number",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["id", "commitment"], name="line_of_commitment"),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.description or self.cost_code}"


class ChangeOrder(Exportable):
    """A commitment change order (CCO): changes to lines of one commitment."""

    kind: Kind = "change_order"

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="change_orders")
    number = models.CharField(max_length=40)
    revision = models.PositiveIntegerField(default=0)
    title = models.CharField(max_length=255)
    erp_title = models.CharField(max_length=255, blank=True, default="", db_default="")
    description = models.TextField(blank=True, default="")
    erp_description = models.TextField(blank=True, default="", db_default="")
    status = models.CharField(
        max_length=20, choices=ChangeOrderStatus.choices, default=ChangeOrderStatus.DRAFT
    )
    date_created = models.DateField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["commitment", "number"], name="change_order_number"),
            models.UniqueConstraint(fields=["id", "commitment"], name="change_order_of_commitment"),
        ]

    @classmethod
    def in_full(cls, pks: Sequence[int]) -> list[ChangeOrder]:
        found = _CHANGE_ORDERS.load(pks)
        for one in found:
            point([one.export], "company", [one.project.company])
            point([one.export], "parent", [one.commitment.export])
        return found

    def __str__(self) -> str:
        return f"{self.commitment.number} CCO {self.number} {self.title}"

    @property
    def project(self) -> Project:
        """Its commitment's."""
        return self.commitment.project

    @property
    def vendor(self) -> Vendor | None:
        """Its commitment's contract company."""
        return self.commitment.vendor

    def get_absolute_url(self) -> str:
        return address("change_order", self.commitment.project_id, self.pk)

    @property
    def total(self) -> Decimal:
        """The sum of the lines that are loaded."""
        return sum((line.amount for line in self.lines.all()), Decimal("0.00"))

    def reopen(self) -> None:
        """Approved no longer: what it changes is another thing now, under the next revision."""
        self.status = ChangeOrderStatus.REVISED
        self.revision += 1

    def may_send(self, access: Access) -> str:
        lacks = access.lacks(Tool.COMMITMENTS, Level.ADMIN)
        return lacks or access.lacks(Tool.CHANGE_ORDERS, Level.ADMIN)

    def may_retrieve(self, access: Access) -> str:
        if access.has(Tool.CHANGE_ORDERS, Level.ADMIN):
            return ""
        return access.lacks(Tool.COMMITMENTS, Level.ADMIN)

    def may_attach(self, access: Access) -> str:
        return self.commitment.may_send(access)

    def problems(self) -> list[Problem]:
        found = place_problems(self.commitment.project)
        if self.status != ChangeOrderStatus.APPROVED:
            found.append(
                Problem(
                    code="status",
                    where="status",
                    text=f"The status is {self.get_status_display()}. Only an Approved change "
                    "order is sent.",
                )
            )
        parent = self.commitment.export
        if parent.status != Status.SYNCED:
            found.append(
                Problem(
                    code="parent",
                    where="parent",
                    text=f"Commitment {self.commitment.number} is not in the ERP yet "
                    f"({Status(parent.status).label}). It goes first; the change order can follow "
                    "when it is Synced.",
                )
            )
        found += vendor_problems(self.commitment.vendor)
        found += line_problems(self.lines.all())
        return found

    def mended_at(self, access: Access) -> Mapping[str, str]:
        form = address("change_order_edit", self.commitment.project_id, self.pk)
        return _mended_at(self, form, access)

    def commits(self) -> list[Part]:
        """What it adds to what is committed, once it is approved."""
        if self.status != ChangeOrderStatus.APPROVED:
            return []
        return [(line.cost_code_id, line.category_id, line.amount) for line in self.lines.all()]

    def to_document(self) -> Document:
        commitment = self.commitment
        lines = tuple(_lines(self.lines.all()))
        return Document(
            kind="change_order",
            id=self.pk,
            type=commitment.type,
            number=self.number,
            revision=self.revision,
            title=self.title,
            erp_title=self.erp_title,
            description=self.description,
            erp_description=self.erp_description,
            date=self.date_created,
            project=_project(commitment.project),
            vendor=Named(id=commitment.vendor.pk, name=commitment.vendor.name)
            if commitment.vendor
            else None,
            amount=sum((line.amount for line in lines), Decimal("0.00")),
            lines=lines,
            parent=Named(id=commitment.export_id, code=commitment.number, name=commitment.title),
            attachments=self.export.attached,
        )


class ChangeOrderLine(AnyLine):
    """A change to one line of the commitment. Several may change the same one."""

    change_order = models.ForeignKey(ChangeOrder, models.CASCADE, related_name="lines")
    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="+")
    commitment_line = models.ForeignKey(CommitmentLine, models.PROTECT, related_name="changes")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["change_order", "number"],
                name="change_order_line_number",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["id", "commitment"], name="change_of_commitment"),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.description or self.cost_code}"


def _project(project: Project) -> Named:
    return Named(id=project.pk, code=project.number, name=project.name)


def _lines(lines: Iterable[CommitmentLine | ChangeOrderLine]) -> Iterator[Line]:
    """As the ERP gets them. Many lines of few cost codes are the rule."""
    codes: dict[int, Named] = {}
    categories: dict[int, Named] = {}
    for line in lines:
        code, category = line.cost_code_id, line.category_id
        if code not in codes:
            codes[code] = Named(id=code, code=line.cost_code.code, name=line.cost_code.name)
        if category not in categories:
            categories[category] = Named(id=category, name=line.category.name)
        yield Line(
            id=line.pk,
            number=line.number,
            cost_code=codes[code],
            category=categories[category],
            sub_job=line.sub_job,
            description=line.description,
            erp_description=line.erp_description if isinstance(line, CommitmentLine) else "",
            quantity=line.quantity,
            unit=line.unit,
            unit_cost=line.unit_cost,
            amount=line.amount,
            commitment_line=_target(line.commitment_line)
            if isinstance(line, ChangeOrderLine)
            else None,
        )


def _target(line: CommitmentLine) -> Named:
    return Named(id=line.pk, code=str(line.number), name=line.description)


def _mended_at(document: Commitment | ChangeOrder, form: str, access: Access) -> dict[str, str]:
    texts = ("title", "erp_title", "description", "erp_description", "vendor_message")
    places = {name: f"{form}#{name}" for name in ("number", *texts, "lines")}
    places["status"] = f"{document.get_absolute_url()}#status"
    # Who reads the directory is led to the list in which a cost code is linked.
    if not access.has(Tool.DIRECTORY, Level.READ):
        numbers = [line.number for line in document.lines.all()]
        places |= {f"line:{number}": f"{form}#line-{number}" for number in numbers}
    return places


_PLACE = ("project__company__connection", "project__job", "vendor")
_COMMITMENTS = InFull(Commitment, CommitmentLine, "commitment", ("export__created_by", *_PLACE))
_CHANGE_ORDERS = InFull(
    ChangeOrder,
    ChangeOrderLine,
    "change_order",
    ("export__created_by", "commitment__export", *(f"commitment__{one}" for one in _PLACE)),
    commitment_line=CommitmentLine,
)
