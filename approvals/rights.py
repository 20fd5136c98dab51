"""Who may take which step with an export, before anything about the export itself is asked."""

from approvals.models import Kinds
from approvals.states import Step
from directory.access import Access, not_approver
from directory.perms import Level, Tool

# The sender does not decide on their own item.
DECISIONS = frozenset(
    {"accept", "reject", "retry", "undo-acceptance", "record-found", "record-absent"}
)
# What frees a document or ties it to a record needs its project's tool, too.
LINKS = frozenset({"unlink", "adopt"})
TOOL = {
    Kinds.COMMITMENT: Tool.COMMITMENTS,
    Kinds.CHANGE_ORDER: Tool.COMMITMENTS,
    Kinds.BUDGET: Tool.BUDGET,
}


def why_not(step: Step, access: Access, sent_by: int | None, kind: str = "") -> str:
    """'' if this person may take the approver's `step` with an item that `sent_by` sent.

    Else the reason, and who can change it. `access` must know the item's project for LINKS.
    """
    if not access.is_approver:
        return not_approver(access)
    if step.name in DECISIONS:
        return own_item(access, sent_by)
    return access.lacks(TOOL[Kinds(kind)], Level.ADMIN) if step.name in LINKS and kind else ""


def own_item(access: Access, sent_by: int | None) -> str:
    """'' unless the person sent it and the company was not set up for one person doing both."""
    if sent_by != access.user.pk or access.company.one_person_does_both:
        return ""
    return "You sent it yourself; somebody else has to decide on it."
