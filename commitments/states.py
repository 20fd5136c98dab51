"""The kinds and business statuses of commitments and change orders.

How far one is on its way to the ERP is another thing: `approvals.states`.
"""

from django.db import models


class Type(models.TextChoices):
    PURCHASE_ORDER = "purchase_order", "Purchase Order"
    SUBCONTRACT = "subcontract", "Subcontract"


class CommitmentStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    OUT_FOR_BID = "out_for_bid", "Out for Bid"
    OUT_FOR_SIGNATURE = "out_for_signature", "Out for Signature"
    PROCESSING = "processing", "Processing"
    SUBMITTED = "submitted", "Submitted"
    APPROVED = "approved", "Approved"
    COMPLETE = "complete", "Complete"
    VOID = "void", "Void"


STATUSES_OF: dict[str, list[CommitmentStatus]] = {
    Type.PURCHASE_ORDER: [s for s in CommitmentStatus if s != CommitmentStatus.OUT_FOR_BID],
    Type.SUBCONTRACT: [
        s
        for s in CommitmentStatus
        if s not in (CommitmentStatus.PROCESSING, CommitmentStatus.SUBMITTED)
    ],
}


class ChangeOrderStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "Pending - In Review"
    REVISED = "revised", "Pending - Revised"
    PRICING = "pricing", "Pending - Pricing"
    NOT_PRICING = "not_pricing", "Pending - Not Pricing"
    PROCEEDING = "proceeding", "Pending - Proceeding"
    NOT_PROCEEDING = "not_proceeding", "Pending - Not Proceeding"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    NO_CHARGE = "no_charge", "No Charge"
    VOID = "void", "Void"


# Decided against: a commitment may become void when all of its change orders are like this.
SETTLED = frozenset(
    {ChangeOrderStatus.VOID, ChangeOrderStatus.REJECTED, ChangeOrderStatus.NO_CHARGE}
)
# Decisions about money: into and out of them only with Admin on Change Orders.
DECIDED = frozenset(
    {ChangeOrderStatus.APPROVED, ChangeOrderStatus.REJECTED, ChangeOrderStatus.NO_CHARGE}
)
