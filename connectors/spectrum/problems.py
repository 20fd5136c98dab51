"""Why a document cannot go to Spectrum, all of it at once, each with where to mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from connectors.contract import Document, Line, Problem, Terms
from connectors.spectrum import budgets, calls, change_orders, reading, site
from connectors.spectrum.groups import BILL_DESCRIPTION, Group, grouped
from connectors.spectrum.services import (
    ADD_PHASE,
    CHANGE_REQUEST,
    SUBCONTRACT,
    SUBCONTRACT_PHASES,
    fit,
    unfit,
)

COMMENT = 120  # of a subcontract: the commitment's title
MEMO = 250  # of a change order: its description
TITLE = {"commitment": COMMENT, "change_order": 30}
NUMBER = {"commitment": 10, "change_order": 12}
SHORTER = " Give it a text for Spectrum in its place."
_MOST_RETENTION = Decimal("99.9")
_AMOUNT = {
    "commitment": SUBCONTRACT_PHASES.field("Original_Contract_Amount"),
    "change_order": CHANGE_REQUEST.field("Sub_Amount"),
    "budget": ADD_PHASE.field("Current_Est_Cost"),
}
_ACCOUNT = SUBCONTRACT.field("GL_Account").longest
_PRICE_METHODS = frozenset("FTCUJ")

Facts = Mapping[str, Any]


def problems(
    document: Document, terms: Terms | None, facts: Facts = MappingProxyType({})
) -> list[Problem]:
    """Every reason. Without `terms` only what the document itself shows; `facts` hold what is
    known of `connector.wants`."""
    found = [] if document.kind == "budget" else list(_texts(document))
    if not document.lines:
        found.append(Problem(code="no_lines", text="It has no lines.", where="lines"))
    for line in document.lines:
        found += _line(line)
    if sum(line.amount for line in document.lines) != document.amount:
        text = "Its lines do not come to its amount. Save it again."
        found.append(Problem(code="amount", text=text, where="lines"))
    elif document.kind == "commitment" and document.amount < 0:
        text = "A subcontract cannot come to less than 0.00."
        found.append(Problem(code="amount", text=text, where="lines"))
    if document.kind == "commitment":
        found += _retention(document.retainage)
    if terms is not None:
        groups = grouped(document, terms)
        found += _linked(document, terms, groups)
        found += _known(document, terms, groups, facts)
        found += _sums(document, terms, groups)
        found += _settings(document, terms, groups)
    return found


# --- What the document shows -------------------------------------------------------------------


def _texts(document: Document) -> Iterator[Problem]:
    number = document.number
    if not number.strip():
        yield Problem(code="number", text="It has no number.", where="number")
    elif number != fit(number):
        text = f"The number “{number}” has blanks around it, or several together."
        yield Problem(code="number", text=text, where="number")
    yield from _text("number", "number", number, NUMBER[document.kind])
    if not fit(document.title):
        yield Problem(code="title", text="It has no title.", where="title")
    yield from _own("title", document.title, document.erp_title, TITLE[document.kind])
    if document.kind == "change_order":
        yield from _own("description", document.description, document.erp_description, MEMO)


def _own(name: str, text: str, own: str, most: int) -> Iterator[Problem]:
    """Faults of a text, or of the one that Spectrum gets in its place."""
    if own:
        yield from _text(f"erp_{name}", f"{name} for Spectrum", own, most)
    else:
        yield from _text(name, name, text, most, SHORTER)


def _text(where: str, what: str, text: str, most: int, advice: str = "") -> Iterator[Problem]:
    length = len(fit(text))
    if length > most:
        yield Problem(
            code=f"{where}_long",
            text=f"The {what} has {length:,} characters; Spectrum takes {most:,}.{advice}",
            where=where,
        )
    if strange := unfit(text):
        yield Problem(
            code=f"{where}_characters",
            text=f"The {what} has characters that are not sent to Spectrum: {strange}",
            where=where,
        )


def _line(line: Line) -> Iterator[Problem]:
    where, called = f"line:{line.number}", f"Line {line.number}"
    if line.sub_job:
        text = f"{called} names the sub job {line.sub_job}; Spectrum takes none."
        yield Problem(code="sub_job", text=text, where=where)
    if line.amount != round(line.amount, 2):
        text = f"{called}: the amount {line.amount:,} has more than two decimals."
        yield Problem(code="amount", text=text, where=where)


def _retention(percent: Decimal) -> Iterator[Problem]:
    if not 0 <= percent <= _MOST_RETENTION or percent != round(percent, 1):
        yield Problem(
            code="retainage",
            text=f"The default retainage is {percent.normalize():f} %. Spectrum takes one decimal, "
            f"from 0.0 to {_MOST_RETENTION} %.",
            where="retainage",
        )


# --- Where it goes -----------------------------------------------------------------------------


def _linked(document: Document, terms: Terms, groups: Sequence[Group]) -> Iterator[Problem]:
    if terms.job is None:
        text = f"The project {document.project.name} is linked to no active job of Spectrum."
        yield Problem(code="job", text=text, where="job")
    if document.kind != "budget" and terms.vendor is None:
        name = f"{document.vendor.name} is" if document.vendor else "The contract company is"
        text = f"{name} linked to no active vendor of Spectrum. The directory says why."
        yield Problem(code="vendor", text=text, where="vendor")
    if document.kind == "change_order":
        yield from _parent(terms)
    if document.kind == "budget":
        yield from _round(document, terms)
    told: set[str] = set()
    for group in groups:
        line = group.lines[0]
        code = line.cost_code.code or line.cost_code.name
        missing = []
        if not group.phase.id:
            missing.append(("item", f"Cost code {code} is linked to no phase of Spectrum."))
        if not group.cost_type.id:
            text = f"Category {line.category.name} is linked to no cost type of Spectrum."
            missing.append(("category", text))
        for what, text in missing:
            if text not in told:
                told.add(text)
                yield Problem(code=what, text=text, where=f"line:{line.number}")


def _parent(terms: Terms) -> Iterator[Problem]:
    parent, number = terms.parent, terms.number
    if parent is None:
        text = "Its commitment is not in Spectrum yet. Send that first."
        yield Problem(code="parent", text=text, where="parent")
    elif terms.vendor is not None and not parent.id.startswith(f"{terms.vendor.id}/"):
        text = (
            f"Subcontract {parent.number} stands under another vendor of Spectrum than "
            f"{terms.vendor.id}, to which {terms.vendor.name} is linked now. Link the vendor again."
        )
        yield Problem(code="vendor", text=text, where="vendor")
    most = change_orders.NUMBER
    if not number or number != fit(number) or unfit(number) or len(number) > most:
        text = (
            f"The number in Spectrum, “{number}”, has to be one of 1 to {most} characters, without "
            "blanks around it or several together. Whoever accepts it can change it."
        )
        yield Problem(code="erp_number", text=text)


def _round(document: Document, terms: Terms) -> Iterator[Problem]:
    if budgets.is_first(document):
        if terms.parent is not None:
            text = "This budget is in Spectrum already, so its first round cannot go again."
            yield Problem(code="parent", text=text, where="parent")
        return
    if terms.parent is None:
        text = "The round before is not in Spectrum. Send that first."
        yield Problem(code="parent", text=text, where="parent")
    elif terms.job is not None and terms.job.id != terms.parent.id:
        text = (
            f"The rounds before are the estimate of job {terms.parent.id} in Spectrum, and the "
            f"project is linked to job {terms.job.id} now. Link it to that job again, or unlink "
            "the budget and send it anew from its first round."
        )
        yield Problem(code="job", text=text, where="job")
    elif not budgets.standing(terms.parent):
        text = (
            "It is not known what the rounds before came to in Spectrum, so nothing can be added "
            "to it. Unlink the budget and send it anew from its first round."
        )
        yield Problem(code="parent", text=text, where="parent")
    if site.shows_estimates_only(terms.settings):
        text = (
            "This Spectrum works out current estimates itself (a setting of the Connection page), "
            "so changes of the budget cannot be sent. Enter them in Spectrum."
        )
        yield Problem(code="settings", text=text, where="settings")


def _known(
    document: Document, terms: Terms, groups: Sequence[Group], facts: Facts
) -> Iterator[Problem]:
    """What the records of Spectrum forbid, as they were last read; what was never read does not."""
    if terms.job is None:
        return
    number = terms.job.id
    job: Mapping[str, str] = facts.get(reading.job_name(number)) or {}
    if job.get("status") == reading.COMPLETED:
        text = f"Job {number} is completed in Spectrum and takes nothing any more."
        yield Problem(code="job", text=text, where="job")
    if document.kind == "change_order" and job and not job.get("customer"):
        yield Problem(code="customer", text=reading.no_customer(number), where="job")
    phases: Mapping[str, Sequence[str]] | None = facts.get(reading.phases_name(number))
    if phases is None:
        return
    if document.kind == "budget":
        yield from _new_phases(groups, {pair.rpartition("/")[0] for pair in phases})
    for group in groups:
        if not group.phase.id or not group.cost_type.id:
            continue
        held, where = phases.get(group.pair), f"line:{group.lines[0].number}"
        if held is None and document.kind != "budget":
            text = (
                f"Line {group.numbers}: job {number} has no open phase {group.phase.id} with cost "
                f"type {group.cost_type.id} in Spectrum. Add it to the job there, or send the "
                "budget, then press Sync now on the Connection page."
            )
            yield Problem(code="phase", text=text, where=where)
        elif held is not None and held[0] == reading.COMPLETED:
            text = (
                f"Line {group.numbers}: phase {group.phase.id} with cost type {group.cost_type.id} "
                f"is completed on job {number} in Spectrum and takes nothing any more."
            )
            yield Problem(code="phase", text=text, where=where)


def _new_phases(groups: Iterable[Group], there: Collection[str]) -> Iterator[Problem]:
    for group in {group.phase.id: group for group in groups if group.phase.id}.values():
        if group.phase.id not in there and (text := budgets.unnamed(group)):
            yield Problem(code="phase_name", text=text, where=f"line:{group.lines[0].number}")


def _sums(document: Document, terms: Terms, groups: Sequence[Group]) -> Iterator[Problem]:
    """What only shows once the lines of a phase and cost type are put together."""
    number_of_calls = len(groups) + 1
    if number_of_calls > calls.MOST_CALLS:
        text = f"It would take {number_of_calls:,} calls; {calls.MOST_CALLS:,} are the most."
        yield Problem(code="lines", text=text, where="lines")
    held = budgets.standing(terms.parent) if document.kind == "budget" else {}
    for group in groups:
        where = f"line:{group.lines[0].number}"
        amount = held.get(group.pair, Decimal(0)) + group.amount
        if not _AMOUNT[document.kind].takes(amount):
            text = f"Line {group.numbers}: {group.pair} comes to {amount:,}, too much for Spectrum."
            yield Problem(code="amount", text=text, where=where)
        if document.kind == "commitment":
            yield from _bill_description(group, where)


def _bill_description(group: Group, where: str) -> Iterator[Problem]:
    text = group.description
    if len(text) > BILL_DESCRIPTION:
        yield Problem(
            code="line_long",
            text=f"The description of line {group.numbers} has {len(text)} characters; Spectrum "
            f"takes {BILL_DESCRIPTION}.{SHORTER}",
            where=where,
        )
    if strange := unfit(text):
        yield Problem(
            code="line_characters",
            text=f"The description of line {group.numbers} has characters that are not sent to "
            f"Spectrum: {strange}",
            where=where,
        )


# --- The settings ------------------------------------------------------------------------------


def _settings(document: Document, terms: Terms, groups: Sequence[Group]) -> Iterator[Problem]:
    settings = terms.settings
    if not 0 < len(site.company(settings)) <= 3:
        yield _setting("The company code of Spectrum is not set")
    if document.kind == "commitment":
        account = site.account(terms, groups)
        if not account.number:
            yield _setting(
                "No G/L account is set for it: none for the vendor, no single one for its cost "
                "types, and no default of the company"
            )
        elif len(account.number) > _ACCOUNT:
            yield _setting(
                f"The G/L account {account.number} ({account.source}) has more than {_ACCOUNT} "
                "characters"
            )
    if document.kind == "change_order":
        if not 0 < len(site.request_status(settings)) <= 2:
            yield _setting("The status code that change requests get in Spectrum is not set")
        if site.sub_status(settings) not in ("E", "P"):
            yield _setting("Change orders go to Spectrum as E (executed) or P (proposed)")
    if document.kind == "budget" and site.price_method(settings) not in _PRICE_METHODS:
        yield _setting("The price method of the phases is not set")


def _setting(text: str) -> Problem:
    return Problem(
        code="settings",
        text=f"{text}. An administrator sets it on the Connection page.",
        where="settings",
    )
