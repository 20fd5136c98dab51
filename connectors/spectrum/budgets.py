"""A budget becomes the estimates of the job's phases: a call for each phase and cost type.

The first round writes original estimates, and current ones where the site takes them; each later
round writes the current estimates that come of it. They are written as they shall be, not as they
change, so that a repeat adds nothing: what the rounds before came to is kept in their receipts.

Evidence: `AddPhase` makes or changes a phase, its description is shared by all its cost types and
needed for a new one, a price method is always needed, and a site may ignore current estimates
(Trimble's help). No service revises an estimate; that Procore goes this way is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from connectors.contract import Document, Receipt, Refused, Script, Terms
from connectors.spectrum import calls, envelope, reading, site
from connectors.spectrum.answers import Answer
from connectors.spectrum.calls import Write
from connectors.spectrum.groups import Group, grouped, held_in
from connectors.spectrum.reading import Phase
from connectors.spectrum.services import ADD_PHASE, Unfit, Value, fit, unfit

DESCRIPTION = 25
_ZERO = Decimal("0.00")


def name(document: Document, terms: Terms) -> str:
    """What it is called in messages."""
    job = terms.job.id if terms.job else ""
    if is_first(document):
        return f"budget of job {job}"
    return f"round {document.number} of the budget of job {job}"


def record_name(job: str) -> str:
    """The record that a budget writes: a job has one estimate."""
    return f"estimate:{job}"


def is_first(document: Document) -> bool:
    """Whether it is the round with the original amounts."""
    return document.number.strip() in ("", "1")


def standing(parent: Receipt | None) -> dict[str, Decimal]:
    """Pair -> its estimate after the round of this receipt."""
    if parent is None or not parent.version:
        return {}
    try:
        return msgspec.json.decode(parent.version, type=dict[str, Decimal])
    except msgspec.MsgspecError:
        return {}


class Change(NamedTuple):
    """What a round does to the estimate of one phase and cost type."""

    group: Group
    before: Decimal
    after: Decimal


def changes(document: Document, terms: Terms) -> list[Change]:
    """Each phase and cost type of this round, before and after it."""
    held = standing(terms.parent)
    found = []
    for group in grouped(document, terms):
        before = held.get(group.pair, _ZERO)
        found.append(Change(group, before, before + group.amount))
    return found


def writes(document: Document, terms: Terms, there: Mapping[str, Phase]) -> list[Write]:
    """The calls. `there`: what the job has, by pair. Raises Unfit.

    A phase that the job has keeps its description; a new one gets the cost code's name.
    """
    described = {phase.code for phase in there.values()}
    found = []
    for change in changes(document, terms):
        plain = _call(document, terms, change, "")
        text = fit(change.group.cost_code.name)
        called = _call(document, terms, change, text) if len(text) <= DESCRIPTION else plain
        known = change.group.phase.id in described
        what = f"{change.group.pair} {change.after:,.2f}"
        found.append(Write(plain, what, called) if known else Write(called, what, plain))
    return found


def unnamed(group: Group) -> str:
    """Why the group's phase cannot be a new one on its job, in sentences; '' where it can."""
    name = fit(group.cost_code.name)
    if name and len(name) <= DESCRIPTION and not unfit(name):
        return ""
    return (
        f"Phase {group.phase.id} is new on the job in Spectrum and is called there by its cost "
        f"code's name, “{name}”: that takes 1 to {DESCRIPTION} plain characters. Rename the cost "
        "code, or add the phase to the job in Spectrum and sync."
    )


def _call(document: Document, terms: Terms, change: Change, description: str) -> str:
    group = change.group
    if terms.job is None or not group.phase.id or not group.cost_type.id:
        raise Unfit(f"Line {group.numbers} has no job, phase or cost type of Spectrum.")
    values: dict[str, Value] = {
        "Company_Code": site.company(terms.settings),
        "Job_Number": terms.job.id,
        "Phase_Code": group.phase.id,
        "Description": description,
        "Cost_Type": group.cost_type.id,
        "Price_Method_Code": site.price_method(terms.settings),
    }
    if is_first(document):
        values["Original_Est_Cost"] = change.after
    if not site.shows_estimates_only(terms.settings):
        values["Current_Est_Cost"] = change.after
    return envelope.body(ADD_PHASE, values)


def export(
    document: Document, terms: Terms, key: str, done: frozenset[str], lost: frozenset[str]
) -> Script[Receipt]:
    """Look at the job's phases, then write each estimate; raises as `calls.carry_out` does."""
    if terms.job is None:
        raise Refused("The job of this budget is not linked to Spectrum.")
    answer: Answer = yield reading.phases(terms.job.id)
    asking = f"the question for the phases of job {terms.job.id}"
    reading.must_be_read(answer, asking)
    there = reading.merged([answer])
    if answer.whole:
        _refuse_new_phases_without_a_name(document, terms, there)
    if not is_first(document):
        planned = changes(document, terms)
        if any(change.group.pair not in there for change in planned):
            # A person may have changed what the rest of it would show.
            reading.must_be_whole(answer, asking)
        _refuse_what_was_changed(planned, there)
    yield from calls.carry_out(
        name(document, terms),
        writes(document, terms, there),
        key,
        record_name(terms.job.id),
        done,
        lost,
    )
    return receipt_of(document, terms)


def _refuse_new_phases_without_a_name(
    document: Document, terms: Terms, there: Mapping[str, Phase]
) -> None:
    known = {phase.code for phase in there.values()}
    groups = {group.phase.id: group for group in grouped(document, terms)}
    found = [unnamed(group) for code, group in groups.items() if code not in known]
    if any(found):
        raise Refused(" ".join(filter(None, found)), code="phase_name")


def _refuse_what_was_changed(planned: Iterable[Change], there: Mapping[str, Phase]) -> None:
    """What a person changed in Spectrum is not written over, what they removed not made anew."""
    for change in planned:
        pair = change.group.pair
        if change.before and pair not in there:
            raise Refused(
                f"{pair} was estimated at {change.before:,.2f} after the round before, and is not "
                "among the job's phases in Spectrum any more: it was removed or completed there. "
                "Put it back in Spectrum, with that estimate, then retry."
            )
        if pair in there and there[pair].estimate not in (change.before, change.after):
            raise Refused(
                f"The current estimate of {pair} was changed in Spectrum: it is "
                f"{there[pair].estimate:,.2f} there and was {change.before:,.2f} after the round "
                f"before, so it is not written over. Put it back to {change.before:,.2f} in "
                "Spectrum, then retry, and enter that change as a modification of the budget."
            )


def receipt_of(document: Document, terms: Terms) -> Receipt:
    """What stands in Spectrum once all of it was taken: every estimate after this round."""
    held = standing(terms.parent)
    held |= {change.group.pair: change.after for change in changes(document, terms)}
    lines = dict(terms.parent.lines) if terms.parent else {}
    job = terms.job.id if terms.job else ""
    return Receipt(
        id=job,
        number=job,
        version=msgspec.json.encode(held, order="sorted").decode(),
        amount=sum(held.values(), _ZERO),
        lines=lines | held_in(grouped(document, terms)),
    )
