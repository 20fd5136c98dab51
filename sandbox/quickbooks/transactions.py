"""What purchase orders and estimates share: queries, deletion, lines and their amounts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from xml.etree.ElementTree import Element

from sandbox.quickbooks.answers import Answer, Part, group, money, named_parts, part, ref
from sandbox.quickbooks.books import Books, Session, is_true
from sandbox.quickbooks.querying import answer_query, in_range, matches
from sandbox.quickbooks.records import Field, Line, ListEntry, Transaction
from sandbox.quickbooks.statuses import (
    CANNOT_SAVE,
    ELEMENT_MISSING,
    LINES_OUT_OF_ORDER,
    NOT_PLAYED,
    OBJECT_NOT_FOUND,
    Refused,
)

_CENT = Decimal("0.01")
_RATE_STEP = Decimal("0.00001")
_NUMBERS = "TxnLineID Quantity Rate Amount IsManuallyClosed"

RetWriter = Callable[[Books, Transaction, bool], list[Part]]


# --- reading lines ------------------------------------------------------------------------------


def read_line(books: Books, element: Element, type_name: str, line: Line) -> None:
    """Take over a line element into a new or existing line and reckon its amount again."""
    if "Group" in element.tag:
        raise Refused(NOT_PLAYED, "This stand-in for QuickBooks keeps no item groups.")
    if line.is_subtotal:
        return
    before = line.received
    books.read_fields(element, type_name, line.fields, _NUMBERS)
    if (closed := element.findtext("IsManuallyClosed")) is not None:
        line.is_manually_closed = is_true(closed)
    item_id = line.ref("ItemRef")
    item = books.storage.entry(item_id) if item_id else None
    _reckon(element, line, item)
    if item is None and line.amount:
        raise Refused(ELEMENT_MISSING, "A line with an amount needs an ItemRef.")
    if before and line.ordered < before:
        raise Refused(
            CANNOT_SAVE,
            f"{before} of line {line.txn_line_id} were received; its quantity cannot become"
            f" {line.ordered}.",
        )


def _reckon(element: Element, line: Line, item: ListEntry | None) -> None:
    """Quantity, rate and amount of a line after a request element was applied to it.

    Quantity × Rate gives the amount unless an amount is sent; then the rate follows from it. With
    neither, the item's cost is the rate. How QuickBooks settles three numbers that disagree is not
    documented in what we know: the amount wins here.
    """
    amount_before = line.amount
    sent = {name: element.findtext(name) for name in ("Quantity", "Rate", "Amount")}
    if sent["Quantity"] is not None:
        line.quantity = Decimal(sent["Quantity"]) if sent["Quantity"] else None
    if sent["Rate"] is not None:
        line.rate = Decimal(sent["Rate"]) if sent["Rate"] else None
    if sent["Amount"]:
        line.amount = Decimal(sent["Amount"])
        if line.quantity is None:
            line.rate = line.amount
        elif line.rate is None or cents(line.quantity * line.rate) != line.amount:
            line.rate = line.quantity and (line.amount / line.quantity).quantize(_RATE_STEP)
    elif item is not None:
        if line.rate is None:
            line.rate = Decimal(item.details.get("PurchaseCost") or "0")
        if any(sent.values()) or line.amount is None:
            line.amount = cents(line.rate * (1 if line.quantity is None else line.quantity))
    if line.quantity is None and line.received and (line.amount or 0) < (amount_before or 0):
        raise Refused(
            CANNOT_SAVE, f"Line {line.txn_line_id} was received; its amount cannot be lowered."
        )


def cents(amount: Decimal) -> Decimal:
    """An amount rounded to the cent, half a cent away from zero."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def modified_lines(
    books: Books, found: Transaction, elements: list[Element], type_name: str
) -> list[Line]:
    """The lines of a transaction after a Mod request that names lines.

    Lines that the request does not name are deleted, new ones (TxnLineID -1) stand where the
    request has them, and the others must come in the order in which they stand in the document:
    3290 otherwise, also when one is named twice. 3120 for a line that is not there.
    """
    standing = {line.txn_line_id: place for place, line in enumerate(found.lines)}
    lines: list[Line] = []
    last_place = -1
    for element in elements:
        line_id = element.findtext("TxnLineID") or ""
        if line_id == "-1":
            line = Line(books.new_txn_id())
        elif line_id not in standing:
            raise Refused(OBJECT_NOT_FOUND, f'Object "{line_id}" is no line of {found.txn_id}.')
        elif standing[line_id] <= last_place:
            raise Refused(
                LINES_OUT_OF_ORDER,
                f'Line "{line_id}" is named twice or not in the order of the document.',
            )
        else:
            last_place = standing[line_id]
            line = found.lines[last_place]
        read_line(books, element, type_name, line)
        lines.append(line)
    kept = {line.txn_line_id for line in lines}
    for line in found.lines:
        if line.received and line.txn_line_id not in kept:
            raise Refused(
                CANNOT_SAVE, f"Line {line.txn_line_id} was received and cannot be deleted."
            )
    return lines


