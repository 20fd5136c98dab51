"""What people do with commitments and change orders. Pages and API come through here alike.

Every verb checks who asks, locks the document's Export, looks at the version and status there, and
then happens whole or not at all. It raises PermissionDenied, `approvals.errors.Stale` where the
document changed since it was loaded (`version` is that of its Export, and moves with every save and
step), or `directory.entered.Invalid` with every fault. What comes back is loaded anew.
"""

from approvals.saving import why_locked
from commitments.workflow.change_orders import (
    add_lines,
    create_change_order,
    delete_change_order,
    next_number,
    set_change_order_status,
    update_change_order,
    why_no_change_order,
    why_no_more_lines,
)
from commitments.workflow.commitments import (
    create_commitment,
    delete_commitment,
    next_commitment_number,
    set_commitment_status,
    update_commitment,
)
from commitments.workflow.loading import load_change_order, load_commitment
from commitments.workflow.numbers import number_after

__all__ = [
    "add_lines",
    "create_change_order",
    "create_commitment",
    "delete_change_order",
    "delete_commitment",
    "load_change_order",
    "load_commitment",
    "next_commitment_number",
    "next_number",
    "number_after",
    "set_change_order_status",
    "set_commitment_status",
    "update_change_order",
    "update_commitment",
    "why_locked",
    "why_no_change_order",
    "why_no_more_lines",
]
