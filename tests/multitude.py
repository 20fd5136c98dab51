"""More of everything that is listed somewhere, written straight into the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import connection

from approvals.models import Comparison, Export
from attachments.models import Attachment
from budgets.models import Budget, Modification, ModificationLine
from change_events.models import ChangeEvent, ChangeEventLine
from commitments.models import ChangeOrder, ChangeOrderLine, Commitment, CommitmentLine
from connectors.models import Conversation, Exchange, Message, Session
from directory.history import Happened, append
from directory.models import (
    ApiToken,
    Category,
    Company,
    CostCode,
    Job,
    JobCost,
    Mail,
    Membership,
    Notice,
    PrivilegeRequest,
    Project,
    ToolLevel,
    Unlinked,
    User,
    Vendor,
)
from tests.budgets.many import many_lines
from tests.stage import Stage

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def multiply(stage: Stage, at: dict[str, int], numbers: range) -> None:
    """As many more of each as there are `numbers`; `at`: what the table of permissions names."""
    people(stage, numbers)
    lists(stage, numbers)
    commitments(stage, at, numbers)
    change_events(stage, at, numbers)
    budget(stage, at, numbers)
    around(stage, at, numbers)
    with connection.cursor() as cursor:  # plans for thousands of rows, not for none
        cursor.execute("ANALYZE")


def people(stage: Stage, numbers: range) -> None:
    made = User.objects.bulk_create(
        User(name=f"Worker {n:05}", email=f"worker.{n}@test.example") for n in numbers
    )
    members = Membership.objects.bulk_create(
        Membership(user=one, company=stage.company) for one in made
    )
    ToolLevel.objects.bulk_create(
        ToolLevel(membership=one, company=stage.company, tool="erp", level=1) for one in members
    )
    PrivilegeRequest.objects.bulk_create(
        PrivilegeRequest(
            membership=one, company=stage.company, asked_by=stage.dora, reason="Month end."
        )
        for one in members
    )
    Company.objects.bulk_create(Company(name=f"Company {n:05}") for n in numbers)
    everybody = stage.people.values()
    Notice.objects.bulk_create(
        Notice(user=one, company=stage.company, kind="resent", title=f"Told {n}", path="/")
        for one in everybody
        for n in numbers
    )
    Mail.objects.bulk_create(
        Mail(user=stage.pam, address="pam@test.example", subject=f"Mail {n}", text="Told.")
        for n in numbers
    )
    for n in list(numbers)[:20]:
        ApiToken.make(stage.pam, f"program {n}")


def lists(stage: Stage, numbers: range) -> None:
    company = stage.company
    Vendor.objects.bulk_create(
        Vendor(company=company, name=f"Vendor {n:05}", erp_id=f"V-{n}") for n in numbers
    )
    Category.objects.bulk_create(
        Category(company=company, name=f"Category {n:05}") for n in list(numbers)[:50]
    )
    codes = CostCode.objects.bulk_create(
        CostCode(company=company, code=f"50-{n:05}", name="Work", erp_id=f"C-{n}") for n in numbers
    )
    Unlinked.objects.bulk_create(
        Unlinked(company=company, what=what, erp_id=f"U-{n}", name=f"Unlinked {n:05}")
        for what in Unlinked.What.values
        for n in numbers
    )
    jobs = Job.objects.bulk_create(
        Job(company=company, erp_id=f"J-{kind}-{n}", name=f"Owner:{kind} {n:05}")
        for kind in ("Free", "Built")
        for n in numbers
    )
    projects = Project.objects.bulk_create(
        Project(company=company, number=f"P-{n:05}", name="Library", job=job)
        for n, job in zip(numbers, jobs[len(numbers) :], strict=True)
    )
    pam = stage.pam.memberships.get()
    ToolLevel.objects.bulk_create(
        ToolLevel(membership=pam, company=company, project=one, tool="commitments", level=3)
        for one in projects
    )
    JobCost.objects.bulk_create(
        JobCost(
            company=company, project=project, cost_code=code, name=code.code, erp_id=code.erp_id,
            estimate=2, actual=1, as_of=AT,
        )
        for project, code in [
            *((stage.project, code) for code in codes),
            *zip(projects, codes, strict=True),
        ]
    )  # fmt: skip


def commitments(stage: Stage, at: dict[str, int], numbers: range) -> None:
    """Half of them wait for Ann; of each kind of a document's status there are some."""
    parent = Commitment.objects.get(pk=at["parent"])
    target = parent.lines.get(number=1)
    line = {
        "company": stage.company,
        "cost_code": stage.codes["03-300"],
        "category": stage.category,
        "amount": 1,
    }
    made = Commitment.objects.bulk_create(
        Commitment(
            company=stage.company, project=stage.project, export=one, type="subcontract",
            number=one.number, title=one.title, vendor=stage.vendor, status="approved",
            date_created=date(2026, 3, 2),
        )
        for one in _exports(stage, "commitment", numbers, None)
    )  # fmt: skip
    CommitmentLine.objects.bulk_create(
        CommitmentLine(commitment=one, number=1, **line) for one in made
    )
    draft = Commitment.objects.get(pk=at["draft"])
    some = list(numbers)[:200]
    CommitmentLine.objects.bulk_create(
        CommitmentLine(commitment=draft, number=100 + n, **line) for n in some
    )
    changes = ChangeOrder.objects.bulk_create(
        ChangeOrder(
            company=stage.company, commitment=parent, export=one, number=one.number,
            title=one.title, status="approved", date_created=date(2026, 4, 6),
        )
        for one in _exports(stage, "change_order", numbers, parent.export)
    )  # fmt: skip
    carried = {**line, "commitment": parent, "commitment_line": target}
    co = ChangeOrder.objects.get(pk=at["co"])
    ChangeOrderLine.objects.bulk_create(
        [
            *(ChangeOrderLine(change_order=one, number=1, **carried) for one in changes),
            *(ChangeOrderLine(change_order=co, number=100 + n, **carried) for n in some),
        ]
    )
    Comparison.objects.bulk_create(
        Comparison(
            export_id=one.export_id, company=stage.company, compared_at=AT, differs=True,
            differences=[{"where": "total", "ours": "1.00", "theirs": "2.00", "advice": "Look."}],
        )
        for one in made
    )  # fmt: skip
    for kind, model in (("commitment", Commitment), ("change_order", ChangeOrder)):
        rows = list(Export.objects.filter(kind=kind, document_id=0))
        ids = dict(model._default_manager.values_list("export", "pk"))
        for one in rows:
            one.document_id = ids[one.pk]
        Export.objects.bulk_update(rows, ["document_id"], batch_size=1000)


