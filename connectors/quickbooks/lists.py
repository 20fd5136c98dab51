"""QuickBooks' lists: vendors, jobs and items (our cost codes), a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from connectors.contract import Busy, Pulled, Refused, Request, Script
from connectors.quickbooks import errors, schema
from connectors.quickbooks.qbxml import Answer, child_text, escape, is_true

PAGE = 100
_ITERATOR_LOST = 3391

Row = dict[str, Any]
_TAGS = {"vendors": "VendorQueryRq", "jobs": "CustomerQueryRq", "cost_codes": "ItemQueryRq"}


def pull(what: str, cursor: str) -> Script[Pulled]:
    """One page of `vendors`, `jobs` or `cost_codes`, deactivated ones included.

    `cursor` is QuickBooks' iterator, '' to begin; it lives only as long as the session, so a page
    asked for in a later one raises Busy and the list begins anew. Raises Busy and Refused.
    Rows: id, name (the full name with its parents), label (the last part), active, parent,
    problem; cost codes also have description and type.
    """
    if what not in _TAGS:
        raise Refused(f"QuickBooks has no list “{what}”.")
    attributes = f' iterator="Continue" iteratorID="{escape(cursor)}"' if cursor else ""
    attributes = attributes or ' iterator="Start"'
    selection = [("MaxReturned", str(PAGE)), ("ActiveStatus", "All")]
    answer: Answer = yield Request(
        body=schema.query(_TAGS[what], selection, attributes), fresh=True
    )
    if answer.status == _ITERATOR_LOST:
        raise Busy(
            "The list was no longer open in QuickBooks; it is read again from the beginning.",
            code=str(answer.status),
            words=answer.message,
        )
    if answer.status not in (0, errors.NO_MATCH):
        raise errors.failure(answer, f"the list of {what.replace('_', ' ')}")
    if answer.element is None:
        return Pulled(rows=())
    rows = [row for element in answer.element if (row := _ROWS[what](element)) is not None]
    left = answer.element.get("iteratorRemainingCount", "0")
    more = answer.element.get("iteratorID", "") if left not in ("", "0") else ""
    return Pulled(rows=tuple(rows), more=more)


def _row(element: etree._Element) -> Row:
    label = child_text(element, "Name")
    active = is_true(child_text(element, "IsActive") or "true")
    return {
        "id": child_text(element, "ListID"),
        "name": child_text(element, "FullName") or label,
        "label": label,
        "active": active,
        "parent": child_text(element, "ParentRef/FullName"),
        "problem": "" if active else "It is inactive in QuickBooks. Make it active there first.",
    }


def _vendor(element: etree._Element) -> Row | None:
    return _row(element) if element.tag == "VendorRet" else None


def _job(element: etree._Element) -> Row | None:
    """Only what has a parent is a job; its parent is the customer."""
    if element.tag != "CustomerRet" or element.find("ParentRef") is None:
        return None
    return _row(element)


_USABLE = {
    "ItemServiceRet": "service",
    "ItemNonInventoryRet": "non-inventory part",
    "ItemOtherChargeRet": "other charge",
}
_NOT_USABLE = {
    "ItemInventoryRet": "inventory part",
    "ItemInventoryAssemblyRet": "inventory assembly",
    "ItemFixedAssetRet": "fixed asset",
    "ItemGroupRet": "group",
}
_ONE_SIDED = (
    "It has one account only, so its cost and its income would meet there. In QuickBooks, edit the "
    "item, tick “This item is used in assemblies or is purchased for a specific customer:job” (a "
    "service: “… or is performed by a subcontractor or partner”) and give it an expense or cost of "
    "goods sold account."
)


def _item(element: etree._Element) -> Row | None:
    """An item that a cost code can be; subtotals, discounts, payments and taxes never are."""
    tag = str(element.tag)
    kind = _USABLE.get(tag) or _NOT_USABLE.get(tag)
    if kind is None:
        return None
    row = _row(element)
    row["type"] = kind
    row["description"] = (
        child_text(element, "SalesAndPurchase/PurchaseDesc")
        or child_text(element, "SalesOrPurchase/Desc")
        or child_text(element, "ItemDesc")
    )
    if tag not in _USABLE:
        row["problem"] = (
            f"An item of this kind ({kind}) cannot be a cost code. Make a service, non-inventory "
            "part or other charge item for it in QuickBooks."
        )
    elif not row["problem"] and element.find("SalesAndPurchase") is None:
        row["problem"] = _ONE_SIDED
    return row


_ROWS: dict[str, Callable[[etree._Element], Row | None]] = {
    "vendors": _vendor,
    "jobs": _job,
    "cost_codes": _item,
}
