"""What a connector is: its capabilities, and its methods, each pure or a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from connectors.contract.asking import Reply, Request, Script
from connectors.contract.documents import Document, Frozen, Kind, Receipt, Ref, Terms
from connectors.contract.results import (
    Area,
    Attempt,
    Candidate,
    Compared,
    Finding,
    Gone,
    Hello,
    JobCosts,
    Planned,
    Preview,
    Problem,
    Pulled,
    StillThere,
)


class Capabilities(Frozen, frozen=True, kw_only=True):
    """What an ERP can do, and how it and its records are called."""

    name: str  # as written in titles: QuickBooks® Desktop
    short: str  # as written in sentences: QuickBooks
    transport: Literal["poll", "push"]  # it asks us, or we call it (`Pushed`)
    # Whether the ERP can be asked if a record is there. Where it cannot, a person who looked
    # attests it, a retry leaves out what was confirmed (`Connector.export`), and nothing is
    # compared at night.
    can_find: bool
    # Kinds of which it can be asked all the same whether a document is there, where this setting of
    # the company is Y: see `can_ask`.
    asked_where: dict[Kind, str] = msgspec.field(default_factory=dict)
    number_length: dict[str, int]
    order_word: str  # purchase order, subcontract
    budget_word: str  # estimate
    # What categories may become, a value of the setting “category” and its words; the first unless
    # the company chooses another.
    categories: dict[str, str] = msgspec.field(default_factory=dict)
    # Kinds that may stand beside records which an approver must agree to: see `Preview.confirm`.
    confirms: frozenset[Kind] = frozenset()
    # How many characters other texts may have, by kind of document and field (title, description,
    # vendor_message; line: a line's description): counted while typing.
    text_length: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    # Whether what is longer may have a text of its own for this ERP: `Document.title_for_erp`.
    own_texts: bool = False
    # Kinds whose number in the ERP the approver may change at acceptance, and its longest.
    chosen_numbers: dict[str, int] = msgspec.field(default_factory=dict)
    # Whether its rules on where a document goes are told before it is sent, not only from then on:
    # `Connector.problems` is given the terms that early.
    judges_terms_at_send: bool = False
    # Whether a list can be asked only for what changed (`since`), or comes whole each time.
    tells_changes: bool = True
    # Whether it remembers the key of a write until it is told to forget it: `Connector.wrap`.
    remembers_keys: bool = False
    # Questions that share one message.
    questions_at_once: int = 50
    # What its job costs leave out, as a sentence that stands beside them; '' where nothing.
    costs_note: str = ""

    def can_ask(self, kind: str, settings: Mapping[str, str]) -> bool:
        """Whether the ERP of a company with these settings can be asked if a document of this kind
        is there (`Connector.still_there`); else a person who looked attests it."""
        setting = next((name for of, name in self.asked_where.items() if of == kind), "")
        return self.can_find or settings.get(setting) == "Y"

    def own_lengths(self, kind: str) -> dict[str, int]:
        """How many characters its own texts have at most, by the field whose place they take."""
        return self.text_length.get(kind, {}) if self.own_texts else {}

    def record_word(self, kind: str) -> str:
        """What the record that a document of this kind stands in is called.

        A change order stands in that of its commitment, unless it has a number of its own.
        """
        if kind in self.chosen_numbers:
            return kind.replace("_", " ")
        return self.budget_word if kind == "budget" else self.order_word


class Connector(Protocol):
    """One ERP. Everything here is pure or a script; see each method."""

    capabilities: Capabilities

    def number(
        self, document: Document, parent: Receipt | None, taken: frozenset[str] = frozenset()
    ) -> str:
        """The number that the document gets in the ERP.

        Where the connector makes one up (`Capabilities.chosen_numbers`), it is none of `taken`,
        large letters or small.
        """

    def record(self, document: Document, terms: Terms) -> str:
        """The ERP record that it writes: two exports of one record never overlap."""

    def held_as(self, kind: Kind, erp_id: str) -> str:
        """The name under which `records` tells of the whole record with this id of the ERP's;
        its `amount`, where it is told, is the record's total as text."""

    def repeats_safely(self, document: Document) -> bool:
        """Whether the very same write, sent again under its key, cannot add anything."""

    def wants(self, document: Document, terms: Terms) -> tuple[str, ...]:
        """The names of the records (see `records`) that `problems` and `preview` want to see.

        Each that is known is handed to them in `facts`, under its name.
        """

    def problems(
        self,
        document: Document,
        terms: Terms | None,
        facts: Mapping[str, Any] | None = None,
    ) -> list[Problem]:
        """Every reason why it cannot go, at once. `terms` is None while it is not yet sent, unless
        the connector `judges_terms_at_send`.

        `facts`: what the ERP last said of itself (`Hello.facts`), for what it has switched off, and
        what is known of `wants`.
        """

    def preview(
        self,
        document: Document,
        terms: Terms,
        known: Mapping[str, Any] | None,
        facts: Mapping[str, Any] | None = None,
    ) -> Preview:
        """What will change, also while something is still to be linked.

        `known` is the ERP record as last seen (one value of `records`), `facts` as in `problems`;
        both only serve to show and to warn.
        """

    def export(
        self,
        document: Document,
        terms: Terms,
        key: str,
        done: frozenset[str] = frozenset(),
        lost: frozenset[str] = frozenset(),
    ) -> Script[Receipt]:
        """Write it, once, under `key` (20 characters).

        `done`: digests (`digest_of`) of the bodies of writes that earlier attempts had confirmed.
        Where a document takes several calls and the ERP cannot be asked, these are left out.
        `lost`: those of writes that were never answered, where the ERP cannot be asked. If it
        would write others now, both might stand there, so it writes nothing.
        Raises Busy, Refused, Unfinished or CannotTell.
        """

    def find(
        self,
        document: Document,
        terms: Terms,
        attempts: Sequence[Attempt],
        *,
        asked: bool = False,
    ) -> Script[Finding]:
        """Look whether one of the attempts arrived. Never writes. Raises Busy.

        `asked`: whether the ERP can be asked about it (`Capabilities.can_ask`).
        """

    def still_there(
        self, document: Document, terms: Terms, receipt: Receipt, *, asked: bool = False
    ) -> Script[Gone | StillThere]:
        """Look whether anything of an exported document is left. Never writes. `asked` as in
        `find`.

        Raises Busy wherever the ERP did not answer clearly: no answer is no permission to unlink;
        Refused where asking again would be of no use.
        """

    def compare(
        self, document: Document, terms: Terms, receipt: Receipt, now: Terms
    ) -> Script[Compared]:
        """Look whether what was exported still stands there unchanged. Never writes.

        `receipt` is what the export (or the comparison before) gave; `now`, where it would go
        today: what stands under the records that are linked now differs from nothing here (two
        were merged there, and a person linked the one that is left). Raises Busy and Refused.
        """

    def look_up(
        self, document: Document, terms: Terms, number: str
    ) -> Script[tuple[Candidate, ...]]:
        """The records that this document could be linked to, read and compared. Never writes.

        `number` is the commitment's number in the ERP as the person typed it; a change order is
        looked for in its commitment's record, a budget among its job's. Raises Busy and Refused.
        """

    def job_costs(self, job: Ref, settings: Mapping[str, str]) -> Script[JobCosts]:
        """What was estimated and spent on a job, per cost code. Raises Busy and Refused.

        `settings` are the company's: its categories may be told apart.

        An answer that is cut short raises: it never looks like a job without costs.
        """

    def lists(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        """What `pull` can read that matters with these settings of the company."""

    def item_name(self, item: str, category: str, settings: Mapping[str, str]) -> str:
        """What the item of a cost code is called for a category; `item` where that is all one."""

    def pull(self, what: str, cursor: str, since: str = "") -> Script[Pulled]:
        """One page of `vendors`, `jobs`, `cost_codes`, `classes` or `deleted`.

        `cursor` is '' for the first page. `since` ('' for all) is the ISO moment, with offset, at
        which the last complete pull began: what changed from a little before it on is given.
        """

    def self_test(
        self, known: Mapping[str, int], *, asked: bool = False
    ) -> Script[tuple[Area, ...]]:
        """Try what the ERP shows the user that speaks for us. Never writes. Raises Busy.

        `known`: how many of `vendors`, `jobs` and `cost_codes` were read there before. `asked`:
        whether it can be asked about any documents (`Capabilities.can_ask`).
        """

    def hello(self, greeting: str) -> Hello:
        """Read what the ERP says of itself as a session begins. Raises Refused if unreadable."""

    def wrap(self, requests: Mapping[str, Request], *, clear: str = "") -> str:
        """The message for the wire: request id -> request. `clear`: a settled key to forget,
        where the ERP remembers them (`Capabilities.remembers_keys`)."""

    def unwrap(self, reply: Reply, requests: Mapping[str, Request]) -> Mapping[str, Any]:
        """Request id -> what the script is sent. Ids without an answer are left out.

        Of a long reply, an answer may be read only as the script looks at it.
        Raises ValueError when the reply cannot be read.
        """

    def records(self, answer: Any) -> Mapping[str, Mapping[str, Any]]:
        """The ERP records that an answer holds whole, by record name, as plain JSON values."""


class Unasked(Connector, Protocol):
    """An ERP that cannot be asked what it holds (`Capabilities.can_find`). Its `find` asks nothing
    either: the script ends at once."""

    def attested(self, document: Document, terms: Terms) -> Receipt:
        """What an export there would have given, of a document that a person has seen there."""

    def calls(
        self, document: Document, terms: Terms, facts: Mapping[str, Any] | None = None
    ) -> tuple[Planned, ...]:
        """Every write that an export takes, in order, so that people are told which of them the
        ERP has confirmed. None where it cannot be exported so. `facts` as in `problems`."""
