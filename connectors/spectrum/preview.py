"""What an export will do to Spectrum, told from what is known, without asking it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.contract import Document, Preview, PreviewRow, Terms
from connectors.spectrum import budgets, reading, site
from connectors.spectrum.groups import Group, grouped
from connectors.spectrum.services import fit

Facts = Mapping[str, Any]


def preview(document: Document, terms: Terms, facts: Facts) -> Preview:
    """The lines as they will stand in Spectrum, summed, and what is not sent."""
    if document.kind == "commitment":
        return _commitment(document, terms)
    if document.kind == "budget":
        return _budget(document, terms, facts)
    return _change_order(document, terms, facts)


def _commitment(document: Document, terms: Terms) -> Preview:
    groups = grouped(document, terms)
    account = site.account(terms, groups)
    fields = (
        ("Vendor", _named(terms.vendor)),
        ("Job", _named(terms.job)),
        ("Number", terms.number),
        ("Date issued", document.date.isoformat()),
        ("Comment", fit(document.title_for_erp)),
        ("G/L account", f"{account.number} ({account.source})" if account.number else ""),
        ("Retention", f"{document.retainage:.1f} % on every line" if document.retainage else ""),
    )
    return Preview(
        record=f"Subcontract {terms.number}",
        fields=tuple((name, value) for name, value in fields if value),
        rows=tuple(_row(group, group.description) for group in groups),
        total_before=Decimal("0.00"),
        total_after=document.amount,
        change=document.amount,
        unasked=f"Spectrum is not asked beforehand whether {_named(terms.vendor) or 'the vendor'} "
        f"has a subcontract {terms.number}. If it has, that one is changed to what stands here.",
        not_sent=tuple(_not_sent(document, groups)),
    )


def _change_order(document: Document, terms: Terms, facts: Facts) -> Preview:
    groups = grouped(document, terms)
    parent = terms.parent
    number = parent.number if parent else document.parent.code if document.parent else ""
    executed = site.sub_status(terms.settings) == "E"
    fields = (
        ("Number in Spectrum", terms.number),
        ("Vendor", _named(terms.vendor)),
        ("Job", _named(terms.job)),
        ("Customer", reading.known_customer(facts, terms.job)),
        ("Description", fit(document.title_for_erp)),
        ("Memo", fit(document.description_for_erp)),
        ("Commitment date", document.date.isoformat()),
        ("Status", "Executed" if executed else "Proposed"),
        ("Status of the change request", site.request_status(terms.settings)),
    )
    return Preview(
        record=f"Change order {terms.number} of subcontract {number}",
        fields=tuple((name, value) for name, value in fields if value),
        rows=tuple(_row(group, fit(group.cost_code.name)) for group in groups),
        total_before=None,
        total_after=None,
        change=document.amount,
        unasked=f"Spectrum is not asked beforehand whether {_named(terms.job) or 'the job'} has a "
        f"change request {terms.number}. If it has, this may be added to it, or refused.",
        warnings=(
            "It is executed at once: Spectrum counts it as soon as it is there."
            if executed
            else "It goes there as proposed, and counts only once somebody executes it there.",
            *_on_another_job(terms),
        ),
        not_sent=tuple(_not_sent(document, groups)),
    )


def _on_another_job(terms: Terms) -> Iterator[str]:
    """That the project was linked to another job since its subcontract went there."""
    parent, job = terms.parent, terms.job
    if parent and job and parent.version not in ("", job.id):
        yield (
            f"Subcontract {parent.number} went to job {parent.version}, and this goes to job "
            f"{job.id}: the project was linked to another job since."
        )


def _budget(document: Document, terms: Terms, facts: Facts) -> Preview:
    changes = budgets.changes(document, terms)
    first = budgets.is_first(document)
    held = budgets.standing(terms.parent)
    rows = tuple(
        PreviewRow(
            change="changed" if change.group.pair in held else "new",
            item=change.group.pair,
            description=fit(change.group.cost_code.name),
            before=change.before if change.group.pair in held else None,
            after=change.after,
            parts=_parts(change.group),
        )
        for change in changes
    )
    before = Decimal("0.00") if first else sum(held.values(), Decimal("0.00"))
    fields = (
        ("Job", _named(terms.job)),
        ("Written", "Original estimates" if first else "Current estimates"),
        ("Price method", site.price_method(terms.settings)),
    )
    return Preview(
        record=f"Estimate of job {terms.job.id if terms.job else ''}".strip(),
        fields=tuple((name, value) for name, value in fields if value),
        rows=rows,
        total_before=before,
        total_after=before + document.amount,
        change=document.amount,
        warnings=tuple(_overwritten(terms, changes, facts)),
        not_sent=tuple(_not_sent(document, [change.group for change in changes])),
    )


def _overwritten(terms: Terms, changes: Sequence[budgets.Change], facts: Facts) -> Iterator[str]:
    """The estimates that the job has already and that are written over."""
    job = terms.job.id if terms.job else ""
    phases: Mapping[str, Sequence[str]] = facts.get(reading.phases_name(job)) or {}
    for change in changes:
        there = phases.get(change.group.pair)
        if there is None:
            continue
        estimate = Decimal(there[2])
        if estimate not in (Decimal(0), change.before, change.after):
            yield (
                f"{change.group.pair} was estimated at {estimate:,.2f} in Spectrum when it was "
                f"last read; {change.after:,.2f} takes its place."
            )


def _row(group: Group, description: str) -> PreviewRow:
    return PreviewRow(
        change="new",
        item=group.pair,
        description=description,
        before=None,
        after=group.amount,
        parts=_parts(group),
    )


def _parts(group: Group) -> tuple[tuple[int, str, Decimal], ...]:
    return tuple((line.number, line.description, line.amount) for line in group.lines)


def _named(ref: Any) -> str:
    """A vendor or job with its code: ACME Acme Concrete."""
    if ref is None:
        return ""
    return ref.name if ref.name.startswith(ref.id) else f"{ref.id} {ref.name}"


def _not_sent(document: Document, groups: Sequence[Group]) -> Iterator[str]:
    """What has no field in Spectrum, or another text there."""
    own = [
        name
        for name, text in (("title", document.erp_title), ("description", document.erp_description))
        if text
    ]
    own += [f"description of line {line.number}" for line in document.lines if line.erp_description]
    if own:
        yield f"The whole {', '.join(own)} (Spectrum gets a text of its own)"
    if document.kind == "commitment":
        if fit(document.description):
            yield "Description"
        if fit(document.vendor_message):
            yield "Message to the vendor"
        dropped = [group.numbers for group in groups if set(group.texts) - {group.description}]
        joined = [group for group in groups if "; ".join(group.texts) == group.description]
        left = [numbers for numbers in dropped if numbers not in {one.numbers for one in joined}]
        if left:
            yield f"Descriptions of lines {'; '.join(left)} (Spectrum has one for their sum)"
    elif any(line.description for line in document.lines):
        yield "Descriptions of the lines"
    if document.kind != "commitment" and document.retainage:
        yield f"Default retainage {document.retainage.normalize():f} %"
    if any(
        line.unit or line.quantity is not None or line.unit_cost is not None
        for line in document.lines
    ):
        yield "Quantities, units and unit costs (Spectrum gets the amounts)"
    if document.kind == "change_order":
        yield f"Its number here, {document.number}"
    if document.revision:
        yield f"Revision {document.revision}"
    if document.attachments:
        yield f"Attachments ({len(document.attachments)})"
