"""Whether a document is gone from Spectrum: Info-Link is asked, where a site has it.

Of a subcontract it is the subcontract itself that is looked for, of a change order its change
request. Whether a change request that was deleted leaves anything on the change order log of the
subcontract is not known; the site's statement may look there, too.
"""

from __future__ import annotations

from connectors.contract import Document, Gone, Receipt, Refused, Script, StillThere, Terms
from connectors.spectrum import info_link

CANNOT_BE_ASKED = (
    "Spectrum has no service that tells what it holds of this. Look there, and record what you see."
)


def still_there(document: Document, terms: Terms, receipt: Receipt) -> Script[Gone | StillThere]:
    """Look for it by Info-Link. Raises Busy without an answer, Refused where none would help."""
    if document.kind == "commitment" and terms.vendor is not None:
        what = f"subcontract {receipt.number} of vendor {terms.vendor.id}"
        rows = yield from info_link.rows_of("subcontract", terms.vendor.id, receipt.number)
    elif document.kind == "change_order" and terms.job is not None:
        what = f"change request {receipt.number} of job {terms.job.id}"
        rows = yield from info_link.rows_of("change_request", terms.job.id, receipt.number)
        if rows:
            what = f"{what}, {info_link.amount(rows):,.2f} in total"
    else:
        raise Refused(CANNOT_BE_ASKED)
    if rows:
        return StillThere(found=(f"Info-Link shows {what}.",))
    return Gone(seen=f"Info-Link shows no {what}.")
