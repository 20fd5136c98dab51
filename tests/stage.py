"""The stage that the tests' stories play on: one company, its people, its project, its books.

Pam the project manager, Ann the approver, Bea another approver, Vic who may only look, Dora the
administrator, Otto the operator; Olga is from another company. The QuickBooks company file is the
sandbox's stand-in.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models.functions import Now
from django.test import Client

from approvals import workflow
from approvals.models import Export, Exportable
from commitments.models import ChangeOrder, Commitment
from connectors import engine
from connectors.models import Connection
from connectors.passwords import password_digest
from connectors.quickbooks import OWNER_ID
from directory.access import Access, access_to
from directory.ledger import commit
from directory.models import (
    Category,
    Company,
    CostCode,
    Membership,
    Project,
    ToolLevel,
    User,
    Vendor,
)
from directory.perms import COMPANY_TOOLS, PROJECT_TOOLS, Level, Tool
from directory.privilege import grant_push
from sandbox.quickbooks import CompanyFile, Faults, Qwc, WebConnector
from tests import factories
from tests.books import CheckedBooks

PASSWORD = "fixed-for-tests-0123456789abcdef0123456789"
FILE_ID = "{5e0a9c1e-7a53-4f0e-9b1d-2f6f3c4d5e6f}"

# person -> what they may do: company tools and project tools
LEVELS: dict[str, dict[Tool, Level]] = {
    "Pam": dict.fromkeys(PROJECT_TOOLS, Level.ADMIN),
    "Ann": {Tool.ERP: Level.STANDARD, **dict.fromkeys(PROJECT_TOOLS, Level.READ)},
    "Bea": {Tool.ERP: Level.STANDARD, **dict.fromkeys(PROJECT_TOOLS, Level.READ)},
    "Vic": {Tool.ERP: Level.READ, **dict.fromkeys(PROJECT_TOOLS, Level.READ)},
    "Dora": dict.fromkeys(COMPANY_TOOLS, Level.ADMIN),
}


@dataclass
class Stage:
    """Everything there is; see the module."""

    company: Company
    project: Project
    vendor: Vendor
    codes: dict[str, CostCode]
    category: Category
    connection: Connection
    books: CompanyFile
    people: dict[str, User]
    other: Company
    faults: Faults = field(default_factory=Faults)

    def __getattr__(self, name: str) -> User:
        person = self.__dict__.get("people", {}).get(name.capitalize())
        if person is None:
            raise AttributeError(name)
        return person

    def access(self, person: User, project: Project | None = None) -> Access:
        return access_to(person, self.company, project or self.project)

    # --- documents ---

    def commitment(
        self, *, number: str = "SC-001", lines: Sequence[tuple[str, str, str]] = (), **fields: Any
    ) -> Commitment:
        """An approved subcontract. `lines`: (cost code, description, amount)."""
        made = factories.CommitmentFactory.create(
            project=self.project,
            number=number,
            created_by=self.pam,
            **{"vendor": self.vendor, **fields},
        )
        lines = lines or [("03-300", "Footings", "10000.00"), ("05-120", "Steel frame", "25000.00")]
        for place, (code, description, amount) in enumerate(lines, 1):
            factories.CommitmentLineFactory.create(
                commitment=made,
                number=place,
                cost_code=self.codes[code],
                category=self.category,
                description=description,
                amount=Decimal(amount),
            )
        return _saved(made)

    def change_order(
        self,
        commitment: Commitment,
        lines: Sequence[tuple[int, str, str]] = ((1, "Deeper footings", "1500.00"),),
        *,
        number: str = "001",
        **fields: Any,
    ) -> ChangeOrder:
        """An approved CCO. `lines`: (line number of the commitment, description, amount)."""
        made = factories.ChangeOrderFactory.create(
            commitment=commitment, number=number, created_by=self.pam, **fields
        )
        targets = {line.number: line for line in commitment.lines.all()}
        for place, (target, description, amount) in enumerate(lines, 1):
            factories.ChangeOrderLineFactory.create(
                change_order=made,
                number=place,
                commitment_line=targets[target],
                description=description,
                amount=Decimal(amount),
            )
        return _saved(made)

    # --- steps, as people take them ---

    def send(self, document: Exportable, by: User | None = None) -> Export:
        export = Export.objects.get(pk=document.export_id)
        access = self.access(by or self.pam, export.project)
        return workflow.send(document, by=access, version=export.version)

    def accept(self, document: Exportable, by: User | None = None) -> Export:
        return self.step("accept", document, by or self.ann)

    def step(self, name: str, document: Exportable, by: User, note: str = "") -> Export:
        export = Export.objects.get(pk=document.export_id)
        access = self.access(by, export.project)
        return workflow.take(name, export, by=access, version=export.version, note=note)

    def status(self, document: Exportable) -> str:
        return Export.objects.values_list("status", flat=True).get(pk=document.export_id)

    def export(self, document: Exportable) -> Export:
        return Export.objects.get(pk=document.export_id)

    def synced(self, document: Exportable) -> Export:
        """Send, accept, and let QuickBooks collect it."""
        self.send(document)
        self.accept(document)
        self.visit()
        export = self.export(document)
        assert export.status == "synced", (export.status, export.message)
        return export

    # --- QuickBooks ---

    def visit(self) -> int:
        """One visit of a Web Connector, without HTTP; returns how many messages went out."""
        session = engine.open_session(self.connection.pk)
        assert not isinstance(session, engine.Silence)
        messages = 0
        while (message := engine.next_message(session)) is not None:
            messages += 1
            if engine.receive(session, self.books.answer(message.body)) == 100:
                break
        engine.close_session(session)
        return messages

    def web_connector(self, server: str, **options: Any) -> WebConnector:
        """A Web Connector on its own machine, for real HTTP to `server` (its base URL)."""
        qwc = Qwc(
            app_name="ERP Bridge",
            url=f"{server}/qbwc/{self.connection.pk}/",
            user=self.connection.user_name or "",
            owner_id=OWNER_ID,
            file_id=FILE_ID,
        )
        return WebConnector(
            qwc, PASSWORD, self.books, faults=self.faults, wait=lambda _seconds: None, **options
        )

    def order(self, number: str = "SC-001") -> Any:
        """The purchase order of that number as QuickBooks holds it; there must be exactly one."""
        [order] = [one for one in self.books.purchase_orders() if one.ref_number == number]
        return order


def sign_in(client: Client, user: User) -> None:
    """As if the person had just signed in and entered their password once more."""
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    record = {"method": "password", "at": time.time(), "reauthenticated": True}
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def set_stage(books: CompanyFile | None = None) -> Stage:
    """Build it all: a company on QuickBooks with one project, ready to send."""
    company = factories.CompanyFactory.create(name="Meridian Builders")
    other = factories.CompanyFactory.create(name="Harbor Construction")
    people = {name: factories.UserFactory.create(name=name) for name in (*LEVELS, "Otto", "Olga")}
    people["Otto"].is_operator = True
    people["Otto"].save()
    books = books or CheckedBooks.create(company_name="Meridian Builders, Inc.")
    customer = books.add_customer("City of Alder")
    job = factories.JobFactory.create(
        company=company, name="City of Alder:Library", erp_id=books.add_job(customer, "Library")
    )
    project = factories.ProjectFactory.create(
        company=company, number="26-010", name="Riverside Library", job=job
    )
    Project.objects.filter(pk=project.pk).update(erp_synced_at=Now())
    project.refresh_from_db()
    for name, levels in LEVELS.items():
        membership = factories.MembershipFactory.create(user=people[name], company=company)
        for tool, level in levels.items():
            place = project if tool in PROJECT_TOOLS else None
            ToolLevel.objects.create(
                membership=membership, company=company, project=place, tool=tool, level=level
            )
        if name in ("Ann", "Bea"):
            grant_push(membership, by=people["Otto"])
    _olga(people["Olga"], other)
    vendor_name = "Ironwood Concrete"
    vendor = factories.VendorFactory.create(
        company=company,
        name=vendor_name,
        erp_id=books.add_vendor(vendor_name),
        erp_name=vendor_name,
    )
    codes = {}
    for code, name in (("03-300", "Concrete"), ("05-120", "Steel"), ("09-290", "Drywall")):
        codes[code] = factories.CostCodeFactory.create(
            company=company, code=code, name=name, erp_id=books.add_item(code), erp_name=code
        )
    category = factories.CategoryFactory.create(company=company, name="Subcontract")
    connection = Connection.objects.create(
        company=company,
        erp="quickbooks",
        company_file=FILE_ID,
        user_name="qb-meridian",
        password_digest=password_digest(PASSWORD),
        settings={"category": "nothing"},
    )
    return Stage(company, project, vendor, codes, category, connection, books, people, other)


def _olga(olga: User, other: Company) -> None:
    """An administrator of everything, at another company."""
    membership: Membership = factories.MembershipFactory.create(user=olga, company=other)
    project = factories.ProjectFactory.create(company=other, number="H-1", name="Harbor Office")
    for tool in (*COMPANY_TOOLS, *PROJECT_TOOLS):
        ToolLevel.objects.create(
            membership=membership,
            company=other,
            project=project if tool in PROJECT_TOOLS else None,
            tool=tool,
            level=Level.ADMIN,
        )


def _saved(document: Any) -> Any:
    """The document as a page would load it, its Export showing its total, its ledger written."""
    fresh = type(document).objects.get(pk=document.pk)
    Export.objects.filter(pk=fresh.export_id).update(amount=fresh.total, document_id=fresh.pk)
    export = fresh.export
    commit(export.pk, fresh.commits(), company=export.company_id, project=export.project_id)
    return fresh
