"""QuickBooks Desktop as a `Connector`: each method is told in a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.contract import (
    Area,
    Attempt,
    Busy,
    Candidate,
    Capabilities,
    Compared,
    Document,
    ErpError,
    Finding,
    Gone,
    Hello,
    JobCosts,
    Kind,
    Preview,
    Problem,
    Pulled,
    Receipt,
    Ref,
    Refused,
    Reply,
    Request,
    Script,
    StillThere,
    Terms,
    Unclear,
)
from connectors.quickbooks import (
    budgets,
    categories,
    change_orders,
    commitments,
    comparing,
    estimates,
    hello,
    job_costs,
    linking,
    lists,
    orders,
    preview,
    problems,
    qbxml,
    schema,
    self_test,
    unlinking,
)

_EXPORT: dict[Kind, Callable[[Document, Terms, str], Script[Receipt]]] = {
    "commitment": commitments.export,
    "change_order": change_orders.export,
    "budget": budgets.export,
}
_FIND: dict[Kind, Callable[[Document, Terms, Sequence[Attempt]], Script[Finding]]] = {
    "commitment": commitments.find,
    "change_order": change_orders.find,
    "budget": budgets.find,
}


class QuickBooks:
    """QuickBooks Desktop, reached through its Web Connector, which asks us."""

    capabilities = Capabilities(
        name="QuickBooks® Desktop",
        short="QuickBooks",
        transport="poll",
        can_find=True,
        number_length=dict(problems.NUMBER),
        order_word="purchase order",
        budget_word="estimate",
        categories=categories.CHOICES,
        confirms=frozenset({"budget"}),
        remembers_keys=True,
        text_length={
            "commitment": {
                "title": problems.TITLE["commitment"],
                "description": schema.MEMO,
                "vendor_message": schema.VENDOR_MESSAGE,
            },
            "change_order": {"title": problems.TITLE["change_order"], "description": schema.MEMO},
        },
    )

    def number(
        self, document: Document, parent: Receipt | None, taken: frozenset[str] = frozenset()
    ) -> str:
        """The purchase order's number, which a change order shares; QuickBooks numbers estimates.

        A later round of a budget has the number of its estimate.
        """
        if document.kind == "commitment":
            return document.number
        return parent.number if parent else ""

    def record(self, document: Document, terms: Terms) -> str:
        """po-number:<number> for a commitment, po:<TxnID> for a change order.

        estimates:<job> for the first round of a budget, estimate:<TxnID> for a later one.
        """
        if document.kind == "budget":
            if terms.parent is not None:
                return estimates.estimate_name(terms.parent.id)
            return estimates.list_name(terms.job.id if terms.job else "")
        if document.kind == "change_order" and terms.parent is not None:
            return orders.order_name(terms.parent.id)
        return commitments.number_name(document.number)

    def held_as(self, kind: Kind, erp_id: str) -> str:
        """po:<TxnID>, or estimate:<TxnID> of a budget."""
        name = estimates.estimate_name if kind == "budget" else orders.order_name
        return name(erp_id)

    def repeats_safely(self, document: Document) -> bool:
        """QuickBooks itself refuses the double of an Add under its key; a Mod gets a new key."""
        if document.kind == "budget":
            return budgets.is_first(document)
        return document.kind == "commitment"

    def wants(self, document: Document, terms: Terms) -> tuple[str, ...]:
        """Nothing: what a session's beginning tells is enough."""
        return ()

    def problems(
        self, document: Document, terms: Terms | None, facts: Mapping[str, Any] | None = None
    ) -> list[Problem]:
        """Every reason why it cannot go, at once."""
        return problems.problems(document, terms, facts or {})

    def preview(
        self,
        document: Document,
        terms: Terms,
        known: Mapping[str, Any] | None,
        facts: Mapping[str, Any] | None = None,
    ) -> Preview:
        """What will change, also while something is still to be linked."""
        return preview.preview(document, terms, known, facts or {})

    def export(
        self,
        document: Document,
        terms: Terms,
        key: str,
        done: frozenset[str] = frozenset(),
        lost: frozenset[str] = frozenset(),
    ) -> Script[Receipt]:
        """Write it under `key` (20 characters): one write, so there is nothing to leave out.

        Raises Busy, Refused, Unfinished or CannotTell.
        """
        faults = self.problems(document, terms)
        if faults:
            raise Refused(" ".join(fault.text for fault in faults), code=faults[0].code)
        return (yield from _EXPORT[document.kind](document, terms, key))

    def find(
        self,
        document: Document,
        terms: Terms,
        attempts: Sequence[Attempt],
        *,
        asked: bool = False,
    ) -> Script[Finding]:
        """Look whether one of the attempts arrived. Never writes. Raises Busy."""
        try:
            return (yield from _FIND[document.kind](document, terms, attempts))
        except Busy:
            raise
        except ErpError as error:
            return Unclear(message=error.message)

    def still_there(
        self, document: Document, terms: Terms, receipt: Receipt, *, asked: bool = False
    ) -> Script[Gone | StillThere]:
        """Look whether anything of an exported document is left. Raises Busy if that is unclear."""
        return (yield from unlinking.still_there(document, terms, receipt))

    def compare(
        self, document: Document, terms: Terms, receipt: Receipt, now: Terms
    ) -> Script[Compared]:
        """Look whether what was exported still stands there unchanged."""
        return (yield from comparing.compare(document, terms, receipt, now))

    def look_up(
        self, document: Document, terms: Terms, number: str
    ) -> Script[tuple[Candidate, ...]]:
        """The orders, lines or estimates that this document could be linked to."""
        return (yield from linking.look_up(document, terms, number))

    def job_costs(self, job: Ref, settings: Mapping[str, str]) -> Script[JobCosts]:
        """What was estimated and spent on a job, per item (and class, where categories are
        classes). Raises Busy and Refused."""
        return (yield from job_costs.job_costs(job, settings))

    def lists(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        """The lists that matter: classes only where categories are classes."""
        return categories.lists(settings)

    def item_name(self, item: str, category: str, settings: Mapping[str, str]) -> str:
        """What the item of a cost code is called for a category."""
        return categories.item_name(item, category, settings)

    def pull(self, what: str, cursor: str, since: str = "") -> Script[Pulled]:
        """One page of one of QuickBooks' lists."""
        return (yield from lists.pull(what, cursor, since))

    def self_test(
        self, known: Mapping[str, int], *, asked: bool = False
    ) -> Script[tuple[Area, ...]]:
        """Ask a little of each kind of record that we use. Raises Busy."""
        return (yield from self_test.self_test(known))

    def hello(self, greeting: str) -> Hello:
        """Read the Web Connector's HCP answer. Raises Refused."""
        return hello.read(greeting)

    def wrap(self, requests: Mapping[str, Request], *, clear: str = "") -> str:
        """The message set for the wire. Raises ValueError for what must never go out."""
        return qbxml.wrap(requests, clear=clear)

    def unwrap(self, reply: Reply, requests: Mapping[str, Request]) -> Mapping[str, qbxml.Answer]:
        """Request id -> answer. Raises ValueError when the reply cannot be read."""
        return qbxml.unwrap(reply, requests)

    def records(self, answer: Any) -> Mapping[str, Mapping[str, Any]]:
        """The orders and estimates of an answer, by their names; and what costs are told by."""
        tag = answer.element.tag if answer.element is not None else ""
        if tag.startswith("PurchaseOrder"):
            return {
                orders.order_name(order["id"]): order
                for order in orders.orders(answer)
                if order["lines"] and order["id"]
            }
        if tag.startswith("Estimate"):
            return estimates.known(answer)
        if tag.startswith(("Account", "Class")):
            return job_costs.remembered(answer)
        return {}
