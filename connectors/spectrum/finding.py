"""After an attempt: may the rest be sent? Spectrum's services cannot be asked what it holds.

Subcontracts, their lines and estimates are written under natural keys and repeating a call changes
nothing (Trimble's help), so an unanswered one is simply made again. Of a change request the help
says that a repeated line is taken for the first one, another connector that it is refused, and
nobody has tried: an unanswered one is asked for by Info-Link, and without that it is for a person,
until the site has seen that it may be repeated. Before the rest of one is sent, Info-Link shows
whether what was confirmed of it is there still.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from connectors.contract import (
    Absent,
    Again,
    Attempt,
    Document,
    Finding,
    Found,
    Refused,
    Script,
    Terms,
    Unclear,
)
from connectors.spectrum import change_orders, envelope, info_link, reading, site
from connectors.spectrum.calls import Write
from connectors.spectrum.groups import Group, grouped
from connectors.spectrum.services import fit

_NOTHING = Decimal("0.00")
_MOST_TOLD = 6  # lines in a message
_SAME_VALUES = (
    "Each call names its record in full, so that what Spectrum has already is only written with "
    "the same values once more."
)


class _Place(NamedTuple):
    """Where in Spectrum a change request is looked for: where its calls went, which may be another
    place than it would go to now."""

    job: str
    number: str
    contract: str

    def __str__(self) -> str:
        return f"change request {self.number} of job {self.job}"


def find(
    document: Document, terms: Terms, attempts: Sequence[Attempt], *, asked: bool
) -> Script[Finding]:
    """Found, Absent or Again; or Unclear with what to look at. Raises Busy.

    `asked`: whether the site has Info-Link.
    """
    doubtful = _in_doubt(attempts)
    passed = frozenset(one.asked for one in attempts if one.outcome == "passed") - doubtful
    may_double = document.kind == "change_order" and not site.requests_repeat(terms.settings)
    if not may_double or not (doubtful or (asked and passed)):
        return Again(why=_SAME_VALUES)
    place = _place(terms, [one.body for one in attempts if one.asked in doubtful and one.body])
    if not asked or not place.job:
        return Unclear(message=_look_at_log(document, place, _IN_DOUBT, "and it cannot be asked"))
    try:
        return (yield from _asked(document, terms, place, passed, doubtful))
    except Refused as error:
        if not doubtful:  # what was confirmed is left out, as if there were nobody to ask
            return Again(why=_SAME_VALUES)
        words = f" {error.words}" if error.words else ""
        return Unclear(
            message=_look_at_log(document, place, _IN_DOUBT, "and nothing else tells")
            + f"\n{error.message}{words}"
        )


def _in_doubt(attempts: Sequence[Attempt]) -> frozenset[str]:
    """The calls that were never answered, and not confirmed by a later one either."""
    doubtful: set[str] = set()
    for attempt in attempts:
        if attempt.outcome == "lost":
            doubtful.add(attempt.asked)
        elif attempt.outcome == "passed":
            doubtful.discard(attempt.asked)
    return frozenset(doubtful)


def _place(terms: Terms, doubtful: Sequence[str] = ()) -> _Place:
    """Where the calls with these bodies went; without any, where it would go now."""
    if doubtful:
        said = envelope.written(doubtful[-1])
        names = ("Job_Number", "Change_Request_Number", "Subcontract_Number")
        return _Place(*(said.get(name, "") for name in names))
    contract = terms.parent.number if terms.parent else ""
    return _Place(terms.job.id if terms.job else "", terms.number, contract)


def _asked(
    document: Document,
    terms: Terms,
    place: _Place,
    confirmed: frozenset[str],
    lost: frozenset[str],
) -> Script[Finding]:
    """What Info-Link shows of the change request, against the calls that were `confirmed` and that
    may have arrived. Raises Busy and Refused."""
    rows = yield from info_link.rows_of("change_request", place.job, place.number)
    if not rows and not confirmed:
        return Absent(seen=f"Info-Link shows no {place}.")
    held = info_link.amounts(rows)
    shown = f"Info-Link shows {place} with {sum(held.values(), _NOTHING):,.2f}"
    writes: list[Write] = []
    if terms.job is not None and place == _place(terms):
        customer = yield from reading.customer_of(terms.job)
        writes = change_orders.writes(document, terms, customer)
    same = (confirmed | lost) <= _digests(writes)
    if not same and not lost:
        return Again(why=_SAME_VALUES)  # that it would go otherwise now is told as it is to go
    tried = [bool(write.digests & (confirmed | lost)) for write in writes]
    last = sum(tried) - 1
    # A call goes out once all before it are known to be in, so the last one alone is in doubt.
    known = same and all(tried[: last + 1])
    if known and rows and all(_is_ours(row, document, terms) for row in rows):
        arrived = _amounts(grouped(document, terms)[: last + 1])
        if held == arrived:
            if all(tried):
                return Found(receipt=change_orders.receipt_of(document, terms))
            return Again(why=f"{shown}, so every call that was made has arrived.", there=lost)
        arrived.popitem()
        if held == arrived and not writes[last].digests & confirmed:
            return Again(
                why=f"{shown}, so the call that was not answered did not arrive.",
                there=lost - writes[last].digests,
            )
    what = f"{shown}, which none of the calls that were made explains ({_told(rows)})"
    if place != (now := _place(terms)):
        what = f"{shown} ({_told(rows)}), but it would go elsewhere now: to {now}"
    begins = _IN_DOUBT if lost else _CONFIRMED
    return Unclear(message=_look_at_log(document, place, begins, f"and {what}"))


def _is_ours(row: info_link.Row, document: Document, terms: Terms) -> bool:
    """Whether a row may be one of our lines, by all that stands there but phase and amount."""
    contract = terms.parent.number if terms.parent else ""
    return _alike(row["subcontract"], contract) and _alike(
        row["description"], document.title_for_erp
    )


def _alike(one: str, other: str) -> bool:
    return fit(one).upper() == fit(other).upper()


def _amounts(groups: Sequence[Group]) -> dict[tuple[str, str], Decimal]:
    """What these lines come to, as `info_link.amounts` tells it."""
    return {(one.phase.id.upper(), one.cost_type.id.upper()): one.amount for one in groups}


def _told(rows: Sequence[info_link.Row]) -> str:
    """What is shown, line by line: 03300/S 1,500.00 of subcontract SC-001, “Deeper footings”."""
    lines = [
        f"{row['phase']}/{row['cost_type']} {info_link.amount([row]):,.2f} of subcontract "
        f"{row['subcontract'] or '–'}, “{row['description']}”"
        for row in rows[:_MOST_TOLD]
    ]
    more = [f"and {len(rows) - _MOST_TOLD} more"] if len(rows) > _MOST_TOLD else []
    return "; ".join([*lines, *more]) or "no line at all"


def _digests(writes: Sequence[Write]) -> frozenset[str]:
    return frozenset[str]().union(*(write.digests for write in writes))


_IN_DOUBT = "Spectrum did not say whether it took a line of"
_CONFIRMED = "Spectrum has confirmed a part of"


def _look_at_log(document: Document, place: _Place, begins: str, why: str) -> str:
    return (
        f"{begins} change order {place.number}, {why}. In Spectrum, look at the {place} and "
        f"at the change order log of subcontract {place.contract}. If all of it is there, "
        f"{document.amount:,.2f} in total, record “It is in Spectrum”. If nothing is, or only a "
        "part, remove that part there, record “It is not in Spectrum”, then retry."
    )
