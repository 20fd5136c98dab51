"""How far a document got in an ERP that takes it call by call and cannot be asked what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from approvals.models import Export
from approvals.states import Status
from connectors import engine
from connectors.contract import Attempt, Document, Planned, Problem, Terms, Unasked, Unclear
from connectors.destination import facts_for
from connectors.models import Connection
from connectors.registry import connector_for

# While calls are being made it changes with each of them; before and after them there is nothing
# that could be told.
TOLD_IN = frozenset({Status.ACCEPTED, Status.UNKNOWN, Status.NEEDS_ATTENTION, Status.FAILED})


class Call(StrEnum):
    """What is known of one call of a document."""

    IN = "in"  # confirmed
    NOT_KNOWN = "not_known"  # never answered
    REFUSED = "refused"
    NOT_SENT = "not_sent"


WORDS = {
    Call.IN: "In {erp}",
    Call.NOT_KNOWN: "Not known whether in {erp}",
    Call.REFUSED: "Not taken by {erp}",
    Call.NOT_SENT: "Not sent",
}


@dataclass(frozen=True, slots=True)
class CallProgress:
    """Every call that a document takes, in order, and what is known of it."""

    erp: str
    calls: Sequence[tuple[str, Call]]
    otherwise: int  # earlier calls that said something else than would be said now

    @property
    def groups(self) -> list[tuple[str, list[str]]]:
        """The calls by what is known of them, for people."""
        return [
            (words.format(erp=self.erp), found)
            for state, words in WORDS.items()
            if (found := self.those(state))
        ]

    @property
    def missing(self) -> list[str]:
        """The calls that are known not to be in the ERP."""
        return self.those(Call.REFUSED) + self.those(Call.NOT_SENT)

    @property
    def told_missing(self) -> str:
        """The same in a sentence."""
        return listed(self.missing)

    @property
    def told_in(self) -> str:
        """The calls that were confirmed, in a sentence; '' if none was."""
        return listed(self.those(Call.IN))

    @property
    def before_a_retry(self) -> str:
        """What a retry finds there, in two sentences."""
        known = self.those(Call.IN) and not self.those(Call.NOT_KNOWN)
        what = "Part of it is" if known else "Something of it may be"
        return (
            f"{what} in {self.erp} already, from an earlier try. What was confirmed is not sent "
            "again."
        )

    def those(self, state: Call) -> list[str]:
        return [what for what, one in self.calls if one == state]


MOST_LISTED = 12


def listed(calls: Sequence[str]) -> str:
    """Calls in a sentence: line 1; line 2; and 3 more."""
    more = len(calls) - MOST_LISTED
    return "; ".join(calls[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def progress_of(export: Export, connection: Connection | None) -> CallProgress | None:
    """Which calls of an export arrived; None where nothing of it may be in the ERP, where the ERP
    can be asked, and while it is being told."""
    terms = export.frozen_terms
    if connection is None or terms is None or export.status not in TOLD_IN:
        return None
    connector = connector_for(connection.erp)
    erp = connector.capabilities
    if erp.can_find:
        return None
    subject = str(export.pk)
    attempts = engine.attempts_of(connection, [subject])[subject]
    if not engine.may_be_there(attempts, erp):
        return None
    document = export.document
    facts = facts_for(connection, [(document, terms)])
    planned = cast(Unasked, connector).calls(document, terms, facts)
    return _progress(erp.short, planned, attempts)


def _progress(erp: str, planned: Sequence[Planned], attempts: Sequence[Attempt]) -> CallProgress:
    """What was confirmed once is in; what was refused later may be there from a try before."""
    became: dict[str, Call] = {}
    for outcome, state in (
        ("refused", Call.REFUSED),
        ("lost", Call.NOT_KNOWN),
        ("passed", Call.IN),
    ):
        became |= {one.asked: state for one in attempts if one.outcome == outcome}
    calls = [(call.what, _of(call, became)) for call in planned]
    now = frozenset[str]().union(*(call.digests for call in planned))
    return CallProgress(erp, calls, otherwise=len(became.keys() - now))


def _of(call: Planned, became: Mapping[str, Call]) -> Call:
    """The best that is known of a call, in whichever wording it went."""
    found = {became[digest] for digest in call.digests if digest in became}
    return next((state for state in Call if state in found), Call.NOT_SENT)


def partly_in(connection: Connection, exports: Sequence[int]) -> dict[int, bool]:
    """Those of `exports`, by id, of which something may be in an ERP that cannot be asked: True
    where a call was confirmed. One query, none where the ERP can be asked."""
    erp = connection.capabilities
    if erp.can_find:
        return {}
    attempts = engine.attempts_of(connection, [str(id) for id in exports])
    return {
        int(subject): any(one.outcome == "passed" for one in tried)
        for subject, tried in attempts.items()
        if engine.may_be_there(tried, erp)
    }


def unanswered(
    connection: Connection, going: Sequence[tuple[Export, Document, Terms]]
) -> Mapping[int, Problem]:
    """Those that a retry would not bring further, by the export's id: a call was never answered,
    and sent again it could add what is there already. One query, none where the ERP is asked."""
    connector = connector_for(connection.erp)
    erp = connector.capabilities
    going = [one for one in going if not erp.can_ask(one[0].kind, connection.settings)]
    if not going:
        return {}
    attempts = engine.attempts_of(connection, [str(export.pk) for export, _, _ in going])
    found: dict[int, Problem] = {}
    for export, document, terms in going:
        tried = attempts[str(export.pk)]
        finding = _ended(connector.find(document, terms, tried)) if tried else None
        if isinstance(finding, Unclear):
            found[export.pk] = Problem(code="unanswered", text=finding.message)
    return found


def _ended(script: Any) -> Any:
    """What a script that asks nothing comes to."""
    try:
        next(script)
    except StopIteration as end:
        return end.value
    raise TypeError("An ERP that cannot be asked was asked.")
