"""From a qbXML document to its answer: reading, the message-set memory, executing.

A message set with a ``newMessageSetID`` is remembered together with what it did, in one database
transaction. The same document again is answered from the memory; an empty one with both ids the
same asks only for what is remembered; ``oldMessageSetID`` makes QuickBooks forget.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, XMLParser

from sandbox.quickbooks import (
    company,
    deletions,
    estimates,
    lists,
    purchase_orders,
    reports,
    transactions,
    users,
)
from sandbox.quickbooks.answers import Answer, document, response
from sandbox.quickbooks.books import Books, Session
from sandbox.quickbooks.checking import bad_value, structure_error
from sandbox.quickbooks.schema import REQUESTS
from sandbox.quickbooks.statuses import (
    BAD_MESSAGE_SET_ID,
    NO_SUCH_MESSAGE_SET,
    NOT_PLAYED,
    NOT_PROCESSED,
    NOTHING_STORED,
    OK,
    OTHER_BYTES,
    REQUEST_ID_TOO_LONG,
    NotParsed,
    Refused,
)

HANDLERS: dict[str, Callable[[Books, Session, Element], Answer]] = {
    "HostQueryRq": company.host,
    "CompanyQueryRq": company.company,
    "PreferencesQueryRq": company.preferences,
    "VendorQueryRq": lists.find_vendors,
    "CustomerQueryRq": lists.find_customers,
    "ItemQueryRq": lists.find_items,
    "ClassQueryRq": lists.find_classes,
    "AccountQueryRq": lists.find_accounts,
    "PurchaseOrderQueryRq": purchase_orders.find,
    "PurchaseOrderAddRq": purchase_orders.add,
    "PurchaseOrderModRq": purchase_orders.modify,
    "EstimateQueryRq": estimates.find,
    "EstimateAddRq": estimates.add,
    "EstimateModRq": estimates.modify,
    "TransactionQueryRq": transactions.query_all,
    "CustomDetailReportQueryRq": reports.find,
    "TxnDelRq": transactions.delete,
    "TxnDeletedQueryRq": deletions.find_transactions,
    "ListDeletedQueryRq": deletions.find_entries,
}

# Requests that QuickBooks knows and that this stand-in refuses by name instead of misreading them.
_NOT_PLAYED_NAMES = (
    "BillAddRq BillQueryRq BudgetSummaryReportQueryRq CompanyActivityQueryRq"
    " CustomSummaryReportQueryRq CustomerAddRq CustomerModRq"
    " DataExtAddRq DataExtDefAddRq EntityQueryRq GeneralDetailReportQueryRq"
    " GeneralSummaryReportQueryRq ItemServiceAddRq ItemServiceQueryRq JobReportQueryRq ListDelRq"
    " StandardTermsQueryRq TemplateQueryRq TxnVoidRq VendorAddRq"
)
NOT_PLAYED_REQUESTS = frozenset(_NOT_PLAYED_NAMES.split())

LONGEST_MESSAGE_SET_ID = 23
LONGEST_REQUEST_ID = 50
_VERSION = re.compile(r'<\?qbxml\s+version="([\d.]+)"\s*\?>')
_SET_ATTRIBUTES = {"onError", "newMessageSetID", "oldMessageSetID", "responseData"}


@dataclass(slots=True)
class MessageSet:
    """A readable message set."""

    requests: list[Element]
    new_id: str | None
    old_id: str | None
    stop_on_error: bool
    with_data: bool
    checksum: str

    @property
    def is_status_check(self) -> bool:
        """Nothing to do, and both ids the same: tell me what you remember."""
        return not self.requests and self.new_id is not None and self.new_id == self.old_id


def answer(books: Books, session: Session, text: str | bytes) -> str:
    """Execute a qbXML document and answer it. Raises `NotParsed` when it cannot be read at all:
    then nothing was executed."""
    message_set = read(text, company.supported_versions(books))
    with books.storage.atomic():
        return _answer(books, session, message_set)


def read(text: str | bytes, supported: list[str]) -> MessageSet:
    """Read a document in one of the supported versions as strictly as QuickBooks does, or raise
    `NotParsed`."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError:
            raise NotParsed("The document is not UTF-8.") from None
    if not text.isascii():
        # Several versions of QuickBooks fail on raw non-ASCII; character references always work.
        raise NotParsed("Characters outside ASCII must be written as character references.")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotParsed("A document type or an entity is not taken here.")
    version = _VERSION.search(text)
    if version is None or version[1] not in supported:
        raise NotParsed("The document names no qbXML version that this program supports.")
    try:
        parser = XMLParser()
        parser.feed(text)
        root: Element = parser.close()
    except ParseError as error:
        raise NotParsed(f"The document is not well-formed XML: {error}.") from None
    if root.tag != "QBXML" or [child.tag for child in root] != ["QBXMLMsgsRq"]:
        raise NotParsed("The document is not a QBXML with one QBXMLMsgsRq.")
    element = root[0]
    if element.get("onError") not in ("stopOnError", "continueOnError"):
        raise NotParsed("onError must be stopOnError or continueOnError.")
    if set(element.attrib) - _SET_ATTRIBUTES:
        raise NotParsed("QBXMLMsgsRq has an unknown attribute.")
    for request in element:
        if request.tag in NOT_PLAYED_REQUESTS:
            continue
        if request.tag not in REQUESTS:
            raise NotParsed(f"There is no request called {request.tag}.")
        if fault := structure_error(request, request.tag):
            raise NotParsed(f"{request.tag}: {fault}.")
    return MessageSet(
        list(element),
        element.get("newMessageSetID"),
        element.get("oldMessageSetID"),
        element.get("onError") == "stopOnError",
        element.get("responseData", "includeAll") == "includeAll",
        hashlib.sha256(text.encode()).hexdigest(),
    )


