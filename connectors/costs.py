"""Bringing job costs here: what the ERP has estimated and spent per cost code of a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models.functions import Now

from connectors import engine
from connectors.contract import JobCosts, Ref
from connectors.engine.scripts import Costs, encode
from connectors.models import Connection, Conversation
from directory.models import CostCode, JobCost, Project


def queue_costs(connection: Connection) -> int:
    """Queue a look at the costs of every project with a job, once each; returns how many."""
    waiting = set(
        Conversation.objects.filter(connection=connection, purpose="costs")
        .exclude(state=Conversation.State.CLOSED)
        .values_list("subject", flat=True)
    )
    projects = Project.objects.filter(company=connection.company_id, job__erp_active=True)
    work = [
        (f"costs {project}", f"costs:{job}")
        for project, job in projects.order_by("id").values_list("id", "job__erp_id")
        if f"costs {project}" not in waiting
    ]
    engine.queue_all(connection.pk, "costs", work)
    return len(work)


class JobCostReports:
    """The purpose of the conversations that read job costs."""

    def lock(self, subjects: Sequence[str]) -> None:
        """Nothing: the ledger of a project is written by its own conversation alone."""

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        projects = Project.objects.select_related("job").in_bulk(
            [_project_of(conversation) for conversation in conversations]
        )
        inputs: dict[str, str | None] = {}
        for conversation in conversations:
            project = projects.get(_project_of(conversation))
            job = project.job if project else None
            inputs[conversation.subject] = (
                encode(Costs(Ref(id=job.erp_id, name=job.erp_name or job.name))) if job else None
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
                _replace(_project_of(outcome.conversation), outcome.value)


def _project_of(conversation: Conversation) -> int:
    return int(conversation.subject.split(" ")[1])


def _replace(project_id: int, costs: JobCosts) -> None:
    project = Project.objects.get(pk=project_id)
    codes = CostCode.objects.filter(
        company=project.company_id, erp_id__in=[row.item for row in costs.rows if row.item]
    )
    ours = {code.erp_id: code for code in codes}
    JobCost.objects.filter(project=project).delete()
    JobCost.objects.bulk_create(
        JobCost(
            company_id=project.company_id,
            project=project,
            cost_code=ours.get(row.item) if row.item else None,
            erp_id=row.item,
            name=row.name,
            estimate=row.estimate,
            estimates={
                one.id: str(one.costs[row.item])
                for one in costs.estimates
                if one.active and row.item in one.costs
            },
            actual=row.actual,
            as_of=Now(),
        )
        for row in costs.rows
    )
    Project.objects.filter(pk=project_id).update(erp_synced_at=Now())
