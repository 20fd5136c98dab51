"""How one change order comes from a project manager into QuickBooks, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from erpbridge.story.books import Books, Order, in_words
from erpbridge.story.visitor import NotAllowed, Visitor

ORDER = "SC-24017-03"
PROJECT = "24-017"
TITLE = "Server room cooling"
# (line of the commitment, description, amount): line 3 is changed twice, line 8 becomes cheaper.
CHANGES = [
    (3, "Duct branch to the server room", Decimal("4185.00")),
    (3, "Fire damper in the same duct", Decimal("1215.40")),
    (6, "Two temperature sensors", Decimal("890.00")),
    (8, "Training shortened to one morning", Decimal("-320.25")),
]

VERBS = {
    "create": "wrote it",
    "status": "changed its status",
    "send": "sent it to accounting",
    "accept": "accepted it",
    "begin": "began to export it",
    "succeed": "saw it confirmed by QuickBooks",
}

Say = Callable[[str], object]


class Change(NamedTuple):
    """What one changed line of the contract comes to: the ERP's item, and the sum."""

    item: str
    amount: Decimal


class Failed(Exception):
    """The story did not come out as it should; the message says in what."""


class MainJob:
    """The story. `say` takes one line at a time; `people` are first name -> (name, e-mail)."""

    def __init__(
        self,
        base_url: str,
        books: Books,
        people: dict[str, tuple[str, str]],
        password: str,
        say: Say,
    ) -> None:
        self.base_url = base_url
        self.books = books
        self.people = people
        self.password = password
        self.say = say

    def tell(self) -> None:
        """All of it. Raises Failed, or NotAllowed where somebody was refused what is theirs."""
        self.say(
            f"ERP Bridge runs at {self.base_url}. The part of QuickBooks is played by a stand-in, "
            f"which shows itself at {self.books.address}/."
        )
        self._chapter("Who is there")
        pam, ann, vic = (self._sign_in(name) for name in ("Pam", "Ann", "Vic"))
        commitment, lines = self._find_commitment(pam)
        before = self.books.order(ORDER)
        self.say(
            f"QuickBooks holds purchase order {ORDER} of {before.vendor} with "
            f"{len(before.lines)} lines, {before.total:,.2f} in all."
        )
        with self.books.quiet():
            export = self._write_and_send(pam, commitment, lines)
            self._accept(pam, ann, vic, export)
            self._collect(pam, ann, export)
            after = self.books.order(ORDER)
            self._chapter("The purchase order in QuickBooks, before and after")
            self._table(before, after)
            approved = self._approved(ann, export)
            faults = judge(before, after, approved)
            self._once_more(after, faults)
        self._history(ann, export)
        if faults:
            raise Failed(" ".join(faults))

    # --- the chapters ----------------------------------------------------------------------------

    def _sign_in(self, first: str) -> Visitor:
        name, email = self.people[first]
        visitor = Visitor(self.base_url, name)
        visitor.sign_in(email, self.password)
        self.say(f"{name} signs in as {email}.")
        return visitor

    def _find_commitment(self, pam: Visitor) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
        [company] = pam.get("companies/")["results"]
        projects = pam.get("projects/", company=company["id"])["results"]
        project = next(each for each in projects if each["number"] == PROJECT)
        found = pam.get("commitments/", project=project["id"], q=ORDER)["results"]
        detail = pam.get(f"commitments/{found[0]['id']}/")
        commitment = detail["commitment"]
        self.say(
            f"On {project['name']}, subcontract {commitment['number']} ({commitment['title']}) "
            f"with {commitment['vendor']} is {commitment['export_status']}: it is in QuickBooks."
        )
        return commitment, {line["number"]: line for line in detail["lines"]}

    def _write_and_send(
        self, pam: Visitor, commitment: dict[str, Any], lines: dict[int, dict[str, Any]]
    ) -> dict[str, Any]:
        self._chapter("Pam writes a change order and sends it to accounting")
        made = pam.post(
            "change-orders/",
            {
                "commitment": commitment["id"],
                "title": TITLE,
                "description": "The owner moved the server room to the inside of the building.",
                "lines": [
                    {
                        "commitment_line": lines[number]["id"],
                        "category": lines[number]["category_id"],
                        "description": text,
                        "amount": str(amount),
                    }
                    for number, text, amount in CHANGES
                ],
            },
        )
        change_order = made["change_order"]
        self.say(f"Pam writes change order {change_order['number']}, “{TITLE}”:")
        for number, text, amount in CHANGES:
            self.say(f"    line {number} of the contract   {amount:>10,.2f}   {text}")
        self.say(f"    together                 {_money(change_order['amount']):>10}")
        path = f"change-orders/{change_order['id']}/"
        self._refused(
            "Pam tries to send it as it is",
            lambda: self._step(pam, change_order["export_id"], "send"),
        )
        status = {"version": change_order["version"], "status": "approved"}
        pam.post(f"{path}status/", status)
        self.say("Pam approves it: its status is Approved now.")
        sent = self._step(pam, change_order["export_id"], "send")
        self.say(
            f"Pam presses Send to ERP. It is {sent['status']} now, and locked: what the approver "
            "sees is a frozen copy."
        )
        return sent

    def _accept(self, pam: Visitor, ann: Visitor, vic: Visitor, export: dict[str, Any]) -> None:
        self._chapter("Ann, the accounting approver, decides")
        self._refused("Pam tries to accept it herself", lambda: self._step(pam, export, "accept"))
        self._refused("Vic, who may only read, tries", lambda: self._step(vic, export, "accept"))
        seen = ann.get(f"exports/{export['id']}/preview/")
        preview = seen["preview"]
        self.say(f"Ann opens it and is shown what will change: {preview['record']}.")
        for row in preview["rows"]:
            if row["change"] != "kept":
                self.say(f"    {row['change']}: {row['description']}   {_money(row['after'])}")
        self.say(f"    the order changes by {_money(preview['change'])}")
        accepted = self._step(ann, export, "accept", terms=seen["terms_digest"])
        self.say(
            f"Ann accepts exactly this version and this destination. It is {accepted['status']}: "
            "it waits for the Web Connector."
        )

    def _collect(self, pam: Visitor, ann: Visitor, export: dict[str, Any]) -> None:
        self._chapter("The Web Connector calls, and QuickBooks does its part")
        outcome, asked = self.books.visit()
        self.say(f"The Web Connector calls once ({outcome}). QuickBooks was")
        for each in asked:
            for line in in_words(each):
                self.say(f"    {line}")
        for person in (pam, ann):
            now = person.get(f"exports/{export['id']}/")["export"]
            if now["status"] != "synced":
                raise Failed(f"It is {now['status']} and not synced. {now['message']}")
            self.say(
                f"{person.first_name} looks: Synced, on purchase order {now['erp_number']} of "
                "QuickBooks."
            )

    def _once_more(self, after: Order, faults: list[str]) -> None:
        outcome, _ = self.books.visit()
        self.say(f"The Web Connector calls once more ({outcome}).")
        if self.books.order(ORDER) != after:
            faults.append("The second call changed the order again.")
        else:
            self.say("The order is the same as before that call: nothing was written twice.")

    def _history(self, ann: Visitor, export: dict[str, Any]) -> None:
        self._chapter("What the history says")
        for event in reversed(ann.get("events/", export=export["id"])["results"]):
            who, verb = event["actor"] or "ERP Bridge", event["verb"]
            self.say(f"    {event['at'][11:19]} UTC  {who} {VERBS.get(verb, verb)}")

    # --- what the chapters share ------------------------------------------------------------------

    def _step(self, who: Visitor, export: Any, step: str, terms: str = "") -> dict[str, Any]:
        """Press a button as it is offered now."""
        pk = export if isinstance(export, int) else export["id"]
        version = who.get(f"exports/{pk}/")["export"]["version"]
        made: dict[str, Any] = who.post(
            f"exports/{pk}/{step}/", {"version": version, "note": "", "terms": terms}
        )
        return made

    def _refused(self, what: str, attempt: Callable[[], object]) -> None:
        try:
            attempt()
        except NotAllowed as refused:
            problems = refused.problem.get("problems") or [{"text": refused.problem["detail"]}]
            self.say(f"{what}, and is refused: {' '.join(each['text'] for each in problems)}")
        else:
            raise Failed(f"{what}, and nobody stopped it.")

    def _approved(self, ann: Visitor, export: dict[str, Any]) -> list[Change]:
        """What Ann accepted: each changed line of the contract once, from the frozen copy."""
        frozen = ann.get(f"exports/{export['id']}/")
        items = frozen["terms"]["items"]
        changes: dict[int, Change] = {}
        for line in frozen["copy"]["lines"]:
            number = int(line["commitment_line"]["code"])
            before = changes[number].amount if number in changes else Decimal(0)
            item = items[str(line["cost_code"]["id"])]["name"]
            changes[number] = Change(item, before + Decimal(line["amount"]))
        return list(changes.values())

    def _table(self, before: Order, after: Order) -> None:
        stood = {line.id: line.amount for line in before.lines}
        self.say(f"    {'item':8} {'description':60} {'before':>12} {'after':>12}")
        for line in after.lines:
            was = f"{stood[line.id]:,.2f}" if line.id in stood else "new"
            text = line.text if len(line.text) <= 60 else f"{line.text[:59]}…"
            self.say(f"    {line.item:8} {text:60} {was:>12} {line.amount:>12,.2f}")
        self.say(f"    {'':8} {'total':60} {before.total:>12,.2f} {after.total:>12,.2f}")

    def _chapter(self, title: str) -> None:
        self.say(f"\n{title}\n{'-' * len(title)}")


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


def _money(text: str) -> str:
    return f"{Decimal(text):,.2f}"
