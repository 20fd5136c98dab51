"""What was deleted, and when: TxnDeletedQuery and ListDeletedQuery.

QuickBooks remembers 90 days of it; the stand-in remembers everything.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from sandbox.quickbooks.answers import Answer, part
from sandbox.quickbooks.books import Books, Session
from sandbox.quickbooks.querying import answer_query, in_range


def find_transactions(books: Books, session: Session, request: Element) -> Answer:
    """Answer TxnDeletedQueryRq."""
    return _find(books, session, request, "Txn", "TxnID", "RefNumber")


def find_entries(books: Books, session: Session, request: Element) -> Answer:
    """Answer ListDeletedQueryRq."""
    return _find(books, session, request, "List", "ListID", "FullName")


def _find(
    books: Books, session: Session, request: Element, what: str, id_name: str, name: str
) -> Answer:
    kind_name = f"{what}DelType"
    kinds = {element.text or "" for element in request.findall(kind_name)}
    start = request.findtext("DeletedDateRangeFilter/FromDeletedDate")
    end = request.findtext("DeletedDateRangeFilter/ToDeletedDate")
    rows = {
        each: [
            part(kind_name, kind),
            part(id_name, each),
            part("TimeCreated", created),
            part("TimeDeleted", deleted),
            *([part(name, named)] if named else []),
        ]
        for each, kind, named, created, deleted in books.storage.deleted(kinds)
        if in_range(books, deleted, start, end)
    }
    return answer_query(
        books,
        session,
        request,
        f"{what}DeletedRet",
        by_id=id_name,
        candidates=lambda: (list(rows), []),
        write=rows.get,
    )
