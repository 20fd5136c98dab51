"""A commitment of either kind becomes a subcontract: its header, then a call for each line.

Evidence: both services make or change the record of their natural key, leave alone what is blank
and delete nothing (Trimble's help); that purchase orders become subcontracts, too, is how Procore
does it. There is no service that tells whether a subcontract is there.
"""

from __future__ import annotations

from connectors.contract import Document, Receipt, Script, Terms
from connectors.spectrum import calls, envelope, site
from connectors.spectrum.calls import Write
from connectors.spectrum.groups import Group, grouped, held_in
from connectors.spectrum.services import SUBCONTRACT, SUBCONTRACT_PHASES, Unfit, Value, fit


def name(terms: Terms) -> str:
    """What it is called in messages."""
    return f"subcontract {terms.number}"


def id_of(terms: Terms) -> str:
    """What identifies its subcontract: a number is unique with its vendor."""
    return f"{terms.vendor.id if terms.vendor else ''}/{terms.number}"


def record_name(subcontract: str) -> str:
    """The record of a subcontract, from its id; its change orders write it, too."""
    return f"subcontract:{subcontract}"


def writes(document: Document, terms: Terms) -> list[Write]:
    """The calls, in order. Their lines come to the commitment, to the cent. Raises Unfit."""
    if terms.vendor is None or terms.job is None:
        raise Unfit("The vendor or the job of this commitment is not linked to Spectrum.")
    groups = grouped(document, terms)
    if sum(group.amount for group in groups) != document.amount:
        raise Unfit("The lines do not come to the commitment's amount. Nothing was sent.")
    key: dict[str, Value] = {
        "Company_Code": site.company(terms.settings),
        "Vendor_Code": terms.vendor.id,
        "Subcontract_Number": terms.number,
    }
    header: dict[str, Value] = {
        **key,
        "Job_Number": terms.job.id,
        "Status_Code": "A",
        "Date_Issued": document.date,
        "Comment": fit(document.title_for_erp),
        "GL_Account": site.account(terms, groups).number,
        "Retention_Percent": document.retainage,
    }
    return [
        Write(envelope.body(SUBCONTRACT, header), "the header"),
        *(Write(_line(document, key, group), group.told) for group in groups),
    ]


def _line(document: Document, key: dict[str, Value], group: Group) -> str:
    values: dict[str, Value] = {
        **key,
        "Phase_Code": group.phase.id,
        "Cost_Type": group.cost_type.id,
        "Bill_Description": group.description,
        "Retention_Flag": "Y" if document.retainage else "N",
        "Original_Contract_Amount": group.amount,
    }
    if not group.phase.id or not group.cost_type.id:
        raise Unfit(f"Line {group.numbers} has no phase or cost type of Spectrum.")
    return envelope.body(SUBCONTRACT_PHASES, values)


def export(
    document: Document, terms: Terms, key: str, done: frozenset[str], lost: frozenset[str]
) -> Script[Receipt]:
    """Write header and lines; see `calls.carry_out` for what it raises."""
    record = record_name(id_of(terms))
    yield from calls.carry_out(name(terms), writes(document, terms), key, record, done, lost)
    return receipt_of(document, terms)


def receipt_of(document: Document, terms: Terms) -> Receipt:
    """What stands in Spectrum once all of it was taken; its `version` is the job, for good."""
    return Receipt(
        id=id_of(terms),
        number=terms.number,
        version=terms.job.id if terms.job else "",
        amount=document.amount,
        lines=held_in(grouped(document, terms)),
    )
