"""What the company file holds, in words: for people, pages and tests."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sandbox.quickbooks.answers import money
from sandbox.quickbooks.books import Books, is_true
from sandbox.quickbooks.records import Line, Transaction


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as a bookkeeper sees it. Names are full names (``Customer:Job``), '' for none."""

    txn_line_id: str
    item: str
    customer: str
    klass: str
    desc: str
    service_date: str
    quantity: Decimal | None
    rate: Decimal | None
    amount: Decimal
    received: Decimal
    item_list_id: str
    customer_list_id: str
    is_closed: bool


@dataclass(frozen=True, slots=True)
class OrderView:
    """A purchase order or an estimate as a bookkeeper sees it. Money in the company's currency.

    `name` is the vendor of an order, the customer or job of an estimate.
    """

    kind: str
    txn_id: str
    ref_number: str
    name: str
    name_list_id: str
    txn_date: str
    memo: str
    vendor_msg: str
    external_guid: str | None
    edit_sequence: str
    total: Decimal
    is_closed: bool
    is_fully_received: bool
    time_created: str
    time_modified: str
    lines: tuple[LineView, ...]

    def line(self, desc: str) -> LineView:
        """The one line whose description contains `desc`; KeyError if there is not exactly one."""
        found = [line for line in self.lines if desc in line.desc]
        if len(found) != 1:
            raise KeyError(f"{len(found)} lines of {self.ref_number} contain {desc!r}")
        return found[0]


def view(books: Books, txn: Transaction) -> OrderView:
    """A transaction in words."""
    name_list_id = txn.ref("VendorRef") or txn.ref("CustomerRef") or ""
    return OrderView(
        kind=txn.kind,
        txn_id=txn.txn_id,
        ref_number=txn.text("RefNumber"),
        name=books.full_name(name_list_id),
        name_list_id=name_list_id,
        txn_date=txn.text("TxnDate"),
        memo=txn.text("Memo"),
        vendor_msg=txn.text("VendorMsg"),
        external_guid=txn.external_guid,
        edit_sequence=txn.edit_sequence,
        total=money(txn.total),
        is_closed=is_true(txn.text("IsManuallyClosed")),
        is_fully_received=txn.is_fully_received,
        time_created=txn.time_created,
        time_modified=txn.time_modified,
        lines=tuple(_line(books, line) for line in txn.lines),
    )


def _line(books: Books, line: Line) -> LineView:
    def name(ref: str) -> str:
        list_id = line.ref(ref)
        return books.full_name(list_id) if list_id else ""

    def text(field: str) -> str:
        value = line.fields.get(field, "")
        return value if isinstance(value, str) else ""

    return LineView(
        txn_line_id=line.txn_line_id,
        item=name("ItemRef"),
        customer=name("CustomerRef"),
        klass=name("ClassRef"),
        desc=text("Desc"),
        service_date=text("ServiceDate"),
        quantity=line.quantity,
        rate=line.rate,
        amount=money(line.amount or Decimal(0)),
        received=line.received,
        item_list_id=line.ref("ItemRef") or "",
        customer_list_id=line.ref("CustomerRef") or "",
        is_closed=line.is_manually_closed,
    )
