"""Every status of an export and every step between them. There is no other step.

Buttons, API, permissions and tests are derived from this table.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models


class Status(models.TextChoices):
    DRAFT = "draft", "Not sent"
    SENT = "sent", "Sent to accounting"
    RETRIEVED = "retrieved", "Retrieved"
    REJECTED = "rejected", "Rejected by accounting"
    ACCEPTED = "accepted", "Accepted"
    EXPORTING = "exporting", "Exporting"
    UNKNOWN = "unknown", "Outcome not known"
    FAILED = "failed", "Failed to export"
    NEEDS_ATTENTION = "needs_attention", "Needs attention"
    SYNCED = "synced", "Synced"
    UNLINKING = "unlinking", "Unlinking"


class View(models.TextChoices):
    """How the queue groups the statuses. A column generated from `status` carries it."""

    NONE = "none", "Not sent"
    READY = "ready", "Ready to Export"
    PROGRESS = "progress", "In progress"
    FAILED = "failed", "Failed to Export"
    SYNCED = "synced", "Synced"
    REJECTED = "rejected", "Rejected"


VIEW_OF = {
    Status.DRAFT: View.NONE,
    Status.RETRIEVED: View.NONE,
    Status.SENT: View.READY,
    Status.ACCEPTED: View.PROGRESS,
    Status.EXPORTING: View.PROGRESS,
    Status.UNKNOWN: View.PROGRESS,
    Status.UNLINKING: View.PROGRESS,
    Status.FAILED: View.FAILED,
    Status.NEEDS_ATTENTION: View.FAILED,
    Status.SYNCED: View.SYNCED,
    Status.REJECTED: View.REJECTED,
}

# The document may be edited, deleted and sent.
EDITABLE = frozenset({Status.DRAFT, Status.RETRIEVED, Status.REJECTED})
# Something will change by itself: an open page asks again.
MOVING = frozenset({Status.ACCEPTED, Status.EXPORTING, Status.UNKNOWN, Status.UNLINKING})


class Who(StrEnum):
    SENDER = "sender"  # the project manager, by the document's own rule
    APPROVER = "approver"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table. `label` is the button's text."""

    name: str
    sources: frozenset[Status]
    target: Status
    who: Who
    label: str = ""
    needs_note: bool = False


def _step(
    name: str, sources: str, target: Status, who: Who, label: str = "", *, note: bool = False
) -> Step:
    return Step(name, frozenset(Status(s) for s in sources.split()), target, who, label, note)


STEPS = {
    step.name: step
    for step in (
        _step("send", "draft retrieved rejected", Status.SENT, Who.SENDER, "Send to ERP"),
        _step("retrieve", "sent", Status.RETRIEVED, Who.SENDER, "Retrieve from ERP"),
        _step("reject", "sent failed", Status.REJECTED, Who.APPROVER, "Reject", note=True),
        _step("accept", "sent", Status.ACCEPTED, Who.APPROVER, "Accept"),
        _step("undo-acceptance", "accepted", Status.SENT, Who.APPROVER, "Undo acceptance"),
        _step("begin", "accepted", Status.EXPORTING, Who.WORKER),
        _step("put-back", "exporting", Status.ACCEPTED, Who.WORKER),
        _step("succeed", "exporting unknown", Status.SYNCED, Who.WORKER),
        _step("fail", "exporting unknown", Status.FAILED, Who.WORKER),
        _step("lose", "exporting", Status.UNKNOWN, Who.WORKER),
        _step("found-not-there", "unknown", Status.ACCEPTED, Who.WORKER),
        _step("cannot-tell", "unknown exporting", Status.NEEDS_ATTENTION, Who.WORKER),
        _step("stop-waiting", "unknown", Status.NEEDS_ATTENTION, Who.APPROVER, "Stop waiting"),
        _step("retry", "failed needs_attention", Status.ACCEPTED, Who.APPROVER, "Retry"),
        _step("record-found", "needs_attention", Status.SYNCED, Who.APPROVER, "It is in the ERP"),
        _step(
            "record-absent",
            "needs_attention",
            Status.FAILED,
            Who.APPROVER,
            "It is not in the ERP",
            note=True,
        ),
        _step("adopt", "draft retrieved rejected", Status.SYNCED, Who.APPROVER, "Link"),
        _step("unlink", "synced", Status.UNLINKING, Who.APPROVER, "Unlink"),
        _step("gone", "unlinking", Status.DRAFT, Who.WORKER),
        _step("still-there", "unlinking", Status.SYNCED, Who.WORKER),
        _step("stop-checking", "unlinking", Status.SYNCED, Who.APPROVER, "Stop checking"),
    )
}

# These need a record of the ERP to be chosen: taken on the item's page, see `approvals.linking`,
# and offered by no plain button, and by no plain step of the API.
BY_CHOICE = frozenset({"record-found", "adopt"})
