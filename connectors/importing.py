"""What people do with the ERP's lists: link its records to rows of ours, import them, put them
aside.

A vendor, cost code or category that none of ours is linked to is an `Unlinked`; of the jobs it is
those without a project. Each verb takes the rows of ours first, then those of the ERP: as pulls do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from connectors.matching import Suggestion, suggestions
from connectors.pulls import named
from directory.access import Access
from directory.entered import Reader
from directory.history import Happened, append
from directory.models import Category, Company, CostCode, Job, Project, Unlinked, Vendor
from directory.perms import Level, Tool

Ours = Vendor | CostCode | Category | Project
Theirs = Unlinked | Job
# A bulk step takes at most as many at once, as those of the queue do.
MOST = 500
MOST_LOOKED_AT = 2_000
VIEWS = {"ready": "Ready to Import", "linked": "Linked", "archived": "Archived"}
STEPS = ("link", "link-all", "import", "archive", "restore", "unlink")


@dataclass(frozen=True, slots=True)
class ErpList:
    """One of the ERP's lists and the rows of ours that its records are linked to."""

    what: str
    slug: str
    title: str
    one: str  # what a row of ours is called
    ours: Any  # its model
    key: str  # what people know it by

    @property
    def has_jobs(self) -> bool:
        return self.ours is Project

    @property
    def first(self) -> str:
        """What people know a linked row by, from the rows of `linked`."""
        return f"project__{self.key}" if self.has_jobs else self.key

    def records(self, company: Company, *, archived: bool = False) -> QuerySet[Any]:
        """Records of the ERP that nothing is linked to: ready to import, or archived."""
        if self.has_jobs:
            jobs = Job.objects.filter(company=company, project=None, archived=archived)
            return jobs.select_related("project")  # that there is none is known, too
        linked = self.ours._default_manager.filter(company=company, erp_id=OuterRef("erp_id"))
        return Unlinked.objects.filter(
            ~Exists(linked), company=company, what=self.what, archived=archived
        )

    def view(self, company: Company, name: str) -> QuerySet[Any]:
        """The rows of one of `VIEWS`."""
        if name == "linked":
            return self.linked(company)
        return self.records(company, archived=name == "archived")

    def linked(self, company: Company) -> QuerySet[Any]:
        """Rows of ours that are linked; of projects the jobs that they are linked to."""
        if self.has_jobs:
            linked = Job.objects.filter(company=company, project__isnull=False)
            return linked.select_related("project")
        rows: QuerySet[Any] = self.ours._default_manager.filter(company=company)
        return rows.exclude(erp_id="")

    def free(self, company: Company) -> QuerySet[Any]:
        """Rows of ours that are linked to nothing yet."""
        rows: QuerySet[Any] = self.ours._default_manager.filter(company=company)
        return rows.filter(job=None) if self.has_jobs else rows.filter(erp_id="")

    def suggested(self, company: Company, records: Iterable[Theirs]) -> dict[int, Suggestion]:
        """The row of ours that each record must be; two queries, whatever their number."""
        rows = self.free(company).values_list("pk", self.key, "name")
        ours = [
            (pk, f"{key} {name}", (key, name, f"{key} {name}"))
            if self.has_jobs
            else (pk, key, (key,))
            for pk, key, name in rows
        ]
        theirs = {
            one.pk: {one.name, one.name.rsplit(":", 1)[-1]} if self.has_jobs else {one.name}
            for one in records
        }
        return suggestions(theirs, ours)


LISTS = {
    one.slug: one
    for one in (
        ErpList("vendors", "vendors", "Vendors", "vendor", Vendor, "name"),
        ErpList("jobs", "jobs", "Jobs", "project", Project, "number"),
        ErpList("cost_codes", "cost-codes", "Cost Codes", "cost code", CostCode, "code"),
        ErpList("classes", "categories", "Categories", "category", Category, "name"),
    )
}


@dataclass(slots=True)
class Done:
    """What a step with several came to: how many it was done with, and a sentence for each rest."""

    count: int = 0
    left: list[str] = field(default_factory=list)


@transaction.atomic
def link(each: ErpList, *, by: Access, record: int, to: int) -> None:
    """Link a record of the ERP (id) to a row of ours (id). Raises Invalid."""
    by.need(Tool.ERP, Level.STANDARD)
    mine: Any = each.free(by.company).select_for_update(no_key=True).filter(pk=to).first()
    theirs = _locked(each.records(by.company), [record])
    reader = Reader()
    if mine is None:
        reader.fault("to", f"Choose a {each.one} of yours that is linked to nothing yet.")
    if not theirs:
        reader.fault("record", f"This is no longer in the list of {each.title}.")
    elif not theirs[0].erp_active:
        reader.fault("record", f"{theirs[0].name} cannot be used: {_why_not(theirs[0])}")
    reader.refuse()
    append(by.company.pk, _link(each, [(theirs[0], mine)], by))


