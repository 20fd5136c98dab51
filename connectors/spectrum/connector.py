"""Viewpoint Spectrum as a `Connector` that is called: each method is told in its own module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.contract import (
    Area,
    Attempt,
    Call,
    Candidate,
    Capabilities,
    Compared,
    Document,
    Finding,
    Gone,
    Hello,
    JobCosts,
    Kind,
    Planned,
    Preview,
    Problem,
    Pulled,
    Query,
    Receipt,
    Ref,
    Refused,
    Reply,
    Request,
    Script,
    Site,
    StillThere,
    Terms,
)
from connectors.spectrum import (
    answers,
    budgets,
    change_orders,
    commitments,
    envelope,
    finding,
    groups,
    info_link,
    preview,
    problems,
    pulling,
    reading,
    self_test,
    unlinking,
)
from connectors.spectrum.answers import Answer
from connectors.spectrum.calls import Write
from connectors.spectrum.info_link import Shown
from connectors.spectrum.services import Unfit

_Digests = frozenset[str]
_EXPORT: dict[Kind, Callable[[Document, Terms, str, _Digests, _Digests], Script[Receipt]]] = {
    "commitment": commitments.export,
    "change_order": change_orders.export,
    "budget": budgets.export,
}
_RECEIPT: dict[Kind, Callable[[Document, Terms], Receipt]] = {
    "commitment": commitments.receipt_of,
    "change_order": change_orders.receipt_of,
    "budget": budgets.receipt_of,
}


def _writes(document: Document, terms: Terms, facts: Mapping[str, Any]) -> list[Write]:
    """What `export` writes. Raises Unfit."""
    if document.kind == "commitment":
        return commitments.writes(document, terms)
    if document.kind == "change_order":
        return change_orders.writes(document, terms, reading.known_customer(facts, terms.job))
    return budgets.writes(document, terms, {})


class Spectrum:
    """Viewpoint Spectrum, called through its Data Exchange.

    Nothing here was ever run against a live Spectrum; each module says what is known and what is
    assumed.
    """

    capabilities = Capabilities(
        name="Viewpoint Spectrum®",
        short="Spectrum",
        transport="push",
        can_find=False,
        asked_where={"commitment": info_link.SWITCH, "change_order": info_link.SWITCH},
        number_length=dict(problems.NUMBER),
        order_word="subcontract",
        budget_word="estimate",
        text_length={
            "commitment": {"title": problems.COMMENT, "line": groups.BILL_DESCRIPTION},
            "change_order": {
                "title": problems.TITLE["change_order"],
                "description": problems.MEMO,
            },
        },
        own_texts=True,
        chosen_numbers={"change_order": change_orders.NUMBER},
        judges_terms_at_send=True,
        tells_changes=False,
        questions_at_once=1,
        costs_note=pulling.LEFT_OUT,
    )

    def number(
        self, document: Document, parent: Receipt | None, taken: frozenset[str] = frozenset()
    ) -> str:
        """A commitment's own number; of a change order one of eight characters, not in `taken`.

        A budget has none: it is the estimate of its job.
        """
        if document.kind == "change_order":
            return change_orders.derived_number(document, parent, taken)
        return document.number if document.kind == "commitment" else ""

    def record(self, document: Document, terms: Terms) -> str:
        """subcontract:<vendor>/<number>, which its change orders share; estimate:<job>."""
        if document.kind == "budget":
            return budgets.record_name(terms.job.id if terms.job else "")
        if document.kind == "change_order" and terms.parent is not None:
            return commitments.record_name(terms.parent.id)
        return commitments.record_name(commitments.id_of(terms))

    def held_as(self, kind: Kind, erp_id: str) -> str:
        """The record's name; no answer of Spectrum ever tells of one."""
        name = budgets.record_name if kind == "budget" else commitments.record_name
        return name(erp_id)

    def repeats_safely(self, document: Document) -> bool:
        """Nothing is known again by its key. A GUID only groups calls, and one of old is refused:
        after a day, and to another Authorization ID. See `finding` for what may be repeated."""
        return False

    def wants(self, document: Document, terms: Terms) -> tuple[str, ...]:
        """The job with its customer, and its phases."""
        if terms.job is None:
            return ()
        return (reading.job_name(terms.job.id), reading.phases_name(terms.job.id))

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
        return preview.preview(document, terms, facts or {})

    def export(
        self,
        document: Document,
        terms: Terms,
        key: str,
        done: frozenset[str] = frozenset(),
        lost: frozenset[str] = frozenset(),
    ) -> Script[Receipt]:
        """Write it under `key` (20 characters), a call for each record.

        Raises Busy, Refused, Unfinished or CannotTell: see `calls.carry_out`.
        """
        faults = self.problems(document, terms)
        if faults:
            raise Refused(" ".join(fault.text for fault in faults), code=faults[0].code)
        return (yield from _EXPORT[document.kind](document, terms, key, done, lost))

    def find(
        self,
        document: Document,
        terms: Terms,
        attempts: Sequence[Attempt],
        *,
        asked: bool = False,
    ) -> Script[Finding]:
        """Whether the rest may be sent; only Info-Link can be asked. Raises Busy."""
        return (yield from finding.find(document, terms, attempts, asked=asked))

    def attested(self, document: Document, terms: Terms) -> Receipt:
        """The receipt of a document that somebody has seen in Spectrum, whole."""
        return _RECEIPT[document.kind](document, terms)

    def calls(
        self, document: Document, terms: Terms, facts: Mapping[str, Any] | None = None
    ) -> tuple[Planned, ...]:
        """A call for each record, in order; the customer of a change order as it was last read."""
        try:
            writes = _writes(document, terms, facts or {})
        except Unfit:
            return ()
        return tuple(Planned(what=write.what, digests=write.digests) for write in writes)

    def still_there(
        self, document: Document, terms: Terms, receipt: Receipt, *, asked: bool = False
    ) -> Script[Gone | StillThere]:
        """Whether Info-Link shows it. Raises Busy, and Refused where there is none to ask."""
        if not asked:
            raise Refused(unlinking.CANNOT_BE_ASKED)
        return (yield from unlinking.still_there(document, terms, receipt))

    def compare(
        self, document: Document, terms: Terms, receipt: Receipt, now: Terms
    ) -> Script[Compared]:
        """Raises Refused: a person looks."""
        yield from ()
        raise Refused(unlinking.CANNOT_BE_ASKED)

    def look_up(
        self, document: Document, terms: Terms, number: str
    ) -> Script[tuple[Candidate, ...]]:
        """Raises Refused: a person looks."""
        yield from ()
        raise Refused(unlinking.CANNOT_BE_ASKED)

    def job_costs(self, job: Ref, settings: Mapping[str, str]) -> Script[JobCosts]:
        """What was estimated and spent on a job, per phase and cost type. Raises Busy, Refused."""
        return (yield from pulling.job_costs(job))

    def lists(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        """Vendors, jobs, phases (our cost codes) and cost types (our categories)."""
        return pulling.LISTS

    def item_name(self, item: str, category: str, settings: Mapping[str, str]) -> str:
        """The phase itself: cost types are records of their own."""
        return item

    def pull(self, what: str, cursor: str, since: str = "") -> Script[Pulled]:
        """One page of one of Spectrum's lists; it cannot be asked only for what changed."""
        return (yield from pulling.pull(what, cursor))

    def self_test(
        self, known: Mapping[str, int], *, asked: bool = False
    ) -> Script[tuple[Area, ...]]:
        """Try each service that is used, and Info-Link where the site has it. Raises Busy."""
        return (yield from self_test.self_test(known, asked=asked))

    def hello(self, greeting: str) -> Hello:
        """Nothing: Spectrum does not greet. The site is known by where it is called."""
        return Hello(company="", company_file="", version="")

    def wrap(self, requests: Mapping[str, Request], *, clear: str = "") -> str:
        """The message of one request."""
        return envelope.wrap(requests)

    def unwrap(self, reply: Reply, requests: Mapping[str, Request]) -> Mapping[str, Answer | Shown]:
        """Request id -> answer. Raises ValueError where nothing is stored."""
        if any(info_link.is_asked(request.body) for request in requests.values()):
            return info_link.unwrap(reply, requests)
        return answers.unwrap(reply, requests)

    def records(self, answer: Any) -> Mapping[str, Mapping[str, Any]]:
        """The jobs of an answer, and the phases of a job where all of them came."""
        return reading.records(answer) if isinstance(answer, Answer) else {}

    def call(self, body: str, site: Site) -> Call:
        """The call for a stored message, with the credentials put in."""
        return envelope.call(body, site)

    def query(self, body: str, site: Site) -> Query | None:
        """The SELECT for a question to Info-Link; None for a call."""
        return info_link.query(body, site) if info_link.is_asked(body) else None

    def token_call(self, site: Site) -> Call | None:
        """The call that fetches a token; None where the site uses none."""
        return envelope.token_call(site)

    def token(self, reply: Reply) -> tuple[str, int]:
        """The token in the reply to that, and for how many seconds. Raises Refused, Busy."""
        return envelope.token(reply)

    def renewal_call(self, site: Site) -> Call | None:
        """The call for a new client secret; None without enhanced authentication."""
        return envelope.rotation_call(site)

    def renewed(self, reply: Reply) -> dict[str, str]:
        """The new client secret. Raises Refused or Busy."""
        return envelope.rotated(reply)
