"""Carrying out a document that takes several calls: in order, once each, and never blindly.

Spectrum takes one record a call and cannot be asked afterwards, so a document can stand there in
part. What an earlier attempt had confirmed is left out; what was refused in the middle is told line
by line; what was not answered is for `finding` to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connectors.contract import (
    Busy,
    CannotTell,
    ErpError,
    Refused,
    Request,
    Script,
    Unfinished,
    digest_of,
)
from connectors.spectrum.answers import Answer

MOST_CALLS = 46_000  # three digits of base 36 number the calls under one key
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FORBIDDEN = 403  # a firewall that reads answers, too, forbids one when the call is done
_NOT_TAKEN = frozenset({400, 401, _FORBIDDEN, 404, 405, 413, 415})
_LATER = 429  # a 503 may come from something in between that gave up waiting
_TOLD = 12  # lines that a message names


class Write(NamedTuple):
    """One call of a document. `what` names it for people; `also` is another body of the same call
    that an earlier attempt may have had confirmed."""

    body: str
    what: str
    also: str = ""

    @property
    def digests(self) -> frozenset[str]:
        return frozenset(digest_of(one) for one in (self.body, self.also) if one)


def carry_out(
    name: str,
    writes: Sequence[Write],
    key: str,
    record: str,
    done: frozenset[str],
    lost: frozenset[str],
    *,
    repeats: bool = True,
) -> Script[None]:
    """Make each call that is not in `done`; for that and `lost` see `Connector.export`.

    `name`: “subcontract SC-001”. `repeats`: a call may be sent twice without adding anything.
    Raises Busy where nothing was written, Refused where nothing was and will be, Unfinished where
    an answer is not clear, CannotTell where part of it is in Spectrum and a person has to act.
    """
    if len(writes) > MOST_CALLS:
        raise Refused(f"The {name} takes {len(writes):,} calls; {MOST_CALLS:,} are the most.")
    now = frozenset[str]().union(*(write.digests for write in writes))
    if (done | lost) - now:
        was = "was" if done - now else "may have been"
        raise CannotTell(
            f"Part of the {name} {was} written to Spectrum by an earlier attempt, but not as it "
            "would be sent now: a link or a setting was changed in between. Nothing more was "
            "written. Either put that back as it was and retry; or remove from Spectrum what is "
            "there of it, record “It is not in Spectrum”, and send it anew."
        )
    confirmed = {at for at, write in enumerate(writes) if done and write.digests & done}
    begun = False
    for at, write in enumerate(writes):
        if at in confirmed:
            continue
        request = Request(body=write.body, writes=True, key=f"{key}{_suffix(at)}", record=record)
        answer: Answer = yield request
        fault = failure(answer, f"{write.what} of the {name}")
        if fault is not None:
            state = _State(name, writes, confirmed, at, doubt=bool(lost))
            raise _ended(fault, state, begun=begun, repeats=repeats)
        confirmed.add(at)
        begun = True


def _suffix(index: int) -> str:
    """The number of a call in three digits of base 36."""
    high, low = divmod(index, 36)
    return _DIGITS[high // 36] + _DIGITS[high % 36] + _DIGITS[low]


def failure(answer: Answer, doing: str) -> ErpError | None:
    """None where Spectrum took the call, else what its answer means: Busy (nothing was written),
    Refused (nor will it be), or Unfinished (it may have been)."""
    words = answer.words
    code = ", ".join(dict.fromkeys(one.code for one in answer.refusals))
    if answer.timed_out:
        return Busy(
            f"Spectrum's session had timed out, so it did not take {doing}.",
            code=code,
            words=words,
        )
    if answer.status == _LATER:
        return Busy(f"Spectrum was too busy to take {doing} (HTTP {answer.status}).")
    writes = answer.asked is not None and answer.asked.writes
    if answer.status in _NOT_TAKEN and not (answer.status == _FORBIDDEN and writes):
        return Refused(f"Spectrum did not take {doing}: {_door(answer.status)}", words=words)
    if not answer.understood:
        return Unfinished(f"Spectrum gave no clear answer to {doing}: {_unclear(answer)}.")
    if answer.refusals:
        return Refused(f"Spectrum refused {doing}. {_advice(answer)}", code=code, words=words)
    if answer.strange:
        letters = ", ".join(one.code for one in answer.strange)
        return Unfinished(
            f"Spectrum answered {doing} with a code that is documented nowhere ({letters}), so "
            "nobody can tell from it whether it was taken.",
            code=letters,
            words=words,
        )
    return None


def unread(answer: Answer, doing: str) -> ErpError | None:
    """None where a question was answered, in full or in part; else Busy or Refused."""
    error = failure(answer, doing)
    if error is None or (answer.cut and answer.rows):
        return None
    if isinstance(error, Unfinished):
        return Busy(error.message, code=error.code, words=error.words)
    return error


def _door(status: int) -> str:
    if status == 404:
        return (
            "there is no such service at this address (HTTP 404). Look at the address on the "
            "Connection page, and in Spectrum whether Data Exchange is installed."
        )
    if status in (401, _FORBIDDEN):
        return (
            f"it does not let ERP Bridge in (HTTP {status}). Look at the credentials on the "
            "Connection page, and in Spectrum at Data Exchange Installation."
        )
    return f"its server would not read the call (HTTP {status}). Tell the operator of ERP Bridge."


def _unclear(answer: Answer) -> str:
    if answer.fault:
        return f"it reported a fault of its own ({answer.fault[:200]})"
    if answer.cut:
        return "the answer was cut off"
    if 300 <= answer.status < 400:
        return f"it sends ERP Bridge to another address (HTTP {answer.status}), where it never goes"
    if answer.status == _FORBIDDEN:
        return (
            "it does not let ERP Bridge in, or something in between does not let its answer out "
            f"(HTTP {answer.status})"
        )
    if answer.status != 200:
        return f"its server failed (HTTP {answer.status})"
    why = answer.unread or "It could not be read"
    return f"{why[0].lower()}{why[1:200]}".rstrip(".")


def _advice(answer: Answer) -> str:
    if answer.unauthorized:
        return (
            "ERP Bridge may not use this service: have it allowed to its Authorization ID in "
            "Spectrum (System Administration, Data Exchange Installation)."
        )
    return "Its own words say which field and why."


class _State(NamedTuple):
    """Where a document stands as it stops at one of its calls. `doubt`: an earlier one was never
    answered."""

    name: str
    writes: Sequence[Write]
    confirmed: set[int]
    at: int
    doubt: bool

    def told(self, *, doubtful: bool = False) -> str:
        """What is in Spectrum and what is not, in sentences."""
        inside = [one.what for at, one in enumerate(self.writes) if at in self.confirmed]
        stopped = [self.writes[self.at].what]
        left = [
            one.what
            for at, one in enumerate(self.writes)
            if at not in self.confirmed and at != self.at
        ]
        parts = (
            ("In", inside),
            ("Not known" if doubtful else "Not in", stopped),
            ("Not sent yet", left),
        )
        return "".join(f" {word}: {_listed(whats)}." for word, whats in parts if whats)


def _ended(fault: ErpError, state: _State, *, begun: bool, repeats: bool) -> ErpError:
    """How a document ends at a call that failed. `begun`: this conversation wrote something."""
    code, words = fault.code, fault.words
    if isinstance(fault, Unfinished):
        return Unfinished(f"{fault.message}{state.told(doubtful=True)}", code=code, words=words)
    if isinstance(fault, Busy) and not begun:
        return fault
    if isinstance(fault, Busy) and repeats:
        # Nothing of this call was written; the search finds that it can go on.
        return Unfinished(f"{fault.message}{state.told()}", code=code, words=words)
    if not state.confirmed:
        nothing = "" if state.doubt else " Nothing was written. Retry it when that is mended."
        return Refused(f"{fault.message}{nothing}", code=code, words=words)
    return CannotTell(
        f"Partly in Spectrum: the {state.name}. {fault.message}{state.told()} When that is mended, "
        "retry it: it goes on with what is not in, and what is in is not written twice.",
        code=code,
        words=words,
    )


def _listed(whats: Sequence[str]) -> str:
    more = f"; and {len(whats) - _TOLD} more" if len(whats) > _TOLD else ""
    return "; ".join(whats[:_TOLD]) + more