@transaction.atomic
def link_all(each: ErpList, *, by: Access) -> Done:
    """Link every record that is ready to the row of ours that is suggested for it."""
    by.need(Tool.ERP, Level.STANDARD)
    found = each.suggested(by.company, each.records(by.company).filter(erp_active=True))
    wanted = [one.id for one in found.values()]
    free = each.free(by.company).select_for_update(no_key=True).order_by("pk")
    ours = {row.pk: row for row in free.filter(pk__in=wanted)}
    pairs = [
        (theirs, ours[found[theirs.pk].id])
        for theirs in _locked(each.records(by.company), found)
        if found[theirs.pk].id in ours
    ]
    append(by.company.pk, _link(each, pairs, by))
    return Done(len(pairs))


@transaction.atomic
def import_records(each: ErpList, *, by: Access, records: Collection[int] | None) -> Done:
    """Make vendors, cost codes or categories of these records (ids), linked to them.

    None: of the first 2,000 by name that could be used, those for which no row of ours is
    suggested, at most 500. A job becomes a project by `import_job`, because that needs a number.
    Raises Invalid for more than 500.
    """
    by.need(Tool.ERP, Level.STANDARD)
    _at_most(records or ())
    if each.has_jobs:
        reader = Reader()
        reader.fault("", "A project needs a number and a name: import jobs one by one.")
        reader.refuse()
    wanted = each.records(by.company)
    suggested: dict[int, Suggestion] = {}
    if records is None:
        usable = wanted.filter(erp_active=True, erp_problem="").order_by("name")[:MOST_LOOKED_AT]
        suggested = each.suggested(by.company, usable)
        records = [one.pk for one in usable if one.pk not in suggested][:MOST]
    model: Any = each.ours
    theirs = _locked(wanted, records)
    names = [one.name for one in theirs]
    taken = set(
        model.objects.filter(company=by.company, **{f"{each.key}__in": names}).values_list(
            each.key, flat=True
        )
    )
    done, made = Done(left=[_like(each, one) for one in suggested.values()]), []
    if gone := len(set(records)) - len(theirs):
        done.left.append(
            f"{gone} of the chosen {'is' if gone == 1 else 'are'} no longer ready to be imported: "
            "somebody imported, linked or archived what was chosen, or the ERP has it no longer."
        )
    for one in theirs:
        if not one.erp_active or one.erp_problem:
            done.left.append(f"{one.name}: {_why_not(one)}")
        elif one.name in taken:
            done.left.append(
                f"{one.name}: you have a {each.one} of that name already. Link it, or rename "
                "yours first."
            )
        else:
            about = {"name": one.name, "description": one.erp_name, "label": one.erp_name}
            made.append(model(company=by.company, **named(model, about), **_erp(one)))
    model.objects.bulk_create(made)
    Unlinked.objects.filter(
        company=by.company, what=each.what, erp_id__in=[one.erp_id for one in made]
    ).delete()
    append(
        by.company.pk,
        [Happened("import", _subject(one), by.user.pk, {"erp": one.erp_name}) for one in made],
    )
    done.count = len(made)
    return done


@transaction.atomic
def import_job(*, by: Access, job: int, number: str, name: str) -> Project:
    """Make a project of a job (id). Raises Invalid with every fault."""
    by.need(Tool.ERP, Level.STANDARD)
    each, reader = LISTS["jobs"], Reader()
    project = Project(
        company=by.company,
        number=reader.text("number", number, 20, required="Give the project a number."),
        name=reader.text("name", name, 120, required="Give the project a name."),
    )
    if Project.objects.filter(company=by.company, number=project.number).exists():
        reader.fault("number", f"There is a project {project.number} already.")
    theirs = _locked(each.records(by.company), [job])
    if not theirs:
        reader.fault("", "This job is no longer ready to be imported.")
    elif not theirs[0].erp_active:
        reader.fault("", f"{theirs[0].name} cannot be used: {_why_not(theirs[0])}")
    reader.refuse()
    project.job, project.erp_synced_at = theirs[0], theirs[0].synced_at
    project.save()
    told = {"number": project.number, "name": project.name, "job": theirs[0].name}
    append(by.company.pk, [Happened("create", _subject(project), by.user.pk, told)])
    return project


@transaction.atomic
def archive(each: ErpList, *, by: Access, records: Collection[int]) -> Done:
    """Put records (ids) aside; the ERP hears nothing of it."""
    return _put(each, by, records, archived=True)


@transaction.atomic
def restore(each: ErpList, *, by: Access, records: Collection[int]) -> Done:
    """Bring archived records (ids) back among those that are ready."""
    return _put(each, by, records, archived=False)