# --- writing ------------------------------------------------------------------------------------


def write_fields(books: Books, fields: dict[str, Field], order: str) -> list[Part]:
    """The parts of the fields that are set, in the given order."""
    parts = []
    for name in order.split():
        value = fields.get(name)
        if value is None:
            continue
        if isinstance(value, dict) and name.endswith("Ref"):
            parts.append(ref(name, value["ListID"], books.full_name(value["ListID"])))
        else:
            parts.append(named_parts(name, value))
    return parts


def write_identity(found: Transaction) -> list[Part]:
    """The parts that every transaction begins with."""
    return [
        part("TxnID", found.txn_id),
        part("TimeCreated", found.time_created),
        part("TimeModified", found.time_modified),
        part("EditSequence", found.edit_sequence),
        part("TxnNumber", found.txn_number),
    ]


def recovery(found: Transaction) -> str:
    """What the message-set memory keeps of a write: how to find the record again."""
    parts = [
        part("TxnID", found.txn_id),
        part("TxnNumber", found.txn_number),
        part("EditSequence", found.edit_sequence),
    ]
    if found.external_guid:
        parts.append(part("ExternalGUID", found.external_guid))
    return group("ErrorRecovery", parts)[1]


def written(
    books: Books, request: Element, found: Transaction, ret: str, write: RetWriter
) -> Answer:
    """The answer to a successful Add or Mod: the whole transaction with its lines."""
    wanted = {element.text for element in request.findall("IncludeRetElement")}
    parts = [xml for name, xml in write(books, found, True) if not wanted or name in wanted]
    return Answer([f"<{ret}>{''.join(parts)}</{ret}>\n"], recovery=recovery(found))


# --- queries ------------------------------------------------------------------------------------


def query(books: Books, session: Session, request: Element, kind: str, write: RetWriter) -> Answer:
    """Answer PurchaseOrderQueryRq or EstimateQueryRq. Lines come only when they are asked for."""
    with_lines = is_true(request.findtext("IncludeLineItems"))

    def candidates() -> tuple[list[str], list[str]]:
        if ids := [element.text or "" for element in request.findall("TxnID")]:
            found = {each: books.storage.transaction(each) for each in dict.fromkeys(ids)}
            there = [each for each, txn in found.items() if txn is not None and txn.kind == kind]
            return there, [each for each in found if each not in there]
        return [txn.txn_id for txn in _selected(books, request, kind)], []

    def write_one(txn_id: str) -> list[Part] | None:
        txn = books.storage.transaction(txn_id)
        return None if txn is None else write(books, txn, with_lines)

    return answer_query(
        books,
        session,
        request,
        f"{kind}Ret",
        by_id="TxnID",
        candidates=candidates,
        write=write_one,
    )


def _selected(books: Books, request: Element, kind: str) -> list[Transaction]:
    numbers = [element.text or "" for element in request.findall("RefNumber")]
    exact = [element.text or "" for element in request.findall("RefNumberCaseSensitive")]
    if numbers or exact:
        found: dict[str, Transaction] = {}
        for number in numbers + exact:
            for txn in books.storage.transactions_numbered(kind, number):
                if not exact or txn.text("RefNumber") == number:
                    found[txn.txn_id] = txn
        return list(found.values())
    return [txn for txn in books.storage.transactions(kind) if _passes(books, request, txn)]


def _passes(books: Books, request: Element, txn: Transaction) -> bool:
    for path in ("ModifiedDateRangeFilter", "TransactionModifiedDateRangeFilter"):
        if (times := request.find(path)) is not None:
            _no_macros(times)
            start, end = times.findtext("FromModifiedDate"), times.findtext("ToModifiedDate")
            if not in_range(books, txn.time_modified, start, end):
                return False
    for path in ("TxnDateRangeFilter", "TransactionDateRangeFilter"):
        if (dates := request.find(path)) is not None:
            _no_macros(dates)
            start, end = dates.findtext("FromTxnDate"), dates.findtext("ToTxnDate")
            day = txn.text("TxnDate")
            if (start and day < start) or (end and day > end):
                return False
    for path in ("EntityFilter", "TransactionEntityFilter"):
        entity = request.find(path)
        if entity is not None and not names_entry(books, entity, entity_of(txn)):
            return False
    return _passes_number(request, txn.text("RefNumber"))


