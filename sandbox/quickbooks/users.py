"""The user that the Web Connector works as: the administrator, or one who may not see everything.

What QuickBooks refuses to such a user has a status code of its own. That it gives parts of its
lists in silence is what bookkeepers report; which parts is ASSUMED here: the lists of people come
with their first entry only, and accounts not at all.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from sandbox.quickbooks.answers import Answer
from sandbox.quickbooks.books import Books
from sandbox.quickbooks.statuses import NO_MATCH, NOT_ALLOWED, Refused

ADMINISTRATOR, RESTRICTED = "Admin", "Site clerk"

_REFUSED = frozenset(
    [
        "PurchaseOrderQueryRq",
        "PurchaseOrderAddRq",
        "PurchaseOrderModRq",
        "TxnDelRq",
        "CustomDetailReportQueryRq",
    ]
)
_IN_PART = frozenset(["VendorQueryRq", "CustomerQueryRq"])
_WITHHELD = frozenset(["AccountQueryRq"])


def name_of(books: Books) -> str:
    """The user's name."""
    return RESTRICTED if books.preference("UserIsRestricted") else ADMINISTRATOR


def refuse(books: Books, tag: str) -> None:
    """Refuse a request that the user may not make."""
    if books.preference("UserIsRestricted") and tag in _REFUSED:
        raise Refused(NOT_ALLOWED, "Insufficient permission level to perform this action.")


def shown(books: Books, request: Element, answer: Answer) -> Answer:
    """What of an answer the user gets to see."""
    if not books.preference("UserIsRestricted"):
        return answer
    if request.tag in _WITHHELD:
        return Answer(code=NO_MATCH, message="Nothing in this company file matches the query.")
    if request.tag in _IN_PART:
        attributes = dict(answer.attributes)
        for name, most in (("iteratorRemainingCount", 0), ("retCount", 1)):
            if name in attributes:
                attributes[name] = str(min(int(attributes[name]), most))
        return Answer(answer.objects[:1], answer.code, answer.message, attributes)
    return answer