def _answer(books: Books, session: Session, message_set: MessageSet) -> str:
    new_id, old_id = message_set.new_id, message_set.old_id
    ids = [each for each in (new_id, old_id) if each is not None]
    if any(not each or len(each) > LONGEST_MESSAGE_SET_ID for each in ids):
        return document("", {"messageSetStatusCode": str(BAD_MESSAGE_SET_ID)})
    status = {"newMessageSetID": new_id} if new_id is not None else {}

    def outcome(inside: str, code: int) -> str:
        return document(inside, status | ({"messageSetStatusCode": str(code)} if ids else {}))

    if old_id is not None and old_id != new_id:
        known = books.storage.forget_message_set(old_id)
        if not known and new_id is None:
            return outcome("", NO_SUCH_MESSAGE_SET)
    if new_id is not None and (stored := books.storage.message_set(new_id)):
        checksum, remembered = stored
        if message_set.is_status_check or checksum == message_set.checksum:
            return outcome(remembered, OK)
        return outcome("", OTHER_BYTES)
    if message_set.is_status_check:
        return outcome("", NOTHING_STORED)
    answers = _execute(books, session, message_set)
    if new_id is not None:
        only_recovery = books.preference("ErrorRecoveryOnly")
        remembered = "".join(
            response(name, request_id, each, objects=not only_recovery)
            for name, request_id, each in answers
        )
        books.storage.remember_message_set(new_id, message_set.checksum, remembered)
    inside = "".join(
        response(name, request_id, each)
        if message_set.with_data
        else response(name, request_id, Answer([], each.code, each.message))
        for name, request_id, each in answers
    )
    return outcome(inside, OK)


def _execute(
    books: Books, session: Session, message_set: MessageSet
) -> list[tuple[str, str | None, Answer]]:
    answers: list[tuple[str, str | None, Answer]] = []
    failed = False
    for request in message_set.requests:
        if failed and message_set.stop_on_error:
            each = Answer(code=NOT_PROCESSED, message="Not processed: an earlier request failed.")
        else:
            each = _execute_one(books, session, request)
        failed = failed or each.code >= 1000
        answers.append((request.tag, request.get("requestID"), each))
    return answers


def _execute_one(books: Books, session: Session, request: Element) -> Answer:
    try:
        with books.storage.atomic():
            if len(request.get("requestID", "")) > LONGEST_REQUEST_ID:
                raise Refused(REQUEST_ID_TOO_LONG, "The requestID is longer than 50 characters.")
            handler = HANDLERS.get(request.tag)
            if handler is None:
                raise Refused(
                    NOT_PLAYED, f"This stand-in for QuickBooks does not answer {request.tag}."
                )
            if fault := bad_value(request, request.tag):
                raise Refused(fault.code, f"{fault.reason}.")
            users.refuse(books, request.tag)
            return users.shown(books, request, handler(books, session, request))
    except Refused as refused:
        return Answer(code=refused.code, message=refused.message)
