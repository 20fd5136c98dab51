"""What a refusal of QuickBooks means, and what a bookkeeper can do about it.

Branches on status codes only: the texts are localised. A code that is not listed here is shown
with QuickBooks' own words beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from connectors.contract import Busy, CannotTell, ErpError, Refused
from connectors.quickbooks.qbxml import Answer

Feature = Literal["orders", "estimates", "classes"]  # what must be switched on in the company file

NO_MATCH = 1
STALE = 3200  # the EditSequence is out of date: somebody saved the record in between
GONE = frozenset({NO_MATCH, 500, 3120})
NOT_REMEMBERED = frozenset({600, 9002})  # of a message set: nothing is stored under that id
_LATER = frozenset({3175, 3176, 3180, 3230, 3231})
_NO_REFERENCE = 3140
FEATURE_OFF = 3250
NOT_ALLOWED = frozenset({3220, 3260, 3261, 3263})  # to the user that the Web Connector works as
_UNSETTLED = NOT_REMEMBERED | {9001, 9003, 9005}
_UNFIT_KEY = 9004

# code -> what it means, what to do
_ADVICE: dict[int, tuple[str, str]] = {
    1000: (
        "it could not make sense of the request",
        "Nothing was entered. Please tell the operator of ERP Bridge; retrying will not help.",
    ),
    3100: (
        "a record of that name is there already",
        "Link to the record that QuickBooks has, or rename one of the two.",
    ),
    3170: (
        "the record cannot be changed",
        "Open it in QuickBooks and see why (it may be locked or reconciled), then retry.",
    ),
    3171: (
        "its date is on or before the closing date of the books",
        "In QuickBooks, exclude estimates and purchase orders from the closing date (Preferences, "
        "Accounting, Company), or have an administrator open the period, then retry.",
    ),
    3290: (
        "its lines were not in the order QuickBooks has them in",
        "Nothing was changed. Retry; if it comes again, tell the operator of ERP Bridge.",
    ),
    3391: (
        "the list was no longer open",
        "The list is read again from the beginning.",
    ),
    _UNFIT_KEY: (
        "the id of the request was not accepted",
        "Please tell the operator of ERP Bridge; retrying will not help.",
    ),
}
for _code in NOT_ALLOWED:
    _ADVICE[_code] = (
        "the QuickBooks user that the Web Connector works as may not do this",
        "Have a QuickBooks administrator allow it (Edit, Preferences, Integrated Applications, "
        "Company), then retry.",
    )
for _code in (3000, 3010, 3020, 3030, 3035, 3040, 3045, 3060, 3070, 3090, 3110, 3130, 3150, 3210):
    _ADVICE[_code] = (
        "a value in it was not accepted",
        "QuickBooks' own words say which one. Reject it with a comment so that it can be mended.",
    )

_SWITCHED_OFF = "a feature that it needs is switched off in the company file"
SWITCH_ON = {
    "orders": "In QuickBooks, switch on “Inventory and purchase orders are active” (Edit, "
    "Preferences, Items & Inventory, Company Preferences)",
    "estimates": "In QuickBooks, answer “Do you create estimates?” with Yes (Edit, Preferences, "
    "Jobs & Estimates, Company Preferences)",
    "classes": "In QuickBooks, tick “Use class tracking for transactions” (Edit, Preferences, "
    "Accounting, Company Preferences)",
}

# COM failures of QuickBooks itself, reported instead of an answer
_WHILE_CLOSED = {
    "80040400": "QuickBooks could not read the request.",
    "80040401": "QuickBooks could not be reached.",
    "80040402": "QuickBooks met an unexpected fault.",
    "80040408": "QuickBooks could not be started.",
    "8004040D": "The session with QuickBooks was no longer valid.",
    "80040414": "A window is open in QuickBooks that waits for an answer.",
    "80040416": "QuickBooks is not running, and no company file was named to open.",
    "80040420": "The QuickBooks user denied access.",
    "80040422": "QuickBooks is open in single-user mode by somebody else.",
}


def done(answer: Answer) -> bool:
    """Whether a write was carried out: a warning may come with the record that was saved."""
    if answer.status == 0:
        return True
    saved = answer.element is not None and answer.element.find("*") is not None
    return answer.severity == "Warn" and saved


def answered(answer: Answer, seen: Sequence[object]) -> bool:
    """Whether a question was answered: with the records `seen`, or by saying that there are none.

    A set that was refused as a whole says nothing of the books, whatever its code.
    """
    said = answer.status in GONE or (answer.status == 0 and bool(seen))
    return said and answer.element is not None


def _is_clear(answer: Answer) -> bool:
    """Whether a refusal is one. A set as a whole has codes of its own, and what was refused holds
    no record: 3200 alone comes with the one that stands there."""
    response = answer.element
    if response is None:
        return answer.status == _UNFIT_KEY
    saved = response.tag.endswith(("AddRs", "ModRs")) and response.find("*") is not None
    return answer.status >= 0 and answer.status not in _UNSETTLED and not saved


def failure(
    answer: Answer,
    doing: str,
    names: Mapping[str, str] | None = None,
    *,
    feature: Feature = "orders",
) -> ErpError:
    """The error for an answer that is not `done`, or not `answered`. `doing`: “the purchase order”.

    `names` are the ids and names that the request used and what they are, so that a missing record
    can be told by name. `feature` is what must be switched on for it. Gives Busy, CannotTell or
    Refused.
    """
    code, words = str(answer.status), answer.message
    if answer.status == 0:
        return _not_answered(answer, doing)
    if not _is_clear(answer):
        return CannotTell(
            f"QuickBooks did not say clearly whether it took {doing}. Look in QuickBooks before "
            "anything else is done.",
            code=code,
            words=words,
        )
    if answer.status in _LATER:
        return Busy(
            f"QuickBooks could not take {doing} just now: it is open or locked by somebody. "
            "It is tried again in the next session.",
            code=code,
            words=words,
        )
    if answer.status in GONE or answer.status == _NO_REFERENCE:
        said = [key for key in (names or {}) if key in words]  # the longest is the most exact
        what = (names or {})[max(said, key=len)] if said else "something that it names"
        return Refused(
            f"QuickBooks refused {doing}: {what} is no longer in QuickBooks, or inactive there. "
            "Synchronise the lists, which tells which it is; link another one, or make it active "
            "there again; then retry.",
            code=code,
            words=words,
        )
    meaning, advice = _ADVICE.get(
        answer.status,
        ("", "Nothing was entered. QuickBooks' own words say why; mend that, then retry."),
    )
    if answer.status == FEATURE_OFF:
        meaning, advice = _SWITCHED_OFF, f"{SWITCH_ON[feature]}, then retry."
    because = f": {meaning}" if meaning else f" (code {code})"
    return Refused(f"QuickBooks refused {doing}{because}. {advice}", code=code, words=words)


def unread(answer: Answer, doing: str, *, feature: Feature = "orders") -> Busy | Refused:
    """The error for a question that was not answered. Nothing was written, whatever it says."""
    if answer.status in GONE:
        return _not_answered(answer, doing)
    error = failure(answer, doing, feature=feature)
    if isinstance(error, Busy | Refused):
        return error
    return Busy(error.message, code=error.code, words=error.words)


def _not_answered(answer: Answer, doing: str) -> Busy:
    message = f"QuickBooks did not answer {doing}. It is asked again in the next session."
    return Busy(message, code=str(answer.status), words=answer.message)


def no_answer(answer: Answer, doing: str, *, feature: Feature = "orders") -> Busy:
    """The same for a question on which much hangs: whatever is said, it is asked again later."""
    error = unread(answer, doing, feature=feature)
    return Busy(error.message, code=error.code, words=error.words)


def unreachable(hresult: str, message: str) -> Busy:
    """The Web Connector got no answer from QuickBooks but an error of Windows: later, perhaps."""
    code = hresult.strip().upper().removeprefix("0X")
    meaning = _WHILE_CLOSED.get(code, "QuickBooks gave no answer.")
    return Busy(
        f"{meaning} Open the company file in QuickBooks, close any open window there, and let the "
        "Web Connector run again.",
        code=hresult,
        words=message,
    )


def busy_record(what: str, answer: Answer) -> Busy:
    """Somebody saved the record each time before our change came."""
    return Busy(
        f"Somebody is working on {what} in QuickBooks: it was saved again each time before the "
        "change came. Nothing was written; it is tried again in the next session.",
        code=str(answer.status),
        words=answer.message,
    )
