"""The books of one company as its requests see them: ids, times, preferences, references."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from xml.etree.ElementTree import Element

from sandbox.quickbooks.checking import field_types, is_container
from sandbox.quickbooks.records import Field, ListEntry, Transaction
from sandbox.quickbooks.statuses import (
    EDIT_SEQUENCE_OUTDATED,
    FEATURE_OFF,
    IN_USE,
    NOT_PLAYED,
    OBJECT_NOT_FOUND,
    PERIOD_CLOSED,
    REFERENCE_NOT_FOUND,
    Refused,
)
from sandbox.quickbooks.storage import Storage

Clock = Callable[[], datetime]

# Preferences of the company file, by their qbXML names where qbXML has one.
PREFERENCES: dict[str, Any] = {
    "IsUsingInventory": True,  # purchase orders come with it
    "IsUsingEstimates": True,
    "IsUsingProgressInvoicing": False,
    "IsUsingClassTracking": True,
    "IsUsingUnitsOfMeasure": False,
    "IsMultiCurrencyOn": False,
    "DefaultMarkup": "0",
    "ClosingDate": None,  # YYYY-MM-DD
    "ClosingDateCoversOrders": True,  # False: orders and estimates are excluded from it
    "ReportsShowItemDescriptions": False,  # reports call an item “03-300 (Concrete)”
    "UserIsRestricted": False,  # the Web Connector works as a user who may not see everything
    "HighestVersion": "13.0",  # of qbXML; lower it to play an older QuickBooks
    "ErrorRecoveryOnly": True,  # the message-set memory keeps ids only, not the whole answer
}

# Which list a reference looks into; an empty string: a feature that this company does not use.
_LIST_OF = {
    "VendorRef": "Vendor",
    "CustomerRef": "Customer",
    "ItemRef": "Item",
    "ClassRef": "Class",
    "TermsRef": "Terms",
    "SalesTaxCodeRef": "SalesTaxCode",
    "CustomerSalesTaxCodeRef": "SalesTaxCode",
    "OverrideItemAccountRef": "Account",
    "InventorySiteRef": "",
    "InventorySiteLocationRef": "",
    "OverrideUOMSetRef": "",
}
_FEATURE_FIELDS = {
    "ClassRef": "IsUsingClassTracking",
    "UnitOfMeasure": "IsUsingUnitsOfMeasure",
    "ExchangeRate": "IsMultiCurrencyOn",
}


def local_now() -> datetime:
    """The time on this machine, with its offset."""
    return datetime.now(UTC).astimezone()


@dataclass(slots=True)
class IteratorState:
    """A query that is being handed out page by page: what was asked, and what is left."""

    asked: bytes
    left: list[str]


@dataclass(slots=True)
class Session:
    """One connection of an application to the open company file. Iterators live and die with it."""

    iterators: dict[str, IteratorState] = field(default_factory=dict)


class Books:
    """What every request needs of the company file."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self.clock = clock

    # --- ids and times ---

    def now(self) -> str:
        """The time now, as qbXML writes it: local time of the machine with its offset."""
        return self.clock().replace(microsecond=0).isoformat()

    def today(self) -> str:
        """Today, YYYY-MM-DD."""
        return self.clock().date().isoformat()

    def new_list_id(self) -> str:
        """A ListID such as 8000001B-1467312345."""
        number = self.storage.next_number("list", 0x80000001)
        return f"{number:08X}-{int(self.clock().timestamp())}"

    def new_txn_id(self) -> str:
        """A TxnID or TxnLineID such as 1A2B-1467312345; both count in one row."""
        return f"{self.storage.next_number('txn', 0x1A01):X}-{int(self.clock().timestamp())}"

    def new_edit_sequence(self) -> str:
        """An EditSequence: digits that only ever rise."""
        return str(self.storage.next_number("edit", int(self.clock().timestamp())))

    def new_iterator_id(self) -> str:
        """An iteratorID: a GUID in braces."""
        number = self.storage.next_number("iterator")
        return "{" + str(uuid.uuid5(uuid.NAMESPACE_OID, f"iterator {number}")).upper() + "}"

    # --- preferences ---

    def preference(self, name: str) -> Any:
        """The value of one of `PREFERENCES`."""
        return (self.storage.fact("preferences") or {}).get(name, PREFERENCES[name])

    def require(self, preference: str, what: str) -> None:
        """Refuse (3250) unless the feature that `what` needs is switched on."""
        if not self.preference(preference):
            raise Refused(
                FEATURE_OFF,
                f"{what} needs a feature that is not switched on in this company file"
                f" ({preference}).",
            )

    def require_open_period(self, what: str, txn_date: str) -> None:
        """Refuse (3171) a `txn_date` (YYYY-MM-DD) on or before the closing date."""
        closing_date = self.preference("ClosingDate")
        if not closing_date or not self.preference("ClosingDateCoversOrders"):
            return
        if date.fromisoformat(txn_date) <= date.fromisoformat(closing_date):
            raise Refused(
                PERIOD_CLOSED,
                f"The {what} is dated {txn_date}, on or before the closing date {closing_date}.",
            )

    # --- references and records ---

    def referenced(self, element: Element) -> ListEntry:
        """The active list entry that a reference element names; ListID wins over FullName.

        3140 when there is none, or when it was made inactive; 3250 when it belongs to a feature
        that this company does not use.
        """
        kind = _LIST_OF.get(element.tag)
        list_id, full_name = element.findtext("ListID"), element.findtext("FullName")
        wanted = list_id or full_name or ""
        if kind == "":
            raise Refused(FEATURE_OFF, f"{element.tag} belongs to a feature that is switched off.")
        entry = None
        if kind and list_id:
            entry = self.storage.entry(list_id)
        elif kind and full_name:
            entry = self.storage.entry_named(kind, full_name)
        if entry is None or entry.kind != kind:
            raise Refused(
                REFERENCE_NOT_FOUND,
                f'{element.tag} names the {kind or "entry"} "{wanted}", which is not in this'
                " company file.",
            )
        if not entry.is_active:
            raise Refused(
                REFERENCE_NOT_FOUND,
                f'{element.tag} names the {kind} "{entry.full_name}", which was made inactive.',
            )
        return entry

    def full_name(self, list_id: str) -> str:
        """The full name of a list entry."""
        return self.storage.full_name(list_id)

    def to_change(self, kind: str, txn_id: str, edit_sequence: str | None) -> Transaction:
        """The transaction that a request wants to change or delete.

        3120 when it is not there, 3200 when `edit_sequence` is not its present one, 3176 when
        somebody has it open, 3171 when its period is closed.
        """
        found = self.storage.transaction(txn_id)
        if found is None or found.kind != kind:
            raise Refused(OBJECT_NOT_FOUND, f'Object "{txn_id}" is not in this company file.')
        if edit_sequence is not None and edit_sequence != found.edit_sequence:
            raise Refused(
                EDIT_SEQUENCE_OUTDATED,
                f'The edit sequence "{edit_sequence}" is out of date: {kind}'
                f" {found.text('RefNumber')} was changed since.",
            )
        if self.storage.is_locked(txn_id):
            raise Refused(IN_USE, f"{kind} {found.text('RefNumber')} is open on somebody's screen.")
        self.require_open_period(kind, found.text("TxnDate"))
        return found

    def read_fields(
        self, element: Element, type_name: str, into: dict[str, Field], skip: str
    ) -> None:
        """Take over the fields of a request element but those that `skip` names: references
        resolved, empty ones cleared."""
        types, skipped = field_types(type_name), frozenset(skip.split())
        for child in element:
            if child.tag in skipped:
                continue
            if child.tag == "DataExt":
                raise Refused(NOT_PLAYED, "This stand-in for QuickBooks keeps no custom fields.")
            value = self._read_field(child, types[child.tag])
            if value is None:
                into.pop(child.tag, None)
                continue
            if feature := _FEATURE_FIELDS.get(child.tag):
                self.require(feature, child.tag)
            into[child.tag] = value

    def _read_field(self, element: Element, type_name: str) -> Field | None:
        if type_name.startswith("ref"):
            has_name = any(child.text for child in element)
            return {"ListID": self.referenced(element).list_id} if has_name else None
        if is_container(type_name):
            parts = {child.tag: in_windows_1252(child.text or "") for child in element}
            return {name: text for name, text in parts.items() if text} or None
        text = element.text or ""
        if type_name == "bool" and text:
            return "true" if is_true(text) else "false"
        return in_windows_1252(text) or None


def is_true(text: str | None) -> bool:
    """Whether a qbXML boolean says true; an absent one does not."""
    return text in ("true", "1")


def in_windows_1252(text: str) -> str:
    """What is left of a text in QuickBooks, which keeps Windows-1252: the rest becomes ``?``."""
    return text.encode("cp1252", "replace").decode("cp1252")
