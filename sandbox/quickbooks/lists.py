"""The lists: vendors, customers and jobs, items, classes, accounts; how they are written."""

from __future__ import annotations

from decimal import Decimal
from xml.etree.ElementTree import Element

from sandbox.quickbooks.answers import Answer, Part, group, part, ref
from sandbox.quickbooks.books import Books, Session
from sandbox.quickbooks.querying import answer_query, in_range, matches
from sandbox.quickbooks.records import ListEntry

# Kinds of items: the word of our own for each, and QuickBooks' name.
ITEM_TYPES = {
    "service": "ItemService",
    "non_inventory": "ItemNonInventory",
    "other_charge": "ItemOtherCharge",
    "inventory": "ItemInventory",
    "group": "ItemGroup",
    "subtotal": "ItemSubtotal",
}


def find_vendors(books: Books, session: Session, request: Element) -> Answer:
    """Answer VendorQueryRq."""
    return _find(books, session, request, "Vendor")


def find_customers(books: Books, session: Session, request: Element) -> Answer:
    """Answer CustomerQueryRq: customers and, below them, their jobs."""
    return _find(books, session, request, "Customer")


def find_classes(books: Books, session: Session, request: Element) -> Answer:
    """Answer ClassQueryRq."""
    return _find(books, session, request, "Class")


def find_accounts(books: Books, session: Session, request: Element) -> Answer:
    """Answer AccountQueryRq: the few accounts that items post to."""
    return _find(books, session, request, "Account")


def find_items(books: Books, session: Session, request: Element) -> Answer:
    """Answer ItemQueryRq: items of every type, each under the name of its type."""
    answer = _find(books, session, request, "Item")
    answer.objects = [_renamed(item) for item in answer.objects]
    return answer


def _renamed(item: str) -> str:
    """An item is written as ``<ItemRet><Type>ItemService</Type>…``; its type is its name."""
    start = item.index("<Type>")
    kind, _, rest = item[start + len("<Type>") :].partition("</Type>")
    return f"<{kind}Ret>{rest.removesuffix('</ItemRet>' + chr(10))}</{kind}Ret>\n"


def _find(books: Books, session: Session, request: Element, kind: str) -> Answer:
    def candidates() -> tuple[list[str], list[str]]:
        ids = [element.text or "" for element in request.findall("ListID")]
        names = [element.text or "" for element in request.findall("FullName")]
        if not ids and not names:
            entries = books.storage.entries(kind)
            return [each.list_id for each in entries if _passes(books, request, each)], []
        found, missing = [], []
        for wanted in ids + names:
            entry = books.storage.entry(wanted) if ids else books.storage.entry_named(kind, wanted)
            if entry is None or entry.kind != kind:
                missing.append(wanted)
            else:
                found.append(entry.list_id)
        return list(dict.fromkeys(found)), missing

    def write(list_id: str) -> list[Part] | None:
        entry = books.storage.entry(list_id)
        return None if entry is None else _WRITERS[kind](books, entry)

    return answer_query(
        books,
        session,
        request,
        f"{kind}Ret",
        by_id="ListID or FullName",
        candidates=candidates,
        write=write,
    )


def _passes(books: Books, request: Element, entry: ListEntry) -> bool:
    status = request.findtext("ActiveStatus") or "ActiveOnly"
    if status != "All" and entry.is_active != (status == "ActiveOnly"):
        return False
    types = {element.text for element in request.findall("AccountType")}
    if types and entry.details.get("AccountType") not in types:
        return False
    start, end = request.findtext("FromModifiedDate"), request.findtext("ToModifiedDate")
    if not in_range(books, entry.time_modified, start, end):
        return False
    if (pattern := request.find("NameFilter")) is not None:
        criterion = pattern.findtext("MatchCriterion") or ""
        return matches(entry.full_name, criterion, pattern.findtext("Name") or "")
    if (between := request.find("NameRangeFilter")) is not None:
        name = entry.full_name.casefold()
        first = (between.findtext("FromName") or "").casefold()
        last = (between.findtext("ToName") or "").casefold()
        return name >= first and (not last or name[: len(last)] <= last)
    return True


# --- writing ------------------------------------------------------------------------------------


def _identity(entry: ListEntry) -> list[Part]:
    return [
        part("ListID", entry.list_id),
        part("TimeCreated", entry.time_created),
        part("TimeModified", entry.time_modified),
        part("EditSequence", entry.edit_sequence),
        part("Name", entry.name),
    ]


def _place(books: Books, entry: ListEntry) -> list[Part]:
    """Where an entry stands below its parent."""
    parts = []
    if entry.parent:
        parts.append(ref("ParentRef", entry.parent, books.full_name(entry.parent)))
    parts.append(part("Sublevel", entry.level))
    return parts


def _vendor(books: Books, entry: ListEntry) -> list[Part]:
    return [
        *_identity(entry),
        part("IsActive", entry.is_active),
        part("CompanyName", entry.name),
        part("Balance", Decimal("0.00")),
    ]


def _customer(books: Books, entry: ListEntry) -> list[Part]:
    return [
        *_identity(entry),
        part("FullName", entry.full_name),
        part("IsActive", entry.is_active),
        *_place(books, entry),
        part("Balance", Decimal("0.00")),
        part("TotalBalance", Decimal("0.00")),
        part("JobStatus", entry.details.get("JobStatus", "None")),
    ]


def _class(books: Books, entry: ListEntry) -> list[Part]:
    return [
        *_identity(entry),
        part("FullName", entry.full_name),
        part("IsActive", entry.is_active),
        *_place(books, entry),
    ]


def _account_entry(books: Books, entry: ListEntry) -> list[Part]:
    return [*_class(books, entry), part("AccountType", entry.details["AccountType"])]


def _item(books: Books, entry: ListEntry) -> list[Part]:
    kind = entry.details["type"]
    parts = [("ListID", f"<Type>{kind}</Type>" + part("ListID", entry.list_id)[1])]
    parts += _identity(entry)[1:]
    if kind in ("ItemGroup", "ItemSubtotal"):
        return [*parts, part("IsActive", entry.is_active)]
    parts += [
        part("FullName", entry.full_name),
        part("IsActive", entry.is_active),
        *_place(books, entry),
    ]
    sides = entry.details.get("sides", "both")
    cost = part("PurchaseCost", Decimal(entry.details.get("PurchaseCost", "0.00")))
    income = _account(books, "IncomeAccountRef", "Construction Income")
    spent = entry.details.get("account", "Job Costs")
    if kind == "ItemInventory":
        return [
            *parts,
            *income,
            cost,
            *_account(books, "COGSAccountRef", spent),
            *_account(books, "AssetAccountRef", "Inventory Asset"),
        ]
    if sides == "both":
        expense = _account(books, "ExpenseAccountRef", spent)
        description = part("PurchaseDesc", entry.details.get("PurchaseDesc", entry.name))
        return [*parts, group("SalesAndPurchase", [*income, description, cost, *expense])]
    account = spent
    if sides == "sales":
        account = entry.details.get("account", "Construction Income")
    price = part("Price", Decimal(entry.details.get("PurchaseCost", "0.00")))
    return [*parts, group("SalesOrPurchase", [price, *_account(books, "AccountRef", account)])]


def _account(books: Books, name: str, full_name: str) -> list[Part]:
    entry = books.storage.entry_named("Account", full_name)
    return [ref(name, entry.list_id, entry.full_name)] if entry else []


_WRITERS = {
    "Vendor": _vendor,
    "Customer": _customer,
    "Class": _class,
    "Item": _item,
    "Account": _account_entry,
}