@transaction.atomic
def unlink(each: ErpList, *, by: Access, row: int) -> None:
    """Take the link of a row of ours (id; of a job's project the job's) away. Admin only.

    Raises Invalid where anything names the row: what was sent has to be found again.
    """
    by.need(Tool.ERP, Level.ADMIN)
    reader = Reader()
    if each.has_jobs:
        mine: Any = Project.objects.select_for_update(no_key=True).filter(
            company=by.company, job=row
        )
    else:
        mine = each.linked(by.company).select_for_update(no_key=True).filter(pk=row)
    mine = mine.first()
    if mine is None:
        reader.fault("", f"This {each.one} is not linked any more.")
        reader.refuse()
    if why := why_not_unlink(mine):
        reader.fault("", why)
    reader.refuse()
    append(by.company.pk, [_part(each, mine, by)])


def why_not_unlink(mine: Ours) -> str:
    """'' if nothing names this row of ours, else why it stays linked."""
    relations: list[Any] = mine._meta.get_fields(include_hidden=True)
    for relation in relations:
        if not (relation.auto_created and relation.is_relation) or relation.concrete:
            continue
        model, field_name = relation.related_model, relation.field.name
        if model._meta.app_label == "directory":
            continue  # levels and costs of a project: no document
        if model._base_manager.filter(**{field_name: mine.pk}).exists():
            return f"Documents name {mine}; it stays linked to what they were sent to."
    return ""


# --- What the verbs share ----------------------------------------------------------------------


def _at_most(records: Collection[int]) -> None:
    """Raises Invalid for more than are taken at once."""
    reader = Reader()
    if len(records) > MOST:
        reader.fault("", f"At most {MOST} at once.")
    reader.refuse()


def _locked(records: QuerySet[Any], ids: Iterable[int]) -> list[Any]:
    wanted = records.filter(pk__in=list(ids)).select_for_update(of=("self",), no_key=True)
    return list(wanted.order_by("pk"))


def _erp(theirs: Unlinked) -> dict[str, Any]:
    """What a row of ours knows of the record that it is linked to."""
    return {
        "erp_id": theirs.erp_id,
        "erp_name": theirs.name,
        "erp_active": theirs.erp_active,
        "erp_problem": "" if theirs.erp_active else theirs.erp_problem,
        "synced_at": theirs.synced_at,
    }


def _link(each: ErpList, pairs: Sequence[tuple[Theirs, Any]], by: Access) -> list[Happened]:
    """Link each record to its row of ours: two statements per `MOST` of them."""
    told = []
    for theirs, mine in pairs:
        if isinstance(theirs, Job):
            columns = {"job": theirs, "erp_synced_at": theirs.synced_at}
            told.append(
                Happened("change", _subject(mine), by.user.pk, {"job": [None, theirs.name]})
            )
        else:
            columns = _erp(theirs)
            told.append(Happened("link", _subject(mine), by.user.pk, {"erp": theirs.name}))
        for name, value in columns.items():
            setattr(mine, name, value)
    if pairs:
        each.ours._default_manager.bulk_update([mine for _, mine in pairs], columns, MOST)
        if not each.has_jobs:
            Unlinked.objects.filter(pk__in=[theirs.pk for theirs, _ in pairs]).delete()
    return told


def _part(each: ErpList, mine: Ours, by: Access) -> Happened:
    if isinstance(mine, Project):
        told = {"job": [str(mine.job), None]}
        mine.job, mine.erp_synced_at = None, None
        mine.save(update_fields=["job", "erp_synced_at"])
        return Happened("change", _subject(mine), by.user.pk, told)
    Unlinked.objects.update_or_create(
        company=by.company,
        what=each.what,
        erp_id=mine.erp_id,
        defaults={
            "name": mine.erp_name,
            "erp_name": mine.name,
            "erp_active": mine.erp_active,
            "erp_problem": mine.erp_problem,
            "synced_at": mine.synced_at,
            "archived": False,
            "parted": True,
        },
    )
    was = mine.erp_name
    mine.erp_id, mine.erp_name, mine.erp_active, mine.erp_problem = "", "", True, ""
    mine.synced_at = None
    mine.save(update_fields=["erp_id", "erp_name", "erp_active", "erp_problem", "synced_at"])
    return Happened("part", _subject(mine), by.user.pk, {"erp": was})


def _put(each: ErpList, by: Access, records: Collection[int], *, archived: bool) -> Done:
    by.need(Tool.ERP, Level.STANDARD)
    _at_most(records)
    found = _locked(each.records(by.company, archived=not archived), records)
    for one in found:
        one.archived = archived
    (Job if each.has_jobs else Unlinked).objects.bulk_update(found, ["archived"])
    verb = "archive" if archived else "restore"
    append(
        by.company.pk,
        [Happened(verb, _subject(one), by.user.pk, {"erp": one.name}) for one in found],
    )
    return Done(len(found))


def _like(each: ErpList, suggested: Suggestion) -> str:
    return f"Your {each.one} {suggested.name} has {suggested.reason}: link it, or import it alone."


def _why_not(theirs: Theirs) -> str:
    return theirs.erp_problem or "it is inactive there. Make it active in the ERP first."


def _subject(row: Ours | Theirs) -> str:
    return f"{row._meta.model_name}:{row.pk}"
