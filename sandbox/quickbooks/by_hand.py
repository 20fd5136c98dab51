"""What a bookkeeper does at the screen, past every application: enter, edit, receive, delete.

Each change gives the record a new EditSequence, as in QuickBooks, so that an application that read
it before meets 3200. The closing date does not bind the bookkeeper, who has its password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.quickbooks.books import PREFERENCES, Books
from sandbox.quickbooks.records import Field, Line, ListEntry, Transaction, dump
from sandbox.quickbooks.transactions import cents


class ByHand:
    """A bookkeeper in front of the open company file. Unknown ids and names raise KeyError."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._storage = books.storage

    # --- purchase orders ---

    def enter_order(
        self,
        vendor: str,
        ref_number: str,
        lines: list[tuple[str, str, str, Decimal]],
        *,
        txn_date: str | None = None,
        memo: str = "",
    ) -> str:
        """Enter an order; lines are (item, customer or job or '', description, amount), by full
        names. Answers the TxnID."""
        fields: dict[str, Field] = {
            "VendorRef": {"ListID": self._named("Vendor", vendor).list_id},
            "TxnDate": txn_date or self._books.today(),
            "RefNumber": ref_number,
            "IsManuallyClosed": "false",
            "Memo": memo,
        }
        return self._enter("PurchaseOrder", fields, lines)

    def enter_estimate(
        self,
        job: str,
        lines: list[tuple[str, str, Decimal]],
        *,
        number: str = "",
        txn_date: str | None = None,
        memo: str = "",
    ) -> str:
        """Enter an estimate for a customer or job; lines are (item, description, amount), by full
        names. Answers the TxnID."""
        fields: dict[str, Field] = {
            "CustomerRef": {"ListID": self._named("Customer", job).list_id},
            "TxnDate": txn_date or self._books.today(),
            "RefNumber": number or str(self._storage.next_number("estimate number")),
            "IsActive": "true",
            "Memo": memo,
        }
        return self._enter("Estimate", fields, [(item, "", desc, n) for item, desc, n in lines])

    def enter_bill(
        self,
        job: str,
        item: str,
        amount: Decimal,
        *,
        vendor: str = "",
        number: str = "",
        desc: str = "",
        account: str = "",
        klass: str = "",
        txn_date: str | None = None,
    ) -> str:
        """Enter a vendor's bill of one line, so that the job has a cost; below zero, a credit.

        Names are full names. Without an `item` it is an expense on the `account`; without a
        `vendor`, of the first vendor there is. Answers the TxnID."""
        with self._storage.atomic():
            if not vendor:
                vendor = next((each.full_name for each in self._storage.entries("Vendor")), "")
            fields: dict[str, Field] = {
                "VendorRef": {"ListID": self._named("Vendor", vendor).list_id},
                "TxnDate": txn_date or self._books.today(),
                "RefNumber": number or str(self._storage.next_number("bill number")),
            }
            txn_id = self._enter("Bill", fields, [])
            with self._editing(txn_id) as bill:
                line = Line(self._books.new_txn_id(), Decimal(1), amount, amount)
                line.fields["Desc"] = desc
                line.fields["CustomerRef"] = {"ListID": self._named("Customer", job).list_id}
                if item:
                    line.fields["ItemRef"] = {"ListID": self._named("Item", item).list_id}
                if klass:
                    line.fields["ClassRef"] = {"ListID": self._named("Class", klass).list_id}
                if account or not item:
                    entry = self._named("Account", account or "Job Costs")
                    line.fields["AccountRef"] = {"ListID": entry.list_id}
                bill.lines.append(line)
            return txn_id

    def _enter(
        self, kind: str, fields: dict[str, Field], lines: list[tuple[str, str, str, Decimal]]
    ) -> str:
        with self._storage.atomic():
            now = self._books.now()
            entered = Transaction(
                kind,
                self._books.new_txn_id(),
                self._storage.next_number("txn number"),
                self._books.new_edit_sequence(),
                now,
                now,
                fields={name: value for name, value in fields.items() if value},
            )
            entered.lines = [self._line(*line) for line in lines]
            self._storage.save_transaction(entered)
            return entered.txn_id

    def edit_order(self, txn_id: str, **fields: str) -> None:
        """Change header fields by their qbXML names: ``Memo=…``, ``RefNumber=…``, ``TxnDate=…``;
        ``VendorRef`` takes the vendor's name."""
        with self._editing(txn_id) as order:
            for name, value in fields.items():
                if name == "VendorRef":
                    order.fields[name] = {"ListID": self._named("Vendor", value).list_id}
                else:
                    order.fields[name] = value

    def add_line(
        self, txn_id: str, item: str, desc: str, amount: Decimal, *, customer: str = ""
    ) -> str:
        """Put one more line at the end. Answers its TxnLineID."""
        with self._editing(txn_id) as order:
            line = self._line(item, customer, desc, amount)
            order.lines.append(line)
            return line.txn_line_id

    def add_text(self, txn_id: str, place: int, text: str = "") -> str:
        """Put a line of text alone, or an empty one, at a place (from 0). Answers its TxnLineID."""
        return self._insert(txn_id, place, {"Desc": text} if text else {})

    def add_subtotal(self, txn_id: str, place: int, item: str = "Subtotal") -> str:
        """Put a subtotal of the lines above it at a place (from 0). Answers its TxnLineID."""
        ref = {"ListID": self._named("Item", item).list_id}
        return self._insert(txn_id, place, {"ItemRef": ref, "Desc": "Subtotal", "Subtotal": "yes"})

    def _insert(self, txn_id: str, place: int, fields: dict[str, Field]) -> str:
        with self._editing(txn_id) as order:
            line = Line(self._books.new_txn_id(), fields=fields)
            order.lines.insert(place, line)
            return line.txn_line_id

    def move_line(self, txn_id: str, line: int | str, place: int) -> None:
        """Put a line at another place (from 0)."""
        with self._editing(txn_id) as order:
            moved = _line_of(order, line)
            order.lines.remove(moved)
            order.lines.insert(place, moved)

    def close_line(self, txn_id: str, line: int | str) -> None:
        """Close a line of an order by hand: nothing more is expected of it."""
        with self._editing(txn_id) as order:
            _line_of(order, line).is_manually_closed = True

    def edit_line(
        self,
        txn_id: str,
        line: int | str,
        *,
        desc: str | None = None,
        amount: Decimal | None = None,
        quantity: Decimal | None = None,
        item: str | None = None,
        customer: str | None = None,
        klass: str | None = None,
        lump_sum: bool = False,
    ) -> None:
        """Change a line (its place, from 0, or its TxnLineID); the rate follows the amount.

        `item`, `customer` (or job) and `klass` are full names. A `lump_sum` has neither quantity
        nor rate."""
        with self._editing(txn_id) as order:
            changed = _line_of(order, line)
            if item is not None:
                changed.fields["ItemRef"] = {"ListID": self._named("Item", item).list_id}
            if klass is not None:
                changed.fields["ClassRef"] = {"ListID": self._named("Class", klass).list_id}
            if customer is not None:
                job = self._named("Customer", customer)
                changed.fields["CustomerRef"] = {"ListID": job.list_id}
            if desc is not None:
                changed.fields["Desc"] = desc
            if quantity is not None:
                changed.quantity = quantity
                changed.amount = cents((changed.rate or Decimal(0)) * quantity)
            if amount is not None:
                changed.amount = amount
                changed.rate = amount / changed.ordered if changed.ordered else Decimal(0)
            if lump_sum:
                changed.quantity = changed.rate = None

    def mark_up(self, txn_id: str, line: int | str, percent: Decimal) -> None:
        """Give a line of an estimate a mark-up: its price rises, its cost stays."""
        with self._editing(txn_id) as estimate:
            changed = _line_of(estimate, line)
            changed.fields["MarkupRatePercent"] = format(percent, "f")
            cost = (changed.rate or Decimal(0)) * changed.ordered
            changed.amount = cents(cost * (1 + percent / 100))

    def delete_line(self, txn_id: str, line: int | str) -> None:
        """Delete a line (its place, from 0, or its TxnLineID)."""
        with self._editing(txn_id) as order:
            order.lines.remove(_line_of(order, line))

    def delete_order(self, txn_id: str) -> None:
        """Delete an order, or an estimate, for good."""
        with self._storage.atomic():
            self._storage.delete_transaction(self._transaction(txn_id), self._books.now())

    def receive(self, txn_id: str, line: int | str, quantity: Decimal | None = None) -> None:
        """Note that goods came: `quantity` of them, or all that is still open on the line."""
        with self._editing(txn_id) as order:
            received = _line_of(order, line)
            still_open = received.ordered - received.received
            received.received += still_open if quantity is None else quantity

    def close_order(self, txn_id: str, closed: bool = True) -> None:
        """Close an order by hand, or open it again."""
        with self._editing(txn_id) as order:
            order.fields["IsManuallyClosed"] = "true" if closed else "false"

    def open_on_screen(self, txn_id: str) -> None:
        """Have the record open for editing: applications meet 3176 until it is left again."""
        self._storage.lock_transaction(self._transaction(txn_id).txn_id, True)

    def leave_screen(self, txn_id: str) -> None:
        """Close the record again without a change."""
        self._storage.lock_transaction(txn_id, False)

    # --- lists and preferences ---

    def set_active(self, list_id: str, active: bool) -> None:
        """Make a vendor, job, item or class inactive, or active again."""
        self._save_entry(replace(self._entry(list_id), is_active=active))

    def delete_entry(self, list_id: str) -> None:
        """Delete a list entry; ValueError when something below it or a transaction uses it."""
        with self._storage.atomic():
            entry = self._entry(list_id)
            below = any(each.parent == list_id for each in self._storage.entries(entry.kind))
            if below or any(list_id in dump(each) for each in self._storage.transactions()):
                raise ValueError(f"{entry.full_name} is in use and cannot be deleted.")
            kind = entry.details.get("type", entry.kind)
            self._storage.delete_entry(entry, kind, self._books.now())

    def rename(self, list_id: str, name: str) -> None:
        """Rename a list entry; everything below it takes the new name into its full name."""
        entry = self._entry(list_id)
        self._put(entry, name, entry.parent)

    def move(self, list_id: str, below: str) -> None:
        """Put a list entry, with everything below it, below another one (a ListID)."""
        entry = self._entry(list_id)
        self._put(entry, entry.name, self._entry(below).list_id)

    def merge(self, list_id: str, into: str) -> None:
        """Merge a list entry into another one: every transaction that names it names that one from
        then on, as it was saved before, and the entry is gone like a deleted one."""
        with self._storage.atomic():
            entry, other = self._entry(list_id), self._entry(into)
            if entry.kind != other.kind:
                raise ValueError(f"{entry.full_name} and {other.full_name} are not of one list.")
            for transaction in self._storage.transactions():
                for fields in (transaction.fields, *(line.fields for line in transaction.lines)):
                    for name, value in fields.items():
                        if value == {"ListID": list_id}:
                            fields[name] = {"ListID": other.list_id}
                self._storage.save_transaction(transaction)
            self.delete_entry(list_id)

    def _put(self, entry: ListEntry, name: str, parent: str | None) -> None:
        above = f"{self._entry(parent).full_name}:" if parent else ""
        full_name = f"{above}{name}"
        with self._storage.atomic():
            for below in self._storage.entries(entry.kind):
                if below.full_name.startswith(f"{entry.full_name}:"):
                    below.full_name = full_name + below.full_name[len(entry.full_name) :]
                    self._save_entry(below)
            self._save_entry(replace(entry, name=name, full_name=full_name, parent=parent))

    def set_preference(self, name: str, value: Any) -> None:
        """Set one of the preferences that `books.PREFERENCES` lists."""
        if name not in PREFERENCES:
            raise KeyError(f"There is no preference {name}; there are {', '.join(PREFERENCES)}.")
        with self._storage.atomic():
            stored = self._storage.fact("preferences") or {}
            self._storage.set_fact("preferences", {**stored, name: value})

    def close_period(self, until: str | None) -> None:
        """Set the closing date (YYYY-MM-DD), or take it away."""
        if until is not None:
            date.fromisoformat(until)
        self.set_preference("ClosingDate", until)

    def forget_message_sets(self) -> None:
        """Empty the message-set memory, as a company file moved to another machine may have."""
        with self._storage.atomic():
            for set_id in self._storage.message_sets():
                self._storage.forget_message_set(set_id)

    # --- inside ---

    @contextmanager
    def _editing(self, txn_id: str) -> Iterator[Transaction]:
        with self._storage.atomic():
            order = self._transaction(txn_id)
            yield order
            order.edit_sequence = self._books.new_edit_sequence()
            order.time_modified = self._books.now()
            self._storage.save_transaction(order)

    def _transaction(self, txn_id: str) -> Transaction:
        found = self._storage.transaction(txn_id)
        if found is None:
            raise KeyError(f"There is no transaction {txn_id}.")
        return found

    def _entry(self, list_id: str) -> ListEntry:
        entry = self._storage.entry(list_id)
        if entry is None:
            raise KeyError(f"There is no list entry {list_id}.")
        return entry

    def _named(self, kind: str, full_name: str) -> ListEntry:
        entry = self._storage.entry_named(kind, full_name)
        if entry is None:
            raise KeyError(f"There is no {kind} called {full_name}.")
        return entry

    def _save_entry(self, entry: ListEntry) -> None:
        entry.edit_sequence, entry.time_modified = (
            self._books.new_edit_sequence(),
            self._books.now(),
        )
        self._storage.save_entry(entry)

    def _line(self, item: str, customer: str, desc: str, amount: Decimal) -> Line:
        line = Line(self._books.new_txn_id(), Decimal(1), amount, amount)
        line.fields["ItemRef"] = {"ListID": self._named("Item", item).list_id}
        line.fields["Desc"] = desc
        if customer:
            line.fields["CustomerRef"] = {"ListID": self._named("Customer", customer).list_id}
        return line


def _line_of(order: Transaction, line: int | str) -> Line:
    if isinstance(line, int):
        return order.lines[line]
    for each in order.lines:
        if each.txn_line_id == line:
            return each
    raise KeyError(f"{order.txn_id} has no line {line}.")
