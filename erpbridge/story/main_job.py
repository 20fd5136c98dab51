"""How one change order comes from a project manager into the ERP, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from directory.formats import counted
from erpbridge.story.books import Books, Change, Order
from erpbridge.story.budget import BudgetRound, Transfer
from erpbridge.story.telling import Failed, Say, Teller, money
from erpbridge.story.visitor import Visitor

VERBS = {
    "create": "wrote it",
    "status": "changed its status",
    "send": "sent it to accounting",
    "accept": "accepted it",
    "begin": "began to export it",
    "succeed": "saw it confirmed",
}


@dataclass(frozen=True, slots=True)
class Tale:
    """Whose story it is, and what is changed. People by their first names; a change is the line of
    the commitment, a description, an amount."""

    manager: str
    approver: str
    reader: str
    project: str
    order: str
    title: str
    description: str
    changes: Sequence[tuple[int, str, Decimal]]
    transfer: Transfer  # of the budget


# Line 3 is changed twice, line 8 becomes cheaper.
ON_QUICKBOOKS = Tale(
    manager="Pam",
    approver="Ann",
    reader="Vic",
    project="24-017",
    order="SC-24017-03",
    title="Server room cooling",
    description="The owner moved the server room to the inside of the building.",
    changes=[
        (3, "Duct branch to the server room", Decimal("4185.00")),
        (3, "Fire damper in the same duct", Decimal("1215.40")),
        (6, "Two temperature sensors", Decimal("890.00")),
        (8, "Training shortened to one morning", Decimal("-320.25")),
    ],
    transfer=Transfer("24-017", ("09-910", "Subcontract"), ("03-300", "Subcontract")),
)
# Lines 1 and 2 have one phase and cost type; line 4 becomes cheaper.
ON_SPECTRUM = Tale(
    manager="Marco",
    approver="Nora",
    reader="Sam",
    project="H-101",
    order="SC-101",
    title="Power for the print room",
    description="The tenant puts two large printers beside the meeting rooms.",
    changes=[
        (1, "Feeder to the print room", Decimal("2140.00")),
        (2, "Two outlets, 30 A", Decimal("685.40")),
        (3, "Breakers for the same", Decimal("512.00")),
        (4, "One fixture less", Decimal("-148.25")),
    ],
    transfer=Transfer("H-102", ("07-500", "Subcontract"), ("26-510", "Material")),
)


class MainJob(Teller):
    """The story. `say` takes one line at a time; `people` are first name -> (name, e-mail)."""

    def __init__(
        self,
        base_url: str,
        tale: Tale,
        books: Books,
        people: dict[str, tuple[str, str]],
        password: str,
        say: Say,
    ) -> None:
        self.base_url = base_url
        self.its = tale
        self.books = books
        self.people = people
        self.password = password
        super().__init__(say)

    def tell(self) -> None:
        """All of it. Raises Failed, or NotAllowed where somebody was refused what is theirs."""
        its, books = self.its, self.books
        self.say(
            f"ERP Bridge runs at {self.base_url}. The part of {books.erp} is played by a stand-in, "
            f"which shows itself at {books.address}/."
        )
        self.chapter("Who is there")
        people = (its.manager, its.approver, its.reader)
        manager, approver, reader = (self._sign_in(name) for name in people)
        commitment, lines = self._find_commitment(manager)
        before = books.order(its.order)
        self.say(
            f"{books.erp} holds {books.record} {its.order} of {before.vendor} with "
            f"{counted(len(before.lines), 'line')}, {before.total:,.2f} in all."
        )
        with books.watched():
            export = self._write_and_send(manager, commitment, lines)
            self._accept(manager, approver, reader, export)
            self._collect(manager, approver, export)
            after = books.order(its.order)
            self.chapter(f"The {books.record} in {books.erp}, before and after")
            self._table(before, after)
            approved = books.approved(approver.get(f"exports/{export['id']}/"))
            faults = judge(before, after, approved)
            self._once_more(approver, after, faults)
        self._history(approver, export)
        if faults:
            raise Failed(" ".join(faults))
        BudgetRound(its.transfer, books, self.say).tell(manager, approver)

    # --- the chapters ----------------------------------------------------------------------------

    def _sign_in(self, first: str) -> Visitor:
        name, email = self.people[first]
        visitor = Visitor(self.base_url, name)
        visitor.sign_in(email, self.password)
        self.say(f"{name} signs in as {email}.")
        return visitor

    def _find_commitment(
        self, manager: Visitor
    ) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
        its = self.its
        [company] = manager.get("companies/")["results"]
        projects = manager.get("projects/", company=company["id"])["results"]
        project = next(each for each in projects if each["number"] == its.project)
        found = manager.get("commitments/", project=project["id"], q=its.order)["results"]
        detail = manager.get(f"commitments/{found[0]['id']}/")
        commitment = detail["commitment"]
        self.say(
            f"On {project['name']}, subcontract {commitment['number']} ({commitment['title']}) "
            f"with {commitment['vendor']} is {commitment['export_status']}: it is in "
            f"{self.books.erp}."
        )
        return commitment, {line["number"]: line for line in detail["lines"]}

    def _write_and_send(
        self, manager: Visitor, commitment: dict[str, Any], lines: dict[int, dict[str, Any]]
    ) -> dict[str, Any]:
        its, name = self.its, manager.first_name
        self.chapter(f"{name} writes a change order and sends it to accounting")
        made = manager.post(
            "change-orders/",
            {
                "commitment": commitment["id"],
                "title": its.title,
                "description": its.description,
                "lines": [
                    {
                        "commitment_line": lines[number]["id"],
                        "category": lines[number]["category_id"],
                        "description": text,
                        "amount": str(amount),
                    }
                    for number, text, amount in its.changes
                ],
            },
        )
        change_order = made["change_order"]
        self.say(f"{name} writes change order {change_order['number']}, “{its.title}”:")
        for number, text, amount in its.changes:
            self.say(f"    line {number} of the contract   {amount:>10,.2f}   {text}")
        self.say(f"    together                 {money(change_order['amount']):>10}")
        path = f"change-orders/{change_order['id']}/"
        self.refused(
            f"{name} tries to send it as it is",
            lambda: self.step(manager, change_order["export_id"], "send"),
        )
        status = {"version": change_order["version"], "status": "approved"}
        manager.post(f"{path}status/", status)
        self.say(f"{name} approves it: its status is Approved now.")
        sent = self.step(manager, change_order["export_id"], "send")
        self.say(
            f"{name} presses Send to ERP. It is {sent['status']} now, and locked: what the "
            "approver sees is a frozen copy."
        )
        return sent

    def _accept(
        self, manager: Visitor, approver: Visitor, reader: Visitor, export: dict[str, Any]
    ) -> None:
        name = approver.first_name
        self.chapter(f"{name}, the accounting approver, decides")
        self.refused(
            f"{manager.first_name} tries to accept it",
            lambda: self.step(manager, export, "accept"),
        )
        self.refused(
            f"{reader.first_name}, who may only read, tries",
            lambda: self.step(reader, export, "accept"),
        )
        seen = approver.get(f"exports/{export['id']}/preview/")
        preview = seen["preview"]
        self.say(f"{name} opens it and is shown what will change: {preview['record']}.")
        for row in preview["rows"]:
            if row["change"] != "kept":
                self.say(f"    {row['change']}: {row['description']}   {money(row['after'])}")
        self.say(f"    the {self.books.record} changes by {money(preview['change'])}")
        number = ""
        if seen["number_most"]:
            number = seen["terms"]["number"]
            self.say(
                f"In {self.books.erp} it is to be {number}, made of both numbers. {name} may "
                f"choose another of at most {seen['number_most']} characters, and keeps it."
            )
        accepted = self.step(approver, export, "accept", terms=seen["terms_digest"], number=number)
        self.say(
            f"{name} accepts exactly this version and this destination. It is "
            f"{accepted['status']}: {self.books.waiting}."
        )

    def _collect(self, manager: Visitor, approver: Visitor, export: dict[str, Any]) -> None:
        self.chapter(self.books.collecting)

        def is_over() -> bool:
            now = approver.get(f"exports/{export['id']}/")["export"]
            return now["status"] not in ("accepted", "exporting")

        for line in self.books.collect(is_over):
            self.say(line)
        for person in (manager, approver):
            now = person.get(f"exports/{export['id']}/")["export"]
            if now["status"] != "synced":
                raise Failed(f"It is {now['status']} and not synced. {now['message']}")
            self.say(f"{person.first_name} looks: Synced, {self.books.number_in(now)}.")

    def _once_more(self, approver: Visitor, after: Order, faults: list[str]) -> None:
        [company] = approver.get("companies/")["results"]
        sync = f"/companies/{company['id']}/erp/connection/sync/"
        outcome = self.books.once_more(lambda: approver.press(sync))
        self.say(f"{self.books.again} ({outcome}).")
        if self.books.order(self.its.order) != after:
            faults.append(f"The second call changed the {self.books.record} again.")
        else:
            self.say(
                f"The {self.books.record} is the same as before that call: nothing was written "
                "twice."
            )

    def _history(self, approver: Visitor, export: dict[str, Any]) -> None:
        self.chapter("What the history says")
        for event in reversed(approver.get("events/", export=export["id"])["results"]):
            who, verb = event["actor"] or "ERP Bridge", event["verb"]
            self.say(f"    {event['at'][11:19]} UTC  {who} {VERBS.get(verb, verb)}")

    # --- what the chapters share ------------------------------------------------------------------

    def _table(self, before: Order, after: Order) -> None:
        stood = {line.id: line.amount for line in before.lines}
        self.say(f"    {'item':8} {'description':60} {'before':>12} {'after':>12}")
        for line in after.lines:
            was = f"{stood[line.id]:,.2f}" if line.id in stood else "new"
            text = line.text if len(line.text) <= 60 else f"{line.text[:59]}…"
            self.say(f"    {line.item:8} {text:60} {was:>12} {line.amount:>12,.2f}")
        self.say(f"    {'':8} {'total':60} {before.total:>12,.2f} {after.total:>12,.2f}")


def judge(before: Order, after: Order, approved: Sequence[Change]) -> list[str]:
    """Everything in which the order is not what was approved; nothing if it holds exactly that."""
    faults = []
    kept = after.lines[: len(before.lines)]
    if kept != before.lines:
        faults.append("Lines that stood in the order before were changed or moved.")
    new = [Change(line.item, line.amount) for line in after.lines[len(before.lines) :]]
    if sorted(new) != sorted(approved):
        faults.append(f"The new lines are {_all(new)}; approved was {_all(approved)}.")
    grown, wanted = after.total - before.total, sum((each.amount for each in approved), Decimal(0))
    if grown != wanted:
        faults.append(f"The order's total changed by {grown:,.2f} instead of {wanted:,.2f}.")
    return faults


def _all(changes: Sequence[Change]) -> str:
    return ", ".join(f"{each.item} {each.amount:,.2f}" for each in changes) or "none"
