"""The stand-in for a QuickBooks company file. It is not QuickBooks and says so in its answers.

company = CompanyFile.create("var/meridian.qbw", company_name="Meridian Builders")
vendor = company.add_vendor("Ironwood Concrete")
job = company.add_job(company.add_customer("City of Alder"), "Riverside Library")
answer = company.answer(qbxml)                       # as an application asks it
company.by_hand.edit_order(txn_id, Memo="mine")      # as a bookkeeper changes it
company.purchase_orders()                            # what it now holds
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any, Self
from xml.etree.ElementTree import Element, SubElement, tostring

from sandbox.quickbooks import message_sets
from sandbox.quickbooks.books import Books, Clock, Session, local_now
from sandbox.quickbooks.by_hand import ByHand
from sandbox.quickbooks.lists import ITEM_TYPES
from sandbox.quickbooks.records import ListEntry
from sandbox.quickbooks.storage import Storage
from sandbox.quickbooks.views import OrderView, view

LONGEST_NAME = {"Vendor": 41, "Customer": 41, "Item": 31, "Class": 31}
_ACCOUNTS = {
    "Construction Income": "Income",
    "Job Costs": "CostOfGoodsSold",
    "Office Expenses": "Expense",
    "Inventory Asset": "OtherCurrentAsset",
    "Accounts Payable": "AccountsPayable",
}


class CompanyFile:
    """A company file, kept in one SQLite file (or ``:memory:``) that several processes may open.

    `clock` answers the time on QuickBooks' machine, with its offset.
    """

    def __init__(self, path: str | Path, *, clock: Clock = local_now) -> None:
        """Open a company file that `create` made; FileNotFoundError if there is none."""
        if not Path(path).exists():
            raise FileNotFoundError(f"There is no company file {path}.")
        self._set_up(path, clock)

    def _set_up(self, path: str | Path, clock: Clock) -> None:
        self.path = str(path) if str(path) == ":memory:" else str(Path(path).absolute())
        self.update_locks: defaultdict[str, Lock] = defaultdict(Lock)  # for a file in memory
        self.books = Books(Storage(path), clock)
        self.by_hand = ByHand(self.books)
        self._session = Session()

    @classmethod
    def create(
        cls, path: str | Path = ":memory:", *, company_name: str, clock: Clock = local_now
    ) -> Self:
        """Make a new company file; FileExistsError if there is one already."""
        if str(path) != ":memory:":
            if Path(path).exists():
                raise FileExistsError(f"There is a company file {path} already.")
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        made = cls.__new__(cls)
        made._set_up(path, clock)
        with made.books.storage.atomic():
            made.books.storage.set_fact("company name", company_name)
            for name, kind in _ACCOUNTS.items():
                made._add("Account", name, None, AccountType=kind)
            for name in ("Tax", "Non"):
                made._add("SalesTaxCode", name, None)
            for name in ("Due on receipt", "Net 30"):
                made._add("Terms", name, None)
        return made

    def close(self) -> None:
        """Close the file."""
        self.books.storage.close()

    @property
    def company_name(self) -> str:
        """The name of the company."""
        return str(self.books.storage.fact("company name"))

    # --- lists ---

    def add_vendor(self, name: str, *, active: bool = True) -> str:
        """Add a vendor (at most 41 characters). Answers its ListID."""
        return self._add("Vendor", name, None, active=active).list_id

    def add_customer(self, name: str, *, active: bool = True) -> str:
        """Add a customer (at most 41 characters). Answers its ListID."""
        return self._add("Customer", name, None, active=active).list_id

    def add_job(self, customer_list_id: str, name: str, *, active: bool = True) -> str:
        """Add a job below a customer or job (at most 41 characters). Answers its ListID."""
        details = {"JobStatus": "InProgress"}
        return self._add("Customer", name, customer_list_id, active=active, **details).list_id

    def add_item(
        self,
        name: str,
        parent: str | None = None,
        kind: str = "service",
        *,
        sides: str = "both",
        account: str = "",
        cost: Decimal = Decimal("0.00"),
        desc: str = "",
        active: bool = True,
    ) -> str:
        """Add an item (at most 31 characters), below the item `parent` (a ListID) if given.

        `kind` is one of `ITEM_TYPES`; `sides` is ``both`` (sold and purchased), ``purchase`` or
        ``sales`` (one account only); `account` is the account its purchases (or, with ``sales``,
        its sales) post to, by name. Answers its ListID.
        """
        if kind not in ITEM_TYPES or sides not in ("both", "purchase", "sales"):
            raise ValueError(f"An item cannot be of kind {kind} with sides {sides}.")
        details = {"type": ITEM_TYPES[kind], "sides": sides, "PurchaseCost": format(cost, "f")}
        if account:
            self.list_id("Account", account)
            details["account"] = account
        if desc:
            details["PurchaseDesc"] = desc
        return self._add("Item", name, parent, active=active, **details).list_id

    def add_class(self, name: str, parent: str | None = None) -> str:
        """Add a class (at most 31 characters). Answers its ListID."""
        return self._add("Class", name, parent).list_id

    def list_id(self, kind: str, full_name: str) -> str:
        """The ListID of a Vendor, Customer (``Customer:Job``), Item or Class; KeyError if none."""
        entry = self.books.storage.entry_named(kind, full_name)
        if entry is None:
            raise KeyError(f"There is no {kind} called {full_name}.")
        return entry.list_id

    def entries(self, kind: str) -> list[ListEntry]:
        """A whole list, by full name, inactive entries included."""
        return self.books.storage.entries(kind)

    def _add(
        self, kind: str, name: str, parent: str | None, *, active: bool = True, **details: str
    ) -> ListEntry:
        if not name or ":" in name or len(name) > LONGEST_NAME.get(kind, 159):
            raise ValueError(f"{name!r} cannot be the name of a {kind} (empty, a colon, too long).")
        storage = self.books.storage
        with storage.atomic():
            above = None if parent is None else storage.entry(parent)
            if parent is not None and (above is None or above.kind != kind):
                raise KeyError(f"There is no {kind} {parent} to put {name} below.")
            full_name = f"{above.full_name}:{name}" if above else name
            if storage.entry_named(kind, full_name):
                raise ValueError(f"There is a {kind} called {full_name} already.")
            now = self.books.now()
            entry = ListEntry(
                kind,
                self.books.new_list_id(),
                name,
                full_name,
                parent,
                active,
                self.books.new_edit_sequence(),
                now,
                now,
                details,
            )
            storage.save_entry(entry)
            return entry

    def load(self, seed: Mapping[str, Any]) -> None:
        """Add what a seed lists: ``vendors`` and ``classes`` (names), ``customers`` ({name, jobs})
        and ``items`` ({name, parent, kind, sides, account, desc}; ``parent`` by full name). What
        is there already stays as it is."""
        with self.books.storage.atomic():
            for name in seed.get("vendors", []):
                self._unless_there("Vendor", name) and self.add_vendor(name)
            for name in seed.get("classes", []):
                self._unless_there("Class", name) and self.add_class(name)
            for customer in seed.get("customers", []):
                name = customer["name"]
                self._unless_there("Customer", name) and self.add_customer(name)
                for job in customer.get("jobs", []):
                    if self._unless_there("Customer", f"{name}:{job}"):
                        self.add_job(self.list_id("Customer", name), job)
            for item in seed.get("items", []):
                parent = item.get("parent")
                if self._unless_there(
                    "Item", f"{parent}:{item['name']}" if parent else item["name"]
                ):
                    options = {k: v for k, v in item.items() if k not in ("name", "parent")}
                    above = self.list_id("Item", parent) if parent else None
                    self.add_item(item["name"], above, **options)

    def _unless_there(self, kind: str, full_name: str) -> bool:
        return self.books.storage.entry_named(kind, full_name) is None

    # --- what applications ask ---

    def open_session(self) -> Session:
        """Begin a session of an application. Iterators are valid only in the one they began in."""
        return Session()

    def answer(self, qbxml: str | bytes, session: Session | None = None) -> str:
        """Execute a qbXML document and answer it.

        Raises `NotParsed` (with its hresult) when the document cannot be read: nothing of it was
        executed then. Without a `session`, all calls are one session.
        """
        return message_sets.answer(self.books, session or self._session, qbxml)

    def host_company_preferences(self, owner_id: str) -> str:
        """What a Web Connector sends along first: host, company with the private data of
        `owner_id`, and preferences, as one qbXML document."""
        root = Element("QBXML")
        requests = SubElement(root, "QBXMLMsgsRq", onError="continueOnError")
        SubElement(requests, "HostQueryRq", requestID="0")
        company = SubElement(requests, "CompanyQueryRq", requestID="1")
        SubElement(company, "OwnerID").text = owner_id
        SubElement(requests, "PreferencesQueryRq", requestID="2")
        version = self.books.preference("HighestVersion")  # the Web Connector knows what is spoken
        head = f'<?xml version="1.0" encoding="utf-8"?><?qbxml version="{version}"?>'
        return self.answer(head + tostring(root, encoding="unicode"), Session())

    def file_id(self, owner_id: str) -> str | None:
        """The FileID that an application's Web Connector left here."""
        return self.books.storage.private_data(owner_id).get("FileID")

    def set_private_data(self, owner_id: str, name: str, value: str) -> None:
        """Keep private data (DataExt) of the company under an application's OwnerID."""
        self.books.storage.set_private_data(owner_id, name, value)

    # --- what it holds ---

    def purchase_orders(self) -> list[OrderView]:
        """All purchase orders, in the order in which they were entered."""
        return self._views("PurchaseOrder")

    def purchase_order(self, ref_number: str) -> OrderView:
        """The one purchase order with this number; KeyError if there is not exactly one."""
        found = [each for each in self.purchase_orders() if each.ref_number == ref_number]
        if len(found) != 1:
            raise KeyError(f"There are {len(found)} purchase orders {ref_number}.")
        return found[0]

    def estimates(self) -> list[OrderView]:
        """All estimates, in the order in which they were entered."""
        return self._views("Estimate")

    def bills(self) -> list[OrderView]:
        """All bills, in the order in which they were entered: what makes the actual costs."""
        return self._views("Bill")

    def memo(self, txn_id: str) -> str:
        """The memo of an order or estimate, '' if there is none."""
        found = self.books.storage.transaction(txn_id)
        return found.text("Memo") if found else ""

    @property
    def highest_version(self) -> str:
        """The highest version of qbXML that is spoken."""
        return str(self.books.preference("HighestVersion"))

    def message_sets(self) -> list[str]:
        """The ids of the message sets that are remembered now."""
        return self.books.storage.message_sets()

    def _views(self, kind: str) -> list[OrderView]:
        return [view(self.books, each) for each in self.books.storage.transactions(kind)]

    # --- backups ---

    def backup(self, path: str | Path) -> None:
        """Write a backup of the company file."""
        self.books.storage.copy_to(path)

    def restore(self, path: str | Path) -> None:
        """Go back to a backup: orders, EditSequences and message-set memory as they were then."""
        self.books.storage.copy_from(path)


def load_seed(path: str | Path) -> dict[str, Any]:
    """Read a seed for `CompanyFile.load` from a JSON file."""
    seed: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return seed
