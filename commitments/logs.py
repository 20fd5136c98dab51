"""The commitment log and the change order log: all that a list's filters find, as rows of CSV."""

from __future__ import annotations

from collections.abc import Iterator

from commitments import listing
from commitments.listing import Wanted
from directory.downloads import Cell
from directory.models import Project

COMMITMENTS = (
    "Number",
    "Title",
    "Contract company",
    "Type",
    "Status",
    "Date",
    "Default retainage %",
    "Original",
    "Approved changes",
    "Revised",
    "ERP status",
    "Number in the ERP",
)
CHANGE_ORDERS = (
    "Commitment",
    "Number",
    "Revision",
    "Title",
    "Contract company",
    "Status",
    "Date created",
    "Amount",
    "ERP status",
    "Number in the ERP",
)
AT_ONCE = 1000  # rows in memory


def commitments(project: Project, wanted: Wanted) -> Iterator[list[Cell]]:
    """Rows under COMMITMENTS, by number."""
    found = listing.find_commitments(project, wanted).annotate(changes=listing.approved_changes())
    for row in found.iterator(AT_ONCE):
        original = row.export.amount
        yield [
            row.number,
            row.title,
            row.vendor.name if row.vendor else "",
            row.get_type_display(),
            row.get_status_display(),
            row.date_created,
            row.retainage,
            original,
            row.changes,
            original + row.changes,
            row.export.get_status_display(),
            row.export.erp_number,
        ]


def change_orders(project: Project, wanted: Wanted) -> Iterator[list[Cell]]:
    """Rows under CHANGE_ORDERS, newest first."""
    for row in listing.find_change_orders(project, wanted).iterator(AT_ONCE):
        yield [
            row.commitment.number,
            row.number,
            row.revision,
            row.title,
            row.vendor.name if row.vendor else "",
            row.get_status_display(),
            row.date_created,
            row.export.amount,
            row.export.get_status_display(),
            row.export.erp_number,
        ]
