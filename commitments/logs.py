"""The commitment log and the change order log: all that a list's filters find, as rows of CSV."""

from __future__ import annotations

from collections.abc import Iterator

from commitments import listing
from commitments.listing import CHANGE_ORDER_STATUS, COMMITMENT_STATUS, ERP_STATUS, TYPE, Filters
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


def commitments(project: Project, filters: Filters) -> Iterator[list[Cell]]:
    """Rows under COMMITMENTS, by number."""
    found = listing.find_commitments(project, filters).values_list(
        "number",
        "title",
        "vendor__name",
        "type",
        "status",
        "date_created",
        "retainage",
        "export__amount",
        listing.approved_changes(),
        "export__status",
        "export__erp_number",
    )
    for row in found.iterator(AT_ONCE):
        number, title, vendor, kind, status, day, retainage, original, changes, erp, of_erp = row
        yield [
            number,
            title,
            vendor,
            TYPE[kind],
            COMMITMENT_STATUS[status],
            day,
            retainage,
            original,
            changes,
            original + changes,
            ERP_STATUS[erp],
            of_erp,
        ]


def change_orders(project: Project, filters: Filters) -> Iterator[list[Cell]]:
    """Rows under CHANGE_ORDERS, newest first."""
    found = listing.find_change_orders(project, filters).values_list(
        "commitment__number",
        "number",
        "revision",
        "title",
        "commitment__vendor__name",
        "status",
        "date_created",
        "export__amount",
        "export__status",
        "export__erp_number",
    )
    for row in found.iterator(AT_ONCE):
        commitment, number, revision, title, vendor, status, day, amount, erp, of_erp = row
        yield [
            commitment,
            number,
            revision,
            title,
            vendor,
            CHANGE_ORDER_STATUS[status],
            day,
            amount,
            ERP_STATUS[erp],
            of_erp,
        ]
