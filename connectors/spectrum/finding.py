"""After an attempt: may the rest be sent? Spectrum cannot be asked what it holds.

Subcontracts, their lines and estimates are written under natural keys and repeating a call changes
nothing (Trimble's help), so an unanswered one is simply made again. Of a change request the help
says that a repeated line is taken for the first one, another connector that it is refused, and
nobody has tried: an unanswered one is for a person, until the site has seen that it may be
repeated.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contract import Again, Attempt, Document, Finding, Terms, Unclear
from connectors.spectrum import site


def find(document: Document, terms: Terms, attempts: Sequence[Attempt]) -> Finding:
    """Again, or Unclear with what to look at. Asks nothing."""
    doubles = document.kind == "change_order" and not site.requests_repeat(terms.settings)
    if doubles and _in_doubt(attempts):
        return Unclear(message=_look_at_log(document, terms))
    return Again(
        why="Each call names its record in full, so that what Spectrum has already is only written "
        "with the same values once more."
    )


def _in_doubt(attempts: Sequence[Attempt]) -> bool:
    """Whether a call was never answered, and not confirmed by a later one either."""
    doubtful: set[str] = set()
    for attempt in attempts:
        if attempt.outcome == "lost":
            doubtful.add(attempt.asked)
        elif attempt.outcome == "passed":
            doubtful.discard(attempt.asked)
    return bool(doubtful)


def _look_at_log(document: Document, terms: Terms) -> str:
    job = terms.job.id if terms.job else ""
    contract = terms.parent.number if terms.parent else ""
    return (
        f"Spectrum did not say whether it took a line of change order {terms.number}, and it "
        f"cannot be asked. In Spectrum, look at the change request {terms.number} of job {job} and "
        f"at the change order log of subcontract {contract}. If all of it is there, "
        f"{document.amount:,.2f} in total, record “It is in Spectrum”. If nothing is, or only a "
        "part, remove that part there, record “It is not in Spectrum”, then retry."
    )
