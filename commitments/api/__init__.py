"""Commitments and their change orders by API."""

from commitments.api.change_orders import (
    change_order,
    change_order_import,
    change_order_status,
    change_orders,
)
from commitments.api.commitments import (
    commitment,
    commitment_import,
    commitment_status,
    commitments,
)

__all__ = [
    "change_order",
    "change_order_import",
    "change_order_status",
    "change_orders",
    "commitment",
    "commitment_import",
    "commitment_status",
    "commitments",
]