def _no_macros(dates: Element) -> None:
    if dates.findtext("DateMacro") not in (None, "All"):
        raise Refused(NOT_PLAYED, "This stand-in for QuickBooks knows no date macro but All.")


def _passes_number(request: Element, number: str) -> bool:
    if (pattern := request.find("RefNumberFilter")) is not None:
        criterion = pattern.findtext("MatchCriterion") or ""
        return matches(number, criterion, pattern.findtext("RefNumber") or "")
    if (between := request.find("RefNumberRangeFilter")) is not None:
        start, end = between.findtext("FromRefNumber"), between.findtext("ToRefNumber")
        return not ((start and number < start) or (end and number > end))
    return True


def entity_of(txn: Transaction) -> str:
    """The ListID of the vendor of an order, or of the customer or job of an estimate."""
    return txn.ref("VendorRef") or txn.ref("CustomerRef") or ""


def names_entry(books: Books, chosen: Element, list_id: str) -> bool:
    """Whether a filter names this list entry, directly or by one of its parents."""
    entry = books.storage.entry(list_id)
    if entry is None:
        return False
    name = entry.full_name.casefold()
    for element in chosen:
        wanted = element.text or ""
        match element.tag:
            case "ListID" if wanted == list_id:
                return True
            case "FullName" if wanted.casefold() == name:
                return True
            case "ListIDWithChildren" | "FullNameWithChildren":
                top = wanted if element.tag[0] == "F" else books.full_name(wanted)
                if name == top.casefold() or name.startswith(top.casefold() + ":"):
                    return True
            case "EntityTypeFilter" if wanted == entry.kind:
                return True
            case _:
                pass
    return False


def query_all(books: Books, session: Session, request: Element) -> Answer:
    """Answer TransactionQueryRq: one summary row for each transaction of any kind."""
    kinds = {element.text for element in request.iterfind("TransactionTypeFilter/TxnTypeFilter")}
    if "All" in kinds:
        kinds = set()

    def candidates() -> tuple[list[str], list[str]]:
        ids = [element.text or "" for element in request.findall("TxnID")]
        if ids:
            there = [each for each in dict.fromkeys(ids) if books.storage.transaction(each)]
            return there, [each for each in dict.fromkeys(ids) if each not in there]
        numbers = {element.text for element in request.findall("RefNumberCaseSensitive")}
        folded = {(element.text or "").casefold() for element in request.findall("RefNumber")}
        return [
            txn.txn_id
            for txn in books.storage.transactions()
            if (not kinds or txn.kind in kinds)
            and (not numbers or txn.text("RefNumber") in numbers)
            and (not folded or txn.text("RefNumber").casefold() in folded)
            and _passes(books, request, txn)
        ], []

    def write(txn_id: str) -> list[Part] | None:
        txn = books.storage.transaction(txn_id)
        return None if txn is None else _summary(books, txn)

    return answer_query(
        books,
        session,
        request,
        "TransactionRet",
        by_id="TxnID",
        candidates=candidates,
        write=write,
    )


def _summary(books: Books, txn: Transaction) -> list[Part]:
    entity = entity_of(txn)
    parts = [
        part("TxnType", txn.kind),
        part("TxnID", txn.txn_id),
        part("TimeCreated", txn.time_created),
        part("TimeModified", txn.time_modified),
        ref("EntityRef", entity, books.full_name(entity)),
        part("TxnDate", txn.text("TxnDate")),
    ]
    if number := txn.text("RefNumber"):
        parts.append(part("RefNumber", number))
    parts.append(part("Amount", money(txn.total)))
    if memo := txn.text("Memo"):
        parts.append(part("Memo", memo))
    return parts


# --- deletion -----------------------------------------------------------------------------------


def delete(books: Books, session: Session, request: Element) -> Answer:
    """Answer TxnDelRq: delete a transaction for good."""
    kind, txn_id = request.findtext("TxnDelType") or "", request.findtext("TxnID") or ""
    found = books.to_change(kind, txn_id, None)
    if any(line.received for line in found.lines):
        raise Refused(CANNOT_SAVE, f"Lines of {kind} {txn_id} were received; it cannot go.")
    now = books.now()
    books.storage.delete_transaction(found, now)
    parts = [part("TxnDelType", kind), part("TxnID", txn_id), part("TimeDeleted", now)]
    if number := found.text("RefNumber"):
        parts.append(part("RefNumber", number))
    return Answer(
        ["".join(xml for _, xml in parts)],
        recovery=group("ErrorRecovery", [part("TxnID", txn_id)])[1],
    )
