"""What people do with change events. Pages and API come through here alike.

Every verb checks who asks, takes the company's lock, looks at the version, and then happens whole
or not at all. It raises PermissionDenied, `approvals.errors.Stale` where the change event was
changed since it was loaded, or `directory.entered.Invalid` with every fault. What comes back is
loaded anew.
"""

from change_events.workflow.carrying import (
    add_to_change_order,
    create_change_orders,
    detach,
    open_change_orders,
    why_not_carry,
)
from change_events.workflow.events import (
    create_event,
    delete_event,
    load_event,
    next_number,
    permit,
    set_event_status,
    update_event,
    why_no_event,
    why_not_change,
    why_not_delete,
    why_not_edit,
    why_not_status,
    why_off,
)

__all__ = [
    "add_to_change_order",
    "create_change_orders",
    "create_event",
    "delete_event",
    "detach",
    "load_event",
    "next_number",
    "open_change_orders",
    "permit",
    "set_event_status",
    "update_event",
    "why_no_event",
    "why_not_carry",
    "why_not_change",
    "why_not_delete",
    "why_not_edit",
    "why_not_status",
    "why_off",
]
