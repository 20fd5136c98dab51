"""After a write without an answer: what QuickBooks remembers of it, before the books are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from connectors.contract import (
    Attempt,
    Busy,
    CannotTell,
    Denied,
    ErpError,
    Finding,
    Request,
    Script,
    Unclear,
    Unfinished,
)
from connectors.quickbooks import errors
from connectors.quickbooks.qbxml import Answer

R = TypeVar("R")


def check(attempts: Sequence[Attempt]) -> Script[tuple[Answer | None, Sequence[Attempt]]]:
    """What QuickBooks remembers of the latest write, or None where it remembers nothing of it; and
    the attempts that may have written something.

    Asked only of a write whose answer never came. A remembered 3200 wrote nothing: None as well,
    and no attempts, for those before it were looked for as it began.
    """
    if not attempts or attempts[-1].outcome not in ("lost", "disowned"):
        return None, attempts
    answer: Answer = yield Request(body="", check=True, key=attempts[-1].key)
    if answer.element is None:
        return None, attempts
    return (None, ()) if answer.status == errors.STALE else (answer, attempts)


def is_disowned(attempts: Sequence[Attempt]) -> bool:
    """Whether a person has looked for the latest write, and says that nothing of it is there."""
    return bool(attempts) and attempts[-1].outcome == "disowned"


def readable(answer: Answer, read: Callable[[Answer], Sequence[R]]) -> Sequence[R]:
    """The records in an answer; none where QuickBooks has no such one. Raises Busy, CannotTell."""
    seen = read(answer)
    if errors.answered(answer, seen):
        return seen
    error = errors.failure(answer, "the question about it")
    if isinstance(error, Busy):
        raise error
    raise CannotTell(error.message, code=error.code, words=error.words)


def read_back(answer: Answer, read: Callable[[Answer], Sequence[R]], doing: str) -> Sequence[R]:
    """The records in the answer to a question that was asked because a write was taken.

    Raises Unfinished where it was not answered: that says nothing of the write, which is looked for
    in another session.
    """
    seen = read(answer)
    if errors.answered(answer, seen):
        return seen
    error = errors.no_answer(answer, f"the question what became of {doing}")
    raise Unfinished(error.message, code=error.code, words=error.words)


def denied(error: ErpError, what: str, attempts: Sequence[Attempt]) -> Finding | None:
    """What a remembered refusal of `what` means: no, or not clear. None where that will never be
    clear, and a person has looked: then the books are read."""
    if isinstance(error, CannotTell):
        return None if is_disowned(attempts) else Unclear(message=error.message)
    message = error.message
    if isinstance(error, Busy):
        message = f"{what} was open or locked in QuickBooks, so nothing was written. Retry it."
    return Denied(message=message, code=error.code, words=error.words)
