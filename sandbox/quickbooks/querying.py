"""What all queries share: filters, pages, iterators, and answers that say what was not found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from xml.etree.ElementTree import Element, tostring

from sandbox.quickbooks.answers import Answer, Part
from sandbox.quickbooks.books import Books, IteratorState, Session
from sandbox.quickbooks.statuses import ITERATOR_INVALID, NO_MATCH, SOME_NOT_FOUND, Refused

Writer = Callable[[str], list[Part] | None]


def answer_query(
    books: Books,
    session: Session,
    request: Element,
    ret: str,
    *,
    by_id: str,
    candidates: Callable[[], tuple[list[str], list[str]]],
    write: Writer,
) -> Answer:
    """Answer a query.

    `candidates` finds the ids of what matches and the names of what was asked for but is not
    there; `write` writes the parts of the Ret element of one id (None when it went away between
    two pages). `by_id` is only for the message (TxnID, ListID).
    """
    iterator = request.get("iterator")
    missing: list[str] = []
    attributes: dict[str, str] = {}
    most = request.findtext("MaxReturned")
    if iterator in ("Continue", "Stop"):
        ids = _continue(session, request, iterator, int(most or 0), attributes)
    else:
        ids, missing = candidates()
        if iterator == "Start":
            ids = _start(books, session, request, ids, int(most or 0), attributes)
        elif most:
            ids = ids[: int(most)]
    wanted = {element.text for element in request.findall("IncludeRetElement")}
    objects = []
    for each in ids:
        parts = write(each)
        if parts is not None:
            kept = [xml for name, xml in parts if not wanted or name in wanted]
            objects.append(f"<{ret}>{''.join(kept)}</{ret}>\n")
    meta_data = request.get("metaData", "NoMetaData")
    if meta_data != "NoMetaData":
        attributes["retCount"] = str(len(objects))
    answer = Answer([] if meta_data == "MetaDataOnly" else objects, attributes=attributes)
    if missing:
        answer.code = SOME_NOT_FOUND
        answer.message = f'Not in this company file: {by_id} "{missing[0]}".'
    elif not objects and iterator in (None, "Start"):
        answer.code = NO_MATCH
        answer.message = "Nothing in this company file matches the query."
    return answer


def _start(
    books: Books,
    session: Session,
    request: Element,
    ids: list[str],
    most: int,
    attributes: dict[str, str],
) -> list[str]:
    page = ids[:most] if most else ids
    left = ids[len(page) :]
    iterator_id = books.new_iterator_id()
    if left:
        session.iterators[iterator_id] = IteratorState(_asked(request), left)
    attributes |= {"iteratorRemainingCount": str(len(left)), "iteratorID": iterator_id}
    return page


def _continue(
    session: Session, request: Element, iterator: str, most: int, attributes: dict[str, str]
) -> list[str]:
    iterator_id = request.get("iteratorID", "")
    state = session.iterators.get(iterator_id)
    if state is None or state.asked != _asked(request):
        raise Refused(
            ITERATOR_INVALID,
            f'The iterator "{iterator_id}" is not valid: it belongs to another session or query,'
            " or everything was already returned.",
        )
    if iterator == "Stop":
        del session.iterators[iterator_id]
        return []
    page = state.left[:most] if most else state.left
    state.left = state.left[len(page) :]
    if not state.left:
        del session.iterators[iterator_id]
    attributes |= {"iteratorRemainingCount": str(len(state.left)), "iteratorID": iterator_id}
    return page


def _asked(request: Element) -> bytes:
    """A query without its page size: the rest may not change while an iterator runs."""
    filters = b"".join(tostring(child) for child in request if child.tag != "MaxReturned")
    return request.tag.encode() + filters


def parse_time(text: str, local: tzinfo | None) -> datetime:
    """A qbXML date and time; without an offset it is local time on QuickBooks' machine."""
    day, _, clock = text.partition("T")
    year, month, date_ = (int(number) for number in day.split("-"))
    zone = local
    for sign in "+-":
        if sign in clock:
            clock, _, offset = clock.partition(sign)
            hours, _, minutes = offset.partition(":")
            zone = datetime.strptime(f"{sign}{int(hours):02}{int(minutes):02}", "%z").tzinfo
    numbers = [int(number) for number in clock.split(":")] if clock else []
    hour, minute, second = (*numbers, 0, 0, 0)[:3]
    return datetime(year, month, date_, hour, minute, second, tzinfo=zone)


def in_range(books: Books, text: str, start: str | None, end: str | None) -> bool:
    """Whether a stored time lies between two qbXML times, either of which may be absent."""
    when, local = datetime.fromisoformat(text), books.clock().tzinfo
    if start and when < parse_time(start, local):
        return False
    return not (end and when > parse_time(end, local))


def matches(text: str, criterion: str, wanted: str) -> bool:
    """StartsWith, Contains or EndsWith, upper and lower case alike."""
    text, wanted = text.casefold(), wanted.casefold()
    if criterion == "StartsWith":
        return text.startswith(wanted)
    return text.endswith(wanted) if criterion == "EndsWith" else wanted in text