def _exports(stage: Stage, kind: str, numbers: range, parent: Export | None) -> Sequence[Export]:
    sent = Export.objects.filter(status="sent").exclude(copy="")[0]
    made = [
        Export(
            company=stage.company, project=stage.project, kind=kind, number=f"{kind[:2]}-{n:05}",
            title="Concrete", amount=1, created_by=stage.pam, parent=parent, vendor_name="Ironwood",
        )
        for n in numbers
    ]  # fmt: skip
    for one in made[::2]:
        one.status, one.sent_by, one.sent_at = "sent", stage.pam, AT
        one.copy, one.copy_digest, one.version = sent.copy, sent.copy_digest, 1
    return Export.objects.bulk_create(made)


def change_events(stage: Stage, at: dict[str, int], numbers: range) -> None:
    events = ChangeEvent.objects.bulk_create(
        ChangeEvent(
            company=stage.company, project_id=at["sister"], number=f"E-{n:05}", title="Rain",
            created_by=stage.pam,
        )
        for n in numbers
    )  # fmt: skip
    same = {
        "company": stage.company,
        "cost_code": stage.codes["03-300"],
        "category": stage.category,
        "vendor": stage.vendor,
        "amount": 1,
    }
    ChangeEventLine.objects.bulk_create(
        [
            *(ChangeEventLine(event=one, number=1, **same) for one in events),
            *(
                ChangeEventLine(event_id=at["event"], number=100 + n, **same)
                for n in list(numbers)[:200]
            ),
        ]
    )


def budget(stage: Stage, at: dict[str, int], numbers: range) -> None:
    now = Budget.objects.get(pk=at["budget"])
    many_lines(now, len(numbers), start=numbers.start)
    first = now.lines.order_by("number")[0]
    last = now.modifications.count()
    made = Modification.objects.bulk_create(
        Modification(
            company=stage.company, budget=now, number=last + n, round=2, type="change",
            date=date(2026, 5, 4), reason="Rain", created_by=stage.pam,
        )
        for n in range(1, min(len(numbers), 60) + 1)
    )  # fmt: skip
    ModificationLine.objects.bulk_create(
        ModificationLine(
            company=stage.company, budget=now, modification=one, line=first, amount=1
        )
        for one in made
    )  # fmt: skip


def around(stage: Stage, at: dict[str, int], numbers: range) -> None:
    """Events, files, and what was said to the ERP."""
    sent = Export.objects.get(pk=at["sent"])
    append(
        stage.company.pk,
        [Happened("edit", sent.subject, stage.pam.pk, {"version": n}) for n in numbers],
    )
    unsent = Export.objects.get(pk=at["unsent"])
    Attachment.objects.bulk_create(
        Attachment(
            company=stage.company, subject=one.subject, name=f"{n}.pdf", type="pdf", size=10,
            sha256="0" * 64, attached_by=stage.pam,
        )
        for one in (sent, unsent, ChangeEvent.objects.get(pk=at["event"]))
        for n in list(numbers)[:50]
    )  # fmt: skip
    talk = Conversation.objects.get(subject=str(sent.pk))
    sessions = Session.objects.bulk_create(
        Session(connection=stage.connection, fence=1 + n, ended_at=AT) for n in numbers
    )
    messages = Message.objects.bulk_create(
        Message(session=one, number=1, body="<QBXML/>", reply="<QBXML/>") for one in sessions
    )
    request = talk.exchanges.get().request if talk.exchanges.count() == 1 else ""
    Exchange.objects.bulk_create(
        Exchange(
            conversation=talk, position=1 + n, message=one, request_id=str(n),
            request=request or talk.exchanges.order_by("position")[0].request,
        )
        for n, one in zip(numbers, messages, strict=True)
    )  # fmt: skip
