"""QuickBooks' lists: vendors, jobs, items (our cost codes) and classes, a page at a time.

Facts: the lists come in pages by an iterator, which lives as long as the session; classes come all
at once. Deactivated entries are only told when all are asked for, deleted ones only by a question
of their own, and only for 90 days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from connectors.contract import Busy, Pulled, Refused, Request, Script
from connectors.quickbooks import errors, schema
from connectors.quickbooks.qbxml import Answer, Response, child_text, escape, is_true

PAGE = 100
# QuickBooks' clock and ours differ, and what is being saved while we ask may come too late.
OVERLAP = timedelta(minutes=5)
_ITERATOR_LOST = 3391

Row = dict[str, Any]
_TAGS = {
    "vendors": "VendorQueryRq",
    "jobs": "CustomerQueryRq",
    "cost_codes": "ItemQueryRq",
    "classes": "ClassQueryRq",
}
# ListDelType -> the list of ours
_DELETED = {
    "Vendor": "vendors",
    "Customer": "jobs",
    "ItemService": "cost_codes",
    "ItemNonInventory": "cost_codes",
    "ItemOtherCharge": "cost_codes",
    "Class": "classes",
}


def pull(what: str, cursor: str, since: str = "") -> Script[Pulled]:
    """One page of `vendors`, `jobs`, `cost_codes` or `classes`, deactivated ones included.

    `cursor` is QuickBooks' iterator, '' to begin; it lives only as long as the session, so a page
    asked for in a later one raises Busy and the list begins anew. `since` (ISO, with offset) asks
    only for what was modified from a little before it on; the same for all pages of a list.
    `deleted` is the last list: what was deleted in any of the others, within 90 days.
    Raises Busy and Refused.

    Rows: id, name (the full name with its parents), label (the last part), active, parent,
    problem; cost codes also have description and type. Deleted ones: list, id, name, deleted.
    """
    if what == "deleted":
        return (yield from _deleted(since))
    if what not in _TAGS:
        raise Refused(f"QuickBooks has no list “{what}”.")
    selection = [("ActiveStatus", "All")]
    if since:
        selection.append(("FromModifiedDate", _from(since)))
    attributes = ""
    if what != "classes":
        selection.insert(0, ("MaxReturned", str(PAGE)))
        attributes = ' iterator="Start"'
        if cursor:
            attributes = f' iterator="Continue" iteratorID="{escape(cursor)}"'
    body = schema.query(_TAGS[what], selection, attributes)
    answer: Answer = yield Request(body=body, fresh=True)
    if answer.status == _ITERATOR_LOST:
        raise Busy(
            "The list was no longer open in QuickBooks; it is read again from the beginning.",
            code=str(answer.status),
            words=answer.message,
        )
    feature: errors.Feature = "classes" if what == "classes" else "orders"
    element = _answered(answer, f"the list of {what.replace('_', ' ')}", feature)
    rows = [row for entry in element.iterfind("*") if (row := _ROWS[what](entry)) is not None]
    left = element.get("iteratorRemainingCount", "0")
    more = element.get("iteratorID", "") if left not in ("", "0") else ""
    return Pulled(rows=tuple(rows), more=more)


def _answered(answer: Answer, doing: str, feature: errors.Feature = "orders") -> Response:
    """The response that holds the entries, or says that there are none. Raises Busy, Refused."""
    if answer.element is None or answer.status not in (0, errors.NO_MATCH):
        raise errors.unread(answer, doing, feature=feature)
    return answer.element


def _from(since: str) -> str:
    """A moment a little before `since`, as qbXML has it: with its offset, without fractions."""
    moment = datetime.fromisoformat(since)
    if moment.tzinfo is None:
        raise Refused(f"The moment {since} names no offset from UTC, so it could be any.")
    return (moment - OVERLAP).isoformat(timespec="seconds")


def _deleted(since: str) -> Script[Pulled]:
    kinds = "".join(f"<ListDelType>{kind}</ListDelType>" for kind in _DELETED)
    when = ""
    if since:
        day = f"<FromDeletedDate>{_from(since)}</FromDeletedDate>"
        when = f"<DeletedDateRangeFilter>{day}</DeletedDateRangeFilter>"
    body = f"<ListDeletedQueryRq>{kinds}{when}</ListDeletedQueryRq>"
    answer: Answer = yield Request(body=body, fresh=True)
    element = _answered(answer, "the question what was deleted")
    rows = [
        {
            "list": _DELETED[kind],
            "id": child_text(entry, "ListID"),
            "name": child_text(entry, "FullName"),
            "deleted": True,
        }
        for entry in element.iterfind("ListDeletedRet")
        if (kind := child_text(entry, "ListDelType")) in _DELETED
    ]
    return Pulled(rows=tuple(rows))


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


def _class(element: etree._Element) -> Row | None:
    return _row(element) if element.tag == "ClassRet" else None


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
    "classes": _class,
}
