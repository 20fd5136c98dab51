"""Large amounts are decided on by two approvers, where the company asks for that.

What the first one says is kept beside the item, which stays where it is; the second, somebody else
who says the same of the same version, lets it happen. What changes in between begins anew, and the
word of a first approver who is none any more does not count. What failed goes again with one word
where two have said before that it goes there, just like that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import QuerySet
from django.db.models.functions import Now

from approvals.errors import AwaitsSecond
from approvals.models import Export, FirstApproval
from approvals.states import EDITABLE, Status, Step
from connectors.contract import Document, digest_of
from directory.access import Access
from directory.formats import money
from directory.history import Happened
from directory.models import Company
from directory.privilege import approvers

# What makes something count as being in the ERP, or as not being there; and what the second
# approver still has to do.
MISSING = {
    "accept": "accept it",
    "retry": "retry it",
    "record-found": "record the same",
    "record-absent": "record the same",
    "adopt": "link it to the same record",
}
# Before anybody has said anything: what the page says of an item with a large amount.
RULES = {
    Status.SENT: "two approvers have to accept.",
    Status.FAILED: "two approvers have to retry it, unless two have accepted it as it goes now.",
    Status.NEEDS_ATTENTION: "two approvers have to record the same: which record it is, or that "
    "it is not there; and to retry it, unless two have accepted it as it goes now.",
    **dict.fromkeys(EDITABLE, "two approvers have to link it to the same record."),
}


@dataclass(frozen=True, slots=True)
class Word:
    """What an approver says of one item: `says` is the same for the same, `words` are for people.

    `told`: more for the history than those words.
    """

    export: Export
    document: Document
    says: str
    words: str = ""
    told: Mapping[str, object] = field(default_factory=dict)


def hold_for_second(
    step: Step, said: Sequence[Word], by: Access
) -> tuple[dict[int, AwaitsSecond], list[Happened]]:
    """Which items wait for somebody else, by their ids, and what the history is to be told of them.

    Their first approval is kept. Of all others the word of `by` is enough. The exports are locked.
    """
    limit = by.company.second_approver_from
    if step.name not in MISSING or limit is None:
        return {}, []
    large = [word for word in said if moved(word.document) >= limit]
    if not large:
        return {}, []
    rows = _counting(by.company).filter(export__in=[word.export.pk for word in large])
    first = {row.export_id: row for row in rows}
    agreed = _agreed(large, first, by) if step.name == "retry" else {}
    waiting, told, kept = {}, [], []
    for word in large:
        export, row = word.export, first.get(word.export.pk)
        if agreed.get(export.pk, set()) - {by.user.pk}:
            continue
        data = {"step": step.name, "version": export.version, "says": word.says}
        same = row is not None and all(getattr(row, key) == data[key] for key in data)
        if row is not None and same and row.by_id != by.user.pk:
            continue
        waiting[export.pk] = AwaitsSecond(export, limit, MISSING[step.name])
        if not same:
            row = FirstApproval(export=export, by=by.user, at=Now(), words=word.words, **data)
            kept.append(row)
            more = {"note": word.words, **word.told} if word.words else word.told
            about = {**data, **more}
            told.append(Happened("first-approval", export.subject, by.user.pk, about))
    FirstApproval.objects.bulk_create(
        kept,
        update_conflicts=True,
        unique_fields=["export"],
        update_fields=["version", "step", "says", "words", "by", "at"],
    )
    return waiting, told


def goes(export: Export, terms_digest: str) -> str:
    """What an approver says who lets the frozen copy of `export` go to those terms."""
    return digest_of(export.copy_digest + terms_digest)


def _agreed(
    said: Sequence[Word], first: Mapping[int, FirstApproval], by: Access
) -> dict[int, set[int]]:
    """Who has let each item go before, to where it goes now; those who are approvers still."""
    before: dict[int, set[int]] = {}
    for word in said:
        export, row = word.export, first.get(word.export.pk)
        if word.says == goes(export, export.terms_digest) and export.decided_by_id:
            firsts = {row.by_id} if row is not None and row.says == word.says else set()
            before[export.pk] = firsts | {export.decided_by_id}
    people = set().union(*before.values())
    now = set(approvers(by.company).filter(user__in=people).values_list("user_id", flat=True))
    return {pk: whom & now for pk, whom in before.items()}


@dataclass(frozen=True, slots=True)
class Second:
    """An item that two approvers have to say the same of; `first`: who has, and what."""

    limit: Decimal
    status: Status
    first: FirstApproval | None

    def __str__(self) -> str:
        rule = f"From {money(self.limit)} on {RULES[self.status]}"
        if self.first is None:
            return rule
        said = f" ({self.first.words})" if self.first.words else ""
        return f"{rule} {self.first.by} has{said}; somebody else is missing."


def second_for(export: Export, document: Document | None = None) -> Second | None:
    """Who has and who is missing of an item that two have to decide on; None for any other.

    `document`: as it would be linked, of one that is not sent.
    """
    limit, status = export.company.second_approver_from, Status(export.status)
    if limit is None or status not in RULES:
        return None
    if status not in EDITABLE:
        document = export.document
    if document is None or moved(document) < limit:
        return None
    rows = _counting(export.company).filter(export=export, version=export.version)
    return Second(limit, status, rows.select_related("by").first())


def said_already(first: FirstApproval | None, by: Access, says: str = "") -> str:
    """Why `by` is not offered again to let an item go: theirs is the `first` word for it.

    '' where it is not, or where they would say something else now. `says`: what that would be, of
    `goes`; '' where nobody has looked, as in a list.
    """
    if first is None or first.by_id != by.user.pk or first.step not in ("accept", "retry"):
        return ""
    same = says in ("", first.says)
    return "You have said so; a second approver is missing." if same else ""


def first_approvals(company: Company, versions: Mapping[int, int]) -> dict[int, FirstApproval]:
    """Who has, of many: `versions` by the export's id. One query, none where one is enough."""
    if company.second_approver_from is None:
        return {}
    rows = _counting(company).filter(export__in=versions).select_related("by")
    return {row.export_id: row for row in rows if row.version == versions[row.export_id]}


def _counting(company: Company) -> QuerySet[FirstApproval]:
    """The first approvals of those who are approvers still."""
    return FirstApproval.objects.filter(by__in=approvers(company).values("user"))


def moved(document: Document) -> Decimal:
    """What a document adds or what it takes away, whichever is more: a transfer comes to 0.00
    and can still move a large amount from one cost code to another."""
    amounts = [line.amount for line in document.lines]
    added = sum((amount for amount in amounts if amount > 0), Decimal("0.00"))
    return max(added, added - sum(amounts))
