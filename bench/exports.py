"""Ten companies with ten thousand to a million exports, from a fixed seed.

The first company owns four of ten rows; of each company's exports three of ten are commitments.
Most are synced, a few wait: the shape of a queue that has been in use for years.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from approvals.models import Export
from approvals.states import Status
from bench.data import copy, run, settle, unhindered
from connectors.models import Connection
from connectors.passwords import password_digest
from directory.models import (
    Company,
    CostCode,
    Job,
    Membership,
    Project,
    ToolLevel,
    User,
    Vendor,
)
from directory.perms import Level, Tool
from directory.privilege import grant_push
from tests.stage import PASSWORD

SEED = 20260406
COMPANIES = 10
BIG = 1  # the company that is looked at
PROJECTS = 40  # of each company
VENDORS = 30
CODES = 20
LAST = datetime(2026, 11, 1, 12, tzinfo=UTC)
SPAN = 2 * 365 * 86400 * 1_000_000 - 1  # microseconds

# status -> how many of a thousand
STATUSES = {
    Status.SYNCED: 860,
    Status.SENT: 60,
    Status.DRAFT: 40,
    Status.FAILED: 12,
    Status.REJECTED: 10,
    Status.ACCEPTED: 10,
    Status.NEEDS_ATTENTION: 4,
    Status.RETRIEVED: 4,
}
NEVER_SENT = frozenset({Status.DRAFT, Status.RETRIEVED})
WITH_TERMS = frozenset({Status.SYNCED, Status.ACCEPTED, Status.FAILED, Status.NEEDS_ATTENTION})
TITLES = ("Structural concrete", "Steel frame", "Deeper footings", "Drywall, east wing", "Roofing")
COLUMNS = (
    *("id", "company_id", "project_id", "kind", "document_id", "number", "title", "amount"),
    *("vendor_name", "parent_id", "status", "version", "created_by_id", "copy", "copy_digest"),
    *("terms", "terms_digest", "rejected_copy", "receipt", "erp_id", "erp_number", "message"),
    *("sent_by_id", "sent_at", "decided_by_id", "decided_at", "synced_at", "status_at"),
)


@dataclass(frozen=True, slots=True)
class People:
    """Who works at the big company."""

    ann: User  # the approver
    pam: User  # the project manager


def build(size: int, *, waiting: bool = False, under_synced: bool = False) -> People:
    """Fill the database that is in use. `waiting`: every commitment is synced, and every change
    order waits for the approver; `under_synced`: every commitment is."""
    people = _places()
    with unhindered("approvals_export"):
        copy(Export, COLUMNS, _exports(size, people, waiting, under_synced))
    run(
        """
        INSERT INTO approvals_tabcount (company_id, kind, status, n)
        SELECT company_id, kind, status, count(*) FROM approvals_export GROUP BY 1, 2, 3
        """
    )
    run("SELECT setval(pg_get_serial_sequence('approvals_export', 'id'), %s)", [size + 1])
    settle()
    return people


def _places() -> People:
    """Companies, their projects and lists, and two people."""
    companies = range(1, COMPANIES + 1)
    Company.objects.bulk_create(
        Company(pk=company, name=f"Builders {company}", erp_enabled=True) for company in companies
    )
    Job.objects.bulk_create(
        Job(pk=n, company_id=c, name=f"City:Job {n}", erp_id=f"J{n}", erp_name=f"City:Job {n}")
        for c, n in _of(PROJECTS)
    )
    Project.objects.bulk_create(
        Project(
            pk=n,
            company_id=c,
            number=f"26-{n:03}",
            name=f"Library {n}",
            job_id=n,
            erp_synced_at=LAST,
        )
        for c, n in _of(PROJECTS)
    )
    Vendor.objects.bulk_create(
        Vendor(pk=n, company_id=c, name=_vendor(n), erp_id=f"V{n}", erp_name=_vendor(n))
        for c, n in _of(VENDORS)
    )
    CostCode.objects.bulk_create(
        CostCode(
            pk=n, company_id=c, code=f"03-{n}", name="Concrete", erp_id=f"I{n}", erp_name=f"03-{n}"
        )
        for c, n in _of(CODES)
    )
    Connection.objects.bulk_create(
        Connection(
            pk=c,
            company_id=c,
            erp="quickbooks",
            company_file=f"{{{c}}}",
            user_name=f"qb-{c}",
            password_digest=password_digest(PASSWORD),
            settings={"category": "nothing"},
        )
        for c in companies
    )
    otto = User.objects.create_user("otto@bench.example", "Otto", is_operator=True)
    people = People(
        User.objects.create_user("ann@bench.example", "Ann", PASSWORD),
        User.objects.create_user("pam@bench.example", "Pam"),
    )
    for person in (people.ann, people.pam):
        member = Membership.objects.create(user=person, company_id=BIG)
        ToolLevel.objects.create(
            membership=member, company_id=BIG, tool=Tool.ERP, level=Level.STANDARD
        )
        if person == people.ann:
            grant_push(member, by=otto)
    return people


def _of(each: int) -> Iterator[tuple[int, int]]:
    """(company, id) of `each` rows for every company."""
    return ((c, (c - 1) * each + n) for c in range(1, COMPANIES + 1) for n in range(1, each + 1))


def _vendor(number: int) -> str:
    return f"Ironwood Trade Partner {number}"


def _exports(
    size: int, people: People, waiting: bool, under_synced: bool
) -> Iterator[list[object]]:
    random = Random(SEED)  # noqa: S311
    commitments = size * 3 // 10
    owners = random.choices(
        range(1, COMPANIES + 1), [40] + [60 / (COMPANIES - 1)] * (COMPANIES - 1), k=commitments
    )
    if waiting:
        drawn = [Status.SYNCED] * commitments + [Status.SENT] * (size - commitments)
    else:
        drawn = random.choices(list(STATUSES), list(STATUSES.values()), k=size)
    if under_synced:
        drawn[:commitments] = [Status.SYNCED] * commitments
    number = Counter[int]()
    for place in range(1, size + 1):
        parent = None if place <= commitments else random.randrange(1, commitments + 1)
        company = owners[(parent or place) - 1]
        number[parent or 0] += 1
        yield _export(place, company, parent, number[parent or 0], drawn[place - 1], people, random)


def _export(
    place: int,
    company: int,
    parent: int | None,
    number: int,
    status: Status,
    people: People,
    random: Random,
) -> list[object]:
    project = (company - 1) * PROJECTS + (parent or place) % PROJECTS + 1
    vendor = (company - 1) * VENDORS + (parent or place) % VENDORS + 1
    at = LAST - timedelta(microseconds=random.randrange(1, SPAN))
    at = at.replace(microsecond=at.microsecond or 1)
    name = f"{number:03}" if parent else f"SC-{place}"
    title = TITLES[place % len(TITLES)]
    amount = Decimal(random.randrange(10_000, 9_000_000)).scaleb(-2)
    sent = status not in NEVER_SENT
    synced = status == Status.SYNCED
    # Every commitment that has changes is in the ERP; those among the first are.
    receipt = ""
    if synced:
        receipt = f'{{"amount":"{amount}","id":"T{place}","lines":{{}},"number":"{name}"}}'
    text = _copy(place, company, parent, name, title, amount, project, vendor) if sent else ""
    digest = hashlib.sha256(text.encode()).hexdigest() if sent else ""
    decided = status in WITH_TERMS
    terms = _TERMS if decided else ""
    return [
        *(place, company, project, "change_order" if parent else "commitment", place, name, title),
        *(amount, _vendor(vendor), parent, status.value, 1 + sent + decided, people.pam.pk, text),
        *(digest, terms, _TERMS_DIGEST if decided else "", "", receipt),
        *(f"T{place}" if synced else "", name if synced else "", ""),
        *(people.pam.pk if sent else None, at if sent else None),
        *(people.ann.pk if decided else None, at if decided else None),
        *(at if synced else None, at),
    ]


_TERMS = '{"company_file":"{1}","erp":"quickbooks","items":{},"number":"SC"}'
_TERMS_DIGEST = hashlib.sha256(_TERMS.encode()).hexdigest()


def _copy(
    place: int,
    company: int,
    parent: int | None,
    name: str,
    title: str,
    amount: Decimal,
    project: int,
    vendor: int,
) -> str:
    """The frozen copy, as `Document.canonical` writes it: two lines."""
    code = (company - 1) * CODES + place % CODES + 1
    half = (amount / 2).quantize(Decimal("0.01"))
    target = f'{{"code":"1","id":{2 * parent + 1},"name":"Footings"}}' if parent else "null"
    lines = ",".join(
        f'{{"amount":"{part}","category":{{"code":"","id":{company},"name":"Subcontract"}},'
        f'"commitment_line":{target},"cost_code":{{"code":"03-{code}","id":{code},'
        f'"name":"Concrete"}},"description":"Footings, gridline {line}","id":{2 * place + line},'
        f'"number":{line},"quantity":null,"sub_job":"","unit":"","unit_cost":null}}'
        for line, part in ((1, half), (2, amount - half))
    )
    kind = "change_order" if parent else "commitment"
    above = f'{{"code":"SC-{parent}","id":{parent},"name":"Concrete"}}' if parent else "null"
    return (
        f'{{"amount":"{amount}","attachments":[],"date":"2026-04-06","description":"",'
        f'"id":{place},"kind":"{kind}","lines":[{lines}],"number":"{name}","parent":{above},'
        f'"project":{{"code":"26-{project:03}","id":{project},"name":"Library {project}"}},'
        f'"retainage":"0","revision":0,"title":{json.dumps(title)},"type":"subcontract",'
        f'"vendor":{{"code":"","id":{vendor},"name":"{_vendor(vendor)}"}},"vendor_message":""}}'
    )
