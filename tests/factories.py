"""Rows for tests, each valid by itself."""

from datetime import date
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from approvals.moves import new_export
from change_events.models import ChangeEvent, ChangeEventLine
from commitments.models import ChangeOrder, ChangeOrderLine, Commitment, CommitmentLine
from commitments.states import ChangeOrderStatus, CommitmentStatus, Type
from directory.models import Category, Company, CostCode, Job, Membership, Project, User, Vendor


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(
        lambda made: f"{made.name.lower().replace(' ', '.')}@test.example"
    )


class CompanyFactory(DjangoModelFactory[Company]):
    class Meta:
        model = Company

    name = factory.Sequence(lambda n: f"Builders {n}")
    erp_enabled = True


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    company = factory.SubFactory(CompanyFactory)


class JobFactory(DjangoModelFactory[Job]):
    class Meta:
        model = Job

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"City of Alder:Job {n}")
    erp_id = factory.Sequence(lambda n: f"8000{n:04X}-1467312345")


class ProjectFactory(DjangoModelFactory[Project]):
    class Meta:
        model = Project

    company = factory.SubFactory(CompanyFactory)
    number = factory.Sequence(lambda n: f"24-{n:03}")
    name = factory.Sequence(lambda n: f"Library {n}")


class VendorFactory(DjangoModelFactory[Vendor]):
    class Meta:
        model = Vendor

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"Trade Partner {n}")


class CostCodeFactory(DjangoModelFactory[CostCode]):
    class Meta:
        model = CostCode

    company = factory.SubFactory(CompanyFactory)
    code = factory.Sequence(lambda n: f"03-{n:03}")
    name = "Concrete"


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"Category {n}")


class CommitmentFactory(DjangoModelFactory[Commitment]):
    """A commitment without lines, with its Export. Give `created_by`."""

    class Meta:
        model = Commitment
        exclude = ("created_by",)

    company = factory.LazyAttribute(lambda made: made.project.company)
    type = Type.SUBCONTRACT
    number = factory.Sequence(lambda n: f"SC-{n:03}")
    title = "Structural concrete"
    status = CommitmentStatus.APPROVED
    date_created = date(2026, 3, 2)
    created_by = None
    export = factory.LazyAttribute(
        lambda made: new_export(
            company=made.company,
            project=made.project,
            kind="commitment",
            number=made.number,
            title=made.title,
            amount=Decimal(0),
            vendor_name=made.vendor.name if made.vendor else "",
            created_by=made.created_by,
        )
    )


class CommitmentLineFactory(DjangoModelFactory[CommitmentLine]):
    class Meta:
        model = CommitmentLine

    company = factory.LazyAttribute(lambda made: made.commitment.company)
    number = 1
    description = "Footings"
    amount = Decimal("10000.00")


class ChangeOrderFactory(DjangoModelFactory[ChangeOrder]):
    """A change order without lines, with its Export. Give `created_by`."""

    class Meta:
        model = ChangeOrder
        exclude = ("created_by",)

    company = factory.LazyAttribute(lambda made: made.commitment.company)
    number = factory.Sequence(lambda n: f"{n + 1:03}")
    title = "Deeper footings"
    status = ChangeOrderStatus.APPROVED
    date_created = date(2026, 4, 6)
    created_by = None
    export = factory.LazyAttribute(
        lambda made: new_export(
            company=made.company,
            project=made.commitment.project,
            kind="change_order",
            number=made.number,
            title=made.title,
            amount=Decimal(0),
            parent=made.commitment.export,
            created_by=made.created_by,
        )
    )


class ChangeOrderLineFactory(DjangoModelFactory[ChangeOrderLine]):
    class Meta:
        model = ChangeOrderLine

    company = factory.LazyAttribute(lambda made: made.change_order.company)
    commitment = factory.LazyAttribute(lambda made: made.change_order.commitment)
    cost_code = factory.LazyAttribute(lambda made: made.commitment_line.cost_code)
    category = factory.LazyAttribute(lambda made: made.commitment_line.category)
    number = 1
    amount = Decimal("500.00")


class ChangeEventFactory(DjangoModelFactory[ChangeEvent]):
    """A change event without lines. Give `created_by`."""

    class Meta:
        model = ChangeEvent

    company = factory.LazyAttribute(lambda made: made.project.company)
    number = factory.Sequence(lambda n: f"{n + 1:03}")
    title = "Owner moves the stair"


class ChangeEventLineFactory(DjangoModelFactory[ChangeEventLine]):
    class Meta:
        model = ChangeEventLine

    company = factory.LazyAttribute(lambda made: made.event.company)
    number = 1
    description = "Footings for the stair"
    amount = Decimal("500.00")
