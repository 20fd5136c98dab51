"""What pages say of an ERP: whether it asks us or we call it, and whether it can be asked."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from approvals import unlinking
from approvals.models import Export
from approvals.states import Status
from connectors.contract import Capabilities
from connectors.models import Connection
from directory.formats import span

UNDO = "Until its export has begun the acceptance can be undone."
ADVICE = {
    Status.UNKNOWN: "{erp} did not answer, and may still be working on it. After {wait} "
    "it is asked{when} whether this arrived; nothing is written again before that is "
    "known.",
    Status.FAILED: "Accounting mends the cause and retries ({erp} is asked first whether it is "
    "there already), or rejects it, so that the project manager can change it.",
    Status.NEEDS_ATTENTION: "Accounting looks it up in {erp}. Retry asks again before anything is "
    "written; what is not there is recorded so, and can then be retried or rejected.",
}
# The same of an ERP that cannot be asked what it holds.
UNASKED = {
    Status.UNKNOWN: "{erp} did not answer, and may still be working on it; it cannot be asked what "
    "it holds. After {wait}, what may be sent twice without adding anything "
    "is sent again; anything else is for a person to look up.",
    Status.FAILED: "Accounting mends the cause and retries, or rejects it, so that the project "
    "manager can change it.",
    Status.NEEDS_ATTENTION: "Accounting looks it up in {erp}. Where nothing can be added twice, "
    "Retry goes on at the first call that was not confirmed; what was confirmed is not sent again. "
    "If nothing of it is there, that is recorded, and it can then be retried from the start or "
    "rejected.",
}
# Where it can at least be asked whether the item is there.
ASKED_OF_IT = {
    Status.UNKNOWN: "{erp} did not answer, and may still be working on it. After {wait}, "
    "what may be sent twice without adding anything is sent again; of anything else "
    "it is asked first whether it arrived.",
}
DONE = {
    "send": "Sent. Accounting finds it under Ready to Export.",
    "retrieve": "Retrieved. It can be edited again.",
    "accept": "Accepted. {goes}",
    "reject": "Rejected. The project manager sees your comment.",
    "retry": "Accepted again. {erp} is asked first whether it is there already.",
    "undo-acceptance": "Taken back. It stands in Ready to Export again.",
    "stop-waiting": "Stopped waiting. Look it up in {erp}, then record what you found.",
    "record-absent": "Recorded. It can be retried or rejected now.",
    "unlink": "{erp} is asked {soon} whether it was deleted there. Until then it stays linked.",
    "stop-checking": "Stopped checking. It stays linked.",
}


def advice(status: Status, erp: Capabilities | None, *, asked: bool) -> str:
    """What becomes of an item of that status by itself, or what can be done; '' for most.

    `asked`: see `asks_about`.
    """
    if status == Status.ACCEPTED:
        return f"{_goes(erp)} {UNDO}"
    words = ADVICE if asks(erp) else UNASKED | ASKED_OF_IT if asked else UNASKED
    wait = span(timedelta(seconds=settings.ERP_QUARANTINE_SECONDS))
    when = ", when it calls," if not is_called(erp) else ""
    return words.get(status, "").format(erp=short(erp), wait=wait, when=when)


def done(step: str, erp: Capabilities | None, *, asked: bool) -> str:
    """What is said to the person who took a step. `asked`: see `asks_about`."""
    if step == "unlink" and not asked:
        return unlinking.DONE
    if step == "retry" and not asks(erp):
        return f"Accepted again. It goes on at the first call that {short(erp)} did not confirm."
    return DONE[step].format(erp=short(erp), goes=_goes(erp), soon=soon(erp))


def soon(erp: Capabilities | None) -> str:
    """When the ERP is spoken to next."""
    return "within seconds" if is_called(erp) else "at the next call"


def heard(erp: Capabilities | None) -> str:
    """What an ERP does when it is heard of."""
    return "answered" if is_called(erp) else "called"


def _goes(erp: Capabilities | None) -> str:
    if is_called(erp):
        return f"It is sent to {short(erp)} within seconds."
    return f"It goes when {short(erp)} next calls."


def short(erp: Capabilities | None) -> str:
    """What the ERP is called in a sentence."""
    return erp.short if erp else "the ERP"


def is_called(erp: Capabilities | None) -> bool:
    """Whether our workers call the ERP; else it asks us."""
    return erp is not None and erp.transport == "push"


def asks(erp: Capabilities | None) -> bool:
    """Whether the ERP can be asked what it holds; else a person looks."""
    return erp is None or erp.can_find


def asks_about(export: Export, connection: Connection | None) -> bool:
    """Whether the company's ERP can be asked if an item is there; else a person attests it."""
    if connection is None:
        return True
    erp = connection.capabilities
    return erp.can_ask(export.kind, connection.settings)


def why_unasked(erp: Capabilities) -> str:
    """Why nothing is compared and nothing looked up."""
    return f"{erp.short} cannot be asked what it holds"
