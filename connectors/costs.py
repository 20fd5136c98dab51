"""Bringing job costs here: what the ERP has estimated and spent per cost code of a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models.functions import Now

from connectors import engine
from connectors.contract import CostRow, JobCosts, Ref
from connectors.engine.scripts import Costs, encode
from connectors.models import Connection, Conversation
from connectors.registry import connector_for
from directory.compiled import CompiledQuery
from directory.models import Category, CostCode, JobCost, Project


def queue_costs(connection: Connection) -> int:
    """Queue a look at the costs of every project with a job, once each; returns how many."""
    waiting = {row["subject"] for row in _WAITING.rows(connection.pk)}
    work = [
        (f"costs {project['id']}", f"costs:{project['job__erp_id']}")
        for project in _WITH_JOB.rows(connection.company_id)
        if f"costs {project['id']}" not in waiting
    ]
    engine.queue_all(connection.pk, "costs", work)
    return len(work)


_WAITING = CompiledQuery(
    lambda connection: (
        Conversation.objects.filter(connection=connection, purpose="costs")
        .exclude(state=Conversation.State.CLOSED)
        .values("subject")
    ),
    int,
)
_WITH_JOB = CompiledQuery(
    lambda company: (
        Project.objects.filter(company=company, job__erp_active=True)
        .order_by("id")
        .values("id", "job__erp_id")
    ),
    int,
)


class JobCostReports:
    """The purpose of the conversations that read job costs."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        """Nothing: the ledger of a project is written by its own conversation alone."""

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        of = [_project_of(conversation) for conversation in conversations]
        projects = {project.pk: project for project in _PROJECTS.all(of)}
        settings = conversations[0].connection.settings
        inputs: dict[str, str | None] = {}
        for conversation in conversations:
            project = projects.get(_project_of(conversation))
            job = project.job if project else None
            inputs[conversation.subject] = (
                encode(Costs(Ref(id=job.erp_id, name=job.erp_name or job.name), settings))
                if job
                else None
            )
        return inputs

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """It is asked again at the next visit."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """Never: a report writes nothing."""

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """Put a whole report in place of the one before; what could not be read changes nothing."""
        for outcome in outcomes:
            if isinstance(outcome.value, JobCosts):
                replace_costs(_project_of(outcome.conversation), outcome.value)


_PROJECTS = CompiledQuery(
    lambda pks: Project.objects.select_related("job").filter(pk__in=pks), list[int]
)


def _project_of(conversation: Conversation) -> int:
    return int(conversation.subject.split(" ")[1])


def replace_costs(project_id: int, costs: JobCosts) -> None:
    """Keep what the ERP says of a project's costs now, in place of what it said before."""
    project = Project.objects.get(pk=project_id)
    connection = Connection.objects.get(company=project.company_id)
    ours = _cost_codes(connection, costs.rows)
    JobCost.objects.filter(project=project).delete()
    JobCost.objects.bulk_create(
        JobCost(
            company_id=project.company_id,
            project=project,
            cost_code_id=ours[row.key][0],
            category_id=ours[row.key][1],
            erp_id=row.item,
            erp_category=row.category,
            name=row.name,
            estimate=row.estimate,
            estimates={
                one.id: str(one.costs[row.key])
                for one in costs.estimates
                if one.active and row.key in one.costs
            },
            actual=row.actual,
            as_of=Now(),
        )
        for row in costs.rows
    )
    Project.objects.filter(pk=project_id).update(erp_synced_at=Now())


def _cost_codes(
    connection: Connection, rows: Sequence[CostRow]
) -> dict[str, tuple[int | None, int | None]]:
    """`CostRow.key` -> our cost code and category that it is, None where it is none of ours."""
    connector, settings = connector_for(connection.erp), connection.settings
    categories = list(Category.objects.filter(company=connection.company_id))
    codes = CostCode.objects.filter(company=connection.company_id).exclude(erp_id="")
    by_item: dict[str, tuple[int, int | None]] = {code.erp_id: (code.pk, None) for code in codes}
    by_name = {
        name: (code.pk, category.pk)
        for category in categories
        for code in codes
        if (name := connector.item_name(code.erp_name, category.name, settings)) != code.erp_name
    }
    by_record = {category.erp_id: category.pk for category in categories if category.erp_id}
    found: dict[str, tuple[int | None, int | None]] = {}
    for row in rows:
        code, category = by_name.get(row.name) or by_item.get(row.item) or (None, None)
        found[row.key] = code, by_record.get(row.category, category)
    return found
