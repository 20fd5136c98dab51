"""New lines at the end of a record that stands in QuickBooks; all else in it stays as it is.

QuickBooks deletes every line that a change does not name, so all of them are named, in the order of
the document, and none is altered. Change orders are added to purchase orders in this way, and the
later rounds of a budget to its estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from lxml import etree

from connectors.contract import (
    Absent,
    Attempt,
    CannotTell,
    Finding,
    Found,
    Receipt,
    Refused,
    Request,
    Script,
    Unclear,
)
from connectors.quickbooks import errors, recovery, words
from connectors.quickbooks.qbxml import Answer
from connectors.quickbooks.transactions import (
    Expected,
    Record,
    TxnLine,
    counts,
    has_tax,
    match,
    money,
    shows_lines,
    told,
    total,
)

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition(Generic[R]):
    """What is added to which record, and how it is called."""

    parent: Receipt
    record: str  # "purchase order SC-001"
    change: str  # "change order 001"
    mark: str  # what each of the new lines begins with, and no other line does
    lines: Sequence[Expected]
    amount: Decimal
    gone: str  # what is said, and advised, where the record was deleted
    feature: errors.Feature  # see errors.failure
    names: dict[str, str]  # id -> what it is called, for telling which one is missing
    ask: Callable[[bool], Request]  # takes whether the answer must be fresh
    read: Callable[[Answer], Sequence[R]]
    write: Callable[[R, str], Request]  # takes the record as it stands and the key; may refuse

    @property
    def doing(self) -> str:
        return f"{self.change} on {self.record}"

    def whole(self, answer: Answer) -> list[R]:
        """The record in an answer, with its lines; nothing where the answer does not show it."""
        return [
            record
            for record in self.read(answer)
            if record["id"] == self.parent.id and shows_lines(record)
        ]

    def ours(self, record: R) -> list[TxnLine]:
        """The lines of a record that carry our mark."""
        return [line for line in record["lines"] if has_mark(line, self.mark)]


def has_mark(line: TxnLine, mark: str) -> bool:
    """Whether a line begins with a mark that we gave it, whatever became of the blanks in it.

    A line of text alone is none of ours.
    """
    text = words.one_line(line["description"])
    return bool(line["item"]) and text.startswith(words.one_line(words.fit(mark)))


def export(adding: Addition[R], key: str) -> Script[Receipt]:
    """Read the record, then add the lines. Raises Busy, Refused, Unfinished or CannotTell.

    Where somebody saved the record in between, it is read again and the change built anew, at most
    three times. Each goes under a key of its own, for QuickBooks would answer the old key with the
    old refusal; a key of the engine has 20 characters and QuickBooks takes 23.
    """
    answer: Answer
    for rebuilt in ("", "b", "c", "d"):
        answer = yield adding.ask(bool(rebuilt))
        before = _standing(adding, answer)
        _refuse_what_is_there(adding, before)
        answer = yield adding.write(before, key + rebuilt)
        if errors.done(answer):
            break
        if answer.status != errors.STALE:
            raise errors.failure(answer, adding.doing, adding.names, feature=adding.feature)
    else:
        raise errors.busy_record(adding.record, answer)
    after = next(iter(adding.read(answer)), None)
    if after is None:
        answer = yield adding.ask(True)
        after = _standing(adding, answer, written=True)
    return _receipt(adding, before, after)


def _standing(adding: Addition[R], answer: Answer, *, written: bool = False) -> R:
    """The record in an answer. Raises Refused where it is gone."""
    if written:
        seen = recovery.read_back(answer, adding.whole, adding.doing)
    else:
        seen = adding.whole(answer)
        if not errors.answered(answer, seen):
            doing = f"the question about {adding.record}"
            raise errors.failure(answer, doing, feature=adding.feature)
    if seen:
        return seen[0]
    if written:
        raise CannotTell(
            f"QuickBooks took the change and now no longer has {adding.record}. "
            "Look in QuickBooks (Voided/Deleted Transactions) who removed it."
        )
    raise Refused(adding.gone, code=str(answer.status), words=answer.message)


def _refuse_what_is_there(adding: Addition[R], record: R) -> None:
    there = adding.ours(record)
    if there:
        raise CannotTell(
            f"{capital(adding.record)} already holds lines of {adding.change}: {told(there)}. "
            "Nothing was written. If they are what was approved, record it as found; if not, "
            "remove them in QuickBooks, then retry."
        )


def _receipt(adding: Addition[R], before: R, after: R) -> Receipt:
    """The receipt for a record that holds what it held and what was approved. Raises CannotTell."""
    standing = {line["id"]: line for line in after["lines"]}
    stood = {line["id"] for line in before["lines"]}
    new = [line for line in after["lines"] if line["id"] not in stood]
    lines = match(adding.lines, new)
    was, now = total(before["lines"]), total(after["lines"])
    fault = ""
    if lines is None:
        fault = f"the new lines are {told(new)}"
    elif gone := [line for line in before["lines"] if line["id"] not in standing]:
        fault = f"lines that stood there before are missing: {told(gone)}"
    elif other := [line for line in before["lines"] if not _same(line, standing[line["id"]])]:
        fault = f"lines that stood there before are not as they were: {told(other)}"
    elif now != was + adding.amount:
        fault = (
            f"its lines came to {was:,.2f} and now come to {now:,.2f}, which is not "
            f"{adding.amount:,.2f} more"
        )
    elif not has_tax(after) and money(after["amount"]) != now:
        fault = f"its total is {money(after['amount']):,.2f}, which is not the sum of its lines"
    if fault or lines is None:
        raise CannotTell(
            f"{capital(adding.change)} was written to {adding.record}, but not as it was "
            f"approved: {fault}. Compare the two; then record what is true."
        )
    return receipt_of(after, lines)


def _same(was: TxnLine, now: TxnLine) -> bool:
    """Whether a line that we did not touch is as it was; its item may be called otherwise."""
    return all(was[key] == now[key] for key in _UNTOUCHED)


_UNTOUCHED: tuple[Literal["item", "description", "amount", "job", "klass", "date", "closed"], ...]
_UNTOUCHED = ("item", "description", "amount", "job", "klass", "date", "closed")


def receipt_of(record: Record, lines: dict[str, str]) -> Receipt:
    """The receipt for a record as it stands, with the map of our lines."""
    return Receipt(
        id=record["id"],
        number=record["number"],
        version=record["version"],
        amount=money(record["amount"]),
        lines=lines,
    )


def find(adding: Addition[R], attempts: Sequence[Attempt]) -> Script[Finding]:
    """Look whether the record holds the lines. Never writes. Raises Busy.

    Our mark tells. A change that is still under way carries an EditSequence, and the next one makes
    it stale. Where no line carries the mark:

    ======================== ======================================================================
    QuickBooks remembers     so it is
    ======================== ======================================================================
    that it took the change  removed or renamed since: a person looks
    3200: stale              not there: somebody had saved the record, and the write did nothing
    nothing, and no line     not there, whatever else was edited: it never arrived, or was removed
    came since we wrote
    nothing, and lines of    perhaps there in other words: a person looks. The EditSequence says
    our items or amounts     only that somebody saved the record; the lines say more
    came since
    nothing, and others did  not there
    ======================== ======================================================================

    The word of a person who looked (a disowned attempt) counts, unless lines stand there just as
    they were written: the change order may have been given another number since.
    """
    remembered, attempts = yield from recovery.check(attempts)
    if remembered is not None and not errors.done(remembered):
        error = errors.failure(remembered, adding.doing, adding.names, feature=adding.feature)
        if (no := recovery.denied(error, capital(adding.record), attempts)) is not None:
            return no
    answer: Answer = yield adding.ask(True)
    record = next(iter(recovery.readable(answer, adding.whole)), None)
    disowned = recovery.is_disowned(attempts)
    said = ""
    if remembered is not None and not disowned:
        said = f"QuickBooks took {adding.change}, and "
    if record is None:
        gone = f"{adding.record} is no longer in QuickBooks."
        if said:
            return Unclear(message=f"{said}{gone} Look there who removed it.")
        return Absent(seen=capital(gone))
    ours = adding.ours(record)
    lines = match(adding.lines, ours)
    if lines is not None:
        return Found(receipt=receipt_of(record, lines))
    if ours:
        return Unclear(
            message=f"{capital(adding.record)} holds lines of {adding.change}, but not as they "
            f"were approved: {told(ours)}. Compare the two; then record what is true."
        )
    if said:
        return Unclear(
            message=f"{said}{adding.record} no longer holds its lines: they were removed or "
            "renamed since. Look in QuickBooks; then record what is true."
        )
    perhaps = _perhaps_ours(adding, record, attempts)
    if perhaps and disowned:
        return Unclear(
            message=f"{capital(adding.record)} holds lines just as an earlier try of "
            f"{adding.change} wrote them: {told(perhaps)}. Remove them in QuickBooks, then retry."
        )
    if perhaps:
        return Unclear(
            message=f"QuickBooks does not remember whether it took {adding.change}, and "
            f"{adding.record} has lines that came since and may be it in other words: "
            f"{told(perhaps)}. If they are it, look it up and link to them, or begin each of them "
            f"with “{adding.mark}” in QuickBooks and retry. If not, record that it is not in "
            "QuickBooks, then retry."
        )
    return Absent(seen=f"{capital(adding.record)} holds no line of {adding.change}.")


def _perhaps_ours(adding: Addition[R], record: R, attempts: Sequence[Attempt]) -> list[TxnLine]:
    """The lines that came since the latest write, if it was lost, and that may be what it added.

    A bookkeeper changes the words, perhaps the item or the amount. Once a person has looked, only
    what has the very words that were written.
    """
    body = attempts[-1].body if attempts else ""
    if not body:
        return []
    wrote = etree.fromstring(body)
    stood = {one.text for one in wrote.iter("TxnLineID")}
    since = [line for line in record["lines"] if line["id"] not in stood and not line["group"]]
    if recovery.is_disowned(attempts):
        texts = [one.text or "" for one in wrote.iter("Desc")]
        return [
            line for line in since if any(words.same(text, line["description"]) for text in texts)
        ]
    items = {line.item for line in adding.lines}
    amounts = {line.amount for line in adding.lines}
    return [
        line
        for line in since
        if counts(line) and (line["item"] in items or money(line["amount"]) in amounts)
    ]


def capital(text: str) -> str:
    """A sentence with its first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]
