"""Who may take which step with an export, before anything about the export itself is asked."""

from approvals.states import Step
from directory.access import Access, not_approver

# The sender does not decide on their own item.
DECISIONS = frozenset({"accept", "retry"})


def why_not(step: Step, access: Access, sent_by: int | None) -> str:
    """'' if this person may take the approver's `step` with an item that `sent_by` sent.

    Else the reason, and who can change it.
    """
    if not access.is_approver:
        return not_approver(access)
    if step.name in DECISIONS:
        return own_item(access, sent_by)
    return ""


def own_item(access: Access, sent_by: int | None) -> str:
    """'' unless the person sent it and the company was not set up for one person doing both."""
    if sent_by != access.user.pk or access.company.one_person_does_both:
        return ""
    return "You sent it yourself; somebody else has to decide on it."
